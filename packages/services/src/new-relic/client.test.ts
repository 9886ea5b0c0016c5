import { expect, test } from 'vitest';
import { instantOf } from './client.ts';

test.each([
  ['2026-11-22T02:30:00', 'UTC', '2026-11-22T02:30:00.000Z'],
  ['2026-11-22T02:30:00Z', 'America/Chicago', '2026-11-22T02:30:00.000Z'],
  ['2026-11-21T20:30:00-06:00', 'America/Chicago', '2026-11-22T02:30:00.000Z'],
  ['2026-11-21T20:30:00', 'America/Chicago', '2026-11-22T02:30:00.000Z'],
])('%s in %s is %s', (time, zone, expected) => {
  expect(instantOf(time, zone)?.toISOString()).toBe(expected);
});

test.each([null, undefined, '', 'soon'])('%j is no time', (time) => {
  expect(instantOf(time, 'America/Chicago')).toBeUndefined();
});
