import type { PublishedTask } from '../catalogue.ts';
import type { Scope, Value } from '../expressions.ts';
import { type HostPlay, type JobFolders, type JobPlay, type Leg, ONLY_LEG } from '../host-play.ts';
import type { Job, Pipeline, Stage } from '../plan.ts';
import type { Result } from '../run-record.ts';
import { type AzureResult, azureCondition, azureFunctions, runtimeValue } from './expressions.ts';
import { AzureJob } from './job.ts';

/** A service connection as the agent hands it over. */
export interface Connection {
  readonly id: string;
  readonly tenantId: string;
  readonly clientId: string;
  /** Absent when it is federated. */
  readonly clientSecret?: string;
}

export interface AzureWorld {
  /** From variable groups and the pipeline's own secret variables. */
  readonly secrets: Readonly<Record<string, string>>;
  readonly variables: Readonly<Record<string, string>>;
  readonly connections: Readonly<Record<string, Connection>>;
  readonly tasks: readonly PublishedTask[];
  readonly startedBy: string;
  readonly now: () => Date;
  readonly identity: { readonly url: string; readonly token: string };
  readonly mask: (value: string) => void;
}

export interface JobFacts {
  readonly result: AzureResult;
  readonly outputs: Readonly<Record<string, string>>;
}

/** Azure Pipelines: stages, conditions, and what jobs know of each other. */
export class AzurePlay implements HostPlay {
  readonly pipeline: Pipeline;
  readonly world: AzureWorld;
  readonly #stages: Record<string, { result: AzureResult; jobs: Record<string, JobFacts> }> = {};

  constructor(pipeline: Pipeline, world: AzureWorld) {
    this.pipeline = pipeline;
    this.world = world;
  }

  stageHeldBack(stage: Stage): string | undefined {
    const results = this.#results(this.pipeline.stages, stage, (id) => this.#stages[id]?.result);
    const dependencies = Object.fromEntries(
      stage.needs.map((id) => {
        const jobs = Object.entries(this.#stages[id]?.jobs ?? {});
        const outputs = jobs.flatMap(([job, facts]) =>
          Object.entries(facts.outputs).map(([name, value]) => [`${job}.${name}`, value]),
        );
        return [id, { result: this.#stages[id]?.result ?? 'Skipped', outputs: Object.fromEntries(outputs) }];
      }),
    );
    const variables = { ...this.world.variables, ...this.pipeline.variables };
    return heldBack(
      stage.condition,
      { contexts: { variables, dependencies }, functions: azureFunctions({ canceled: false, results }) },
      stage.needs,
    );
  }

  jobHeldBack(stage: Stage, job: Job): string | undefined {
    const results = this.#results(stage.jobs, job, (id) => this.#stages[stage.id]?.jobs[id]?.result);
    const scope = this.scope(stage, job, {
      ...this.world.variables,
      ...this.pipeline.variables,
      ...stage.variables,
      ...job.variables,
    });
    return heldBack(job.condition, { ...scope, functions: azureFunctions({ canceled: false, results }) }, job.needs);
  }

  legs(stage: Stage, job: Job): readonly Leg[] {
    if (job.matrix === undefined) return [ONLY_LEG];
    const written =
      typeof job.matrix === 'string'
        ? (JSON.parse(runtimeValue(job.matrix, this.scope(stage, job, {}))) as unknown)
        : job.matrix;
    return Object.entries(written as Record<string, Record<string, unknown>>).map(([name, values]) => ({
      suffix: ` ${name}`,
      values,
    }));
  }

  environment(_stage: Stage, job: Job): string | undefined {
    return job.environment;
  }

  open(stage: Stage, job: Job, leg: Leg, folders: JobFolders): JobPlay {
    return new AzureJob(this, stage, job, leg, folders);
  }

  stageEnded(stage: Stage, result: Result): void {
    const known = this.#stages[stage.id]?.jobs ?? {};
    const jobs = Object.fromEntries(
      stage.jobs.map(({ id }) => [id, known[id] ?? { result: 'Skipped' as const, outputs: {} }]),
    );
    const issues = Object.values(jobs).some((job) => job.result === 'SucceededWithIssues');
    this.#stages[stage.id] = {
      result: result === 'succeeded' && issues ? 'SucceededWithIssues' : inAzureWords(result),
      jobs,
    };
  }

  jobEnded(stage: Stage, job: Job, result: Result, plays: readonly JobPlay[]): void {
    const outputs: Record<string, string> = {};
    for (const play of plays) Object.assign(outputs, play.outputs);
    const issues = plays.some((play) => (play as AzureJob).issues);
    const facts = {
      result: result === 'succeeded' && issues ? 'SucceededWithIssues' : inAzureWords(result),
      outputs,
    } as const;
    const known = this.#stages[stage.id];
    this.#stages[stage.id] = { result: known?.result ?? 'Succeeded', jobs: { ...known?.jobs, [job.id]: facts } };
  }

  /** What a job's expressions see. Only what is named in dependsOn is visible: the service has no other rule. */
  scope(stage: Stage, job: Job, variables: Readonly<Record<string, string>>): Scope {
    const own = this.#stages[stage.id]?.jobs ?? {};
    const facts = (jobs: Record<string, JobFacts>, ids: readonly string[]) =>
      Object.fromEntries(ids.flatMap((id) => (jobs[id] ? [[id, { ...jobs[id] } as Value]] : [])));
    const stageDependencies = Object.fromEntries(
      stage.needs.map((id) => [id, facts(this.#stages[id]?.jobs ?? {}, Object.keys(this.#stages[id]?.jobs ?? {}))]),
    );
    return {
      contexts: {
        variables,
        dependencies: facts(own, job.needs),
        stageDependencies,
        parameters: {},
        pipeline: {},
        resources: {},
      },
      functions: azureFunctions({ canceled: false, results: {} }),
    };
  }

  #results(
    all: readonly { readonly id: string; readonly needs: readonly string[] }[],
    node: { readonly needs: readonly string[] },
    resultOf: (id: string) => AzureResult | undefined,
  ): Record<string, AzureResult> {
    const results: Record<string, AzureResult> = {};
    const visit = (ids: readonly string[]): void => {
      for (const id of ids) {
        if (results[id]) continue;
        results[id] = resultOf(id) ?? 'Skipped';
        visit(all.find((each) => each.id === id)?.needs ?? []);
      }
    };
    visit(node.needs);
    return results;
  }
}

function heldBack(condition: string | undefined, scope: Scope, needs: readonly string[]): string | undefined {
  if (azureCondition(condition, scope)) return undefined;
  return condition
    ? `its condition is false: ${condition}`
    : `what it depends on did not succeed (${needs.join(', ')})`;
}

function inAzureWords(result: Result): AzureResult {
  return ({ succeeded: 'Succeeded', failed: 'Failed', skipped: 'Skipped', cancelled: 'Canceled' } as const)[result];
}
