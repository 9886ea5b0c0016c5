import { type AnyContext, messageOf, Report, TaskError, type YamlFile } from '@maintenance-tasks/core';
import { removePage, showPage } from '../maintenance-page/page.ts';
import { endSuppressions, suppress } from '../monitoring-suppression/suppression.ts';
import { announce } from '../notify/announce.ts';
import { missingAccess, requireAccess, type WindowAccess } from '../window/access.ts';
import { textsOf } from '../window/announcement.ts';
import { planDigest } from '../window/digest.ts';
import type { MaintenanceWindow } from '../window/schema.ts';
import { clockProblems, timeLeft, timesOf } from '../window/times.ts';

export interface StartArguments {
  readonly file: YamlFile<MaintenanceWindow>;
  readonly digest: string;
  readonly session: string;
  readonly access: WindowAccess;
  /** Folder with the session's evidence so far: the Slack thread is looked up there. */
  readonly evidence: string;
  readonly dryRun: boolean;
}

export interface Started {
  readonly failedChannels: readonly string[];
  readonly slackThread?: string;
  readonly showing: readonly string[];
}

/** Tell, silence, show the page; all of it or nothing. */
export async function startMaintenance(context: AnyContext, given: StartArguments): Promise<Started> {
  const window = given.file.content;
  await refuseUnlessApproved(given);
  refuseByTheClock(context, window);
  requireAccess(missingAccess(window, given.access));
  // Everything is planned once before anybody is told: a window that is announced and then refused costs trust.
  if (!given.dryRun) await changeSystems(unreported(context), { ...given, dryRun: true });
  const told = await tell(context, given);
  try {
    const showing = await changeSystems(context, given);
    return { ...told, showing };
  } catch (error) {
    // Past the deadline, or cancelled, no call goes out any more; the message then names what stands, and sweep finds it.
    if (given.dryRun || context.signal.aborted) throw error;
    throw await afterUndo(context, given, error, told.slackThread);
  }
}

async function changeSystems(
  context: AnyContext,
  { file, session, access, dryRun }: StartArguments,
): Promise<readonly string[]> {
  const window = file.content;
  const { ends } = timesOf(window);
  if (window.suppress.length > 0) {
    await suppress(context, { session, ends, systems: window.suppress, credentials: access.monitoring, dryRun });
  }
  if (!window.page) return [];
  const { showing } = await showPage(context, { token: access.cloudflare, ...window.page, session, dryRun });
  return showing;
}

/** Takes back what this session did, last first, and gives the error that says how things stand after that. */
async function afterUndo(
  context: AnyContext,
  given: StartArguments,
  error: unknown,
  slackThread: string | undefined,
): Promise<unknown> {
  const { file, session, access } = given;
  const window = file.content;
  context.log.warning(`The start failed; what was done is taken back. ${messageOf(error)}`);
  const quiet = unreported(context);
  const failures: string[] = [];
  const undo = async (prefixes: readonly string[], work: () => Promise<unknown>) => {
    try {
      await work();
      markUndone(context.report, prefixes);
    } catch (problem) {
      failures.push(messageOf(problem));
    }
  };
  if (window.page) {
    const { hosts } = window.page;
    await undo(['page:'], () => removePage(quiet, { token: access.cloudflare, hosts, session, dryRun: false }));
  }
  if (window.suppress.length > 0) {
    const systems = window.suppress;
    await undo(['suppression:'], () =>
      endSuppressions(quiet, { session, systems, credentials: access.monitoring, dryRun: false }),
    );
  }
  const text =
    failures.length === 0
      ? 'The work could not begin and does not take place for now. Services stay available.'
      : 'The work could not begin. We are on it, and will tell you as soon as all services are available again.';
  await tell(quiet, given, { event: 'failed', text, slackThread }).catch((problem: unknown) =>
    failures.push(messageOf(problem)),
  );
  if (!(error instanceof TaskError)) return error;
  return new TaskError(
    error.kind,
    {
      what: error.text.what,
      state:
        failures.length === 0
          ? 'What had been done was taken back: no page, no suppression of this session is left.'
          : `It was not possible to take everything back: ${failures.join(' ')} ${context.report.standing()}`,
      remedy: `${error.text.remedy}${failures.length > 0 ? ' Run sweep for this session to take back the rest.' : ''}`,
    },
    { cause: error },
  );
}

function markUndone(report: Report, prefixes: readonly string[]): void {
  for (const { id, status } of report.changes) {
    const made = status === 'changed' || status === 'verified';
    if (made && prefixes.some((prefix) => id.startsWith(prefix))) report.undone(id);
  }
}

async function tell(
  context: AnyContext,
  { file, session, access, evidence, dryRun }: StartArguments,
  message?: { readonly event: 'failed'; readonly text: string; readonly slackThread: string | undefined },
): Promise<Omit<Started, 'showing'>> {
  const window = file.content;
  if (window.channels.length === 0) return { failedChannels: [] };
  const { failed, slackThread } = await announce(context, {
    event: message?.event ?? 'starting',
    session,
    channels: window.channels,
    secrets: access.channels,
    texts: { ...textsOf(window), ...(message && { message: message.text }) },
    ...(message?.slackThread && { slackThread: message.slackThread }),
    evidence,
    dryRun,
  });
  return { failedChannels: failed, ...(slackThread && { slackThread }) };
}

async function refuseUnlessApproved({ file, digest }: StartArguments): Promise<void> {
  const now = await planDigest(file);
  if (now === digest) return;
  throw new TaskError('refused', {
    what: `What was approved has changed since: the digest was ${digest.slice(0, 12)}… and is ${now.slice(0, 12)}… now.`,
    state: 'Nothing was changed.',
    remedy:
      'Look at what changed in the window file and the files it names, then run pre-maintenance again and have the new plan approved.',
  });
}

function refuseByTheClock(context: AnyContext, window: MaintenanceWindow): void {
  const now = context.clock.now();
  const problems = clockProblems(window, 'starting-maintenance', now);
  if (problems.length > 0) {
    throw new TaskError('refused', {
      what: `The maintenance may not start now. ${problems.join(' ')}`,
      state: 'Nothing was changed.',
      remedy: 'Start within the window, or finish the session with the outcome rescheduled.',
    });
  }
  context.report.note(`Time: ${timeLeft(window, now).join('; ')}.`);
}

/** The same context with a report of its own: for rehearsing a plan and for taking back. */
function unreported(context: AnyContext): AnyContext {
  return { ...context, report: new Report((line) => context.log.debug(line)) };
}
