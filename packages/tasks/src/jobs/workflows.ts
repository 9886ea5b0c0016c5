import { inParallel, TaskError } from '@maintenance-tasks/core';
import { createWorkflows, type WorkflowState } from '@maintenance-tasks/services/github/workflows';
import { openJournal } from './journal.ts';
import { AT_ONCE, type Context, type Job, type Scheduler, type Scope } from './scheduler.ts';
import type { EntryOf } from './schema.ts';

/**
 * Workflows of one repository. GitHub has no room for a note beside `disabled_manually`, which it says whoever
 * disabled it: what this session disabled stands in its journal.
 */
export function workflows(
  context: Context,
  { access, evidence }: Pick<Scope, 'access' | 'evidence'>,
  entry: EntryOf<'github'>,
): Scheduler {
  const { repository } = entry;
  const github = createWorkflows(context.http, {
    apiUrl: entry['api-url'],
    token: access.githubToken ?? '',
    repository,
  });
  const journal = openJournal(context.workingFolder, evidence);

  async function read(): Promise<{ readonly file: string; readonly workflow: WorkflowState }[]> {
    const found = await inParallel(entry.workflows, AT_ONCE, async (file) => ({
      file,
      workflow: await github.workflow(file),
    }));
    const missing = found.filter(({ workflow }) => !workflow || workflow.state === 'deleted').map(({ file }) => file);
    if (missing.length > 0) {
      throw new TaskError('input', {
        what: `The repository ${repository} has no workflow ${missing.join(', ')} that github-token can see.`,
        remedy: 'Check the file names, and the repository.',
      });
    }
    return found as { file: string; workflow: WorkflowState }[];
  }

  async function named(): Promise<Job[]> {
    const [found, notes] = await Promise.all([read(), journal.notes()]);
    return found.map(({ file, workflow: { id, state } }) => {
      const job = `github ${repository} ${file}`;
      return {
        id: job,
        what: `workflow ${repository} ${file}`,
        paused: state !== 'active',
        stands: state,
        // Disabled for inactivity, or in a fork, is not what we do.
        note: state === 'active' || state === 'disabled_manually' ? notes.get(job) : undefined,
        notedBeforehand: true,
        pause: () => github.setEnabled(id, false),
        resume: () => github.setEnabled(id, true),
      };
    });
  }

  return {
    name: `GitHub ${repository}`,
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
    running: async () => {
      const found = await inParallel(await read(), AT_ONCE, ({ workflow }) => github.running(workflow));
      return found.flat().map((run) => `${repository} ${run}`);
    },
  };
}
