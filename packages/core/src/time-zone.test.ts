import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatInZone, isTimeZone, parseLocalTime, toInstant } from './time-zone.ts';

const ZONES = [
  'UTC',
  'America/Chicago',
  'America/St_Johns',
  'America/Phoenix',
  'America/Havana',
  'Europe/Berlin',
  'Europe/Dublin',
  'Africa/Casablanca',
  'Africa/Cairo',
  'Asia/Kathmandu',
  'Asia/Tokyo',
  'Asia/Tehran',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'Pacific/Kiritimati',
  'Pacific/Chatham',
  'Antarctica/Troll',
];

/** The meaning of a local time, its dates as ISO texts to the minute. */
function meaning(text: string, zone: string): string {
  const local = parseLocalTime(text);
  if (!local) throw new Error(`not a local time: ${text}`);
  const instant = toInstant(local, zone);
  const iso = (date: Date) => date.toISOString().slice(0, 16);
  if (instant.kind === 'exact') return iso(instant.at);
  if (instant.kind === 'twice') return `twice ${iso(instant.first)} ${iso(instant.second)}`;
  return `skipped ${iso(instant.before)} ${iso(instant.after)}`;
}

describe('a local time in its zone', () => {
  test.each([
    // Spring: 02:00 to 03:00 does not exist in Chicago on 8 March 2026.
    ['2026-03-08 01:59', 'America/Chicago', '2026-03-08T07:59'],
    ['2026-03-08 02:00', 'America/Chicago', 'skipped 2026-03-08T07:00 2026-03-08T08:00'],
    ['2026-03-08 02:59', 'America/Chicago', 'skipped 2026-03-08T07:59 2026-03-08T08:59'],
    ['2026-03-08 03:00', 'America/Chicago', '2026-03-08T08:00'],
    // Autumn: 01:00 to 02:00 exists twice on 1 November 2026.
    ['2026-11-01 00:59', 'America/Chicago', '2026-11-01T05:59'],
    ['2026-11-01 01:00', 'America/Chicago', 'twice 2026-11-01T06:00 2026-11-01T07:00'],
    ['2026-11-01 01:59', 'America/Chicago', 'twice 2026-11-01T06:59 2026-11-01T07:59'],
    ['2026-11-01 02:00', 'America/Chicago', '2026-11-01T08:00'],
    ['2026-11-21 21:30', 'America/Chicago', '2026-11-22T03:30'],
    ['2026-03-29 01:59', 'Europe/Berlin', '2026-03-29T00:59'],
    ['2026-03-29 02:30', 'Europe/Berlin', 'skipped 2026-03-29T00:30 2026-03-29T01:30'],
    ['2026-03-29 03:00', 'Europe/Berlin', '2026-03-29T01:00'],
    ['2026-10-25 02:30', 'Europe/Berlin', 'twice 2026-10-25T00:30 2026-10-25T01:30'],
    ['2026-10-25 03:00', 'Europe/Berlin', '2026-10-25T02:00'],
    // Half an hour only, on the southern hemisphere.
    ['2026-04-05 01:29', 'Australia/Lord_Howe', '2026-04-04T14:29'],
    ['2026-04-05 01:45', 'Australia/Lord_Howe', 'twice 2026-04-04T14:45 2026-04-04T15:15'],
    ['2026-04-05 02:00', 'Australia/Lord_Howe', '2026-04-04T15:30'],
    ['2026-10-04 02:15', 'Australia/Lord_Howe', 'skipped 2026-10-03T15:15 2026-10-03T15:45'],
    ['2026-10-04 02:30', 'Australia/Lord_Howe', '2026-10-03T15:30'],
    // 5 hours 45 minutes, and no summer time.
    ['2026-07-01 12:00', 'Asia/Kathmandu', '2026-07-01T06:15'],
    ['2026-11-01 01:30', 'America/Phoenix', '2026-11-01T08:30'],
    ['2026-03-29 02:30', 'UTC', '2026-03-29T02:30'],
    // Samoa went to the other side of the date line: there was no 30 December 2011.
    ['2011-12-29 23:59', 'Pacific/Apia', '2011-12-30T09:59'],
    ['2011-12-30 12:00', 'Pacific/Apia', 'skipped 2011-12-29T22:00 2011-12-30T22:00'],
    ['2011-12-31 00:00', 'Pacific/Apia', '2011-12-30T10:00'],
    // Two hours at once.
    ['2026-03-29 02:30', 'Antarctica/Troll', 'skipped 2026-03-29T00:30 2026-03-29T02:30'],
  ])('%s in %s is %s', (text, zone, expected) => {
    expect(meaning(text, zone)).toBe(expected);
  });

  test('that a clock showed is the instant at which it showed it', () => {
    const minutes = fc.integer({ min: Date.UTC(1990, 0, 1) / 60_000, max: Date.UTC(2050, 0, 1) / 60_000 });
    fc.assert(
      fc.property(minutes, fc.constantFrom(...ZONES), (minute, zone) => {
        const date = new Date(minute * 60_000);
        const shown = formatInZone(date, zone).slice(0, 16);
        const instant = toInstant(parseLocalTime(shown) as never, zone);
        if (instant.kind === 'exact') expect(instant.at).toEqual(date);
        else expect(instant.kind === 'twice' && [instant.first, instant.second]).toContainEqual(date);
      }),
      { numRuns: 500 },
    );
  });

  test('that no clock showed lies between the two instants that are offered', () => {
    const days = fc.integer({ min: 0, max: 365 * 5 });
    const times = fc.integer({ min: 0, max: 24 * 60 - 1 });
    fc.assert(
      fc.property(days, times, fc.constantFrom(...ZONES), (day, time, zone) => {
        const asUtc = new Date(Date.UTC(2025, 0, 1 + day, 0, time));
        const text = asUtc.toISOString().slice(0, 16);
        const instant = toInstant(parseLocalTime(text) as never, zone);
        const shown = (date: Date) => formatInZone(date, zone).slice(0, 16).replace(' ', 'T');
        if (instant.kind === 'skipped') {
          expect(instant.before.getTime()).toBeLessThan(instant.after.getTime());
          expect(shown(instant.before) < text && text < shown(instant.after)).toBe(true);
        } else if (instant.kind === 'exact') {
          expect(shown(instant.at)).toBe(text);
        } else {
          expect([shown(instant.first), shown(instant.second)]).toEqual([text, text]);
        }
      }),
      { numRuns: 500 },
    );
  });
});

test('a date in a zone names the offset that holds then', () => {
  expect(formatInZone(new Date('2026-11-22T03:30:00Z'), 'America/Chicago')).toBe('2026-11-21 21:30 CST');
  expect(formatInZone(new Date('2026-07-01T00:00:00Z'), 'America/Chicago')).toBe('2026-06-30 19:00 CDT');
  expect(formatInZone(new Date('2026-01-01T00:00:00Z'), 'UTC')).toBe('2026-01-01 00:00 UTC');
});

test.each(['America/Chicago', 'Europe/Berlin', 'UTC', 'Etc/GMT+5', 'Asia/Kathmandu'])('%s is a time zone', (zone) => {
  expect(isTimeZone(zone)).toBe(true);
});

test.each([
  '',
  'Chicago',
  'America/Chigaco',
  '+01:00',
  '-0500',
  'UTC+1',
  'GMT+1',
  'Z',
  'local',
  'America/Chicago ',
  '../etc',
])('%j is not a time zone', (zone) => {
  expect(isTimeZone(zone)).toBe(false);
});

test.each(['2026-11-21 21:30', '2026-11-21T21:30', ' 2026-11-21 21:30 '])('%j is read as a local time', (text) => {
  expect(parseLocalTime(text)).toEqual({ year: 2026, month: 11, day: 21, hour: 21, minute: 30 });
});

test.each([
  '2026-02-30 12:00',
  '2026-13-01 12:00',
  '2026-11-21 24:00',
  '2026-11-21 12:60',
  '0026-11-21 12:00',
  '2026-11-21',
  '2026-11-21 9:30',
  '21.11.2026 21:30',
  '2026-11-21 21:30Z',
  '2026-11-21 21:30 CST',
  '2026-11-21T21:30:00',
  '',
])('%j is refused as a local time', (text) => {
  expect(parseLocalTime(text)).toBeUndefined();
});

test('29 February exists in leap years only', () => {
  expect(parseLocalTime('2028-02-29 12:00')).toBeDefined();
  expect(parseLocalTime('2027-02-29 12:00')).toBeUndefined();
});
