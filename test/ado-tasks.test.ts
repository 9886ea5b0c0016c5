import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { taskJsonProblems } from '@maintenance-tasks/devkit/contract/task-json';
import { taskJson } from '@maintenance-tasks/devkit/generate/task-json';
import { describe, expect, it } from 'vitest';
import { probe } from './generated/probe.ts';

const FOLDER = join(import.meta.dirname, '../ado-tasks');
const names = readdirSync(FOLDER, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

interface TaskJson {
  [property: string]: unknown;
  id: string;
  name: string;
  inputs: Record<string, unknown>[];
  outputVariables: Record<string, unknown>[];
  execution: Record<string, unknown>;
}

const read = (name: string) => JSON.parse(readFileSync(join(FOLDER, name, 'task.json'), 'utf8')) as TaskJson;
const good = () => JSON.parse(taskJson(probe, '1.2.3')) as TaskJson;

describe('the Azure tasks', () => {
  it('are there', () => {
    expect(names.length).toBeGreaterThan(0);
  });

  it.each(names)('%s keeps to the rules of task.json', (name) => {
    expect(taskJsonProblems(read(name))).toEqual([]);
  });

  it.each(['id', 'name'])('have each its own %s', (property) => {
    const values = names.map((name) => String(read(name)[property]).toLowerCase());
    expect(new Set(values).size).toBe(values.length);
  });

  it('are all in the extension, with what an agent needs of them and no more', () => {
    const manifest = JSON.parse(readFileSync(join(FOLDER, 'vss-extension.json'), 'utf8')) as {
      files: { path: string }[];
      contributions: { properties: { name: string } }[];
    };
    expect(manifest.contributions.map(({ properties }) => properties.name)).toEqual(names);
    for (const name of names) {
      const paths = manifest.files.map(({ path }) => path).filter((path) => path.startsWith(`${name}/`));
      expect(paths).toEqual(['task.json', 'icon.png', 'README.md', 'dist'].map((file) => `${name}/${file}`));
    }
  });
});

describe('the rules of task.json', () => {
  it('accept what is generated', () => {
    expect(taskJsonProblems(good())).toEqual([]);
  });

  const input = (task: TaskJson, name: string) =>
    task.inputs.find((candidate) => candidate.name === name) as Record<string, unknown>;

  const mutations: [string, RegExp, (task: TaskJson) => void][] = [
    ['an id that is no GUID', /^id: /, (task) => Object.assign(task, { id: 'maintenance-page' })],
    ['a name with a space', /^name: /, (task) => Object.assign(task, { name: 'Maintenance Page' })],
    ['no friendly name', /^friendlyName: /, (task) => delete task.friendlyName],
    ['an unknown category', /^category: /, (task) => Object.assign(task, { category: 'Maintenance' })],
    ['no visibility', /^visibility: /, (task) => Object.assign(task, { visibility: [] })],
    ['a version as text', /^version.Major: /, (task) => Object.assign(task.version as object, { Major: '1' })],
    ['a fractional version', /^version.Minor: /, (task) => Object.assign(task.version as object, { Minor: 1.5 })],
    ['no instance name', /^instanceNameFormat: /, (task) => delete task.instanceNameFormat],
    [
      'an instance name with an unknown input',
      /instanceNameFormat: \$\(status\) is not an input/,
      (task) => Object.assign(task, { instanceNameFormat: 'Page: $(status)' }),
    ],
    [
      'an agent older than its handlers',
      /older than 3\.232\.1/,
      (task) => Object.assign(task, { minimumAgentVersion: '2.144.0' }),
    ],
    ['no handler', /^execution: has no handler/, (task) => Object.assign(task, { execution: {} })],
    [
      'a handler that agents no longer have',
      /no longer have Node16/,
      (task) => Object.assign(task.execution, { Node16: { target: 'dist/main.cjs' } }),
    ],
    [
      'a handler nobody knows',
      /Node22 is not a handler/,
      (task) => Object.assign(task.execution, { Node22: { target: 'dist/main.cjs' } }),
    ],
    [
      'a target outside of the task',
      /^execution.Node24.target: /,
      (task) => Object.assign(task.execution, { Node24: { target: '../dist/main.cjs' } }),
    ],
    [
      'an absolute target',
      /^execution.Node24.target: /,
      (task) => Object.assign(task.execution, { Node24: { target: '/dist/main.cjs' } }),
    ],
    [
      'a target that Node cannot start',
      /^execution.Node24.target: /,
      (task) => Object.assign(task.execution, { Node24: { target: 'main.ts' } }),
    ],
    [
      'an input with a dash',
      /^inputs\.\d+\.name: /,
      (task) => Object.assign(input(task, 'dryRun'), { name: 'dry-run' }),
    ],
    [
      'two inputs that differ by case',
      /^inputs: STATE is there twice/,
      (task) => task.inputs.push({ ...input(task, 'state'), name: 'State' }),
    ],
    [
      'an input of an unknown type',
      /^inputs\.\d+\.type: /,
      (task) => Object.assign(input(task, 'state'), { type: 'choice' }),
    ],
    [
      'an input without help',
      /^inputs\.\d+\.helpMarkDown: /,
      (task) => Object.assign(input(task, 'state'), { helpMarkDown: ' ' }),
    ],
    ['an input without a label', /^inputs\.\d+\.label: /, (task) => delete input(task, 'state').label],
    [
      'a required input with a default',
      /is required and has a default/,
      (task) => Object.assign(input(task, 'state'), { defaultValue: 'on' }),
    ],
    ['a pick list without options', /pickList without options/, (task) => delete input(task, 'state').options],
    [
      'options on a text',
      /has options and is a string/,
      (task) => Object.assign(input(task, 'deadline'), { options: { a: 'a' } }),
    ],
    [
      'a default that is not an option',
      /not one of its options/,
      (task) => Object.assign(input(task, 'state'), { required: false, defaultValue: 'maybe' }),
    ],
    [
      'a boolean with another default',
      /neither true nor false/,
      (task) => Object.assign(input(task, 'dryRun'), { defaultValue: 'no' }),
    ],
    [
      'a default that is not text',
      /^inputs\.\d+\.defaultValue: /,
      (task) => Object.assign(input(task, 'dryRun'), { defaultValue: false }),
    ],
    [
      'an output with a dash',
      /^outputVariables\.\d+\.name: /,
      (task) => task.outputVariables.push({ name: 'is-on', description: 'x' }),
    ],
    ['a property nobody knows', /Unrecognized key/, (task) => Object.assign(task, { helpmarkdown: 'x' })],
  ];

  it.each(mutations)('refuse %s', (_, problem, mutate) => {
    const task = good();
    mutate(task);
    expect(taskJsonProblems(task).join('\n')).toMatch(new RegExp(problem.source, 'm'));
  });
});
