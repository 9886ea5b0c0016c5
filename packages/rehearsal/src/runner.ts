import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { InputProblem, messageOf } from '@maintenance-tasks/core';
import { Artifacts } from './artifacts.ts';
import { ExpressionProblem } from './expressions.ts';
import type { HostPlay, JobFolders, JobPlay, Leg } from './host-play.ts';
import { type Job, type Pipeline, placeText, type Stage, type Step } from './plan.ts';
import type { RehearsalProxy } from './proxy.ts';
import type { RehearsedClock } from './rehearsed-clock.ts';
import type { ApprovalRecord, HostRun, JobRun, Result, Snapshot, StageRun, StepRun } from './run-record.ts';
import type { Secrets } from './secrets.ts';
import type { StandIn } from './stand-in.ts';
import { type Kill, StepRunner } from './step-runner.ts';
import type { Watcher } from './watcher.ts';

export interface NodeChoice {
  readonly path: string;
  /** `24.21.0` */
  readonly version: string;
}

export interface RunOptions {
  readonly pipeline: Pipeline;
  readonly play: HostPlay;
  readonly proxy: RehearsalProxy;
  readonly clock: RehearsedClock;
  readonly secrets: Secrets;
  readonly node: NodeChoice;
  /** Where bundles are found, by the name of their task. */
  readonly bundles: Readonly<Record<string, string>>;
  /** What a checkout brings. */
  readonly source: string;
  /** For workspaces; emptied and removed by whoever made it. */
  readonly folder: string;
  readonly dns: string | undefined;
  /** For times that a person reads. */
  readonly zone: string;
  readonly runScripts: boolean;
  readonly foreignOutputs: (step: Step) => Readonly<Record<string, string>>;
  /** When a stage begins, where that is told. */
  readonly startOf: (stage: Stage) => Date | undefined;
  readonly approve: (gate: string, stage: Stage) => Promise<ApprovalRecord>;
  readonly asksApproval: (environment: string) => boolean;
  /** That step is taken as failed without being run. */
  readonly fails: (stage: Stage, job: Job, step: Step) => boolean;
  readonly kills: (stage: Stage, job: Job, step: Step) => Kill | undefined;
  readonly standIns: readonly StandIn[];
  readonly watcher: Watcher;
}

/**
 * Plays a pipeline from its first stage to its last as its host would: conditions, approvals, artifacts, and each task
 * as a process of its own. Jobs that would run side by side run one after the other, so that two runs are the same.
 */
export async function runPipeline(options: RunOptions): Promise<HostRun> {
  const { pipeline, clock, watcher } = options;
  const started = performance.now();
  const artifacts = new Artifacts(pipeline.host, join(options.folder, 'artifacts'));
  const steps = new StepRunner(options, artifacts);
  options.proxy.use(options.standIns, steps.rules);
  const before = snapshot(options.standIns);
  watcher.pipelineStarted?.(pipeline, clock.now());
  const stages: StageRun[] = [];
  for (const stage of inOrder(pipeline.stages)) stages.push(await runStage(options, steps, stage));
  const run: HostRun = {
    host: pipeline.host,
    file: pipeline.file,
    name: pipeline.name,
    node: options.node.version,
    result: combined(stages.map(({ result }) => result)),
    milliseconds: performance.now() - started,
    before,
    stages,
    calls: [...options.proxy.calls],
    leaks: options.secrets.leaks,
  };
  watcher.pipelineEnded?.(run);
  return run;
}

/** A copy: stand-ins go on changing what they showed. */
export function snapshot(standIns: readonly StandIn[]): Snapshot {
  return {
    states: Object.fromEntries(
      standIns.map((each) => [each.name, JSON.parse(JSON.stringify(each.state() ?? null)) as unknown]),
    ),
    leftovers: standIns.flatMap((each) =>
      each.leftovers().map((left) => (left.startsWith(each.name) ? left : `${each.name}: ${left}`)),
    ),
  };
}

async function runStage(options: RunOptions, steps: StepRunner, stage: Stage): Promise<StageRun> {
  const { play, clock, watcher } = options;
  const held = heldBack(stage, () => play.stageHeldBack(stage));
  const begins = options.startOf(stage);
  if (!held && begins) clock.forwardTo(begins);
  const startedAt = clock.now().toISOString();
  const jobs: JobRun[] = [];
  if (!held) {
    watcher.stageStarted?.(stage, clock.now(), options.zone);
    const approvals = new Map<string, ApprovalRecord>();
    for (const job of inOrder(stage.jobs)) jobs.push(...(await runJob(options, steps, stage, job, approvals)));
  }
  const result = held ? 'skipped' : combined(jobs.map((job) => job.result));
  play.stageEnded(stage, result);
  const run: StageRun = {
    id: stage.id,
    title: stage.title,
    result,
    note: held,
    startedAt,
    endedAt: clock.now().toISOString(),
    jobs,
    after: snapshot(options.standIns),
  };
  watcher.stageEnded?.(run);
  return run;
}

async function runJob(
  options: RunOptions,
  steps: StepRunner,
  stage: Stage,
  job: Job,
  approvals: Map<string, ApprovalRecord>,
): Promise<JobRun[]> {
  const { play, watcher } = options;
  const held = heldBack(job, () => play.jobHeldBack(stage, job));
  const runs: JobRun[] = [];
  const plays: JobPlay[] = [];
  if (held) runs.push({ id: job.id, title: job.title, result: 'skipped', approval: undefined, steps: [] });
  else {
    const approval = await approvalOf(options, stage, job, approvals);
    if (approval && !approval.approved)
      runs.push({ id: job.id, title: job.title, result: 'failed', approval, steps: [] });
    else {
      for (const leg of play.legs(stage, job)) {
        watcher.jobStarted?.(job, `${job.title}${leg.suffix}`);
        const { run, played } = await runLeg(options, steps, stage, job, leg, approval);
        runs.push(run);
        plays.push(played);
        watcher.jobEnded?.(run);
      }
    }
  }
  play.jobEnded(stage, job, combined(runs.map(({ result }) => result)), plays);
  return runs;
}

async function approvalOf(
  options: RunOptions,
  stage: Stage,
  job: Job,
  given: Map<string, ApprovalRecord>,
): Promise<ApprovalRecord | undefined> {
  const environment = options.play.environment(stage, job);
  if (!environment || !options.asksApproval(environment)) return undefined;
  // Azure asks once for all jobs of a stage; on GitHub a stage has but one.
  const approval = given.get(environment) ?? (await options.approve(environment, stage));
  given.set(environment, approval);
  options.watcher.approved?.(approval);
  return approval;
}

async function runLeg(
  options: RunOptions,
  runner: StepRunner,
  stage: Stage,
  job: Job,
  leg: Leg,
  approval: ApprovalRecord | undefined,
): Promise<{ run: JobRun; played: JobPlay }> {
  const folders = newFolders(options.folder);
  const played = options.play.open(stage, job, leg, folders);
  const steps: StepRun[] = [];
  for (const [index, step] of job.steps.entries()) {
    const key = `${stage.id}${stage.jobs.length > 1 ? `/${job.id}` : ''}${leg.suffix}/${index + 1}`;
    steps.push(await runner.run({ key, stage, job, step, played, folders }));
  }
  options.secrets.lookInFiles(`a file that ${stage.title} left:`, folders.above);
  rmSync(folders.above, { recursive: true, force: true });
  const run: JobRun = { id: job.id, title: `${job.title}${leg.suffix}`, result: played.result, approval, steps };
  return { run, played };
}

let workspaces = 0;

/** Every job starts on an empty machine. */
function newFolders(root: string): JobFolders {
  workspaces += 1;
  const above = join(root, `work-${workspaces}`);
  const folders = { above, workspace: join(above, 's'), temporary: join(above, '_temp') };
  mkdirSync(folders.workspace, { recursive: true });
  mkdirSync(folders.temporary, { recursive: true });
  return folders;
}

/** What cannot be evaluated stops the rehearsal, with its place: the host would refuse or misread it. */
function heldBack(node: Stage | Job, ask: () => string | undefined): string | undefined {
  try {
    return ask();
  } catch (error) {
    if (error instanceof ExpressionProblem) throw new InputProblem(`${placeText(node.place)}: ${messageOf(error)}`);
    throw error;
  }
}

/** Each after all it needs; among those that could run at once the file's order. */
function inOrder<Node extends { readonly id: string; readonly needs: readonly string[] }>(
  nodes: readonly Node[],
): Node[] {
  const ordered: Node[] = [];
  while (ordered.length < nodes.length) {
    const done = new Set(ordered.map(({ id }) => id));
    const next = nodes.find((node) => !done.has(node.id) && node.needs.every((need) => done.has(need)));
    if (!next) throw new Error('the stages or jobs wait for one another');
    ordered.push(next);
  }
  return ordered;
}

function combined(results: readonly Result[]): Result {
  if (results.includes('failed')) return 'failed';
  if (results.includes('cancelled')) return 'cancelled';
  return results.includes('succeeded') || results.length === 0 ? 'succeeded' : 'skipped';
}
