import type { Leftover } from '../leftover.ts';
import type { JobsAccess } from './access.ts';
import { planPause } from './plan.ts';
import {
  askEach,
  type Context,
  flat,
  forEachJob,
  type Job,
  orProblem,
  type Problem,
  refuse,
  type Scheduler,
  type Scope,
  schedulersOf,
} from './scheduler.ts';
import type { JobsEntry } from './schema.ts';

export interface JobsResult {
  /** What this session holds paused afterwards. */
  readonly paused: readonly string[];
  /** What somebody else had paused before. */
  readonly leftAlone: readonly string[];
  readonly running?: readonly string[];
  readonly changed: boolean;
}

/**
 * Pauses the jobs. What is paused already stays as it is: by this session, since twice is once; by somebody else, since
 * it is not ours to start again later. What runs goes on running.
 *
 * @throws TaskError before the first change with all that stands against it; `remote` or `conflict` when one fails later
 */
export async function pauseJobs(context: Context, given: Scope & { readonly dryRun: boolean }): Promise<JobsResult> {
  const { session, dryRun } = given;
  const schedulers = await schedulersOf(context, given);
  const { answers, problems } = await askEach(schedulers, (scheduler) => scheduler.named());
  const jobs = flat(answers);
  const { pause, keep, leftAlone, problems: against } = planPause(session, [...jobs.keys()]);
  problems.push(...against.map((text): Problem => ({ kind: 'conflict', text })));
  problems.push(
    ...(await deniedIn(schedulers.filter((scheduler) => pause.some((job) => jobs.get(job) === scheduler)))),
  );
  refuse(
    problems,
    'Correct this and run the task again. A session that is over is put back by sweep; what was resumed by somebody is given up by state: resume.',
    'Nothing was changed.',
  );
  context.report.plan(
    pause.map((job) => ({ id: reportId('pause', job), what: job.what, before: job.stands, after: 'paused' })),
  );
  for (const { what, stands } of leftAlone)
    context.report.note(`${what} is ${stands} already, by somebody else: it stays so, and is not resumed later.`);
  for (const { hint } of pause) if (hint) context.log.warning(hint);
  const paused = keep.map(({ what }) => what);
  const others = leftAlone.map(({ what }) => what);
  if (dryRun || pause.length === 0) return { paused, leftAlone: others, changed: false };

  const planned = byScheduler(pause, jobs);
  for (const [scheduler, own] of planned) await scheduler.remember?.(session, own);
  const failures: Problem[] = [];
  for (const [, own] of planned) {
    // The next scheduler is not begun when one fails; of this one all had their turn.
    if (failures.length > 0) break;
    failures.push(
      ...(await forEachJob(own, async (job) => {
        await job.pause(session);
        context.report.changed(reportId('pause', job));
      })),
    );
  }
  refuse(failures, 'Run the task again to pause the rest, or run it with state: resume to give back what is paused.');
  refuse(await verify(context, session, [...planned.keys()], pause), 'Look there, then run the task again.');
  return { paused: [...paused, ...pause.map(({ what }) => what)], leftAlone: others, changed: true };
}

/** Reads back and compares. */
async function verify(
  context: Context,
  session: string,
  schedulers: readonly Scheduler[],
  pause: readonly Job[],
): Promise<Problem[]> {
  const { answers, problems } = await askEach(schedulers, (scheduler) => scheduler.named());
  const now = new Map([...flat(answers).keys()].map((job) => [job.id, job]));
  if (problems.length > 0) return problems;
  for (const { id, what } of pause) {
    const job = now.get(id);
    if (job?.paused && job.note?.session === session) context.report.verified(`jobs:pause:${id}`);
    else
      problems.push({
        kind: 'conflict',
        text: `${what} was paused a moment ago and is ${job ? job.stands : 'gone'}${job?.paused ? ', without the note of this session' : ''}: something else changes it, too.`,
      });
  }
  return problems;
}

/** Everything that any session holds paused where the entries lead. */
export async function findPaused(
  context: Context,
  given: { readonly jobs: readonly JobsEntry[]; readonly access: JobsAccess; readonly evidence: string },
): Promise<Leftover[]> {
  const schedulers = await schedulersOf(context, given);
  const { answers, problems } = await askEach(schedulers, (scheduler) => scheduler.marked());
  refuse(problems, 'Correct this and run the task again.');
  return [...flat(answers)].flatMap(([{ note, what, stands }, { name }]) =>
    note ? [{ system: name, what: `${what} is ${stands}`, session: note.session }] : [],
  );
}

/** What would keep `pauseJobs` from working, one sentence each with its remedy; reads only. */
export async function checkAccess(
  context: Context,
  given: { readonly jobs: readonly JobsEntry[]; readonly access: JobsAccess; readonly evidence: string },
): Promise<string[]> {
  const problems: string[] = [];
  const found = await askEachAlone(context, given, problems);
  problems.push(...(await deniedIn(found)).map(({ text }) => text));
  return problems;
}

/** Schedulers that can be read; why the others cannot goes to the problems. */
async function askEachAlone(context: Context, given: Omit<Scope, 'session'>, problems: string[]): Promise<Scheduler[]> {
  let schedulers: Scheduler[] = [];
  const problem = await orProblem(async () => {
    schedulers = await schedulersOf(context, given);
  });
  if (problem) problems.push(problem.text);
  const { answers, problems: unreadable } = await askEach(schedulers, (scheduler) => scheduler.named());
  problems.push(...unreadable.map(({ text }) => text));
  return [...answers.keys()];
}

async function deniedIn(schedulers: readonly Scheduler[]): Promise<Problem[]> {
  const { answers, problems } = await askEach(schedulers, async (scheduler) => (await scheduler.denied?.()) ?? []);
  return [...problems, ...[...answers.values()].flat().map((text): Problem => ({ kind: 'auth', text }))];
}

export function byScheduler(jobs: readonly Job[], of: ReadonlyMap<Job, Scheduler>): Map<Scheduler, Job[]> {
  const grouped = new Map<Scheduler, Job[]>();
  for (const job of jobs) {
    const scheduler = of.get(job) as Scheduler;
    const own = grouped.get(scheduler);
    if (own) own.push(job);
    else grouped.set(scheduler, [job]);
  }
  return grouped;
}

export function reportId(doing: 'pause' | 'resume', { id }: Job): string {
  return `jobs:${doing}:${id}`;
}
