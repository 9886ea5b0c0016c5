import { type AnyContext, TaskError } from '@maintenance-tasks/core';
import type { Leftover } from '../leftover.ts';
import type { TemporaryChange } from '../window/systems.ts';
import { planSweep, type SweepPlan } from './plan.ts';

export interface SweepArguments {
  /** Absent: every session whose window is over. */
  readonly session: string | undefined;
  /** Milliseconds after a window's end. */
  readonly grace: number;
  /** Where to look. */
  readonly parts: readonly TemporaryChange[];
  readonly dryRun: boolean;
}

export interface Swept {
  readonly found: readonly string[];
  readonly left: number;
  readonly sessions: readonly string[];
}

/**
 * Looks through every system, puts back what over sessions left, and looks again. A system or a session that fails
 * keeps no other from being swept.
 *
 * @throws TaskError when something could not be looked at or put back; what is left is named
 */
export async function sweep(context: AnyContext, { session, grace, parts, dryRun }: SweepArguments): Promise<Swept> {
  const failures: unknown[] = [];
  const attempt = async <T>(work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await work();
    } catch (error) {
      context.signal.throwIfAborted();
      failures.push(error);
      return undefined;
    }
  };
  const plans: { readonly part: TemporaryChange; readonly plan: SweepPlan }[] = [];
  for (const part of parts) {
    const leftovers = await attempt(() => part.find(context));
    if (leftovers) plans.push({ part, plan: planSweep(leftovers, session, grace, context.clock.now()) });
  }
  showFound(context, plans, dryRun);
  const found = plans.flatMap(({ plan }) => [...plan.sweep.values()].flat());
  const sessions = [...new Set(found.map((leftover) => leftover.session))];
  if (found.length === 0) context.report.note(`Nothing to sweep${session ? ` of ${session}` : ''}.`);
  const left: Leftover[] = [];
  for (const { part, plan } of plans) {
    for (const each of plan.sweep.keys()) await attempt(() => part.putBack(context, each, dryRun));
    if (dryRun || plan.sweep.size === 0) continue;
    const after = (await attempt(() => part.find(context))) ?? [...plan.sweep.values()].flat();
    left.push(...after.filter((leftover) => plan.sweep.has(leftover.session)));
  }
  const words = found.map(inWords);
  if (failures.length > 0 || left.length > 0) throw notSwept(failures, dryRun ? found : left, words, sessions);
  if (dryRun) for (const each of words) context.log.warning(`Left: ${each}.`);
  return { found: words, left: dryRun ? found.length : 0, sessions };
}

function showFound(context: AnyContext, plans: readonly { readonly plan: SweepPlan }[], dryRun: boolean): void {
  const swept = plans.flatMap(({ plan }) => [...plan.sweep.values()].flat());
  const kept = plans.flatMap(({ plan }) => plan.keep);
  context.report.table({
    title: 'Found',
    columns: ['System', 'What', 'Session', 'Swept'],
    rows: [
      ...swept.map((each) => [each.system, each.what, each.session, dryRun ? 'no: dry run' : 'yes']),
      ...kept.map(({ leftover, why }) => [leftover.system, leftover.what, leftover.session, `no: ${why}`]),
    ],
  });
  for (const { leftover, why } of kept) context.log.info(`Not swept: ${inWords(leftover)}: ${why}.`);
}

function notSwept(
  failures: readonly unknown[],
  left: readonly Leftover[],
  found: readonly string[],
  sessions: readonly string[],
): unknown {
  const bug = failures.find((failure) => !(failure instanceof TaskError));
  if (bug) return bug;
  const first = failures[0] as TaskError | undefined;
  return new TaskError(
    first?.kind ?? 'remote',
    {
      what: `Not everything could be looked at or put back. ${failures.map((failure) => (failure as TaskError).text.what).join(' ')}`.trim(),
      state:
        left.length > 0
          ? `Left (${left.length} of ${found.length}):\n${left.map((each) => `  - ${inWords(each)}`).join('\n')}\n`
          : 'Everything that was found is put back all the same.',
      remedy: first?.text.remedy ?? 'Look at each in its system, and run sweep again.',
    },
    {
      cause: first,
      outputs: { found: found.join('\n'), left: String(left.length), sessions: sessions.join('\n') },
    },
  );
}

function inWords({ system, what, session }: Leftover): string {
  return `${system}: ${what} (${session})`;
}
