import { beforeEach, describe, expect, test } from 'vitest';
import { type CloudflareStandIn, cloudflareStandIn } from './cloudflare.ts';

const ACCOUNT = 'a'.repeat(32);
const LISTS = `/accounts/${ACCOUNT}/rules/lists`;

interface Answer {
  readonly status: number;
  readonly body?: {
    readonly success: boolean;
    readonly errors: readonly { readonly message: string }[];
    readonly result: never;
    readonly result_info?: { readonly cursors?: { readonly after?: string } };
  };
}

let now: number;
let standIn: CloudflareStandIn;
beforeEach(() => {
  now = Date.parse('2026-11-21T20:00:00Z');
  standIn = cloudflareStandIn(
    {
      zones: [
        { name: 'example.com', account: ACCOUNT, plan: 'pro', rules: [{ action: 'block', expression: 'true' }] },
        { name: 'example.org', account: ACCOUNT },
      ],
      lists: [
        { account: ACCOUNT, name: 'office', items: [{ ip: '198.51.100.1', comment: 'one' }, { ip: '198.51.100.2' }] },
      ],
      tokens: [{ token: 'all' }, { token: 'reader', permissions: ['Account Filter Lists Read', 'Zone WAF Read'] }],
    },
    { now: () => new Date(now) },
  );
});

function send(method: string, path: string, body?: unknown, token = 'all'): Answer {
  return standIn.answer({
    method,
    url: new URL(`https://api.cloudflare.com/client/v4${path}`),
    connectedTo: { host: 'api.cloudflare.com', port: 443 },
    headers: { authorization: `Bearer ${token}` },
    body: Buffer.from(body === undefined ? '' : JSON.stringify(body)),
  }) as Answer;
}
const resultOf = (method: string, path: string, body?: unknown) => send(method, path, body).body?.result as never;
const idOf = (name: string) =>
  (resultOf('GET', LISTS) as { id: string; name: string }[]).find((list) => list.name === name)?.id;
const items = () => (standIn.state() as Record<string, string[]>)['List office'];

describe('lists', () => {
  test('change their items after a while, one operation of the account at a time', () => {
    const path = `${LISTS}/${idOf('office')}/items`;
    const { operation_id: id } = resultOf('POST', path, [{ ip: '203.0.113.7' }]) as { operation_id: string };
    const status = () => resultOf('GET', `${LISTS}/bulk_operations/${id}`) as object;
    expect(status()).toEqual({ id, status: 'pending' });
    expect(send('DELETE', path, { items: [{ id }] })).toMatchObject({ status: 429 });
    now += 1_000;
    expect(status()).toEqual({ id, status: 'running' });
    expect(items()).toHaveLength(2);
    now += 1_000;
    expect(status()).toEqual({ id, status: 'completed', completed: '2026-11-21T20:00:02.000Z' });
    expect(items()).toHaveLength(3);
    expect(send('GET', `${LISTS}/bulk_operations/none`).status).toBe(404);
  });

  test('lose the comment of an address that is posted again, and all others by PUT', () => {
    const path = `${LISTS}/${idOf('office')}/items`;
    send('POST', path, [{ ip: '198.51.100.1', comment: 'two' }]);
    now += 2_000;
    expect(items()).toEqual(['198.51.100.1 (two)', '198.51.100.2']);
    send('PUT', path, [{ ip: '198.51.100.9' }]);
    now += 2_000;
    expect(items()).toEqual(['198.51.100.9']);
  });

  test('are read page by page, and by the beginning of an address', () => {
    const path = `${LISTS}/${idOf('office')}/items`;
    const first = send('GET', `${path}?per_page=1`);
    const after = first.body?.result_info?.cursors?.after;
    expect(first.body?.result).toMatchObject([{ ip: '198.51.100.1' }]);
    const second = send('GET', `${path}?per_page=1&cursor=${after}`);
    expect(second.body).toMatchObject({ result: [{ ip: '198.51.100.2' }] });
    expect(second.body?.result_info).toBeUndefined();
    expect(resultOf('GET', `${path}?search=198.51.100.2`)).toMatchObject([{ ip: '198.51.100.2' }]);
    expect(send('GET', `${path}?per_page=501`).status).toBe(400);
  });

  test('cannot be deleted while a rule of any zone refers to them', () => {
    const path = `/zones/${zoneId('example.org')}/rulesets`;
    const rule = { action: 'block', enabled: false, expression: 'not ip.src in $office' };
    send('POST', path, { name: 'x', kind: 'zone', phase: 'http_request_firewall_custom', rules: [rule] });
    expect(send('DELETE', `${LISTS}/${idOf('office')}`).body?.errors[0]?.message).toMatch(/referenced by a rule/);
    send('PUT', `${path}/phases/http_request_firewall_custom/entrypoint`, { rules: [] });
    expect(send('DELETE', `${LISTS}/${idOf('office')}`).status).toBe(200);
    expect(send('PUT', `${path}/phases/http_request_firewall_custom/entrypoint`, { rules: [rule] }).status).toBe(400);
  });

  test.each([
    ['a name with a dash', LISTS, { name: 'my-list', kind: 'ip' }],
    ['a name that is too long', LISTS, { name: 'x'.repeat(51), kind: 'ip' }],
    ['a name that is there already', LISTS, { name: 'office', kind: 'ip' }],
    ['an unknown kind', LISTS, { name: 'other', kind: 'mac' }],
    ['no array', 'items', { ip: '203.0.113.7' }],
    ['an item that is no address', 'items', [{ ip: 'example.com' }]],
    ['a range that is too wide', 'items', [{ ip: '8.0.0.0/7' }]],
    ['an IPv6 range that is too wide', 'items', [{ ip: '2001::/11' }]],
  ])('refuse %s', (_, path, body) => {
    expect(send('POST', path === 'items' ? `${LISTS}/${idOf('office')}/items` : path, body).status).toBe(400);
  });

  test('refuse a token without the permission, an unknown account, and more lists than the plan has', () => {
    const path = `${LISTS}/${idOf('office')}/items`;
    expect(send('GET', path, undefined, 'reader').status).toBe(200);
    expect(send('POST', path, [{ ip: '203.0.113.7' }], 'reader').status).toBe(403);
    expect(send('GET', `/accounts/${'c'.repeat(32)}/rules/lists`).status).toBe(403);
    for (let n = 1; n < 10; n++) expect(send('POST', LISTS, { name: `list_${n}`, kind: 'ip' }).status).toBe(200);
    expect(send('POST', LISTS, { name: 'list_10', kind: 'ip' }).body?.errors[0]?.message).toMatch(/plan allows 10/);
  });
});

describe('custom rules', () => {
  const entrypoint = (zone: string) => `/zones/${zoneId(zone)}/rulesets/phases/http_request_firewall_custom/entrypoint`;
  const ruleset = () => resultOf('GET', entrypoint('example.com')) as { id: string; version: string; rules: Rule[] };
  const rulesPath = () => `/zones/${zoneId('example.com')}/rulesets/${ruleset().id}/rules`;
  interface Rule {
    readonly id: string;
    readonly ref: string;
    readonly version: string;
    readonly [other: string]: unknown;
  }

  test('have no entry point until there is a ruleset, which is made once', () => {
    expect(send('GET', entrypoint('example.org')).status).toBe(404);
    const made = { name: 'x', kind: 'zone', phase: 'http_request_firewall_custom', rules: [] };
    const path = `/zones/${zoneId('example.org')}/rulesets`;
    const { id } = resultOf('POST', path, made) as { id: string };
    expect(send('POST', path, made).status).toBe(400);
    expect(send('DELETE', `${path}/${id}`)).toMatchObject({ status: 204 });
    expect(send('GET', entrypoint('example.org')).status).toBe(404);
  });

  test('forget by PATCH what is not sent, and get a new version by every write', () => {
    const [rule] = ruleset().rules;
    const path = `${rulesPath()}/${rule?.id}`;
    send('PATCH', path, { action: 'block', expression: 'ip.src eq 192.0.2.1', description: 'x', enabled: false });
    expect(ruleset()).toMatchObject({ version: '2', rules: [{ version: '2', ref: rule?.ref, enabled: false }] });
    expect(send('PATCH', path, { enabled: true }).status).toBe(400);
    send('PATCH', path, { action: 'block', expression: 'false' });
    expect(ruleset()).toMatchObject({ version: '3', rules: [{ expression: 'false', enabled: true }] });
    expect(ruleset().rules[0]).not.toHaveProperty('description');
  });

  test('stand where their position says', () => {
    const add = (ref: string, position?: object) =>
      send('POST', rulesPath(), { action: 'block', expression: 'true', ref, ...(position && { position }) }).status;
    expect([add('last'), add('first', { index: 1 }), add('too-far', { index: 9 })]).toEqual([200, 200, 400]);
    const ids = ruleset().rules.map(({ id }) => id);
    send('PATCH', `${rulesPath()}/${ids[2]}`, { position: { before: ids[1] } });
    expect(ruleset().rules.map(({ id }) => id)).toEqual([ids[0], ids[2], ids[1]]);
    expect(add('first')).toBe(400);
    send('DELETE', `${rulesPath()}/${ids[2]}`);
    expect(ruleset().rules.map(({ id }) => id)).toEqual([ids[0], ids[1]]);
  });

  test.each([
    ['no action', { expression: 'true' }],
    ['an action that others have', { action: 'redirect', expression: 'true' }],
    ['no expression', { action: 'block' }],
    ['an expression that is too long', { action: 'block', expression: 'x'.repeat(4_097) }],
    ['a list that is not there', { action: 'block', expression: 'ip.src in $other' }],
  ])('refuse %s', (_, rule) => {
    expect(send('POST', rulesPath(), rule).status).toBe(400);
  });

  test('know a list from text in quotes', () => {
    expect(send('POST', rulesPath(), { action: 'block', expression: 'http.host eq "$other"' }).status).toBe(200);
  });

  test('are as many as the plan allows, and need the permission', () => {
    const rule = { action: 'block', expression: 'true' };
    expect(send('POST', rulesPath(), rule, 'reader').status).toBe(403);
    for (let n = 1; n < 20; n++) expect(send('POST', rulesPath(), rule).status).toBe(200);
    expect(send('POST', rulesPath(), rule).body?.errors[0]?.message).toMatch(/maximum number of rules/);
  });
});

test('tells whoever asks from where, without a token', () => {
  const asked = (path: string) =>
    standIn.answer({
      method: 'GET',
      url: new URL(`https://www.cloudflare.com${path}`),
      connectedTo: { host: 'www.cloudflare.com', port: 443 },
      headers: {},
      body: Buffer.alloc(0),
    });
  expect(asked('/cdn-cgi/trace')).toMatchObject({ status: 200, body: expect.stringMatching(/^ip=203\.0\.113\.200$/m) });
  expect(asked('/')).toMatchObject({ status: 404 });
});

function zoneId(name: string): string | undefined {
  return (resultOf('GET', `/zones?name=${name}`) as { id: string }[])[0]?.id;
}
