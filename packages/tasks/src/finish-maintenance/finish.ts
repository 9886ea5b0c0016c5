import { type AnyContext, messageOf, Report, TaskError } from '@maintenance-tasks/core';
import type { Leftover } from '../leftover.ts';
import { announce } from '../notify/announce.ts';
import { collectEvidence } from '../session-evidence.ts';
import { missingAccess, requireAccess, type WindowAccess } from '../window/access.ts';
import { textsOf } from '../window/announcement.ts';
import type { MaintenanceWindow } from '../window/schema.ts';
import { type TemporaryChange, temporaryChanges } from '../window/systems.ts';
import { writeReport } from './evidence.ts';
import { type FinishPlan, type Outcome, type PagePolicy, planFinish } from './plan.ts';

export interface FinishArguments {
  readonly window: MaintenanceWindow;
  readonly session: string;
  readonly outcome: Outcome | undefined;
  readonly smokeTests: string | undefined;
  readonly page: PagePolicy;
  readonly access: WindowAccess;
  readonly evidence: string;
  readonly dryRun: boolean;
}

export interface Finished {
  readonly outcome: Outcome;
  readonly leftovers: readonly string[];
  readonly failedChannels: readonly string[];
  readonly report?: string;
}

const EVENT = { success: 'finished', failure: 'failed', rescheduled: 'rescheduled' } as const;

/**
 * Takes back, proves, tells, records; each part is done although one before it failed, so that a broken
 * Slack keeps no page up and a page that stays is still told to everybody.
 *
 * @throws TaskError `refused` when anything of the session is left, `remote` and others when a part failed
 */
export async function finishMaintenance(context: AnyContext, given: FinishArguments): Promise<Finished> {
  const { window, session, access, dryRun } = given;
  requireAccess(missingAccess(window, access));
  const plan = planFinish({ ...given, hasPage: window.page !== undefined });
  context.report.note(plan.why);
  const failures: unknown[] = [];
  const attempt = async <T>(work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await work();
    } catch (error) {
      // After a cancel or at the deadline nothing further can be done.
      context.signal.throwIfAborted();
      failures.push(error);
      return undefined;
    }
  };
  await takeBack(context, given, plan, attempt);
  if (dryRun) {
    if (failures.length > 0) throw failures[0];
    return { outcome: plan.outcome, leftovers: [], failedChannels: [] };
  }
  const { leftovers, unknown } = await leftOf(context, given, attempt);
  const isWhole = failures.length === 0 && leftovers.length === 0;
  const outcome = plan.outcome === 'success' && !isWhole ? 'failure' : plan.outcome;
  const failedChannels = (await attempt(() => tell(context, given, outcome, leftovers))) ?? [];
  const texts = leftovers.map(({ system, what }) => `${system}: ${what}`);
  const report = await attempt(async () => {
    const records = await collectEvidence(context.workingFolder, given.evidence, session);
    return writeReport(context, {
      ...given,
      outcome,
      smokeTests: plan.smokeTests,
      leftovers: texts,
      failures: failures.map(messageOf),
      records,
    });
  });
  const outputs = {
    outcome,
    leftovers: texts.join('\n'),
    'failed-channels': failedChannels.join('\n'),
    ...(report && { report }),
  };
  if (failures.length > 0 || leftovers.length > 0) throw unfinished(plan, failures, [...texts, ...unknown], outputs);
  return { outcome, leftovers: texts, failedChannels, ...(report && { report }) };
}

/** One part that fails keeps no other from being given back; but alerting stays off while the page stays. */
async function takeBack(
  context: AnyContext,
  given: FinishArguments,
  plan: FinishPlan,
  attempt: (work: () => Promise<unknown>) => Promise<unknown>,
): Promise<void> {
  if (!plan.giveBack) {
    context.log.warning(`${plan.why} Everything else of the session stays with it: silences until their own end.`);
    return;
  }
  for (const change of changesOf(given)) {
    const done = await attempt(async () => {
      await change.putBack(context, given.session, given.dryRun);
      return true;
    });
    if (!done && change.subject === 'Maintenance page') return;
  }
}

/** Looks everywhere the window's credentials reach; a system that cannot be looked at hides nothing of the others. */
async function leftOf(
  context: AnyContext,
  given: FinishArguments,
  attempt: <T>(work: () => Promise<T>) => Promise<T | undefined>,
): Promise<{ readonly leftovers: readonly Leftover[]; readonly unknown: readonly string[] }> {
  const quiet = { ...context, report: new Report(context.log.debug) };
  const looked = await Promise.all(
    changesOf(given).map(async (change) => ({ change, found: await attempt(() => change.find(quiet)) })),
  );
  return {
    leftovers: looked.flatMap(({ found }) => found ?? []).filter(({ session }) => session === given.session),
    unknown: looked.flatMap(({ change, found }) =>
      found ? [] : [`${change.subject}: could not be looked at, and may hold something still`],
    ),
  };
}

function changesOf({ window, access, evidence }: FinishArguments): TemporaryChange[] {
  return temporaryChanges(window, access, evidence);
}

async function tell(
  context: AnyContext,
  { window, session, access, evidence }: FinishArguments,
  outcome: Outcome,
  leftovers: readonly Leftover[],
): Promise<readonly string[]> {
  if (window.channels.length === 0) return [];
  const texts = textsOf(window);
  const details = {
    ...texts.details,
    Outcome: outcome,
    ...(leftovers.length > 0 && { 'Still in force': leftovers.map(({ what }) => what).join('; ') }),
  };
  const { failed } = await announce(context, {
    event: EVENT[outcome],
    session,
    channels: window.channels,
    secrets: access.channels,
    texts: { ...texts, details },
    evidence,
    dryRun: false,
  });
  return failed;
}

function unfinished(
  plan: FinishPlan,
  failures: readonly unknown[],
  leftovers: readonly string[],
  outputs: Record<string, string>,
): unknown {
  const bug = failures.find((failure) => !(failure instanceof TaskError));
  if (bug) return bug;
  const first = failures[0] as TaskError | undefined;
  const left =
    leftovers.length > 0
      ? `Left of the session:\n${leftovers.map((line) => `  - ${line}`).join('\n')}\n`
      : 'Nothing of the session is left.';
  return new TaskError(
    first?.kind ?? 'refused',
    {
      what: [
        'The session is not finished.',
        ...failures.map((failure) => (failure as TaskError).text.what),
        ...(plan.giveBack ? [] : [plan.why]),
      ].join(' '),
      state: left,
      remedy: plan.giveBack
        ? 'Run finish-maintenance again, or sweep for this session, when the cause is mended.'
        : 'When the service is well again, run finish-maintenance again with page: remove (or with the new result of the smoke tests).',
    },
    { cause: first, outputs },
  );
}
