import { crc32, deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TaskError } from './errors.ts';
import { newSessionId } from './session.ts';
import { ANY_UNDO_MARK, decodeUndoNote, encodeUndoNote, isDamaged, undoMark } from './undo-note.ts';

const sessions = fc
  .tuple(fc.constantFrom(...'abcxyz019'), fc.stringMatching(/^[a-z0-9-]{2,31}$/))
  .map(([first, rest]) => `${first}${rest}`);
const states = fc.jsonValue({ maxDepth: 4 }).map((state) => JSON.parse(JSON.stringify(state)) as unknown);
// What people write around a note: anything but another note, and not glued to its end.
const around = fc.string({ unit: 'binary', maxLength: 40 }).filter((text) => !text.includes('mt1|'));
const ROOM = 1_000_000;

const dnsRecords = { p: 1, t: 1, r: [{ t: 'CNAME', c: 'origin.example.com', p: true, m: 'web | front' }] };

describe('a note', () => {
  test('can be read by a person as long as it fits', () => {
    expect(encodeUndoNote({ session: 'mw-202611220600-k7qx', state: { enabled: false } }, 100)).toBe(
      `mt1|mw-202611220600-k7qx|{"enabled":false}|${crc32('mw-202611220600-k7qx|{"enabled":false}').toString(36)}`,
    );
  });

  test('gives back session and state, whatever the state', () => {
    fc.assert(
      fc.property(sessions, states, (session, state) => {
        expect(decodeUndoNote(encodeUndoNote({ session, state }, ROOM))).toEqual({ session, state });
      }),
    );
  });

  test('is one line of printable ASCII with exactly three separators', () => {
    const wild = fc.record({ text: fc.string({ unit: 'binary' }), 'k|\n': fc.string({ unit: 'grapheme' }) });
    fc.assert(
      fc.property(sessions, wild, fc.constantFrom(ROOM, 200), (session, state, limit) => {
        let note: string;
        try {
          note = encodeUndoNote({ session, state }, limit);
        } catch (error) {
          expect(error).toBeInstanceOf(TaskError);
          return;
        }
        expect(note).toMatch(/^[\x20-\x7e]+$/);
        expect(note.split('|')).toHaveLength(4);
      }),
    );
  });

  test('is found inside of other text, before and after it', () => {
    fc.assert(
      fc.property(sessions, states, around, around, (session, state, before, after) => {
        const text = `${before}${encodeUndoNote({ session, state }, ROOM)} ${after}`;
        fc.pre(text.indexOf(ANY_UNDO_MARK) === before.length);
        expect(decodeUndoNote(text)).toEqual({ session, state });
      }),
    );
  });

  test('is found after a quoted or torn one', () => {
    const note = encodeUndoNote({ session: 'mw-1', state: 7 }, 100);
    expect(decodeUndoNote(`see mt1|old|… and mt1| ${note}`)).toEqual({ session: 'mw-1', state: 7 });
    expect(decodeUndoNote(`${note.slice(0, -4)} ${note}`)).toEqual({ session: 'mw-1', state: 7 });
  });

  test('contains its session’s mark and the mark of all', () => {
    const note = encodeUndoNote({ session: 'mw-1', state: {} }, 100);
    expect(note).toContain(undoMark('mw-1'));
    expect(note).toContain(ANY_UNDO_MARK);
    expect(note).not.toContain(undoMark('mw-11'));
  });

  test('has room for a proxied record and a new session id within the 100 characters of a free zone', () => {
    const session = newSessionId(new Date('2026-11-22T06:00:00Z'));
    expect(encodeUndoNote({ session, state: ['CNAME', 'origin.example.com', 1, 1] }, 100).length).toBeLessThan(100);
  });
});

describe('the limit', () => {
  test('is never exceeded, and what fits comes back whole', () => {
    fc.assert(
      fc.property(sessions, states, fc.integer({ min: 20, max: 400 }), (session, state, limit) => {
        let note: string;
        try {
          note = encodeUndoNote({ session, state }, limit);
        } catch (error) {
          expect(error).toMatchObject({ kind: 'refused' });
          expect((error as Error).message).toContain(`there is room for ${limit}. Nothing was changed`);
          return;
        }
        expect(note.length).toBeLessThanOrEqual(limit);
        expect(decodeUndoNote(note)).toEqual({ session, state });
      }),
    );
  });

  test('makes the state deflated only when it does not fit otherwise', () => {
    const state = { r: Array.from({ length: 8 }, () => dnsRecords) };
    const plain = encodeUndoNote({ session: 'mw-1', state }, ROOM);
    expect(plain).toContain('origin.example.com');
    expect(encodeUndoNote({ session: 'mw-1', state }, plain.length)).toBe(plain);
    const deflated = encodeUndoNote({ session: 'mw-1', state }, plain.length - 1);
    expect(deflated).toMatch(/^mt1\|mw-1\|z[A-Za-z0-9_-]+\|/);
    expect(decodeUndoNote(deflated)).toEqual({ session: 'mw-1', state });
  });

  test('holds for states that could be written but not read back', () => {
    const state = 'a'.repeat(70_000);
    expect(() => encodeUndoNote({ session: 'mw-1', state }, 1_000)).toThrow(/room for 1000/);
  });
});

describe('a damaged note', () => {
  test('is found out whichever character was exchanged', () => {
    const character = fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code));
    fc.assert(
      fc.property(sessions, states, fc.nat(), character, fc.boolean(), (session, state, at, other, deflate) => {
        const whole = encodeUndoNote({ session, state }, ROOM);
        let note = whole;
        if (deflate) {
          const body = `z${deflateRawSync(JSON.stringify(state)).toString('base64url')}`;
          note = `mt1|${session}|${body}|${crc32(`${session}|${body}`).toString(36)}`;
        }
        const index = ANY_UNDO_MARK.length + (at % (note.length - ANY_UNDO_MARK.length));
        const changed = note.slice(0, index) + other + note.slice(index + 1);
        fc.pre(changed !== note);
        const decoded = decodeUndoNote(changed);
        expect(decoded).toMatchObject({ damaged: true });
      }),
      { numRuns: 1_000 },
    );
  });

  test('is no note any more when its mark itself was changed', () => {
    const note = encodeUndoNote({ session: 'mw-1', state: {} }, 100);
    for (let index = 0; index < ANY_UNDO_MARK.length; index++) {
      expect(decodeUndoNote(`${note.slice(0, index)}_${note.slice(index + 1)}`)).toBeUndefined();
    }
  });

  test('still names its session wherever behind it the note was torn off', () => {
    fc.assert(
      fc.property(sessions, states, fc.nat(), (session, state, at) => {
        const note = encodeUndoNote({ session, state }, ROOM);
        const first = ANY_UNDO_MARK.length + session.length;
        const torn = note.slice(0, first + (at % (note.length - first)));
        expect(decodeUndoNote(torn)).toEqual({ session, damaged: true });
      }),
    );
  });

  test('of a session that was cut as well is damaged all the same', () => {
    expect(decodeUndoNote('mt1|')).toEqual({ session: 'unknown', damaged: true });
    expect(decodeUndoNote('mt1||{}|0')).toEqual({ session: 'unknown', damaged: true });
  });

  test('is told from a whole one', () => {
    expect(isDamaged({ session: 'mw-1', damaged: true })).toBe(true);
    expect(isDamaged({ session: 'mw-1', state: { damaged: true } })).toBe(false);
  });

  test('that inflates to more than anything we write is damaged', () => {
    const body = `z${deflateRawSync(JSON.stringify('a'.repeat(1_000_000))).toString('base64url')}`;
    const note = `mt1|mw-1|${body}|${crc32(`mw-1|${body}`).toString(36)}`;
    expect(decodeUndoNote(note)).toEqual({ session: 'mw-1', damaged: true });
  });
});

test('no text makes decoding throw', () => {
  const pieces = fc.constantFrom('mt1|', '|', 'z', '{}', 'mw-1', '"', '\n', 'mt1|mw-1|{}|');
  const texts = fc.array(fc.oneof(pieces, fc.string({ unit: 'binary' }))).map((parts) => parts.join(''));
  fc.assert(
    fc.property(texts, (text) => {
      const decoded = decodeUndoNote(text);
      expect(decoded === undefined).toBe(!text.includes('mt1|'));
    }),
  );
});

test.each([undefined, null, '', 'managed by terraform'])('there is no note in %j', (text) => {
  expect(decodeUndoNote(text)).toBeUndefined();
});

test('a note for something that is no session is a mistake of the task', () => {
  expect(() => encodeUndoNote({ session: 'No Session', state: {} }, 100)).toThrow('not a session id');
});
