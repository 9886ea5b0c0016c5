import { formatDuration, TaskError } from '@maintenance-tasks/core';
import type { JobsResult } from './pause.ts';
import { askEach, type Context, flat, refuse, type Scheduler, type Scope, schedulersOf } from './scheduler.ts';

const LOOK_EVERY = 10_000;
/** Room for a last look and a report before the deadline cuts everything short. */
const LAST_LOOK = 5_000;
const MOST_SHOWN = 20;

/** How every job stands, who paused it, and what runs; as a table in the report, too. */
export async function jobsStatus(context: Context, given: Scope): Promise<JobsResult> {
  const schedulers = await schedulersOf(context, given);
  const { answers, problems } = await askEach(schedulers, (scheduler) => scheduler.named());
  const runs = await askEach([...answers.keys()], (scheduler) => scheduler.running());
  const jobs = [...flat(answers).keys()];
  const running = [...runs.answers.values()].flat();
  context.report.table({
    title: 'Jobs',
    columns: ['Job', 'Stands', 'Paused by'],
    rows: jobs.map(({ what, stands, paused, note }) => [
      what,
      stands,
      paused ? (note?.session ?? 'somebody else') : '',
    ]),
  });
  for (const { what, stands, paused, note } of jobs)
    context.log.info(`${what}: ${stands}${paused ? `, by ${note?.session ?? 'somebody else'}` : ''}`);
  context.report.table({ title: 'Running now', columns: ['What'], rows: running.map((one) => [one]) });
  refuse([...problems, ...runs.problems], 'Correct this and run the task again.');
  return { ...heldIn(jobs, given.session), running, changed: false };
}

/**
 * Waits until nothing of the jobs runs any more: pausing does not end what runs.
 *
 * @throws TaskError `timeout` with everything that still runs
 */
export async function waitUntilIdle(context: Context, given: Scope): Promise<JobsResult> {
  const schedulers = await schedulersOf(context, given);
  const { answers, problems } = await askEach(schedulers, (scheduler) => scheduler.named());
  refuse(problems, 'Correct this and run the task again.');
  const jobs = [...flat(answers).keys()];
  const active = jobs.filter(({ paused }) => !paused).map(({ what }) => what);
  if (active.length > 0) context.log.warning(`Not paused, and may start again while this waits: ${shortened(active)}.`);
  const started = context.clock.now().getTime();
  for (;;) {
    const running = await runningIn(schedulers);
    if (running.length === 0) {
      context.report.note(
        `Nothing of ${jobs.length} ${jobs.length === 1 ? 'job' : 'jobs'} runs; waited ${formatDuration(context.clock.now().getTime() - started)}.`,
      );
      return { ...heldIn(jobs, given.session), running: [], changed: false };
    }
    const left = context.deadline.getTime() - context.clock.now().getTime();
    if (left < LOOK_EVERY + LAST_LOOK) {
      throw new TaskError(
        'timeout',
        {
          what: `Still running at the deadline: ${shortened(running)}.`,
          remedy:
            'Run it again with a longer deadline, end what runs in its scheduler, or decide to go on without waiting.',
        },
        { outputs: { running: running.join('\n') } },
      );
    }
    context.log.progress(`Waiting for ${shortened(running)}; ${formatDuration(left)} left.`);
    await context.clock.sleep(LOOK_EVERY, context.signal);
  }
}

/** A scheduler that cannot be asked is not idle. */
async function runningIn(schedulers: readonly Scheduler[]): Promise<string[]> {
  const { answers, problems } = await askEach(schedulers, (scheduler) => scheduler.running());
  refuse(problems, 'Correct this and run the task again.');
  return [...new Set([...answers.values()].flat())];
}

function heldIn(
  jobs: readonly { readonly what: string; readonly paused: boolean; readonly note: { session: string } | undefined }[],
  session: string,
) {
  const paused = jobs.filter((job) => job.paused);
  return {
    paused: paused.filter(({ note }) => note?.session === session).map(({ what }) => what),
    leftAlone: paused.filter(({ note }) => note?.session !== session).map(({ what }) => what),
  };
}

function shortened(all: readonly string[]): string {
  const shown = all.slice(0, MOST_SHOWN).join('; ');
  return all.length > MOST_SHOWN ? `${shown}; and ${all.length - MOST_SHOWN} more` : shown;
}
