import { expect, test } from 'vitest';
import { pagerDutyQuota } from './client.ts';

test('the quota resets after the seconds that PagerDuty’s own header tells', () => {
  expect(pagerDutyQuota({ 'ratelimit-remaining': '0', 'ratelimit-reset': '17' })).toEqual({
    remaining: 0,
    resetsInSeconds: 17,
  });
});

test.each([{}, { 'ratelimit-remaining': '0' }, { 'ratelimit-remaining': '0', 'ratelimit-reset': 'soon' }])(
  'headers %j tell no quota',
  (headers) => {
    expect(pagerDutyQuota(headers)).toBeUndefined();
  },
);
