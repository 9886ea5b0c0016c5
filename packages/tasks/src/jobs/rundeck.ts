import { inParallel, TaskError } from '@maintenance-tasks/core';
import { createRundeck, type RundeckJob } from '@maintenance-tasks/services/rundeck/client';
import { openJournal } from './journal.ts';
import { AT_ONCE, type Context, type Job, type Scheduler, type Scope } from './scheduler.ts';
import type { EntryOf } from './schema.ts';

/** Jobs of one project. A job's switches have no room for a note: what this session switched stands in its journal. */
export function rundeckJobs(
  context: Context,
  { access, evidence }: Pick<Scope, 'access' | 'evidence'>,
  entry: EntryOf<'rundeck'>,
): Scheduler {
  const { project, stops } = entry;
  const { host } = new URL(entry.url);
  const rundeck = createRundeck(context.http, {
    url: entry.url,
    token: access.rundeckToken ?? '',
    project,
    version: entry['api-version'],
  });
  const journal = openJournal(context.workingFolder, evidence);

  async function read(): Promise<RundeckJob[]> {
    const wanted = new Set(entry.jobs.map((id) => id.toLowerCase()));
    const found = (await rundeck.jobs()).filter(({ id }) => wanted.delete(id.toLowerCase()));
    if (wanted.size > 0) {
      throw new TaskError('input', {
        what: `The Rundeck project ${project} has no job ${[...wanted].join(', ')} that rundeck-token can see.`,
        remedy: 'Check the ids, and the ACL of the token’s user.',
      });
    }
    return found;
  }

  async function named(): Promise<Job[]> {
    const [found, notes] = await Promise.all([read(), journal.notes()]);
    return found.map((job) => {
      const id = `rundeck ${host} ${project} ${job.id} ${stops}`;
      const enabled = stops === 'schedule' ? job.scheduleEnabled : job.executionEnabled;
      const what = `Rundeck job ${job.group ? `${job.group}/` : ''}${job.name}`;
      return {
        id,
        what,
        paused: !enabled,
        stands: `${stops} ${enabled ? 'enabled' : 'disabled'}`,
        note: notes.get(id),
        notedBeforehand: true,
        pause: () => rundeck.setEnabled(job.id, stops, false),
        resume: () => rundeck.setEnabled(job.id, stops, true),
        ...(stops === 'schedule' &&
          !job.scheduled && {
            hint: `${what} has no schedule: it is started by people or other jobs, which pausing its schedule does not stop (stops: execution does).`,
          }),
      };
    });
  }

  return {
    name: `Rundeck ${host}, project ${project}`,
    named,
    marked: async (also) => (await named()).filter(({ id, note }) => note !== undefined || also?.has(id)),
    remember: (session, jobs) =>
      journal.write(
        session,
        'paused',
        jobs.map(({ id }) => id),
      ),
    forget: (session, jobs) =>
      journal.write(
        session,
        'resumed',
        jobs.map(({ id }) => id),
      ),
    running: async () => (await inParallel(await read(), AT_ONCE, (job) => rundeck.running(job))).flat(),
  };
}
