import type { PublishedTask } from '../catalogue.ts';
import type { Scope, Value } from '../expressions.ts';
import type { HostPlay, JobFolders, JobPlay, Leg } from '../host-play.ts';
import { matrixLegs } from '../matrix.ts';
import type { Job, Pipeline, Stage } from '../plan.ts';
import type { Result } from '../run-record.ts';
import { githubCondition, githubText, githubValue, type JobResult, statusFunctions } from './expressions.ts';
import { GithubJob } from './job.ts';

export interface GithubWorld {
  readonly secrets: Readonly<Record<string, string>>;
  readonly variables: Readonly<Record<string, string>>;
  readonly inputs: Readonly<Record<string, Value>>;
  readonly tasks: readonly PublishedTask[];
  readonly startedBy: string;
  readonly identity: { readonly url: string; readonly token: string };
  /** Blanks a value from now on. */
  readonly mask: (value: string) => void;
  readonly holdsSecret: (text: string) => boolean;
}

const WORDS: Readonly<Record<Result, JobResult>> = {
  succeeded: 'success',
  failed: 'failure',
  skipped: 'skipped',
  cancelled: 'cancelled',
};

/** GitHub Actions: its contexts, conditions, environment variables, file commands and workflow commands. */
export class GithubPlay implements HostPlay {
  readonly pipeline: Pipeline;
  readonly world: GithubWorld;
  readonly #needs: Record<string, { result: JobResult; outputs: Readonly<Record<string, string>> }> = {};

  constructor(pipeline: Pipeline, world: GithubWorld) {
    this.pipeline = pipeline;
    this.world = world;
  }

  stageHeldBack(stage: Stage): string | undefined {
    return githubCondition(stage.condition, this.#scope(stage))
      ? undefined
      : stage.condition
        ? `its condition is false: ${stage.condition}`
        : `a job it needs did not succeed (${stage.needs.filter((need) => this.#needs[need]?.result !== 'success').join(', ')})`;
  }

  jobHeldBack(): undefined {
    return undefined;
  }

  legs(stage: Stage, job: Job): readonly Leg[] {
    return matrixLegs(job.matrix, (text) => githubValue(text, this.#scope(stage)));
  }

  environment(stage: Stage, job: Job): string | undefined {
    return job.environment && githubText(githubValue(job.environment, this.#scope(stage)));
  }

  open(stage: Stage, job: Job, leg: Leg, folders: JobFolders): JobPlay {
    return new GithubJob(this, stage, job, leg, folders);
  }

  /** A job that was held back has a result, too: conditions after it ask for it. */
  stageEnded(stage: Stage, result: Result): void {
    this.#needs[stage.id] ??= { result: WORDS[result], outputs: {} };
  }

  jobEnded(stage: Stage, _job: Job, result: Result, plays: readonly JobPlay[]): void {
    const outputs: Record<string, string> = {};
    for (const play of plays) Object.assign(outputs, play.outputs);
    this.#needs[stage.id] = { result: WORDS[result], outputs };
  }

  contexts(stage: Stage): Record<string, Value> {
    const { pipeline, world } = this;
    return {
      github: {
        workflow: pipeline.name,
        run_id: '1000000001',
        run_number: '1',
        run_attempt: '1',
        actor: world.startedBy,
        triggering_actor: world.startedBy,
        repository: 'example-org/maintenance',
        repository_owner: 'example-org',
        ref: 'refs/heads/main',
        ref_name: 'main',
        ref_type: 'branch',
        sha: '0'.repeat(40),
        event_name: 'workflow_dispatch',
        event: { inputs: { ...world.inputs } },
        server_url: 'https://github.com',
        api_url: 'https://api.github.com',
        graphql_url: 'https://api.github.com/graphql',
        job: stage.id,
        token: world.secrets.GITHUB_TOKEN ?? '',
      },
      vars: { ...world.variables },
      secrets: { ...world.secrets },
      inputs: { ...world.inputs },
      needs: Object.fromEntries(stage.needs.flatMap((need) => (this.#needs[need] ? [[need, this.#needs[need]]] : []))),
      env: {},
      steps: {},
      job: {},
      jobs: {},
      runner: {},
      matrix: {},
      strategy: {},
    };
  }

  /** A job waits for all it needs, and theirs: one failure anywhere above makes `success()` false. */
  #scope(stage: Stage): Scope {
    const above = this.#above(stage.needs);
    const results = [...above].map((id) => this.#needs[id]?.result);
    const status = results.includes('cancelled')
      ? 'cancelled'
      : results.includes('failure')
        ? 'failure'
        : results.includes('skipped')
          ? 'skipped'
          : 'success';
    const functions = statusFunctions(status === 'skipped' ? 'success' : status);
    // A job above that was skipped is no failure, but no success either.
    const success = { takes: [0, 0] as const, call: () => status === 'success' };
    return { contexts: this.contexts(stage), functions: { ...functions, success } };
  }

  #above(needs: readonly string[], found = new Set<string>()): Set<string> {
    for (const need of needs) {
      if (found.has(need)) continue;
      found.add(need);
      this.#above(this.pipeline.stages.find(({ id }) => id === need)?.needs ?? [], found);
    }
    return found;
  }
}
