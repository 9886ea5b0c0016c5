import { type AnyContext, TaskError } from '@maintenance-tasks/core';
import type { Leftover } from '../leftover.ts';
import { findPages, removePage } from '../maintenance-page/page.ts';
import { type MonitoringCredentials, missingCredentials } from '../monitoring-suppression/credentials.ts';
import type { SuppressedSystem } from '../monitoring-suppression/schema.ts';
import { endSuppressions, findSuppressions } from '../monitoring-suppression/suppression.ts';
import { planSweep } from './plan.ts';

export interface SweepArguments {
  /** Absent: every session whose window is over. */
  readonly session: string | undefined;
  /** Milliseconds after a window's end. */
  readonly grace: number;
  readonly cloudflare: string | undefined;
  readonly credentials: MonitoringCredentials;
  readonly systems: readonly SuppressedSystem[];
  readonly dryRun: boolean;
}

export interface Swept {
  readonly found: readonly string[];
  readonly left: number;
  readonly sessions: readonly string[];
}

/**
 * Looks through every system, puts back what over sessions left, and looks again. One system or session that
 * fails keeps no other from being swept.
 *
 * @throws TaskError when something could not be put back; what is left is named
 */
export async function sweep(context: AnyContext, given: SweepArguments): Promise<Swept> {
  refuseWithoutAccess(given);
  const plan = planSweep(await lookEverywhere(context, given), given.session, given.grace, context.clock.now());
  const found = [...plan.sweep.values()].flat();
  context.report.table({
    title: 'Found',
    columns: ['System', 'What', 'Session', 'Swept'],
    rows: [
      ...found.map((each) => [each.system, each.what, each.session, given.dryRun ? 'no: dry run' : 'yes']),
      ...plan.keep.map(({ leftover, why }) => [leftover.system, leftover.what, leftover.session, `no: ${why}`]),
    ],
  });
  for (const { leftover, why } of plan.keep) context.log.info(`Not swept: ${inWords(leftover)}: ${why}.`);
  const sessions = [...plan.sweep.keys()];
  if (found.length === 0) context.report.note(`Nothing to sweep${given.session ? ` of ${given.session}` : ''}.`);
  const failures: unknown[] = [];
  for (const session of sessions) await putBack(context, given, session, failures);
  if (given.dryRun) {
    if (failures.length > 0) throw failures[0];
    for (const each of found) context.log.warning(`Left: ${inWords(each)}.`);
    return { found: found.map(inWords), left: found.length, sessions };
  }
  const left =
    sessions.length === 0
      ? []
      : (await lookEverywhere(context, given)).filter(({ session }) => plan.sweep.has(session));
  if (failures.length > 0 || left.length > 0) throw notSwept(failures, left, found.length);
  return { found: found.map(inWords), left: 0, sessions };
}

/** What any session left, in all systems. */
async function lookEverywhere(
  context: AnyContext,
  { cloudflare, systems, credentials }: SweepArguments,
): Promise<readonly Leftover[]> {
  const found = await Promise.all([
    cloudflare ? findPages(context, { token: cloudflare }) : [],
    systems.length > 0 ? findSuppressions(context, { systems, credentials }) : [],
  ]);
  return found.flat();
}

async function putBack(
  context: AnyContext,
  { cloudflare, systems, credentials, dryRun }: SweepArguments,
  session: string,
  failures: unknown[],
): Promise<void> {
  const parts = [
    ...(cloudflare ? [() => removePage(context, { token: cloudflare, session, dryRun })] : []),
    ...(systems.length > 0 ? [() => endSuppressions(context, { session, systems, credentials, dryRun })] : []),
  ];
  for (const part of parts) {
    try {
      await part();
    } catch (error) {
      context.signal.throwIfAborted();
      failures.push(error);
    }
  }
}

function refuseWithoutAccess({ cloudflare, systems, credentials }: SweepArguments): void {
  const missing = missingCredentials(systems, credentials);
  if (!cloudflare && systems.length === 0)
    missing.push('cloudflare-token, or the access to one of the monitoring systems (at least one)');
  if (missing.length === 0) return;
  throw new TaskError('input', {
    what: `There is nothing to look through, or something is missing: ${missing.join('; ')}.`,
    state: 'Nothing was changed.',
    remedy: 'Give all of them and run it again.',
  });
}

function notSwept(failures: readonly unknown[], left: readonly Leftover[], found: number): unknown {
  const bug = failures.find((failure) => !(failure instanceof TaskError));
  if (bug) return bug;
  const first = failures[0] as TaskError | undefined;
  return new TaskError(
    first?.kind ?? 'remote',
    {
      what: `Not everything could be put back. ${failures.map((failure) => (failure as TaskError).text.what).join(' ')}`.trim(),
      state:
        left.length > 0
          ? `Left (${left.length} of ${found}):\n${left.map((each) => `  - ${inWords(each)}`).join('\n')}\n`
          : 'Everything that was found is put back all the same.',
      remedy: first?.text.remedy ?? 'Look at each in its system, and run sweep again.',
    },
    { cause: first, outputs: { left: String(left.length), found: '', sessions: '' } },
  );
}

function inWords({ system, what, session }: Leftover): string {
  return `${system}: ${what} (${session})`;
}
