import { encodeUndoNote } from '@maintenance-tasks/core';
import type { HaproxyServer } from '@maintenance-tasks/services/haproxy/client';
import { expect, test } from 'vitest';
import { noteOf, planServerDrain, planServerRollOut } from './haproxy-plan.ts';

const SESSION = 'mw-202611220600-k7qx';
const OTHER = 'mw-202611220600-zzzz';
const server = (name: string, told: HaproxyServer['told'] = 'ready'): HaproxyServer => ({
  name,
  told,
  status: told === 'ready' ? 'UP' : 'MAINT',
  serves: told === 'ready',
  sessions: 0,
  queued: 0,
});
const note = (session: string, former: number) => noteOf(encodeUndoNote({ session, state: former }, 120));
const torn = noteOf(`mt1|${SESSION}|0|wrong`);

test.each([
  ['ready', undefined, { drain: true, drained: true }],
  ['drain', undefined, { drain: true, drained: true }],
  ['maint', undefined, { leftAlone: true }],
  ['inherited', undefined, { leftAlone: true }],
  ['drain', note(SESSION, 0), { takeOut: true, drained: true }],
  ['maint', note(SESSION, 0), { drained: true }],
  ['ready', note(SESSION, 0), { problem: 'conflict' }],
  ['maint', note(OTHER, 0), { problem: 'refused' }],
  ['drain', note(OTHER, 0), { problem: 'refused' }],
  // The other session's note outlived what it was about.
  ['ready', note(OTHER, 0), { drain: true, drained: true }],
  ['maint', torn, { problem: 'conflict' }],
] as const)('of a server that is %s, with the note %o, drains: %o', (told, kept, expected) => {
  const one = server('a', told);
  const plan = planServerDrain('lb', [one, server('b')], [{ server: one, note: kept }], {
    session: SESSION,
    minimum: 1,
  });
  expect({
    ...(plan.problems[0] && { problem: plan.problems[0].kind }),
    ...(plan.drain.length > 0 && { drain: true }),
    ...(plan.takeOut.length > 0 && plan.drain.length === 0 && { takeOut: true }),
    ...(plan.drained.length > 0 && { drained: true }),
    ...(plan.leftAlone.length > 0 && { leftAlone: true }),
  }).toEqual(expected);
});

test.each([
  ['maint', note(SESSION, 0), false, ['ready']],
  ['maint', note(SESSION, 1), false, ['drain']],
  ['drain', note(SESSION, 0), false, ['ready']],
  ['ready', note(SESSION, 1), false, ['ready']],
  ['maint', undefined, false, 'left alone'],
  ['maint', undefined, true, ['ready']],
  ['ready', undefined, true, []],
  ['maint', note(OTHER, 0), true, 'left alone'],
  ['ready', note(OTHER, 0), false, []],
  ['maint', torn, false, 'conflict'],
  ['maint', note(SESSION, 7), false, 'conflict'],
] as const)(
  'gives a server back that is %s, with the note %o and in the evidence: %o',
  (told, kept, evident, expected) => {
    const plan = planServerRollOut('lb', [{ server: server('a', told), note: kept }], SESSION, () => evident);
    const found =
      plan.problems[0]?.kind ?? (plan.leftAlone.length > 0 ? 'left alone' : plan.giveBack.map(({ to }) => to));
    expect(found).toEqual(expected);
  },
);

test('does not count servers that leave, that are down or that are out', () => {
  const all = [server('a'), server('b'), server('c', 'drain'), { ...server('d'), serves: false }];
  const wanted = [{ server: all[0] as HaproxyServer, note: undefined }];
  const given = (minimum: number) => planServerDrain('lb/web', all, wanted, { session: SESSION, minimum }).problems;
  expect(given(1)).toEqual([]);
  expect(given(2)).toEqual([
    { kind: 'refused', text: 'lb/web would be left with 1 healthy servers (b), and minimum-healthy is 2.' },
  ]);
});
