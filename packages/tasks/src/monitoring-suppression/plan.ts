import { createHash } from 'node:crypto';
import { type Change, formatDuration, sessionEnd, TaskError } from '@maintenance-tasks/core';

/**
 * When a suppression shall end: after `for`, else with the session's window.
 *
 * @throws TaskError `input` when neither is known, `refused` when it is past or too far away
 */
export function suppressionEnd(given: {
  readonly session: string;
  readonly for: number | undefined;
  readonly now: Date;
  readonly longest: number;
}): Date {
  const ends = given.for === undefined ? sessionEnd(given.session) : new Date(given.now.getTime() + given.for);
  if (ends === undefined) {
    throw new TaskError('input', {
      what: `It is not known when to end: the session id ${given.session} does not carry the end of a window, and no duration was given.`,
      state: 'Nothing was changed.',
      remedy: 'Give for, such as 2h: nothing is ever silenced without an end.',
    });
  }
  refusePastEnd(ends, given.now);
  const left = ends.getTime() - given.now.getTime();
  if (left > given.longest) {
    throw new TaskError('refused', {
      what: `The suppression would end at ${ends.toISOString()}, ${formatDuration(left)} from now; at most ${formatDuration(given.longest)} are allowed.`,
      state: 'Nothing was changed.',
      remedy: 'Give a shorter for, or raise longest if monitoring really shall be silent for so long.',
    });
  }
  return ends;
}

/** @throws TaskError `refused` when the end is not in the future */
export function refusePastEnd(ends: Date, now: Date): void {
  if (ends.getTime() > now.getTime()) return;
  throw new TaskError('refused', {
    what: `The suppression would end at ${ends.toISOString()}, and it is ${now.toISOString()} already.`,
    state: 'Nothing was changed.',
    remedy: 'Start a new session with pre-maintenance for a window that lies ahead, or give for.',
  });
}

/** A suppression as found in a system. */
export interface Suppression {
  readonly id: string;
  readonly session: string;
  /** `fingerprint` of what it was made for; nothing when its note was damaged. */
  readonly madeFor: number | undefined;
  readonly pending: boolean;
  /** Nothing where the system does not tell. */
  readonly begins?: Date | undefined;
  /** Nothing when somebody took its end away. */
  readonly ends: Date | undefined;
  /** What it covers now, in one fixed order; compared with what it was made for. */
  readonly covers: string;
}

/**
 * A number that stands for a coverage in a suppression's note. A number, because its text has no quotes: a
 * system that returns its free text with `&quot;` in it would otherwise damage every note.
 */
export function fingerprint(covers: string): number {
  return createHash('sha256').update(covers).digest().readUIntBE(0, 5);
}

export interface Wanted {
  /** Id in the report. */
  readonly id: string;
  /** As outputs and messages name the system: `alertmanager alerts.example.com`. */
  readonly system: string;
  readonly covers: string;
  /** The system gives back what it covers as it was given; Datadog may write a search its own way. */
  readonly exact: boolean;
  /** What else happens then. */
  readonly notice?: string;
}

export interface SuppressionPlan {
  readonly changes: readonly Change[];
  readonly create: readonly Wanted[];
  readonly keep: readonly { readonly wanted: Wanted; readonly found: Suppression }[];
  /** Sentences about what stands and is not quite as asked. */
  readonly notes: readonly string[];
}

// Systems cut times to whole seconds or minutes.
const SAME_END = 60_000;

/**
 * What has to be made so that everything wanted is silenced by this session.
 *
 * @param found for each wanted one, what carries any session's mark in its system
 * @throws TaskError `conflict` when a person changed what one of this session's covers
 */
export function planSuppressions(
  session: string,
  ends: Date,
  wanted: readonly { readonly wanted: Wanted; readonly found: readonly Suppression[] }[],
): SuppressionPlan {
  const create: Wanted[] = [];
  const keep: { wanted: Wanted; found: Suppression }[] = [];
  const notes: string[] = [];
  const drifted: string[] = [];
  for (const { wanted: each, found } of wanted) {
    const own = found.find((one) => one.session === session && one.madeFor === fingerprint(each.covers));
    if (!own) {
      create.push(each);
      continue;
    }
    keep.push({ wanted: each, found: own });
    if (own.covers !== each.covers) {
      const differs = `${each.system} ${own.id} was made for ${each.covers} and now covers ${own.covers}`;
      if (each.exact) drifted.push(differs);
      else notes.push(`${differs}. If that does not mean the same, turn it off and on again.`);
    }
    const difference = own.ends === undefined ? undefined : own.ends.getTime() - ends.getTime();
    if (difference === undefined) notes.push(`${each.system} ${own.id} has lost its end: turn it off and on again.`);
    else if (Math.abs(difference) >= SAME_END) {
      notes.push(
        `${each.system} ${own.id} is in place and ends ${difference > 0 ? 'later' : 'earlier'} than asked: at ${own.ends?.toISOString()}, not ${ends.toISOString()}. It is left as it is; to move its end, turn it off and on again.`,
      );
    }
  }
  if (drifted.length > 0) {
    throw new TaskError('conflict', {
      what: `Somebody changed what this session suppresses: ${drifted.join('; ')}.`,
      remedy:
        'Decide who is right: end the changed ones with state off and turn them on again, or put them back by hand.',
    });
  }
  const changes = create.map(({ id, system, covers, notice }) => ({
    id,
    what: `${system}: ${covers}`,
    before: 'alerting',
    after: `silenced until ${ends.toISOString()}${notice ? `; ${notice}` : ''}`,
  }));
  return { changes, create, keep, notes };
}
