import { createHttp, formatDuration, messageOf, TaskError } from '@maintenance-tasks/core';
import { type OtherPipeline, openPipeline, type Run, type StartRequest } from './other-pipeline.ts';
import { progressLine } from './plan.ts';
import type { Context, RunArguments } from './run.ts';

export type OnCancel = 'cancel' | 'leave';

const LOOK_EVERY = 3_000;
const FIRST_POLL = 2_000;
const LONGEST_POLL = 15_000;

/** The run that was just started, which may be listed late. */
export async function findSoon(
  { clock, signal }: Context,
  pipeline: OtherPipeline,
  request: StartRequest,
): Promise<Run | undefined> {
  const until = clock.now().getTime() + pipeline.listedWithin;
  for (;;) {
    const run = await pipeline.find(request);
    if (run || clock.now().getTime() >= until) return run;
    await clock.sleep(LOOK_EVERY, signal);
  }
}

/** @throws TaskError `timeout` at the deadline; the run goes on then */
export async function waitForEnd(context: Context, pipeline: OtherPipeline, what: string, run: Run): Promise<Run> {
  const { clock, deadline, log, signal } = context;
  const begun = clock.now().getTime();
  let latest = run;
  while (latest.outcome === undefined) {
    const now = clock.now().getTime();
    const left = deadline.getTime() - now;
    if (left <= 0) {
      throw new TaskError('timeout', {
        what: `${what} had not ended after ${formatDuration(now - begun)}: it is ${latest.detail}.`,
        state: `It goes on: ${latest.url}.`,
        remedy: 'Run this step again to go on waiting for the same run, with a longer deadline if need be.',
      });
    }
    log.progress(progressLine(what, latest, now - begun, left));
    // Short runs are noticed soon, long ones cost few calls.
    await clock.sleep(Math.min(LONGEST_POLL, left, FIRST_POLL + (now - begun) / 10), signal);
    latest = await pipeline.read(run.id);
  }
  return latest;
}

interface Abandoned extends Pick<RunArguments, 'target' | 'access' | 'onCancel'> {
  readonly what: string;
  readonly request: StartRequest;
  readonly run: Run | undefined;
  readonly error: unknown;
  readonly outputs: Readonly<Record<string, string>>;
}

/** The host kills a cancelled step after some seconds, and the task's own last words go out after 3.5 s. */
const LAST_CALLS_WITHIN = 3_000;

/** What becomes of the other run when this one is stopped, as one error. */
export async function abandon(context: Context, abandoned: Abandoned): Promise<TaskError> {
  const { what, run, error, outputs } = abandoned;
  const reason: unknown = context.signal.reason;
  if (!(reason instanceof TaskError)) return error as TaskError;
  const state =
    reason.kind === 'cancelled' && abandoned.onCancel === 'cancel'
      ? await cancelInTime(context, abandoned)
      : run
        ? `${what} goes on: ${run.url}.`
        : `It is not known whether ${what} was started; its correlation would be ${abandoned.request.correlation}.`;
  const remedy =
    'Run this step again: it takes the run that is there. To end that one, cancel it where it runs; sweep does not.';
  return new TaskError(reason.kind, { what: reason.text.what, state, remedy }, { outputs });
}

/** The task's own calls are cut off by now: these go out by a client of their own. */
async function cancelInTime(context: Context, { target, access, request, run, what }: Abandoned): Promise<string> {
  const { clock, clean, keepSecret, log } = context;
  const signal = AbortSignal.timeout(LAST_CALLS_WITHIN);
  const http = createHttp({
    clock,
    signal,
    deadline: new Date(clock.now().getTime() + LAST_CALLS_WITHIN),
    userAgent: 'maintenance-tasks (run-pipeline)',
    clean,
    debug: log.debug,
    info: log.info,
    environment: process.env,
  });
  try {
    const pipeline = await openPipeline({ http, keepSecret }, target, access);
    const found = run ?? (await pipeline.find(request));
    if (!found) return `No run of ${what} with the correlation ${request.correlation} is listed.`;
    await pipeline.cancel(found.id);
    return `${what} was asked to end: ${found.url}.`;
  } catch (error) {
    return `${what} could not be asked to end (${messageOf(error)})${run ? `: ${run.url}` : ''}.`;
  } finally {
    http.close();
  }
}
