import { byScheduler, type JobsResult, reportId } from './pause.ts';
import { planResume } from './plan.ts';
import {
  askEach,
  type Context,
  flat,
  forEachJob,
  type Job,
  type Problem,
  refuse,
  type Scheduler,
  type Scope,
  schedulersOf,
} from './scheduler.ts';

/**
 * Gives back everything that this session paused where the entries lead, as it was found; what carries no note of the
 * session is left alone. One job that fails does not keep the others waiting.
 *
 * @throws TaskError with everything that could not be resumed
 */
export async function resumeJobs(context: Context, given: Scope & { readonly dryRun: boolean }): Promise<JobsResult> {
  const { session, dryRun } = given;
  const schedulers = await schedulersOf(context, given);
  const { answers, problems } = await askEach(schedulers, (scheduler) => scheduler.marked());
  const jobs = flat(answers);
  const { resume, forget, problems: unsure } = planResume(session, [...jobs.keys()]);
  problems.push(...unsure.map((text): Problem => ({ kind: 'conflict', text })));
  context.report.plan([
    ...resume.map((job) => ({ id: reportId('resume', job), what: job.what, before: job.stands, after: 'active' })),
    ...forget
      .filter(({ notedBeforehand }) => !notedBeforehand)
      .map((job) => ({
        id: reportId('resume', job),
        what: job.what,
        before: `${job.stands}, with a note`,
        after: job.stands,
      })),
  ]);
  for (const { what, stands, notedBeforehand } of forget)
    if (!notedBeforehand) context.log.warning(`${what} is ${stands} already: somebody resumed it in between.`);
  const held = [...resume, ...forget];
  if (dryRun || held.length === 0) {
    refuse(problems, 'Correct this and run the task again.', dryRun ? 'Nothing was changed.' : undefined);
    return { paused: resume.map(({ what }) => what), leftAlone: [], changed: false };
  }
  const done = new Set<Job>();
  for (const [scheduler, own] of byScheduler(held, jobs)) {
    problems.push(...(await resumeIn(context, session, scheduler, own, done)));
  }
  const resumed = resume.filter((job) => done.has(job));
  problems.push(...(await verify(context, session, [...byScheduler([...done], jobs).keys()], resumed)));
  refuse(problems, 'Run the task again, or resume them by hand.');
  return { paused: [], leftAlone: [], changed: true };
}

async function resumeIn(
  context: Context,
  session: string,
  scheduler: Scheduler,
  jobs: readonly Job[],
  done: Set<Job>,
): Promise<Problem[]> {
  const problems = await forEachJob(jobs, async (job) => {
    // What was noted beforehand and is active needs no call of its own.
    if (job.paused || !job.notedBeforehand) {
      await job.resume();
      context.report.changed(reportId('resume', job));
    }
    done.add(job);
  });
  const { problems: unforgotten } = await askEach([scheduler], async () => {
    await scheduler.forget?.(
      session,
      jobs.filter((job) => done.has(job)),
    );
  });
  return [...problems, ...unforgotten];
}

/** Reads back and compares. */
async function verify(
  context: Context,
  session: string,
  schedulers: readonly Scheduler[],
  resumed: readonly Job[],
): Promise<Problem[]> {
  const ids = new Set(resumed.map(({ id }) => id));
  const { answers, problems } = await askEach(schedulers, (scheduler) => scheduler.marked(ids));
  if (problems.length > 0) return problems;
  const now = new Map([...flat(answers).keys()].map((job) => [job.id, job]));
  for (const { id, what } of resumed) {
    const job = now.get(id);
    if (job && !job.paused && job.note?.session !== session) context.report.verified(`jobs:resume:${id}`);
    else
      problems.push({
        kind: 'conflict',
        text: `${what} was resumed a moment ago and is ${job ? job.stands : 'gone'}: something else changes it, too.`,
      });
  }
  return problems;
}
