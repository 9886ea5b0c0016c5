import { InputProblem, messageOf, nearest } from '@maintenance-tasks/core';
import type { PublishedTask } from './catalogue.ts';
import { problemOf, splitExpressions } from './expressions.ts';
import { ALL_GITHUB_FUNCTIONS, bare, GITHUB_CONTEXTS } from './github-expressions.ts';
import { type Entry, PipelineYaml } from './pipeline-yaml.ts';
import type { InputDefault, Job, Pipeline, Stage, Step, StepKind } from './plan.ts';

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
const STEP_KEYS = [
  'id',
  'if',
  'name',
  'uses',
  'run',
  'with',
  'env',
  'continue-on-error',
  'timeout-minutes',
  'shell',
  'working-directory',
];
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
    variables: reader.variables(top.get('env'), '"env"'),
    inputs: reader.inputs(top.get('on')),
    groups: [],
    stages,
  };
  yaml.throwProblems();
  return pipeline;
}

class Reader {
  readonly #yaml: PipelineYaml;
  readonly #tasks: readonly PublishedTask[];
  readonly #identity: boolean;
  readonly #run: { shell?: string | undefined; folder?: string | undefined };

  constructor(yaml: PipelineYaml, tasks: readonly PublishedTask[], top: ReadonlyMap<string, Entry>) {
    this.#yaml = yaml;
    this.#tasks = tasks;
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
      title: this.#filled(title, keys.get('name')),
      place,
      needs: [],
      condition: undefined,
      variables: this.variables(keys.get('env'), `"env" of ${what}`),
      environment: this.#environment(keys.get('environment'), what),
      identity: this.#mayAskForIdentity(keys.get('permissions'), this.#identity),
      outputs: this.variables(keys.get('outputs'), `"outputs" of ${what}`),
      matrix: this.#matrix(keys.get('strategy'), what),
      continueOnError: this.#checked(keys.get('continue-on-error'), `"continue-on-error" of ${what}`),
      server: false,
      deployment: false,
      ...this.#shellAndFolder(keys.get('defaults')),
      steps: yaml.items(keys.get('steps'), `"steps" of ${what}`).map((node, index) => this.#step(node, index)),
    };
    const ids = job.steps.flatMap((step) => step.id ?? []);
    for (const twice of new Set(ids.filter((each, index) => ids.indexOf(each) !== index)))
      yaml.problem(entry.key, `${what} has two steps with the id "${twice}"`);
    return { id, title, place, needs, condition: this.#condition(keys.get('if')), variables: {}, jobs: [job] };
  }

  #step(node: unknown, index: number): Step {
    const yaml = this.#yaml;
    const keys = yaml.entries(node, 'a step', STEP_KEYS);
    const uses = yaml.text(keys.get('uses'), '"uses"');
    const script = this.#checked(keys.get('run'), '"run"');
    if ((uses === undefined) === (script === undefined)) yaml.problem(node, 'a step has either "uses" or "run"');
    if (script !== undefined && keys.has('with'))
      yaml.problem(keys.get('with')?.key, '"with" belongs to "uses", this step has "run"');
    const inputs = this.variables(keys.get('with'), '"with"');
    const task = uses === undefined ? undefined : this.#taskOf(uses, keys);
    if (task) this.#checkInputs(task, keys);
    return {
      kind: kindOf(uses, task),
      id: yaml.text(keys.get('id'), '"id"'),
      title: this.#filled(
        yaml.text(keys.get('name'), '"name"') ?? uses?.split('@')[0] ?? firstLine(script) ?? `step ${index + 1}`,
        keys.get('name'),
      ),
      place: yaml.place(node),
      uses: uses ?? 'run',
      task: task?.name,
      inputs,
      variables: this.variables(keys.get('env'), '"env"'),
      condition: this.#condition(keys.get('if')),
      continueOnError: this.#checked(keys.get('continue-on-error'), '"continue-on-error"'),
      timeoutMinutes: this.#checked(keys.get('timeout-minutes'), '"timeout-minutes"'),
      script,
      shell: yaml.text(keys.get('shell'), '"shell"'),
      workingFolder: this.#checked(keys.get('working-directory'), '"working-directory"'),
    };
  }

  /** Ours are called `./actions/<task>` or `<owner>/<repository>/actions/<task>@<tag>`. */
  #taskOf(uses: string, keys: ReadonlyMap<string, Entry>): PublishedTask | undefined {
    const match = /^(?:\.\/|\.\/[^@]*\/|[^/@]+\/[^/@]+\/)actions\/([^/@]+)(?:@(.+))?$/.exec(uses);
    if (!match) {
      if (!uses.startsWith('.') && !uses.startsWith('docker:') && !uses.includes('@'))
        this.#yaml.problem(keys.get('uses')?.value, `"${uses}" names no version: write ${uses}@<tag or commit>`);
      return undefined;
    }
    const name = match[1] as string;
    const task = this.#tasks.find((each) => each.calledAs === name);
    const known = this.#tasks.map((each) => each.calledAs);
    if (!task)
      this.#yaml.problem(
        keys.get('uses')?.value,
        `there is no task "${name}"${meant(name, known) || `; there are ${known.join(', ')}`}`,
      );
    return task;
  }

  #checkInputs(task: PublishedTask, keys: ReadonlyMap<string, Entry>): void {
    const given = keys.get('with');
    const entries = given && !given.empty ? this.#yaml.entries(given.value, '"with"') : new Map<string, Entry>();
    const known = Object.keys(task.inputs);
    for (const [name, entry] of entries) {
      if (!known.includes(name))
        this.#yaml.problem(entry.key, `"${name}" is not an input of ${task.name}${meant(name, known)}`);
    }
    for (const [name, input] of Object.entries(task.inputs)) {
      if (input.required && input.default === undefined && !entries.has(name))
        this.#yaml.problem(keys.get('uses')?.value, `${task.name} needs the input "${name}"`);
    }
  }

  variables(entry: Entry | undefined, what: string): Record<string, string> {
    if (!entry || entry.empty) return {};
    const entries = [...this.#yaml.entries(entry.value, what)];
    return Object.fromEntries(
      entries.map(([name, inner]) => [name, this.#checked(inner, `"${name}" of ${what}`) ?? '']),
    );
  }

  /** A text whose expressions can at least be read. */
  #checked(entry: Entry | undefined, what: string): string | undefined {
    const text = this.#yaml.text(entry, what);
    return text === undefined ? undefined : this.#filled(text, entry);
  }

  #filled(text: string, entry: Entry | undefined): string {
    this.#try(entry, () => {
      for (const { expression } of splitExpressions(text, '${{', '}}')) {
        if (expression !== undefined) this.#expression(expression, entry);
      }
    });
    return text;
  }

  #condition(entry: Entry | undefined): string | undefined {
    const text = this.#yaml.text(entry, '"if"');
    if (text !== undefined) this.#try(entry, () => this.#expression(bare(text), entry));
    return text;
  }

  #expression(expression: string, entry: Entry | undefined): void {
    const problem = problemOf(expression, GITHUB_CONTEXTS, ALL_GITHUB_FUNCTIONS);
    if (problem) this.#yaml.problem(entry?.value, problem);
  }

  #try(entry: Entry | undefined, work: () => void): void {
    try {
      work();
    } catch (error) {
      if (error instanceof InputProblem) throw error;
      this.#yaml.problem(entry?.value, messageOf(error));
    }
  }

  #environment(entry: Entry | undefined, what: string): string | undefined {
    if (!entry || entry.empty) return undefined;
    if (entry.value.constructor.name !== 'YAMLMap') return this.#checked(entry, `"environment" of ${what}`);
    return this.#checked(
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
      folder: this.#checked(keys.get('working-directory'), '"working-directory"'),
    };
  }

  #shellAndFolder(entry: Entry | undefined): Pick<Job, 'shell' | 'workingFolder'> {
    const own = this.#runDefaults(entry);
    return { shell: own.shell ?? this.#run.shell, workingFolder: own.folder ?? this.#run.folder };
  }
}

function kindOf(uses: string | undefined, task: PublishedTask | undefined): StepKind {
  if (task) return 'task';
  if (uses === undefined) return 'script';
  const name = uses.split('@')[0] as string;
  return (
    (
      {
        'actions/checkout': 'checkout',
        'actions/upload-artifact': 'upload',
        'actions/download-artifact': 'download',
      } as const
    )[name] ?? 'foreign'
  );
}

function firstLine(text: string | undefined): string | undefined {
  const line = text?.trim().split('\n')[0];
  return line && line.length > 60 ? `${line.slice(0, 57)}…` : line;
}

function meant(word: string, known: readonly string[]): string {
  const near = nearest(word, known);
  return near ? `; did you mean "${near}"?` : '';
}

/** Stages or jobs that wait for each other, each cycle once. */
export function cyclesIn(nodes: readonly { readonly id: string; readonly needs: readonly string[] }[]): string[][] {
  const needs = new Map(nodes.map((node) => [node.id, node.needs]));
  const done = new Set<string>();
  const cycles: string[][] = [];
  const visit = (id: string, path: readonly string[]): void => {
    if (path.includes(id)) {
      cycles.push([...path.slice(path.indexOf(id)), id]);
      return;
    }
    if (done.has(id)) return;
    for (const need of needs.get(id) ?? []) visit(need, [...path, id]);
    done.add(id);
  };
  for (const { id } of nodes) visit(id, []);
  return cycles;
}
