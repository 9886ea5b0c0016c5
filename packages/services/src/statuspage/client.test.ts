import { expect, test } from 'vitest';
import { ownQuota } from './client.ts';

test('counts its calls of the last minute, as no header tells them', () => {
  let at = 0;
  const quota = ownQuota({ now: () => new Date(at), sleep: async () => {} });
  for (let call = 1; call < 60; call++) expect(quota()).toMatchObject({ remaining: 60 - call });
  at = 10_000;
  expect(quota()).toEqual({ remaining: 0, resetsInSeconds: 50 });
  at = 60_000;
  expect(quota().remaining).toBe(58);
});
