import { type DamagedNote, decodeUndoNote, encodeUndoNote, isDamaged, type UndoNote } from '@maintenance-tasks/core';
import { damagedNote, heldBy, type Problem } from './site.ts';

/** What decides where an object leads its traffic: labels of a selector, weights. null is what is not there. */
export type Values = Readonly<Record<string, string | number | null>>;

interface ShiftState {
  readonly was: Values;
  readonly now: Values;
}

/** Annotations of all objects together may have 256 KiB. */
const LONGEST_NOTE = 4_096;

/** How an object shall read after a change, its note included. */
export interface Shift {
  readonly values: Values;
  /** null takes the note away. */
  readonly note: string | null;
  readonly before: string;
  readonly after: string;
}

export interface ShiftPlan {
  readonly problems: readonly Problem[];
  /** Nothing when it stands already as it shall. */
  readonly shift?: Shift;
  readonly state: 'drained' | 'left alone' | 'given back';
}

/**
 * Leads the traffic away.
 *
 * @param read the object’s values now, for any of the keys
 */
export function planShift(
  what: string,
  read: (keys: readonly string[]) => Values,
  text: string | undefined,
  wanted: Values,
  session: string,
): ShiftPlan {
  const note = noteOf(text);
  const current = read(Object.keys(wanted));
  if (note === undefined) {
    if (isSame(current, wanted)) return { problems: [], state: 'left alone' };
    return { problems: [], state: 'drained', shift: shiftTo(session, { was: current, now: wanted }, current) };
  }
  if (isDamaged(note)) return refusal(damagedNote(what, note.session));
  if (note.session !== session) return refusal(heldBy(what, note.session));
  const state = note.state as ShiftState;
  const stands = read(Object.keys(state.now));
  if (!isSame(stands, state.now)) return refusal(drift(what, state, stands));
  if (isSame(current, wanted)) return { problems: [], state: 'drained' };
  const more = { was: { ...current, ...state.was }, now: { ...state.now, ...wanted } };
  return { problems: [], state: 'drained', shift: shiftTo(session, more, current) };
}

/** Gives back exactly what was; what carries no note of the session is left alone. */
export function planReturn(
  what: string,
  read: (keys: readonly string[]) => Values,
  text: string | undefined,
  session: string,
): ShiftPlan {
  const note = noteOf(text);
  if (note === undefined || note.session !== session) return { problems: [], state: 'left alone' };
  if (isDamaged(note)) return refusal(damagedNote(what, note.session));
  const state = note.state as ShiftState;
  const stands = read(Object.keys(state.now));
  // Put back by hand: only the note is left to be taken away.
  if (!isSame(stands, state.now) && !isSame(stands, state.was)) return refusal(drift(what, state, stands));
  return {
    problems: [],
    state: 'given back',
    shift: { values: state.was, note: null, before: shown(stands), after: shown(state.was) },
  };
}

export function noteOf(text: string | undefined): UndoNote | DamagedNote | undefined {
  if (text === undefined) return undefined;
  const note = decodeUndoNote(text);
  // Whatever stands in our annotation is a note of ours, if only a damaged one.
  if (!note || (!isDamaged(note) && !isState(note.state)))
    return { session: note?.session ?? 'unknown', damaged: true };
  return note;
}

export function shown(values: Values): string {
  return Object.entries(values)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}: ${value ?? 'not set'}`)
    .join(', ');
}

function shiftTo(session: string, state: ShiftState, current: Values): Shift {
  return {
    values: state.now,
    note: encodeUndoNote({ session, state }, LONGEST_NOTE),
    before: shown({ ...state.now, ...current }),
    after: shown(state.now),
  };
}

function drift(what: string, { now }: ShiftState, stands: Values): Problem {
  return {
    kind: 'conflict',
    text: `${what} was set to ${shown(now)} by this session and stands at ${shown(stands)}: somebody changed it in between.`,
  };
}

function isState(state: unknown): state is ShiftState {
  const { was, now } = (state ?? {}) as Partial<ShiftState>;
  return typeof was === 'object' && was !== null && typeof now === 'object' && now !== null;
}

function isSame(one: Values, other: Values): boolean {
  return shown(one) === shown(other);
}

function refusal(problem: Problem): ShiftPlan {
  return { problems: [problem], state: 'left alone' };
}
