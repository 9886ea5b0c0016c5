import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { actionYmlProblems, parseActionYml } from '@maintenance-tasks/devkit/contract/action-yml';
import { actionYml } from '@maintenance-tasks/devkit/generate/action-yml';
import { describe, expect, it } from 'vitest';
import { probe } from './generated/probe.ts';

const FOLDER = join(import.meta.dirname, '../actions');
const names = readdirSync(FOLDER);

interface ActionYml {
  [property: string]: unknown;
  inputs: Record<string, Record<string, unknown>>;
  outputs: Record<string, unknown>;
  runs: Record<string, unknown>;
}

const read = (name: string) => parseActionYml(readFileSync(join(FOLDER, name, 'action.yml'), 'utf8')) as ActionYml;
const good = () => parseActionYml(actionYml(probe)) as ActionYml;

describe('the GitHub actions', () => {
  it('are there', () => {
    expect(names.length).toBeGreaterThan(0);
  });

  it.each(names)('%s keeps to the rules of action.yml', (name) => {
    expect(actionYmlProblems(read(name))).toEqual([]);
  });

  it.each(names)('%s has the inputs of its Azure twin, in the same order', (name) => {
    const twin = JSON.parse(readFileSync(join(FOLDER, '../ado-tasks', name, 'task.json'), 'utf8')) as {
      inputs: { name: string; required: boolean; defaultValue?: string }[];
    };
    const plain = (name: string) => name.replaceAll('-', '').toLowerCase();
    const own = Object.entries(read(name).inputs).map(([name, input]) => [plain(name), input.required, input.default]);
    expect(own).toEqual(twin.inputs.map((input) => [plain(input.name), input.required, input.defaultValue]));
  });
});

describe('the rules of action.yml', () => {
  it('accept what is generated', () => {
    expect(actionYmlProblems(good())).toEqual([]);
  });

  const mutations: [string, RegExp, (action: ActionYml) => void][] = [
    ['no name', /^name: /, (action) => delete action.name],
    ['an empty description', /^description: /, (action) => Object.assign(action, { description: '' })],
    [
      'a colour GitHub does not have',
      /^branding.color: /,
      (action) => Object.assign(action.branding as object, { color: 'pink' }),
    ],
    [
      'a Node that runners no longer have',
      /^runs.using: /,
      (action) => Object.assign(action.runs, { using: 'node20' }),
    ],
    [
      'a main file outside of the action',
      /^runs.main: /,
      (action) => Object.assign(action.runs, { main: '../main.cjs' }),
    ],
    ['a main file that Node cannot start', /^runs.main: /, (action) => Object.assign(action.runs, { main: 'main.ts' })],
    [
      'an input name with a dot',
      /^inputs.a\.b: /,
      (action) => Object.assign(action.inputs, { 'a.b': action.inputs.state }),
    ],
    [
      'two inputs that differ by case',
      /DOORS is there twice/,
      (action) => Object.assign(action.inputs, { Doors: action.inputs.doors }),
    ],
    ['an input without description', /description: /, (action) => delete action.inputs.state?.description],
    [
      'a default that is not text',
      /default: /,
      (action) => Object.assign(action.inputs.polite as object, { default: true }),
    ],
    [
      'a required input with a default',
      /is required and has a default/,
      (action) => Object.assign(action.inputs.state as object, { default: 'on' }),
    ],
    ['an output without description', /^outputs.x.description: /, (action) => Object.assign(action.outputs, { x: {} })],
    ['a property nobody knows', /Unrecognized key/, (action) => Object.assign(action, { input: {} })],
  ];

  it.each(mutations)('refuse %s', (_, problem, mutate) => {
    const action = good();
    mutate(action);
    expect(actionYmlProblems(action).join('\n')).toMatch(new RegExp(problem.source, 'm'));
  });
});
