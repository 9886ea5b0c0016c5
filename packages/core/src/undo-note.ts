import { crc32, deflateRawSync, inflateRawSync } from 'node:zlib';
import { TaskError } from './errors.ts';
import { SESSION_PATTERN } from './session.ts';

/** What a changed resource remembers: which session changed it, and how it stood before. */
export interface UndoNote {
  readonly session: string;
  /** Plain JSON, as compact as the task can make it. */
  readonly state: unknown;
}

/** A note that was cut or edited after it was written: nothing may be restored from it. */
export interface DamagedNote {
  readonly session: string;
  readonly damaged: true;
}

const MARK = 'mt1';
const NOTE = /mt1\|([a-z0-9-]*)\|([^|]*)\|([0-9a-z]{1,7})(?![0-9a-z])/y;
// A note that lost its tail still names its session.
const TORN = /mt1\|([a-z0-9-]{3,32})(?![a-z0-9-])/y;
const UNKNOWN = 'unknown';
const LARGEST_STATE = 65_536;

/** What every note of a session contains; systems that can search their texts are searched for this. */
export function undoMark(session: string): string {
  return `${MARK}|${session}|`;
}

/** What the notes of all sessions contain. */
export const ANY_UNDO_MARK = `${MARK}|`;

/**
 * The note as one line of printable ASCII, which comments, tags and annotations everywhere accept:
 * `mt1|SESSION|STATE|CHECKSUM`. The state is JSON that a person can read, or deflated where only that fits.
 *
 * @param limit characters the resource has room for
 * @throws TaskError `refused` when it does not fit; nothing may be changed then, as it could not be undone
 */
export function encodeUndoNote(note: UndoNote, limit: number): string {
  if (!SESSION_PATTERN.test(note.session)) throw new Error(`not a session id: ${note.session}`);
  const json = asciiJson(note.state);
  const plain = sealed(note.session, json);
  if (plain.length <= limit) return plain;
  const deflated = sealed(note.session, `z${deflateRawSync(json, { level: 9 }).toString('base64url')}`);
  // What is read back is bounded, as anybody may have written it; so is what is written.
  if (deflated.length <= limit && json.length <= LARGEST_STATE) return deflated;
  throw new TaskError('refused', {
    what: `The note that remembers how things stood needs ${Math.min(plain.length, deflated.length)} characters and there is room for ${limit}.`,
    state: 'Nothing was changed, because it could not have been undone.',
    remedy:
      'Shorten what has to be remembered (comments, tags, number of records), or use a plan with longer comments.',
  });
}

/**
 * The note found anywhere in a text; `undefined` when there is none, `damaged` when it cannot be trusted.
 * Of several the first whole one counts: people quote parts of notes.
 */
export function decodeUndoNote(text: string | null | undefined): UndoNote | DamagedNote | undefined {
  let damaged: DamagedNote | undefined;
  for (let at = text?.indexOf(ANY_UNDO_MARK) ?? -1; text && at >= 0; at = text.indexOf(ANY_UNDO_MARK, at + 1)) {
    const note = noteAt(text, at);
    if (!isDamaged(note)) return note;
    if (!damaged || damaged.session === UNKNOWN) damaged = note;
  }
  return damaged;
}

function noteAt(text: string, at: number): UndoNote | DamagedNote {
  NOTE.lastIndex = at;
  TORN.lastIndex = at;
  const torn: DamagedNote = { session: TORN.exec(text)?.[1] ?? UNKNOWN, damaged: true };
  const match = NOTE.exec(text);
  if (!match) return torn;
  const [, session, body, checksum] = match as unknown as [string, string, string, string];
  if (checksumOf(session, body) !== checksum) return torn;
  try {
    const json = body.startsWith('z')
      ? inflateRawSync(Buffer.from(body.slice(1), 'base64url'), { maxOutputLength: LARGEST_STATE }).toString()
      : body;
    return { session, state: JSON.parse(json) as unknown };
  } catch {
    return torn;
  }
}

export function isDamaged(note: UndoNote | DamagedNote): note is DamagedNote {
  return 'damaged' in note;
}

function sealed(session: string, body: string): string {
  return `${MARK}|${session}|${body}|${checksumOf(session, body)}`;
}

function checksumOf(session: string, body: string): string {
  return crc32(`${session}|${body}`).toString(36);
}

/** `|` separates the note's parts, and some systems count or refuse other characters: all are escaped the JSON way. */
function asciiJson(state: unknown): string {
  return JSON.stringify(state).replace(
    /[|\u007f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
