import fc from 'fast-check';
import { expect, test } from 'vitest';
import { newSessionId, SESSION_PATTERN, sessionEnd } from './session.ts';

test('a session id tells when its window ends, to the minute', () => {
  const dates = fc.date({ min: new Date('2000-01-01'), max: new Date('2099-12-31'), noInvalidDate: true });
  fc.assert(
    fc.property(dates, (date) => {
      const id = newSessionId(date);
      expect(id).toMatch(SESSION_PATTERN);
      expect(sessionEnd(id)?.getTime()).toBe(Math.floor(date.getTime() / 60_000) * 60_000);
    }),
  );
});

test('ids of the same window differ, and can be read aloud', () => {
  const ids = Array.from({ length: 50 }, () => newSessionId(new Date('2026-11-22T06:00:00Z')));
  expect(new Set(ids).size).toBeGreaterThan(45);
  for (const id of ids) expect(id).toMatch(/^mw-202611220600-[bcdfghjkmnpqrstvwxz2-9]{4}$/);
});

test.each([
  'mw-202613220600-k7qx',
  'mw-202602310600-k7qx',
  'mw-202611222500-k7qx',
  'mw-202611220660-k7qx',
  'mw-202611220600',
  'mw-202611220600-k7qx-2',
  'november-2026',
  '',
])('%j does not tell an end', (id) => {
  expect(sessionEnd(id)).toBeUndefined();
});

test.each(['Mw-1', 'mw', 'mw_1', '-mw1', `m${'w'.repeat(32)}`, 'mw 1', 'mw-1\n', ''])('%j is no session id', (id) => {
  expect(SESSION_PATTERN.test(id)).toBe(false);
});
