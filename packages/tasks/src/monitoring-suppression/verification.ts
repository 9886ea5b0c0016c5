import { TaskError } from '@maintenance-tasks/core';
import type { Context, Monitoring } from './monitoring.ts';
import { fingerprint, type Suppression, type Wanted } from './plan.ts';
import type { SuppressedSystem } from './schema.ts';

/** One suppression in force, as outputs name it. */
export interface Suppressed {
  readonly system: string;
  readonly id: string;
  readonly covers: string;
  /** Nothing when somebody took its end away. */
  readonly ends: Date | undefined;
}

/** What is wanted, and where. */
export type WantedIn = Wanted & { readonly account: Monitoring; readonly entry: SuppressedSystem };

// What was just written may be shown a moment later: members of an Alertmanager cluster tell each other.
const SHOWN_WITHIN = 20_000;
const LOOK_EVERY = 2_000;

/** Waits until everything made is in force with its end. */
export async function verifyMade(
  context: Context,
  session: string,
  ends: Date,
  created: readonly WantedIn[],
): Promise<Suppressed[]> {
  const verified = new Map<string, Suppressed>();
  const until = context.clock.now().getTime() + SHOWN_WITHIN;
  for (;;) {
    for (const { id, account, system, covers } of created.filter((each) => !verified.has(each.id))) {
      const own = (await account.find()).find((one) => one.session === session && one.madeFor === fingerprint(covers));
      if (!own || own.pending) continue;
      if (own.ends === undefined || Math.abs(own.ends.getTime() - ends.getTime()) >= 60_000) {
        throw new TaskError('remote', {
          what: `${system} ${own.id} shall end at ${ends.toISOString()} and ends ${own.ends ? `at ${own.ends.toISOString()}` : 'never'}.`,
          remedy: 'Compare the clocks of the runner and of that system, then run the task again.',
        });
      }
      verified.set(id, { system, id: own.id, covers, ends: own.ends });
      context.report.verified(id);
    }
    const open = created.filter(({ id }) => !verified.has(id));
    if (open.length === 0) return [...verified.values()];
    if (context.clock.now().getTime() >= until) {
      throw new TaskError('remote', {
        what: `Made, and not in force ${SHOWN_WITHIN / 1_000} s later: ${open.map(({ system, covers }) => `${system} (${covers})`).join('; ')}.`,
        remedy: 'Compare the clocks of the runner and of that system, look there, then run the task again.',
      });
    }
    context.log.progress(`Waiting for ${open.map(({ system }) => system).join(', ')} to show what was made.`);
    await context.clock.sleep(LOOK_EVERY, context.signal);
  }
}

/** Waits until nothing of the session is in force any more where something was ended. */
export async function verifyEnded(
  context: Context,
  session: string,
  ended: readonly { readonly account: Monitoring; readonly suppression: Suppression }[],
): Promise<void> {
  const until = context.clock.now().getTime() + SHOWN_WITHIN;
  for (;;) {
    const standingNow: string[] = [];
    for (const account of new Set(ended.map((one) => one.account))) {
      const own = (await account.find()).filter((one) => one.session === session && !endsAboutNow(one, ended, context));
      standingNow.push(...own.map((one) => standing(account.name, one)));
    }
    if (standingNow.length === 0) return;
    if (context.clock.now().getTime() >= until) {
      throw new TaskError('remote', {
        what: `Ended, and still in force ${SHOWN_WITHIN / 1_000} s later: ${standingNow.join('; ')}.`,
        remedy: 'Look in that system, and end it there if it still stands.',
      });
    }
    context.log.progress('Waiting for what was ended to disappear.');
    await context.clock.sleep(LOOK_EVERY, context.signal);
  }
}

/** Pingdom ends a window at its own now, which a clock of ours that is slow still takes for the future. */
function endsAboutNow(
  now: Suppression,
  ended: readonly { readonly suppression: Suppression }[],
  context: Context,
): boolean {
  const before = ended.find(({ suppression }) => suppression.id === now.id)?.suppression;
  if (!now.ends || !before?.ends || now.ends >= before.ends) return false;
  return now.ends.getTime() - context.clock.now().getTime() < 60_000;
}

/** What still stands, for messages. */
export function standing(system: string, { id, covers, ends }: Suppression): string {
  return `${system} ${id} (${covers}) ${ends ? `ends by itself at ${ends.toISOString()}` : 'has no end of its own'}`;
}
