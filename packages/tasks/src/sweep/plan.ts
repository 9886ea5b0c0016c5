import { sessionEnd } from '@maintenance-tasks/core';
import type { Leftover } from '../leftover.ts';

export interface SweepPlan {
  /** Sessions to put back, each with what it left. */
  readonly sweep: ReadonlyMap<string, readonly Leftover[]>;
  /** Not touched, each with the reason. */
  readonly keep: readonly { readonly leftover: Leftover; readonly why: string }[];
}

/**
 * Which sessions are swept: the one that is named, or all whose window ended longer ago than `grace`.
 * A session that still has its window, or of which nobody knows when it ends, is never touched unasked.
 */
export function planSweep(
  leftovers: readonly Leftover[],
  session: string | undefined,
  grace: number,
  now: Date,
): SweepPlan {
  const sweep = new Map<string, Leftover[]>();
  const keep: { leftover: Leftover; why: string }[] = [];
  for (const leftover of leftovers) {
    const why =
      session === undefined
        ? reasonToKeep(leftover.session, grace, now)
        : leftover.session === session
          ? undefined
          : 'belongs to another session';
    if (why === undefined) sweep.set(leftover.session, [...(sweep.get(leftover.session) ?? []), leftover]);
    else keep.push({ leftover, why });
  }
  return { sweep, keep };
}

function reasonToKeep(session: string, grace: number, now: Date): string | undefined {
  const end = sessionEnd(session);
  if (end === undefined) return 'its id does not tell when its window ends; name the session to sweep it';
  if (now.getTime() < end.getTime() + grace) return `its window ends at ${end.toISOString()}`;
  return undefined;
}
