import type { RehearsalProxy } from '@maintenance-tasks/rehearsal/proxy';
import { checkAccess } from '@maintenance-tasks/tasks/maintenance-page/page';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { trustedProxy, worldOf, type Zones } from './world.ts';

let proxy: RehearsalProxy;
beforeAll(async () => {
  proxy = await trustedProxy();
});
afterAll(() => proxy.close());

const ZONES: Zones = [{ name: 'example.com' }, { name: 'example.org' }];
const UNTIL = new Date('2026-11-22T02:30:00Z');
const TOKENS = [
  { token: 'good', 'expires-on': '2027-01-01T00:00:00Z' },
  { token: 'of-account', owner: 'account' as const },
  { token: 'short', 'expires-on': '2026-11-22T00:00:00Z' },
  { token: 'short-of-account', owner: 'account' as const, 'expires-on': '2026-11-22T00:00:00Z' },
  { token: 'one-zone', zones: ['example.com'] },
  { token: 'no-purge', permissions: ['Zone Read' as const, 'DNS Write' as const] },
  { token: 'reader', permissions: ['Zone Read' as const, 'DNS Read' as const] },
  { token: 'blind', permissions: ['Zone Read' as const] },
  { token: 'disabled', status: 'disabled' as const },
];

test.each<[string, RegExp[]]>([
  ['good', []],
  ['of-account', []],
  ['short', [/expires at 2026-11-22T00:00:00Z, before the window has ended/]],
  ['short-of-account', [/expires at 2026-11-22T00:00:00Z/]],
  ['one-zone', [/cannot see the zone of www\.example\.org/]],
  ['no-purge', [/lacks Cache Purge on example\.com/, /lacks Cache Purge on example\.org/]],
  [
    'reader',
    [
      /DNS Write on example\.com/,
      /Cache Purge on example\.com/,
      /DNS Write on example\.org/,
      /Cache Purge on example\.org/,
    ],
  ],
  [
    'blind',
    [
      /DNS Write on example\.com/,
      /Cache Purge on example\.com/,
      /DNS Write on example\.org/,
      /Cache Purge on example\.org/,
      /lacks DNS Read on example\.com/,
      /lacks DNS Read on example\.org/,
    ],
  ],
  ['disabled', [/does not accept the token/]],
  ['unknown', [/does not accept the token/]],
  ['broken token', [/has a blank/]],
])('the token "%s" has these problems: %j', async (token, expected) => {
  const world = worldOf(proxy, ZONES, { tokens: TOKENS });
  const problems = await checkAccess(world.context(), {
    token,
    hosts: ['www.example.com', 'www.example.org'],
    until: UNTIL,
  });
  expect(problems).toEqual(expected.map((words) => expect.stringMatching(words) as string));
});

test('hosts that are none are problems, too', async () => {
  const world = worldOf(proxy, ZONES, { tokens: TOKENS });
  expect(await checkAccess(world.context(), { token: 'good', hosts: ['www.example.com', 'a b'] })).toEqual([
    '"a b" is not a host name.',
  ]);
});

test('nothing is changed by looking', async () => {
  const world = worldOf(proxy, ZONES, { tokens: TOKENS });
  await checkAccess(world.context(), { token: 'good', hosts: ['www.example.com'] });
  expect(proxy.calls.map(({ method }) => method)).not.toContain('POST');
});
