import { type AnyContext, TaskError } from '@maintenance-tasks/core';
import { abandon, findSoon, type OnCancel, waitForEnd } from './follow.ts';
import {
  type OtherPipeline,
  openPipeline,
  type PipelineAccess,
  type PipelineTarget,
  type Run,
} from './other-pipeline.ts';
import { correlationInputOf, correlationOf, failureOf, nameOf, requireSameCommit, tagName } from './plan.ts';
import { requireTag } from './tags.ts';

export type Context = Pick<
  AnyContext,
  'http' | 'log' | 'report' | 'clock' | 'signal' | 'deadline' | 'keepSecret' | 'clean'
>;

export interface RunArguments {
  readonly target: PipelineTarget;
  /** As the approved plan has it. */
  readonly expectedCommit: string | undefined;
  readonly inputs: Readonly<Record<string, string>>;
  readonly variables: Readonly<Record<string, string>>;
  readonly correlationInput: string | undefined;
  readonly attempt: number;
  readonly wait: boolean;
  readonly onCancel: OnCancel;
  readonly access: PipelineAccess;
  readonly session: string;
  readonly dryRun: boolean;
}

/**
 * Starts the other pipeline once in a session, and waits for its end. A run that the same start began before, on
 * whichever machine, is taken instead of a new one.
 */
export async function runPipeline(context: Context, given: RunArguments): Promise<Record<string, string>> {
  const { target } = given;
  const what = nameOf(target);
  const pipeline = await openPipeline(context, target, given.access);
  const commit = await requireTag(pipeline, target);
  requireSameCommit(target.repository, target.tag, given.expectedCommit, commit);
  const correlation = correlationOf(given.session, given);
  const request = {
    tag: tagName(target.tag),
    commit,
    correlation,
    correlationInput: correlationInputOf(target, given.correlationInput),
    inputs: given.inputs,
    variables: given.variables,
  };
  const there = await pipeline.find(request);
  const outputs = { commit, correlation };
  if (there) {
    context.report.plan([]);
    context.report.note(`${what} was started in this session already: ${there.url} (${there.detail}).`);
  } else {
    await showPlan(context, pipeline, given, request);
    if (given.dryRun) return { ...outputs, outcome: '', started: 'false' };
  }
  if (given.dryRun) return { ...outputs, ...outputsOf(there), started: 'false' };

  let run = there;
  try {
    run ??= await start(context, pipeline, what, request);
    if (given.wait) run = await waitForEnd(context, pipeline, what, run);
  } catch (error) {
    const all = { ...outputs, ...outputsOf(run), started: String(!there) };
    if (context.signal.aborted) throw await abandon(context, { ...given, what, request, run, error, outputs: all });
    throw error instanceof TaskError ? new TaskError(error.kind, error.text, { cause: error, outputs: all }) : error;
  }
  return conclude(context, pipeline, what, run, { ...outputs, started: String(!there) });
}

interface Request {
  readonly tag: string;
  readonly commit: string;
  readonly correlation: string;
  readonly correlationInput: string;
  readonly inputs: Readonly<Record<string, string>>;
  readonly variables: Readonly<Record<string, string>>;
}

async function showPlan(
  context: Context,
  pipeline: OtherPipeline,
  { target }: RunArguments,
  request: Request,
): Promise<void> {
  const problems = await pipeline.problems(request);
  if (problems.length > 0) {
    throw new TaskError('refused', {
      what: `${nameOf(target)} cannot be started at ${request.tag}: ${problems.join(' ')}`,
      state: 'Nothing was started.',
      remedy: 'Mend all of it; what is in the workflow file needs a new tag.',
    });
  }
  context.report.plan([
    {
      id: `pipeline:${request.correlation}`,
      what: nameOf(target),
      before: 'not started in this session',
      after: `run at ${request.tag} (${request.commit.slice(0, 12)})`,
    },
  ]);
}

async function start(context: Context, pipeline: OtherPipeline, what: string, request: Request): Promise<Run> {
  const change = `pipeline:${request.correlation}`;
  const soon = () => findSoon(context, pipeline, request);
  const id = await pipeline.start(request, async () => (await soon())?.id);
  context.report.changed(change);
  const run = id === undefined ? await soon() : await pipeline.read(id);
  if (!run) {
    throw new TaskError('remote', {
      what: `${what} was started, but no run with the correlation ${request.correlation} showed up in time.`,
      remedy: 'Look at its list of runs. Run this step again: it takes the run once it is listed.',
    });
  }
  if (run.commit !== request.commit) {
    // The tag moved between the look and the start.
    await pipeline.cancel(run.id);
    throw new TaskError('conflict', {
      what: `${what} was started at ${run.commit}, and the tag ${request.tag} was ${request.commit} a moment before: it moved.`,
      state: `The run was asked to end: ${run.url}.`,
      remedy: 'Find out who moved the tag, and how far the run came.',
    });
  }
  context.report.verified(change);
  context.log.info(`${what} runs: ${run.url}`);
  return run;
}

async function conclude(
  context: Context,
  pipeline: OtherPipeline,
  what: string,
  run: Run,
  outputs: Readonly<Record<string, string>>,
): Promise<Record<string, string>> {
  const artifacts = run.outcome ? await pipeline.artifacts(run.id) : [];
  const all = {
    ...outputs,
    ...outputsOf(run),
    artifacts: artifacts.map(({ name, url }) => `${name} ${url}`).join('\n'),
  };
  const rows = [
    ['Run', run.url],
    ['Outcome', run.detail],
    ['Commit', run.commit],
    ['Correlation', outputs.correlation ?? ''],
    ...artifacts.map(({ name, url }) => [`Artifact ${name}`, url]),
  ];
  context.report.table({ title: what, columns: ['What', 'Value'], rows });
  const jobs = run.outcome && run.outcome !== 'succeeded' ? await pipeline.failedJobs(run.id) : [];
  const failure = run.outcome && failureOf(what, run, jobs);
  if (failure) throw new TaskError(failure.kind, failure.text, { outputs: all });
  return all;
}

function outputsOf(run: Run | undefined): Record<string, string> {
  return run ? { 'run-id': String(run.id), url: run.url, outcome: run.outcome ?? 'running' } : {};
}
