import type { HttpAnswer, HttpRequest } from '@maintenance-tasks/core';
import { describe, expect, test } from 'vitest';
import { limitsOf, quotaOf, type Zone } from './client.ts';
import { refusedBy } from './refusal.ts';

const ASKED: HttpRequest = {
  method: 'POST',
  url: 'https://api.cloudflare.com/client/v4/zones/z1/dns_records/batch?x=1',
  system: 'Cloudflare',
};
const NEED = { permission: 'DNS Write', zone: 'example.com' } as const;

function answer(status: number, text: string): HttpAnswer {
  return { status, text, headers: {}, json: () => JSON.parse(text) as unknown, quote: String };
}

function errors(status: number, code: number, message: string): HttpAnswer {
  return answer(
    status,
    JSON.stringify({ success: false, errors: [{ code, message, documentation_url: 'x' }], result: { secret: 1 } }),
  );
}

describe('a refusal', () => {
  test.each<[string, HttpAnswer, string, RegExp]>([
    ['401', errors(401, 10000, 'Authentication error'), 'auth', /does not accept the token/],
    [
      'a malformed token, answered 400',
      errors(400, 6003, 'Invalid request headers'),
      'auth',
      /does not accept the token/,
    ],
    ['an unknown token, answered 403', errors(403, 9109, 'Invalid access token'), 'auth', /does not accept the token/],
    [
      '403',
      errors(403, 10000, 'Authentication error'),
      'auth',
      /lacks DNS Write on example\.com.*Give the token DNS Write on example\.com/,
    ],
    [
      '400',
      errors(400, 81058, 'An identical record already exists.'),
      'remote',
      /answered 400, code 81058 \(An identical record already exists\.\) to POST \/client\/v4\/zones\/z1\/dns_records\/batch/,
    ],
    ['200 without success', errors(200, 1004, 'DNS Validation Error'), 'remote', /answered 200, code 1004/],
    ['429', errors(429, 10429, 'Rate limited'), 'remote', /run the task again in some minutes/],
    ['a gateway’s HTML', answer(502, '<html>Bad gateway</html>'), 'remote', /Cloudflare answered 502 to POST/],
    ['an empty body', answer(500, ''), 'remote', /Cloudflare answered 500 to POST/],
    ['an error that is null', answer(400, '{"errors":[null]}'), 'remote', /Cloudflare answered 400 to POST/],
  ])('by %s says what it means', (_, given, kind, words) => {
    const error = refusedBy(ASKED, given, NEED);
    expect(error.kind).toBe(kind);
    expect(error.message).toMatch(words);
  });

  test('repeats of the body only what the answer quotes', () => {
    const given = { ...errors(400, 1, 'long text'), quote: (text: unknown) => `quoted ${String(text)}` };
    const { message } = refusedBy(ASKED, given, NEED);
    expect(message).toContain('(quoted long text)');
    expect(message).not.toMatch(/secret|documentation_url/);
  });
});

test.each<[string | undefined, ReturnType<typeof quotaOf>]>([
  ['"default";r=0;t=12', { remaining: 0, resetsInSeconds: 12 }],
  ['"default"; r=57; t=1', { remaining: 57, resetsInSeconds: 1 }],
  ['r=3;t=4', { remaining: 3, resetsInSeconds: 4 }],
  ['"default";q=1200;w=300', undefined],
  ['', undefined],
  [undefined, undefined],
])('the quota in Ratelimit: %s', (ratelimit, quota) => {
  expect(quotaOf(ratelimit === undefined ? {} : { ratelimit })).toEqual(quota);
});

test.each([
  ['free', 100, 200],
  ['pro', 500, 3_500],
  ['enterprise', 500, 3_500],
  [undefined, 100, 200],
])('on the plan %s a comment has %i characters and a batch %i changes', (plan, commentLength, changesABatch) => {
  const zone: Zone = {
    id: 'z1',
    name: 'example.com',
    status: 'active',
    paused: false,
    ...(plan && { plan: { legacy_id: plan } }),
  };
  expect(limitsOf(zone)).toEqual({ commentLength, changesABatch });
});
