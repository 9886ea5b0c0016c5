import { describe, expect, test } from 'vitest';
import { type MaintenanceWindow, windowSchema } from './schema.ts';
import { clockProblems, timeLeft, timesInWords, timesOf } from './times.ts';

function windowWith(times: Record<string, unknown>): MaintenanceWindow {
  return windowSchema.parse({
    name: 'Monthly',
    window: { starts: '2026-11-21 18:00', ends: '2026-11-22 06:00', 'time-zone': 'America/Chicago', ...times },
    roster: [
      { name: 'release.manager@example.com', roles: ['release-manager'] },
      { name: 'platform.lead@example.com', roles: ['approver'] },
    ],
  });
}

describe('the clock against the window', () => {
  const hardStart = { what: 'the settlement job starts then', before: '2026-11-21 19:00' };
  const window = windowWith({ 'hard-starts': [hardStart] });

  test.each([
    ['a minute before the start', '2026-11-21T23:59:00Z', /begins at 2026-11-21 18:00 CST, in 1 min/],
    ['at the end', '2026-11-22T12:00:00Z', /ended at 2026-11-22 06:00 CST, 0 min ago/],
    ['at the hard start to the minute', '2026-11-22T01:00:00Z', /had to begin before 2026-11-21 19:00 CST .*0 min ago/],
    ['four hours past the hard start', '2026-11-22T05:00:00Z', /4 h \(240 min\) ago/],
  ])('refuses %s', (_, now, problem) => {
    expect(clockProblems(window, 'pre-maintenance', new Date(now)).join(' ')).toMatch(problem);
  });

  test('lets a stage begin between the start and its hard start', () => {
    expect(clockProblems(window, 'pre-maintenance', new Date('2026-11-22T00:59:59Z'))).toEqual([]);
  });

  test('does not hold one stage to the hard start of another', () => {
    expect(clockProblems(window, 'starting-maintenance', new Date('2026-11-22T05:00:00Z'))).toEqual([]);
  });

  test('reads a hard start in its own time zone', () => {
    const berlin = windowWith({
      'hard-starts': [{ ...hardStart, before: '2026-11-22 02:30', 'time-zone': 'Europe/Berlin' }],
    });
    expect(clockProblems(berlin, 'pre-maintenance', new Date('2026-11-22T01:29:00Z'))).toEqual([]);
    expect(clockProblems(berlin, 'pre-maintenance', new Date('2026-11-22T01:31:00Z'))).toHaveLength(1);
  });

  test('counts the minutes left to what is still to come', () => {
    expect(timeLeft(window, new Date('2026-11-22T00:30:00Z'))).toEqual([
      '30 min until pre-maintenance must have begun (the settlement job starts then)',
      '690 min until the window ends at 2026-11-22 06:00 CST',
    ]);
  });
});

test('a window over the end of daylight saving time is an hour longer', () => {
  const { starts, ends } = timesOf(windowWith({ starts: '2026-10-31 22:00', ends: '2026-11-01 04:00' }));
  expect((ends.getTime() - starts.getTime()) / 3_600_000).toBe(7);
});

test('says the window in the words of its own zone', () => {
  expect(timesInWords(timesOf(windowWith({})))).toBe('2026-11-21 18:00 CST to 2026-11-22 06:00 CST');
});
