import {
  type Change,
  decodeUndoNote,
  encodeUndoNote,
  formatDuration,
  isDamaged,
  sessionEnd,
  TaskError,
} from '@maintenance-tasks/core';
import type { ListItem, NewItem } from '@maintenance-tasks/services/cloudflare/lists';
import { parseAddress } from './address.ts';

/** No limit is documented; this is what the shortest comments of the same API have. */
const COMMENT_ROOM = 100;
/** Ends that differ by less are the same to whoever asked for them. */
const SAME_END = 60_000;

/** Why something cannot be done; `refused` unless told. `conflict` is drift. */
export interface Problem {
  readonly text: string;
  readonly kind?: 'conflict' | 'auth' | 'remote';
}

/** An item of a list, and what its comment says about it. */
export interface Entry {
  readonly id: string;
  /** In its normal form, whatever form somebody gave it. */
  readonly address: string;
  readonly comment: string;
  /** Nothing for what no session put there. */
  readonly session?: string;
  /** The comment was edited: it cannot be relied on. */
  readonly damaged?: boolean;
  readonly ends?: Date;
}

export function entryOf({ id, ip, comment }: ListItem): Entry {
  const entry = { id, address: parseAddress(ip)?.text ?? ip, comment: comment ?? '' };
  const note = decodeUndoNote(comment);
  if (!note) return entry;
  if (isDamaged(note)) return { ...entry, session: note.session, damaged: true };
  const until = (note.state as { until?: unknown } | null)?.until;
  const written = typeof until === 'string' ? new Date(until) : undefined;
  const ends = written && !Number.isNaN(written.getTime()) ? written : sessionEnd(note.session);
  return { ...entry, session: note.session, ...(ends && { ends }) };
}

/** When entries are due to be removed: after `for`, else with the session's window. Whole seconds. */
export function allowlistEnd(given: {
  readonly session: string;
  readonly for: number | undefined;
  readonly now: Date;
  readonly longest: number;
}): Date {
  const { session, now, longest } = given;
  const asked = given.for === undefined ? sessionEnd(session) : new Date(now.getTime() + given.for);
  if (!asked) {
    throw new TaskError('input', {
      what: `It is not known when to end: the session id ${session} does not carry the end of a window, and no duration was given.`,
      state: 'Nothing was changed.',
      remedy: 'Give for, such as 2h: nothing is ever opened without an end.',
    });
  }
  const ends = new Date(Math.floor(asked.getTime() / 1_000) * 1_000);
  const left = ends.getTime() - now.getTime();
  if (left <= 0) {
    throw new TaskError('refused', {
      what: `The entries would end at ${ends.toISOString()}, and it is ${now.toISOString()} already.`,
      state: 'Nothing was changed.',
      remedy: 'Start a new session with pre-maintenance for a window that lies ahead, or give for.',
    });
  }
  if (left > longest) {
    throw new TaskError('refused', {
      what: `The entries would end at ${ends.toISOString()}, ${formatDuration(left)} from now; at most ${formatDuration(longest)} are allowed.`,
      state: 'Nothing was changed.',
      remedy: 'Give a shorter for, or raise longest if access really shall be open for so long.',
    });
  }
  return ends;
}

export function reportId(list: string, which: string): string {
  return `allowlist:${list}:${which}`;
}

export interface AddPlan {
  readonly changes: readonly Change[];
  /** What is to be sent; never an address that somebody else has on the list, whose comment would be lost. */
  readonly items: readonly NewItem[];
  /** Addresses that this session has there already. */
  readonly kept: readonly string[];
  /** For the record of the night. */
  readonly notes: readonly string[];
  readonly warnings: readonly string[];
  readonly problems: readonly Problem[];
}

interface Wanted {
  readonly list: string;
  readonly session: string;
  readonly ends: Date;
  readonly now: Date;
}

/** Which of the wanted addresses must be put on a list, seeing what is on it. */
export function planAdd(
  entries: readonly Entry[],
  addresses: readonly string[],
  { list, session, ends, now }: Wanted,
): AddPlan {
  const comment = commentFor(session, ends);
  const changes: Change[] = [];
  const items: NewItem[] = [];
  const kept: string[] = [];
  const notes: string[] = [];
  const warnings: string[] = [];
  const problems: Problem[] = [];
  const byAddress = new Map(entries.map((entry) => [entry.address, entry]));
  const add = (address: string, before: string) => {
    items.push({ ip: address, comment });
    const after = `on it until ${ends.toISOString()}`;
    changes.push({ id: reportId(list, address), what: `${address} on the list ${list}`, before, after });
  };
  for (const address of addresses) {
    const entry = byAddress.get(address);
    if (!entry) add(address, 'not on it');
    else if (entry.session === undefined) notes.push(`${address} was on the list ${list} before; it is left as it is.`);
    else if (entry.session === session && entry.damaged) problems.push(editedProblem(list, entry, comment));
    else if (entry.session === session) {
      kept.push(address);
      if (entry.ends && entry.ends.getTime() + SAME_END < ends.getTime())
        warnings.push(
          `${address} is on the list ${list} for this session already, until ${entry.ends.toISOString()} and not ${ends.toISOString()}. It is left as it is; to move its end, remove and add it again.`,
        );
    } else if (!entry.damaged && isOver(entry, now))
      // A sweep may take it away at any moment: it is no longer what lets anybody in.
      add(address, `left there by session ${entry.session}, due since ${entry.ends?.toISOString()}`);
    else
      warnings.push(
        `${address} is on the list ${list} for session ${entry.session}${entry.ends ? ` until ${entry.ends.toISOString()}` : ''}; it is left as it is, and goes away with that session.`,
      );
  }
  return { changes, items, kept, notes, warnings, problems };
}

export interface RemovePlan {
  readonly changes: readonly Change[];
  readonly entries: readonly Entry[];
  readonly problems: readonly Problem[];
}

/** The session's entries, and no others. */
export function planRemove(entries: readonly Entry[], { list, session }: Pick<Wanted, 'list' | 'session'>): RemovePlan {
  const own = entries.filter((entry) => entry.session === session);
  const whole = own.filter(({ damaged }) => !damaged);
  return {
    changes: whole.map(({ id, address, ends }) => ({
      // By the item: lists of two accounts may have the same name.
      id: reportId(list, id),
      what: `${address} on the list ${list}`,
      before: ends ? `on it until ${ends.toISOString()}` : 'on it',
      after: 'not on it',
    })),
    entries: whole,
    problems: own.filter(({ damaged }) => damaged).map((entry) => editedProblem(list, entry)),
  };
}

export function isOver({ ends }: Pick<Entry, 'ends'>, now: Date): boolean {
  return ends !== undefined && ends.getTime() <= now.getTime();
}

function commentFor(session: string, ends: Date): string {
  const until = ends.toISOString().replace('.000Z', 'Z');
  return encodeUndoNote({ session, state: { until } }, COMMENT_ROOM);
}

function editedProblem(list: string, { address, comment, session }: Entry, wanted?: string): Problem {
  const set = wanted ?? `a whole note of the session ${session}`;
  return {
    kind: 'conflict',
    text: `${address} on the list ${list}: its comment was ${set}, and somebody changed it to "${comment}". It is left as it is: remove it by hand, or correct the comment.`,
  };
}

/** @throws TaskError with all problems, if there are any */
export function refuse(problems: readonly Problem[], what: string, state: string | undefined): void {
  if (problems.length === 0) return;
  const kinds = problems.map(({ kind }) => kind);
  const kind = kinds.includes('conflict') ? 'conflict' : (kinds.find((each) => each) ?? 'refused');
  throw new TaskError(kind, {
    what: `${what}:\n${problems.map(({ text }) => `  - ${text}`).join('\n')}\n`,
    ...(state && { state }),
    remedy: 'Solve all of them and run the task again.',
  });
}
