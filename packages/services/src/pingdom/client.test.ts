import { expect, test } from 'vitest';
import { pingdomQuota } from './client.ts';

test('the quota is that of the nearer limit', () => {
  const long = 'Remaining: 31900 Time until reset: 2500000';
  expect(pingdomQuota({ 'req-limit-short': 'Remaining: 0 Time until reset: 35', 'req-limit-long': long })).toEqual({
    remaining: 0,
    resetsInSeconds: 35,
  });
  expect(pingdomQuota({ 'req-limit-long': long })).toEqual({ remaining: 31_900, resetsInSeconds: 2_500_000 });
});

test.each([{}, { 'req-limit-short': '' }, { 'req-limit-short': 'Remaining: 12' }])(
  'headers %j tell no quota',
  (headers) => {
    expect(pingdomQuota(headers)).toBeUndefined();
  },
);
