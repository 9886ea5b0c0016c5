// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how pipelines write expressions
import { describe, expect, it } from 'vitest';
import type { PublishedTask } from '../catalogue.ts';
import { readAzurePipeline } from './pipeline.ts';

const TASKS: PublishedTask[] = [
  {
    name: 'maintenance-page',
    calledAs: 'MaintenancePage',
    major: 0,
    bundle: '/none/main.cjs',
    inputs: {
      state: { required: true, default: undefined, type: 'pickList' },
      dryRun: { required: false, default: 'false', type: 'boolean' },
    },
  },
];

function problems(text: string): string {
  try {
    readAzurePipeline('p.yml', text, TASKS);
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}

function job(steps: string): string {
  return `jobs:\n  - job: A\n    steps:\n${steps}`;
}

describe('a pipeline that cannot be rehearsed as it is written', () => {
  it.each([
    [
      'an unknown key of the pipeline',
      'triger: none\nsteps: []\n',
      'p.yml:1:1: "triger" is not known in the pipeline; did you mean "trigger"?',
    ],
    [
      'an unknown key of a stage',
      'stages:\n  - stage: A\n    dependson: B\n    jobs: []\n',
      'p.yml:3:5: "dependson" is not known in a stage; did you mean "dependsOn"?',
    ],
    [
      'an unknown key of a step',
      job('      - task: MaintenancePage@0\n        displayname: x\n        inputs: {state: on}\n'),
      'p.yml:5:9: "displayname" is not known in a step with "task"; did you mean "displayName"?',
    ],
    ['a step of no known kind', job('      - taks: X@1\n'), 'p.yml:4:9: a step begins with one of'],
    ['a template', job('      - template: x.yml\n'), '"template" steps are not supported by the rehearsal'],
    [
      'template expressions as keys',
      job('      - ${{ if true }}:\n          - script: x\n'),
      'template expressions as keys are not supported',
    ],
    [
      'a strategy that is not played',
      'jobs:\n  - deployment: A\n    environment: e\n    strategy:\n      canary: {}\n',
      '"canary" of "strategy" of a deployment job is not supported',
    ],
    [
      'a stage that depends on none',
      'stages:\n  - stage: First\n    jobs: []\n  - stage: Second\n    dependsOn: Frist\n    jobs: []\n',
      'depends on "Frist", which is not a stage; did you mean "First"?',
    ],
    [
      'a macro in a condition',
      job('      - script: x\n        condition: eq($(a), 1)\n'),
      "write variables['…'] instead",
    ],
    [
      'a function that is not there',
      job('      - script: x\n        condition: succeded()\n'),
      'did you mean "succeeded"?',
    ],
    ['a task without a version', job('      - task: AzureCLI\n'), '"AzureCLI" names no version'],
    [
      'another version of ours',
      job('      - task: MaintenancePage@2\n        inputs: {state: on}\n'),
      'write MaintenancePage@0',
    ],
    ['a mistyped task of ours', job('      - task: MaintenacePage@0\n'), 'did you mean "MaintenancePage"?'],
    [
      'an unknown input',
      job('      - task: MaintenancePage@0\n        inputs: {state: on, dry-run: true}\n'),
      '"dry-run" is not an input of MaintenancePage; did you mean "dryRun"?',
    ],
    [
      'a required input that is missing',
      job('      - task: MaintenancePage@0\n'),
      'p.yml:4:15: MaintenancePage needs the input "state"',
    ],
    [
      'a deployment without an environment',
      'jobs:\n  - deployment: A\n    strategy: {runOnce: {deploy: {steps: []}}}\n',
      'names no "environment"',
    ],
    [
      'stages and jobs side by side',
      'stages: []\njobs: []\n',
      'exactly one of "stages", "jobs" and "steps"; here are stages and jobs',
    ],
  ])('names %s', (_what, text, problem) => {
    expect(problems(text)).toContain(problem);
  });
});

describe('what a pipeline says', () => {
  it('lets stages follow one another unless they say otherwise', () => {
    const text =
      'stages:\n  - stage: A\n    jobs: []\n  - stage: B\n    jobs: []\n  - stage: C\n    dependsOn: []\n    jobs: []\n';
    expect(readAzurePipeline('p.yml', text, TASKS).stages.map(({ needs }) => needs)).toEqual([[], ['A'], []]);
  });

  it('checks out by itself in a job, and fetches artifacts instead in a deployment', () => {
    const text =
      'jobs:\n  - job: A\n    steps: [{script: x}]\n  - job: B\n    steps: [{checkout: none}]\n  - deployment: C\n    environment: e\n    strategy: {runOnce: {deploy: {steps: [{script: x}]}}}\n';
    const jobs = readAzurePipeline('p.yml', text, TASKS).stages[0]?.jobs ?? [];
    expect(jobs.map(({ steps }) => steps.map(({ kind }) => kind))).toEqual([
      ['checkout', 'script'],
      ['nothing'],
      ['download', 'script'],
    ]);
    expect(jobs[2]).toMatchObject({ environment: 'e', deployment: true });
  });

  it('plays a manual validation as an approval', () => {
    const text =
      'jobs:\n  - job: A\n    pool: server\n    steps:\n      - task: ManualValidation@1\n        displayName: Go?\n';
    expect(readAzurePipeline('p.yml', text, TASKS).stages[0]?.jobs[0]).toMatchObject({
      server: true,
      steps: [{ kind: 'approval', title: 'Go?' }],
    });
  });

  it('fills in template parameters, given ones before their defaults', () => {
    const text =
      'parameters:\n  - name: env\n    default: test\nvariables:\n  target: ${{ parameters.env }}-1\nsteps: []\n';
    expect(readAzurePipeline('p.yml', text, TASKS).variables).toEqual({ target: 'test-1' });
    expect(readAzurePipeline('p.yml', text, TASKS, { env: 'prod' }).variables).toEqual({ target: 'prod-1' });
  });

  it('leaves out a step that is not enabled, and knows a task by its publisher’s name', () => {
    const text = job(
      '      - script: x\n        enabled: false\n      - task: example.tasks.MaintenancePage@0\n        inputs: {STATE: on}\n',
    );
    const steps = readAzurePipeline('p.yml', text, TASKS).stages[0]?.jobs[0]?.steps ?? [];
    expect(steps.map(({ kind, task }) => task ?? kind)).toEqual(['checkout', 'maintenance-page']);
  });
});
