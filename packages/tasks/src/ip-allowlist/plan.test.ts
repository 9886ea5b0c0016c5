import { encodeUndoNote } from '@maintenance-tasks/core';
import { describe, expect, test } from 'vitest';
import { allowlistEnd, type Entry, entryOf, planAdd, planRemove } from './plan.ts';

const SESSION = 'mw-202611220230-k7qx';
const OTHER = 'mw-202611210230-zzzz';
const now = new Date('2026-11-22T00:30:00Z');
const ends = new Date('2026-11-22T02:30:00Z');
const wanted = { list: 'access', session: SESSION, ends, now };
const note = (session: string, until: string) => encodeUndoNote({ session, state: { until } }, 500);
const entry = (ip: string, comment?: string) => entryOf({ id: `id of ${ip}`, ip, ...(comment && { comment }) });
const own = entry('203.0.113.1', note(SESSION, '2026-11-22T02:30:00Z'));

describe('adding', () => {
  const table: readonly [string, Entry | undefined, { adds: boolean; says?: RegExp }][] = [
    ['an address that is not there', undefined, { adds: true, says: /not on it/ }],
    [
      'one that somebody has there',
      entry('203.0.113.1', 'VPN'),
      { adds: false, says: /was on the list access before/ },
    ],
    ['one without any comment', entry('203.0.113.1'), { adds: false, says: /was on the list access before/ }],
    ['one that this session has there', own, { adds: false }],
    [
      'one that this session has there for less long',
      entry('203.0.113.1', note(SESSION, '2026-11-22T01:00:00Z')),
      { adds: false, says: /until 2026-11-22T01:00:00.000Z and not 2026-11-22T02:30/ },
    ],
    [
      'one of another session that is under way',
      entry('203.0.113.1', note(OTHER, '2026-11-22T00:31:00Z')),
      { adds: false, says: /for session mw-202611210230-zzzz until .*goes away with that session/ },
    ],
    [
      'one of another session that is overdue',
      entry('203.0.113.1', note(OTHER, '2026-11-22T00:30:00Z')),
      { adds: true, says: /left there by session mw-202611210230-zzzz, due since 2026-11-22T00:30/ },
    ],
    [
      'one of another session whose end only its id tells',
      entry('203.0.113.1', encodeUndoNote({ session: OTHER, state: {} }, 500)),
      { adds: true, says: /due since 2026-11-21T02:30/ },
    ],
    [
      'one of another session whose comment was edited',
      entry('203.0.113.1', `mt1|${OTHER}|{"un`),
      { adds: false, says: /goes away with that session/ },
    ],
    [
      'one of this session whose comment was edited',
      entry('203.0.113.1', `mt1|${SESSION}|{"un`),
      {
        adds: false,
        says: /its comment was mt1\|mw-202611220230-k7qx\|{"until":"2026-11-22T02:30:00Z"}.*changed it to/,
      },
    ],
  ];
  test.each(table)('%s', (_, found, { adds, says }) => {
    const plan = planAdd(found ? [found] : [], ['203.0.113.1'], wanted);
    const said = JSON.stringify([plan.changes, plan.notes, plan.warnings, plan.problems.map(({ text }) => text)]);
    expect(plan.items.map(({ ip }) => ip)).toEqual(adds ? ['203.0.113.1'] : []);
    expect(plan.changes).toHaveLength(plan.items.length);
    if (says) expect(said.replaceAll('\\"', '"')).toMatch(says);
    else expect(said).toBe('[[],[],[],[]]');
  });

  test('finds an address that somebody wrote in another form', () => {
    const plan = planAdd([entry('2001:DB8:0:0::7')], ['2001:db8::7'], wanted);
    expect(plan.items).toEqual([]);
  });
});

test('removing takes this session’s entries only, and leaves one whose comment was edited', () => {
  const edited = entry('203.0.113.2', `mt1|${SESSION}|{"until":"20`);
  const others = [entry('203.0.113.3', 'VPN'), entry('203.0.113.4', note(OTHER, '2026-11-21T02:30:00Z'))];
  const plan = planRemove([own, edited, ...others], wanted);
  expect(plan.entries).toEqual([own]);
  expect(plan.problems).toEqual([{ kind: 'conflict', text: expect.stringContaining('203.0.113.2') as string }]);
});

describe('entries end', () => {
  const given = { session: SESSION, for: undefined, now, longest: 24 * 3_600_000 };
  test('with the window of the session, or after the time that was asked for', () => {
    expect(allowlistEnd(given)).toEqual(ends);
    expect(allowlistEnd({ ...given, now: new Date('2026-11-22T00:30:00.700Z'), for: 60_000 })).toEqual(
      new Date('2026-11-22T00:31:00Z'),
    );
  });

  test.each([
    ['at a time that nobody knows', { session: 'tonight' }, /not known when to end/],
    ['in the past', { now: ends }, /already/],
    ['too late', { for: 24 * 3_600_000 + 1_000 }, /at most 24 h are allowed/],
  ])('never %s', (_, change, words) => {
    expect(() => allowlistEnd({ ...given, ...change })).toThrow(words);
  });
});
