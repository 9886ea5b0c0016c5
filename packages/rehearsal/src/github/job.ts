import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Scope, Value } from '../expressions.ts';
import type { JobFolders, JobPlay, Leg, StepConclusion, StepTold } from '../host-play.ts';
import type { Job, Stage, Step } from '../plan.ts';
import type { Annotation, Result } from '../run-record.ts';
import {
  fileFunctions,
  githubCondition,
  githubText,
  githubTruth,
  githubValue,
  type JobResult,
  statusFunctions,
} from './expressions.ts';
import type { GithubPlay } from './play.ts';

/** One job on a runner: the environment of its steps, the files and the commands by which they answer. */
export class GithubJob implements JobPlay {
  readonly #run: GithubPlay;
  readonly #stage: Stage;
  readonly #job: Job;
  readonly #leg: Leg;
  readonly #folders: JobFolders;
  readonly #files: string;
  readonly #steps: Record<string, { outputs: Record<string, string>; outcome: JobResult; conclusion: JobResult }> = {};
  readonly #added: Record<string, string> = {};
  #annotations: Annotation[] = [];
  #failed = false;
  #count = 0;

  constructor(run: GithubPlay, stage: Stage, job: Job, leg: Leg, folders: JobFolders) {
    this.#run = run;
    this.#stage = stage;
    this.#job = job;
    this.#leg = leg;
    this.#folders = folders;
    this.#files = join(folders.temporary, '_runner_file_commands');
    mkdirSync(this.#files, { recursive: true });
  }

  get result(): Result {
    return this.#failed ? 'failed' : 'succeeded';
  }

  /** The runner drops an output of a job that holds a secret, with a warning that is easily overlooked. */
  get outputs(): Record<string, string> {
    const filled = Object.entries(this.#filled(this.#job.outputs, this.#scope({})));
    return Object.fromEntries(filled.filter(([, value]) => !this.#run.world.holdsSecret(value)));
  }

  stepHeldBack(step: Step): string | undefined {
    if (githubCondition(step.condition, this.#scope(this.#environmentOf(step)))) return undefined;
    return step.condition ? `its condition is false: ${step.condition}` : 'a step before it failed';
  }

  title(step: Step): string {
    return githubText(githubValue(step.title, this.#scope(this.#environmentOf(step))));
  }

  inputs(step: Step): Record<string, string> {
    const scope = this.#scope(this.#environmentOf(step));
    const given = this.#filled(step.inputs, scope);
    const task = this.#run.world.tasks.find(({ name }) => name === step.task);
    for (const [name, input] of Object.entries(task?.inputs ?? {})) {
      if (given[name] === undefined && input.default !== undefined)
        given[name] = githubText(githubValue(input.default, scope));
    }
    return given;
  }

  environment(step: Step, inputs: Readonly<Record<string, string>>): Record<string, string> {
    const { world, pipeline } = this.#run;
    this.#count += 1;
    const file = (name: string) => {
      const path = join(this.#files, `${name}_${this.#count}`);
      writeFileSync(path, '');
      return path;
    };
    const event = join(this.#folders.temporary, 'event.json');
    writeFileSync(event, JSON.stringify({ inputs: world.inputs }));
    return {
      ...this.#environmentOf(step),
      // The runner changes spaces only; dashes stay.
      ...Object.fromEntries(
        Object.entries(inputs).map(([name, value]) => [`INPUT_${name.replace(/ /g, '_').toUpperCase()}`, value]),
      ),
      CI: 'true',
      GITHUB_ACTIONS: 'true',
      GITHUB_ACTION: step.id ?? `__${this.#count}`,
      GITHUB_ACTOR: world.startedBy,
      GITHUB_TRIGGERING_ACTOR: world.startedBy,
      GITHUB_API_URL: 'https://api.github.com',
      GITHUB_GRAPHQL_URL: 'https://api.github.com/graphql',
      GITHUB_SERVER_URL: 'https://github.com',
      GITHUB_EVENT_NAME: 'workflow_dispatch',
      GITHUB_EVENT_PATH: event,
      GITHUB_JOB: this.#stage.id,
      GITHUB_REF: 'refs/heads/main',
      GITHUB_REF_NAME: 'main',
      GITHUB_REF_TYPE: 'branch',
      GITHUB_REPOSITORY: 'example-org/maintenance',
      GITHUB_REPOSITORY_OWNER: 'example-org',
      GITHUB_RUN_ATTEMPT: '1',
      GITHUB_RUN_ID: '1000000001',
      GITHUB_RUN_NUMBER: '1',
      GITHUB_SHA: '0'.repeat(40),
      GITHUB_WORKFLOW: pipeline.name,
      GITHUB_WORKSPACE: this.#folders.workspace,
      GITHUB_OUTPUT: file('set_output'),
      GITHUB_ENV: file('set_env'),
      GITHUB_PATH: file('add_path'),
      GITHUB_STATE: file('save_state'),
      GITHUB_STEP_SUMMARY: file('step_summary'),
      RUNNER_ARCH: 'X64',
      RUNNER_ENVIRONMENT: 'github-hosted',
      RUNNER_NAME: 'rehearsal',
      RUNNER_OS: 'Linux',
      RUNNER_TEMP: this.#folders.temporary,
      RUNNER_TOOL_CACHE: join(this.#folders.temporary, 'tools'),
      RUNNER_WORKSPACE: this.#folders.above,
      ...(this.#job.identity && {
        ACTIONS_ID_TOKEN_REQUEST_URL: world.identity.url,
        ACTIONS_ID_TOKEN_REQUEST_TOKEN: world.identity.token,
      }),
    };
  }

  script(step: Step): { text: string; shell: string; folder: string } {
    const scope = this.#scope(this.#environmentOf(step));
    const folder = step.workingFolder ?? this.#job.workingFolder;
    return {
      text: githubText(githubValue(step.script ?? '', scope)),
      shell: step.shell ?? this.#job.shell ?? 'bash',
      folder: join(this.#folders.workspace, folder ? githubText(githubValue(folder, scope)) : '.'),
    };
  }

  minutes(step: Step): number {
    const given = step.timeoutMinutes && Number(githubText(githubValue(step.timeoutMinutes, this.#scope({}))));
    return given || 360;
  }

  heard(line: string): string | undefined {
    const command = /^::([a-zA-Z-]+)(?: (.*?))?::(.*)$/.exec(line);
    if (!command) return line;
    const [, name, , raw] = command as unknown as [string, string, string | undefined, string];
    const text = raw.replace(/%0A/g, '\n').replace(/%0D/g, '\r').replace(/%25/g, '%');
    if (name === 'add-mask') this.#run.world.mask(text);
    else if (name === 'error' || name === 'warning' || name === 'notice') {
      this.#annotations.push({ kind: name, text });
      return `${name}: ${text}`;
    } else if (name === 'group') return text;
    return undefined;
  }

  ended(step: Step, told: StepTold): StepConclusion {
    const outputs = { ...told.outputs, ...(told.ran && this.#fileCommand('set_output')) };
    if (told.ran) Object.assign(this.#added, this.#fileCommand('set_env'));
    const failed = told.exitCode !== 0;
    const scope = this.#scope(this.#environmentOf(step));
    const forgiven =
      failed && step.continueOnError !== undefined && githubTruth(asBoolean(githubValue(step.continueOnError, scope)));
    if (step.id) {
      const outcome = failed ? 'failure' : 'success';
      this.#steps[step.id] = { outputs, outcome, conclusion: forgiven ? 'success' : outcome };
    }
    if (failed && !forgiven) this.#failed = true;
    const summary = told.ran ? this.#content('step_summary') : '';
    const annotations = this.#annotations;
    this.#annotations = [];
    return { result: failed ? 'failed' : 'succeeded', forgiven, outputs, annotations, summary };
  }

  skipped(step: Step): void {
    if (step.id) this.#steps[step.id] = { outputs: {}, outcome: 'skipped', conclusion: 'skipped' };
  }

  #environmentOf(step: Step): Record<string, string> {
    const merged: Record<string, string> = {};
    for (const level of [this.#run.pipeline.variables, this.#job.variables, this.#added, step.variables]) {
      Object.assign(merged, level === this.#added ? level : this.#filled(level, this.#scope(merged)));
    }
    return merged;
  }

  #filled(texts: Readonly<Record<string, string>>, scope: Scope): Record<string, string> {
    return Object.fromEntries(
      Object.entries(texts).map(([name, text]) => [name, githubText(githubValue(text, scope))]),
    );
  }

  #scope(env: Readonly<Record<string, string>>): Scope {
    return {
      contexts: {
        ...this.#run.contexts(this.#stage),
        env,
        steps: this.#steps,
        matrix: this.#leg.values as Record<string, Value>,
        job: { status: this.#failed ? 'failure' : 'success' },
        runner: {
          os: 'Linux',
          arch: 'X64',
          name: 'rehearsal',
          temp: this.#folders.temporary,
          environment: 'github-hosted',
        },
      },
      functions: {
        ...statusFunctions(this.#failed ? 'failure' : 'success'),
        ...fileFunctions(this.#folders.workspace),
      },
    };
  }

  /** `name=value` and `name<<END … END`, as the runner reads them. */
  #fileCommand(name: string): Record<string, string> {
    const values: Record<string, string> = {};
    const lines = this.#content(name).split(/\r?\n/);
    while (lines.length > 0) {
      const line = lines.shift() as string;
      const heredoc = /^(.+?)<<(.+)$/.exec(line);
      const equals = line.indexOf('=');
      if (heredoc && (equals < 0 || equals > line.indexOf('<<'))) {
        const end = lines.indexOf(heredoc[2] as string);
        values[heredoc[1] as string] = lines.splice(0, end < 0 ? lines.length : end).join('\n');
        lines.shift();
      } else if (equals > 0) values[line.slice(0, equals)] = line.slice(equals + 1);
    }
    return values;
  }

  #content(name: string): string {
    const file = join(this.#files, `${name}_${this.#count}`);
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  }
}

function asBoolean(value: Value): Value {
  return value === 'false' ? false : value;
}
