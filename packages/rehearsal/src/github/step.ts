import { InputProblem, messageOf, nearest } from '@maintenance-tasks/core';
import type { PublishedTask } from '../catalogue.ts';
import { problemOf, splitExpressions } from '../expressions.ts';
import type { Entry, PipelineYaml } from '../pipeline-yaml.ts';
import type { Step, StepKind } from '../plan.ts';
import { ALL_GITHUB_FUNCTIONS, bare, GITHUB_CONTEXTS } from './expressions.ts';

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

/** Reads the steps of GitHub's jobs, and every text that may hold expressions. */
export class GithubStepReader {
  readonly #yaml: PipelineYaml;
  readonly #tasks: readonly PublishedTask[];

  constructor(yaml: PipelineYaml, tasks: readonly PublishedTask[]) {
    this.#yaml = yaml;
    this.#tasks = tasks;
  }

  step(node: unknown, index: number): Step {
    const yaml = this.#yaml;
    const keys = yaml.entries(node, 'a step', STEP_KEYS);
    const uses = yaml.text(keys.get('uses'), '"uses"');
    const script = this.checked(keys.get('run'), '"run"');
    if ((uses === undefined) === (script === undefined)) yaml.problem(node, 'a step has either "uses" or "run"');
    if (script !== undefined && keys.has('with'))
      yaml.problem(keys.get('with')?.key, '"with" belongs to "uses", this step has "run"');
    const inputs = this.variables(keys.get('with'), '"with"');
    const task = uses === undefined ? undefined : this.#taskOf(uses, keys);
    if (task) this.#checkInputs(task, keys);
    return {
      kind: kindOf(uses, task),
      id: yaml.text(keys.get('id'), '"id"'),
      title: this.filled(
        yaml.text(keys.get('name'), '"name"') ?? uses?.split('@')[0] ?? firstLine(script) ?? `step ${index + 1}`,
        keys.get('name'),
      ),
      place: yaml.place(node),
      uses: uses ?? 'run',
      task: task?.name,
      inputs,
      variables: this.variables(keys.get('env'), '"env"'),
      condition: this.condition(keys.get('if')),
      continueOnError: this.checked(keys.get('continue-on-error'), '"continue-on-error"'),
      timeoutMinutes: this.checked(keys.get('timeout-minutes'), '"timeout-minutes"'),
      script,
      shell: yaml.text(keys.get('shell'), '"shell"'),
      workingFolder: this.checked(keys.get('working-directory'), '"working-directory"'),
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
      entries.map(([name, inner]) => [name, this.checked(inner, `"${name}" of ${what}`) ?? '']),
    );
  }

  /** A text whose expressions can at least be read. */
  checked(entry: Entry | undefined, what: string): string | undefined {
    const text = this.#yaml.text(entry, what);
    return text === undefined ? undefined : this.filled(text, entry);
  }

  filled(text: string, entry: Entry | undefined): string {
    this.#try(entry, () => {
      for (const { expression } of splitExpressions(text, '${{', '}}')) {
        if (expression !== undefined) this.#expression(expression, entry);
      }
    });
    return text;
  }

  condition(entry: Entry | undefined): string | undefined {
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

/** The nearest known word, as the end of a sentence; nothing when none is near. */
export function meant(word: string, known: readonly string[]): string {
  const near = nearest(word, known);
  return near ? `; did you mean "${near}"?` : '';
}
