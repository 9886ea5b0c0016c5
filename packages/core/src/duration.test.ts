import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatDuration, parseDuration } from './duration.ts';

test.each([
  ['90s', 90_000],
  ['15m', 900_000],
  ['2h', 7_200_000],
  ['1h30m', 5_400_000],
  ['7d', 604_800_000],
  ['1d2h3m4s', 93_784_000],
  ['0s', 0],
])('%s is %i ms', (text, milliseconds) => {
  expect(parseDuration(text)).toBe(milliseconds);
});

test.each(['', '15', '15 m', '15min', 'm', '-5m', '1.5h', '30m1h', '1h1h', '15M', '1w', '9999999999999999s', ' 5m'])(
  '%j is not a duration',
  (text) => {
    expect(parseDuration(text)).toBeUndefined();
  },
);

test('a duration is the sum of its parts, whichever are there', () => {
  const part = fc.option(fc.nat({ max: 1_000 }), { nil: undefined });
  fc.assert(
    fc.property(part, part, part, part, (d, h, m, s) => {
      const written = [d, h, m, s].map((amount, index) => (amount === undefined ? '' : `${amount}${'dhms'[index]}`));
      fc.pre(written.join('') !== '');
      const seconds = (((d ?? 0) * 24 + (h ?? 0)) * 60 + (m ?? 0)) * 60 + (s ?? 0);
      expect(parseDuration(written.join(''))).toBe(seconds * 1_000);
    }),
  );
});

test.each([
  [0, '0 s'],
  [-5_000, '0 s'],
  [45_000, '45 s'],
  [59_600, '1 min'],
  [720_000, '12 min'],
  [3_599_000, '1 h'],
  [7_500_000, '2 h 5 min'],
  [47 * 3_600_000, '47 h'],
  [76 * 3_600_000, '3 d 4 h'],
  [72 * 3_600_000, '3 d'],
])('%i ms is shown as %s', (milliseconds, text) => {
  expect(formatDuration(milliseconds)).toBe(text);
});

test('what is shown is never more than half a unit off', () => {
  const unit: Readonly<Record<string, number>> = { s: 1_000, min: 60_000, h: 3_600_000, d: 86_400_000 };
  fc.assert(
    fc.property(fc.nat({ max: 400 * 86_400_000 }), (milliseconds) => {
      const parts = formatDuration(milliseconds).matchAll(/(\d+) (s|min|h|d)/g);
      let shown = 0;
      let smallest = 0;
      for (const [, amount, name] of parts) {
        smallest = unit[name as string] as number;
        shown += Number(amount) * smallest;
      }
      // Days are cut down to whole hours; "2 d" may stand for an hour less one minute more.
      expect(Math.abs(shown - milliseconds)).toBeLessThanOrEqual(milliseconds < 48 * 3_600_000 ? 31_000 : 3_600_000);
    }),
  );
});
