import { expect, test } from 'vitest';
import { datadogQuota } from './client.ts';

test('the quota resets after the seconds that Datadog’s own header tells', () => {
  expect(datadogQuota({ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '17' })).toEqual({
    remaining: 0,
    resetsInSeconds: 17,
  });
});

test.each([{}, { 'x-ratelimit-remaining': '0' }, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': 'soon' }])(
  'headers %j tell no quota',
  (headers) => {
    expect(datadogQuota(headers)).toBeUndefined();
  },
);
