import { nearest } from '@maintenance-tasks/core';
import type { PublishedTask } from '../catalogue.ts';
import type { Entry, PipelineYaml } from '../pipeline-yaml.ts';
import type { Step, StepKind } from '../plan.ts';
import type { AzureTexts } from './texts.ts';

const COMMON = [
  'condition',
  'continueOnError',
  'displayName',
  'target',
  'enabled',
  'env',
  'name',
  'timeoutInMinutes',
  'retryCountOnTaskFailure',
];
/** Each kind of step by the key it begins with, and the keys that may follow. */
const STEPS: Readonly<Record<string, readonly string[]>> = {
  task: ['inputs'],
  script: ['workingDirectory', 'failOnStderr'],
  bash: ['workingDirectory', 'failOnStderr'],
  pwsh: [
    'workingDirectory',
    'failOnStderr',
    'errorActionPreference',
    'warningPreference',
    'informationPreference',
    'verbosePreference',
    'debugPreference',
    'progressPreference',
    'ignoreLASTEXITCODE',
  ],
  powershell: [
    'workingDirectory',
    'failOnStderr',
    'errorActionPreference',
    'warningPreference',
    'informationPreference',
    'verbosePreference',
    'debugPreference',
    'progressPreference',
    'ignoreLASTEXITCODE',
  ],
  checkout: [
    'clean',
    'fetchDepth',
    'fetchFilter',
    'fetchTags',
    'lfs',
    'persistCredentials',
    'submodules',
    'path',
    'sparseCheckoutDirectories',
    'sparseCheckoutPatterns',
    'workspaceRepo',
  ],
  publish: ['artifact'],
  download: ['artifact', 'patterns', 'path'],
};
const UNSUPPORTED = ['template', 'getPackage', 'reviewApp', 'upload'];

/** Reads the steps of Azure's jobs. */
export class AzureStepReader {
  readonly #yaml: PipelineYaml;
  readonly #tasks: readonly PublishedTask[];
  readonly #texts: AzureTexts;

  constructor(yaml: PipelineYaml, tasks: readonly PublishedTask[], texts: AzureTexts) {
    this.#yaml = yaml;
    this.#tasks = tasks;
    this.#texts = texts;
  }

  steps(entry: Entry | undefined): Step[] {
    return this.#yaml.items(entry, '"steps"').flatMap((node) => this.#step(node) ?? []);
  }

  /** A step that the host adds by itself. */
  implicit(kind: StepKind, title: string, uses: string, node: unknown): Step {
    return {
      kind,
      title,
      uses,
      id: undefined,
      place: this.#yaml.place(node),
      task: undefined,
      inputs: {},
      variables: {},
      condition: undefined,
      continueOnError: undefined,
      timeoutMinutes: undefined,
      script: undefined,
      shell: undefined,
      workingFolder: undefined,
    };
  }

  #step(node: unknown): Step | undefined {
    const yaml = this.#yaml;
    const names = [...yaml.entries(node, 'a step').keys()];
    const first = Object.keys(STEPS).find((kind) => names.includes(kind));
    if (!first) {
      const other = UNSUPPORTED.find((kind) => names.includes(kind));
      const near = names.map((name) => nearest(name, Object.keys(STEPS))).find((word) => word);
      yaml.problem(
        node,
        other
          ? `"${other}" steps are not supported by the rehearsal`
          : `a step begins with one of ${Object.keys(STEPS).join(', ')}${near ? `; did you mean "${near}"?` : ''}`,
      );
      return undefined;
    }
    const keys = yaml.entries(node, `a step with "${first}"`, [first, ...(STEPS[first] ?? []), ...COMMON]);
    if (this.#texts.text(keys.get('enabled'), '"enabled"')?.toLowerCase() === 'false') return undefined;
    const value = this.#texts.text(keys.get(first), `"${first}"`) ?? '';
    const task = first === 'task' ? this.#taskOf(value, keys) : undefined;
    const inputs = this.#textsIn(first === 'task' ? keys.get('inputs') : undefined, '"inputs"');
    if (task) this.#checkInputs(task, keys);
    return {
      ...playedAs(first, value, inputs, (key) => this.#texts.text(keys.get(key), `"${key}"`)),
      ...(task && { kind: 'task' as const }),
      id: this.#texts.text(keys.get('name'), '"name"'),
      title:
        this.#texts.text(keys.get('displayName'), '"displayName"') ??
        (first === 'task' ? value : `${first}: ${value.split('\n')[0]}`),
      place: yaml.place(node),
      uses: first === 'task' ? value : first,
      task: task?.name,
      variables: this.#textsIn(keys.get('env'), '"env"'),
      condition: this.#texts.condition(keys.get('condition')),
      continueOnError: this.#texts.text(keys.get('continueOnError'), '"continueOnError"'),
      timeoutMinutes: this.#texts.text(keys.get('timeoutInMinutes'), '"timeoutInMinutes"'),
      workingFolder: this.#texts.text(keys.get('workingDirectory'), '"workingDirectory"'),
    };
  }

  #taskOf(uses: string, keys: ReadonlyMap<string, Entry>): PublishedTask | undefined {
    const at = keys.get('task')?.value;
    const [name, major] = uses.split('@') as [string, string | undefined];
    if (major === undefined) this.#yaml.problem(at, `"${uses}" names no version: write ${uses}@<major>`);
    // The extension's publisher may stand before the name.
    const short = name.split('.').at(-1) as string;
    const task = this.#tasks.find((each) => each.calledAs.toLowerCase() === short.toLowerCase());
    if (task && major !== undefined && Number(major.split('.')[0]) !== task.major)
      this.#yaml.problem(
        at,
        `"${uses}": ${task.calledAs} is at version ${task.major}; write ${task.calledAs}@${task.major}`,
      );
    const near = nearest(
      short,
      this.#tasks.map((each) => each.calledAs),
    );
    if (!task && near && !name.includes('.'))
      this.#yaml.problem(at, `there is no task "${name}"; did you mean "${near}"?`);
    return task;
  }

  #checkInputs(task: PublishedTask, keys: ReadonlyMap<string, Entry>): void {
    const given = keys.get('inputs');
    const entries = given && !given.empty ? this.#yaml.entries(given.value, '"inputs"') : new Map<string, Entry>();
    const known = Object.keys(task.inputs);
    const isKnown = (name: string) => known.some((each) => each.toLowerCase() === name.toLowerCase());
    for (const [name, entry] of entries) {
      if (isKnown(name)) continue;
      const near = nearest(name, known);
      this.#yaml.problem(
        entry.key,
        `"${name}" is not an input of ${task.calledAs}${near ? `; did you mean "${near}"?` : ''}`,
      );
    }
    const given_ = [...entries.keys()].map((name) => name.toLowerCase());
    for (const [name, input] of Object.entries(task.inputs)) {
      if (input.required && !input.default && !given_.includes(name.toLowerCase()))
        this.#yaml.problem(keys.get('task')?.value, `${task.calledAs} needs the input "${name}"`);
    }
  }

  #textsIn(entry: Entry | undefined, what: string): Record<string, string> {
    if (!entry || entry.empty) return {};
    const entries = [...this.#yaml.entries(entry.value, what)];
    return Object.fromEntries(
      entries.map(([name, inner]) => [name, this.#texts.text(inner, `"${name}" of ${what}`) ?? '']),
    );
  }
}

type Played = Pick<Step, 'kind' | 'inputs' | 'script' | 'shell'>;

/** Steps that move files become one form, whichever way they are written. */
function playedAs(
  first: string,
  value: string,
  inputs: Record<string, string>,
  key: (name: string) => string | undefined,
): Played {
  const plain = { script: undefined, shell: undefined };
  const lower = Object.fromEntries(Object.entries(inputs).map(([name, text]) => [name.toLowerCase(), text]));
  if (first === 'checkout')
    return {
      ...plain,
      kind: value === 'none' ? 'nothing' : 'checkout',
      inputs: { repository: value, path: key('path') ?? '' },
    };
  if (first === 'publish') return { ...plain, kind: 'upload', inputs: { path: value, name: key('artifact') ?? '' } };
  if (first === 'download') {
    if (value === 'none') return { ...plain, kind: 'nothing', inputs: {} };
    return {
      ...plain,
      kind: 'download',
      inputs: { source: value, name: key('artifact') ?? '', pattern: key('patterns') ?? '', path: key('path') ?? '' },
    };
  }
  if (first !== 'task') return { kind: 'script', inputs: {}, script: value, shell: first === 'script' ? 'sh' : first };
  const name = value.split('@')[0]?.toLowerCase();
  if (name === 'publishpipelineartifact')
    return {
      ...plain,
      kind: 'upload',
      inputs: { path: lower.targetpath ?? lower.path ?? '', name: lower.artifact ?? lower.artifactname ?? '' },
    };
  if (name === 'downloadpipelineartifact')
    return {
      ...plain,
      kind: 'download',
      inputs: {
        source: lower.source ?? lower.buildtype ?? 'current',
        name: lower.artifact ?? lower.artifactname ?? '',
        pattern: lower.patterns ?? lower.itempattern ?? '',
        path: lower.path ?? lower.targetpath ?? lower.downloadpath ?? '',
        task: 'true',
      },
    };
  if (name === 'manualvalidation') return { ...plain, kind: 'approval', inputs };
  if (name === 'bash' || name === 'powershell' || name === 'commandline' || name === 'cmdline') {
    // A script in a file is somebody's own program; inline text is a script like any other.
    if (lower.script !== undefined)
      return { kind: 'script', inputs: {}, script: lower.script, shell: name === 'powershell' ? 'pwsh' : 'bash' };
  }
  return { ...plain, kind: 'foreign', inputs };
}
