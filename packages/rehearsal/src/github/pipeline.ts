import type { PublishedTask } from '../catalogue.ts';
import { cyclesIn } from '../cycles.ts';
import { type Entry, PipelineYaml } from '../pipeline-yaml.ts';
import type { InputDefault, Job, Pipeline, Stage } from '../plan.ts';
import { GithubStepReader, meant } from './step.ts';

const WORKFLOW_KEYS = ['name', 'run-name', 'on', 'permissions', 'env', 'defaults', 'concurrency', 'jobs'];
const JOB_KEYS = [
  'name',
  'needs',
  'if',
  'runs-on',
  'environment',
  'env',
  'outputs',
  'permissions',
  'concurrency',
  'defaults',
  'strategy',
  'steps',
  'timeout-minutes',
  'continue-on-error',
];
const UNSUPPORTED_IN_JOB = ['uses', 'with', 'secrets', 'container', 'services', 'snapshot'];
const PERMISSIONS = [
  'actions',
  'attestations',
  'checks',
  'contents',
  'deployments',
  'discussions',
  'id-token',
  'issues',
  'models',
  'packages',
  'pages',
  'pull-requests',
  'security-events',
  'statuses',
];
const EVENTS = [
  'workflow_dispatch',
  'workflow_call',
  'push',
  'pull_request',
  'schedule',
  'repository_dispatch',
  'release',
  'workflow_run',
  'deployment',
  'issues',
  'issue_comment',
  'pull_request_target',
  'merge_group',
  'create',
  'delete',
];

/**
 * Reads a GitHub workflow.
 *
 * @throws InputProblem with every problem, each with its place in the file
 */
export function readGithubPipeline(file: string, text: string, tasks: readonly PublishedTask[]): Pipeline {
  const yaml = new PipelineYaml(file, text);
  const top = yaml.entries(yaml.root, 'the workflow', WORKFLOW_KEYS);
  if (!top.has('on')) yaml.problem(yaml.root, 'the workflow has no "on": nothing can start it');
  const reader = new Reader(yaml, tasks, top);
  const jobs = top.get('jobs');
  if (!jobs) yaml.problem(yaml.root, 'the workflow has no "jobs"');
  const entries = jobs ? yaml.entries(jobs.value, 'jobs') : new Map<string, Entry>();
  const stages = [...entries].map(([id, entry]) => reader.stage(id, entry, [...entries.keys()]));
  for (const cycle of cyclesIn(stages)) yaml.problem(jobs?.value, `the jobs ${cycle.join(' → ')} need one another`);
  const pipeline: Pipeline = {
    host: 'github',
    file,
    name: yaml.text(top.get('name'), '"name"') ?? file,
    variables: reader.steps.variables(top.get('env'), '"env"'),
    inputs: reader.inputs(top.get('on')),
    stages,
  };
  yaml.throwProblems();
  return pipeline;
}

class Reader {
  readonly #yaml: PipelineYaml;
  readonly steps: GithubStepReader;
  readonly #identity: boolean;
  readonly #run: { shell?: string | undefined; folder?: string | undefined };

  constructor(yaml: PipelineYaml, tasks: readonly PublishedTask[], top: ReadonlyMap<string, Entry>) {
    this.#yaml = yaml;
    this.steps = new GithubStepReader(yaml, tasks);
    this.#identity = this.#mayAskForIdentity(top.get('permissions'), false);
    this.#run = this.#runDefaults(top.get('defaults'));
  }

  inputs(on: Entry | undefined): Record<string, InputDefault> {
    if (!on || on.empty) return {};
    const yaml = this.#yaml;
    if (on.value.constructor.name !== 'YAMLMap') {
      for (const event of yaml.texts(on, '"on"')) {
        if (!EVENTS.includes(event))
          yaml.problem(on.value, `"${event}" is not an event the rehearsal knows${meant(event, EVENTS)}`);
      }
      return {};
    }
    const dispatch = yaml.entries(on.value, '"on"', EVENTS).get('workflow_dispatch');
    if (!dispatch || dispatch.empty) return {};
    const inputs = yaml.entries(dispatch.value, 'workflow_dispatch', ['inputs']).get('inputs');
    if (!inputs) return {};
    return Object.fromEntries(
      [...yaml.entries(inputs.value, '"inputs"')].map(([name, entry]) => [name, this.#input(name, entry)]),
    );
  }

  #input(name: string, entry: Entry): InputDefault {
    const yaml = this.#yaml;
    const what = `the input "${name}"`;
    const keys = yaml.entries(entry.empty ? null : entry.value, what, [
      'description',
      'required',
      'default',
      'type',
      'options',
      'deprecationMessage',
    ]);
    const type = yaml.text(keys.get('type'), `"type" of ${what}`) ?? 'string';
    const given = yaml.text(keys.get('default'), `"default" of ${what}`);
    const options = yaml.texts(keys.get('options'), `"options" of ${what}`);
    return {
      type,
      value: type === 'boolean' ? given === 'true' : (given ?? (type === 'choice' ? (options[0] ?? '') : '')),
      required: yaml.text(keys.get('required'), `"required" of ${what}`) === 'true' && given === undefined,
      options,
    };
  }

  stage(id: string, entry: Entry, all: readonly string[]): Stage {
    const yaml = this.#yaml;
    const what = `the job "${id}"`;
    const keys = yaml.entries(entry.value, what, JOB_KEYS, UNSUPPORTED_IN_JOB);
    const needs = yaml.texts(keys.get('needs'), `"needs" of ${what}`);
    for (const need of needs) {
      if (!all.includes(need))
        yaml.problem(keys.get('needs')?.value, `${what} needs "${need}", which is not a job${meant(need, all)}`);
    }
    if (!keys.has('runs-on') && !keys.has('uses')) yaml.problem(entry.key, `${what} has no "runs-on"`);
    if (!keys.has('steps') && !keys.has('uses')) yaml.problem(entry.key, `${what} has no "steps"`);
    const title = yaml.text(keys.get('name'), `"name" of ${what}`) ?? id;
    const place = yaml.place(entry.key);
    const job: Job = {
      id,
      title: this.steps.filled(title, keys.get('name')),
      place,
      needs: [],
      condition: undefined,
      variables: this.steps.variables(keys.get('env'), `"env" of ${what}`),
      environment: this.#environment(keys.get('environment'), what),
      identity: this.#mayAskForIdentity(keys.get('permissions'), this.#identity),
      outputs: this.steps.variables(keys.get('outputs'), `"outputs" of ${what}`),
      matrix: this.#matrix(keys.get('strategy'), what),
      continueOnError: this.steps.checked(keys.get('continue-on-error'), `"continue-on-error" of ${what}`),
      server: false,
      deployment: false,
      ...this.#shellAndFolder(keys.get('defaults')),
      steps: yaml.items(keys.get('steps'), `"steps" of ${what}`).map((node, index) => this.steps.step(node, index)),
    };
    const ids = job.steps.flatMap((step) => step.id ?? []);
    for (const twice of new Set(ids.filter((each, index) => ids.indexOf(each) !== index)))
      yaml.problem(entry.key, `${what} has two steps with the id "${twice}"`);
    return { id, title, place, needs, condition: this.steps.condition(keys.get('if')), variables: {}, jobs: [job] };
  }

  #environment(entry: Entry | undefined, what: string): string | undefined {
    if (!entry || entry.empty) return undefined;
    if (entry.value.constructor.name !== 'YAMLMap') return this.steps.checked(entry, `"environment" of ${what}`);
    return this.steps.checked(
      this.#yaml.entries(entry.value, '"environment"', ['name', 'url', 'deployment']).get('name'),
      '"name" of "environment"',
    );
  }

  #matrix(entry: Entry | undefined, what: string): unknown {
    if (!entry || entry.empty) return undefined;
    const strategy = this.#yaml.entries(entry.value, `"strategy" of ${what}`, ['matrix', 'fail-fast', 'max-parallel']);
    return this.#yaml.data(strategy.get('matrix'));
  }

  #mayAskForIdentity(entry: Entry | undefined, inherited: boolean): boolean {
    if (!entry) return inherited;
    if (entry.empty) return false;
    if (entry.value.constructor.name !== 'YAMLMap') return this.#yaml.text(entry, '"permissions"') === 'write-all';
    const keys = this.#yaml.entries(entry.value, '"permissions"', PERMISSIONS);
    return this.#yaml.text(keys.get('id-token'), '"id-token"') === 'write';
  }

  #runDefaults(entry: Entry | undefined): { shell?: string | undefined; folder?: string | undefined } {
    if (!entry || entry.empty) return {};
    const run = this.#yaml.entries(entry.value, '"defaults"', ['run']).get('run');
    if (!run) return {};
    const keys = this.#yaml.entries(run.value, '"run" of "defaults"', ['shell', 'working-directory']);
    return {
      shell: this.#yaml.text(keys.get('shell'), '"shell"'),
      folder: this.steps.checked(keys.get('working-directory'), '"working-directory"'),
    };
  }

  #shellAndFolder(entry: Entry | undefined): Pick<Job, 'shell' | 'workingFolder'> {
    const own = this.#runDefaults(entry);
    return { shell: own.shell ?? this.#run.shell, workingFolder: own.folder ?? this.#run.folder };
  }
}
