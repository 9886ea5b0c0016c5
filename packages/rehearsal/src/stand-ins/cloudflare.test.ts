import { beforeEach, describe, expect, test } from 'vitest';
import { type CloudflareSeed, cloudflareStandIn } from './cloudflare.ts';

const SEED: CloudflareSeed = {
  zones: [
    {
      name: 'example.com',
      records: [
        { name: '@', type: 'A', content: '192.0.2.1', proxied: true, ttl: 300 },
        { name: 'www', type: 'CNAME', content: 'shop.example.net', proxied: true, comment: 'Shop' },
        { name: 'mail', type: 'MX', content: 'mx.example.net', ttl: 3600 },
        { name: 'many', type: 'A', content: '192.0.2.2' },
        { name: 'many', type: 'A', content: '192.0.2.3' },
      ],
    },
    { name: 'example.org', plan: 'pro', account: 'other' },
  ],
  tokens: [
    { token: 'all' },
    { token: 'reader', permissions: ['Zone Read', 'DNS Read'] },
    { token: 'one', zones: ['example.org'] },
    { token: 'disabled', status: 'disabled' },
    { token: 'of-account', owner: 'account' },
  ],
};

interface Answer {
  status: number;
  headers: Record<string, string>;
  body: {
    success: boolean;
    errors: { code: number; message: string }[];
    result: never;
    result_info: Record<string, number>;
  };
}

let now: Date;
let standIn: ReturnType<typeof cloudflareStandIn>;
beforeEach(() => {
  now = new Date('2026-11-21T20:00:00Z');
  standIn = cloudflareStandIn(SEED, { now: () => now });
});

function send(method: string, path: string, body?: unknown, authorization = 'Bearer all'): Answer {
  return standIn.answer({
    method,
    url: new URL(`https://api.cloudflare.com/client/v4${path}`),
    connectedTo: { host: 'api.cloudflare.com', port: 443 },
    headers: authorization ? { authorization } : {},
    body: Buffer.from(body === undefined ? '' : JSON.stringify(body)),
  }) as Answer;
}

interface Shown {
  id: string;
  name: string;
  type: string;
  content: string;
  ttl: number;
  comment: string | null;
  proxied: boolean;
  tags: string[];
}

const zoneId = (name: string) => (send('GET', `/zones?name=${name}`).body.result as { id: string }[])[0]?.id;
const records = (query = '', zone = 'example.com') =>
  send('GET', `/zones/${zoneId(zone)}/dns_records${query}`).body.result as Shown[];
const recordOf = (name: string) => records(`?name.exact=${name}`)[0] as Shown;
const batch = (body: object, zone = 'example.com') => send('POST', `/zones/${zoneId(zone)}/dns_records/batch`, body);
const create = (body: object, zone = 'example.com') => send('POST', `/zones/${zoneId(zone)}/dns_records`, body);
const codeOf = ({ status, body }: Answer) => [status, body.errors[0]?.code];

describe('tokens', () => {
  test.each<[string, string, number, number]>([
    ['no header', '', 400, 9106],
    ['no token', 'Bearer not/a/token', 400, 6003],
    ['an unknown one', 'Bearer unknown', 401, 10000],
    ['a disabled one', 'Bearer disabled', 401, 10000],
  ])('%s is refused', (_, authorization, status, code) =>
    expect(codeOf(send('GET', '/zones', undefined, authorization))).toEqual([status, code]),
  );

  test('a missing permission is refused', () => {
    expect(codeOf(send('POST', `/zones/${zoneId('example.com')}/dns_records`, {}, 'Bearer reader'))).toEqual([
      403, 10000,
    ]);
    expect(codeOf(send('POST', `/zones/${zoneId('example.com')}/purge_cache`, {}, 'Bearer reader'))).toEqual([
      403, 10000,
    ]);
  });

  test('zones that a token is not for do not exist for it', () => {
    const zones = send('GET', '/zones', undefined, 'Bearer one').body.result as { name: string }[];
    expect(zones.map(({ name }) => name)).toEqual(['example.org']);
    expect(send('GET', `/zones/${zoneId('example.com')}`, undefined, 'Bearer one').status).toBe(404);
  });

  test('are verified where they belong, a disabled one, too', () => {
    expect(send('GET', '/user/tokens/verify').body.result).toMatchObject({ status: 'active' });
    expect(send('GET', '/user/tokens/verify', undefined, 'Bearer disabled').body.result).toMatchObject({
      status: 'disabled',
    });
    expect(codeOf(send('GET', '/user/tokens/verify', undefined, 'Bearer of-account'))).toEqual([401, 1000]);
    expect(send('GET', '/accounts/a1/tokens/verify', undefined, 'Bearer of-account').status).toBe(200);
  });
});

describe('records', () => {
  test('have their full name, and an automatic time to live while proxied', () => {
    expect(recordOf('example.com')).toMatchObject({ ttl: 1, proxied: true });
    expect(recordOf('mail.example.com')).toMatchObject({ ttl: 3600, proxied: false });
  });

  test.each<[string, number]>([
    ['?name.exact=MANY.example.com', 2],
    ['?name.contains=ma', 3],
    ['?comment.contains=sho', 1],
    ['?comment.absent=true', 4],
    ['?type=A&proxied=false', 2],
    ['?type=MX&comment.contains=sho', 0],
    ['?type=MX&comment.contains=sho&match=any', 2],
    ['?per_page=2&page=3', 1],
    ['?per_page=2&page=4', 0],
  ])('are listed by %s: %i', (query, count) => expect(records(query)).toHaveLength(count));

  test('come with what there is in all', () => {
    const { body } = send('GET', `/zones/${zoneId('example.com')}/dns_records?per_page=2`);
    expect(body.result_info).toEqual({ page: 1, per_page: 2, count: 2, total_count: 5, total_pages: 3 });
  });

  test.each<[string, object, number, string?]>([
    ['an address that is none', { type: 'A', name: 'x', content: '192.0.2' }, 9005],
    ['an IPv6 address that is none', { type: 'AAAA', name: 'x', content: '192.0.2.1' }, 9006],
    ['a CNAME to an address', { type: 'CNAME', name: 'x', content: '2001:db8::1' }, 9007],
    ['a CNAME to itself', { type: 'CNAME', name: 'x', content: 'x.example.com' }, 9039],
    ['a proxied MX', { type: 'MX', name: 'x', content: 'mx.example.net', proxied: true }, 9004],
    ['a time to live that is too short', { type: 'A', name: 'x', content: '192.0.2.9', ttl: 30 }, 9021],
    ['an address beside a CNAME', { type: 'A', name: 'www', content: '192.0.2.9' }, 81053],
    ['a CNAME beside an address', { type: 'CNAME', name: 'many', content: 'x.example.net' }, 81053],
    ['an identical record', { type: 'A', name: 'many', content: '192.0.2.3' }, 81058],
    ['NS beside others', { type: 'NS', name: 'many', content: 'ns.example.net' }, 81056],
    [
      'a comment of 101 characters on the free plan',
      { type: 'A', name: 'x', content: '192.0.2.9', comment: 'x'.repeat(101) },
      1004,
    ],
    [
      'a comment of 501 characters on a paid plan',
      { type: 'A', name: 'x', content: '192.0.2.9', comment: 'x'.repeat(501) },
      1004,
      'example.org',
    ],
    ['a comment with a line break', { type: 'A', name: 'x', content: '192.0.2.9', comment: 'a\nb' }, 1004],
    ['tags on the free plan', { type: 'A', name: 'x', content: '192.0.2.9', tags: ['team:shop'] }, 9300],
    ['a tag that is none', { type: 'A', name: 'x', content: '192.0.2.9', tags: ['te am:shop'] }, 1004, 'example.org'],
  ])('refuse %s', (_, body, code, zone) => expect(codeOf(create(body, zone))).toEqual([400, code]));

  test('keep what a patch leaves out, and lose what an overwrite leaves out', () => {
    const { id, type, name, content } = recordOf('www.example.com');
    const path = `/zones/${zoneId('example.com')}/dns_records/${id}`;
    send('PATCH', path, { content: 'other.example.net' });
    expect(recordOf('www.example.com')).toMatchObject({
      id,
      content: 'other.example.net',
      proxied: true,
      comment: 'Shop',
    });
    send('PUT', path, { type, name, content });
    expect(recordOf('www.example.com')).toMatchObject({ id, content, proxied: false, comment: null });
    expect(send('DELETE', path).body.result).toEqual({ id });
    expect(codeOf(send('DELETE', path))).toEqual([404, 81044]);
  });
});

describe('a batch', () => {
  test('deletes first, whatever comes first in its body', () => {
    const [one, two] = records('?name.exact=many.example.com') as [Shown, Shown];
    const answer = batch({
      posts: [{ type: 'CNAME', name: 'many.example.com', content: 'x.example.net', proxied: true }],
      deletes: [{ id: one.id }, { id: two.id }],
    });
    expect(answer.status).toBe(200);
    expect(standIn.recordsOf('MANY.example.com.')).toMatchObject([
      { type: 'CNAME', content: 'x.example.net', proxied: true },
    ]);
  });

  test('is carried out whole or not at all', () => {
    const before = standIn.state();
    const { id } = recordOf('www.example.com');
    const answer = batch({ deletes: [{ id }], posts: [{ type: 'A', name: 'many', content: '192.0.2.2' }] });
    expect(codeOf(answer)).toEqual([400, 81058]);
    expect(standIn.state()).toEqual(before);
  });

  test('has as many changes as the plan allows', () => {
    const posts = (count: number) =>
      Array.from({ length: count }, (_, index) => ({ type: 'A', name: `h${index}`, content: '192.0.2.9' }));
    expect(batch({ posts: posts(201) }).status).toBe(400);
    expect(batch({ posts: posts(201) }, 'example.org').status).toBe(200);
  });

  test('stops at the number of records that the free plan has', () => {
    const posts = Array.from({ length: 196 }, (_, index) => ({ type: 'A', name: `h${index}`, content: '192.0.2.9' }));
    expect(codeOf(batch({ posts }))).toEqual([400, 81045]);
    expect(batch({ posts: posts.slice(1) }).status).toBe(200);
  });
});

describe('limits', () => {
  const purge = (body: object, zone = 'example.com') => send('POST', `/zones/${zoneId(zone)}/purge_cache`, body);

  test('a purge has exactly one kind and at most 100 hosts of its zone', () => {
    expect(purge({ hosts: ['www.example.com'], tags: ['x'] }).status).toBe(400);
    expect(purge({}).status).toBe(400);
    expect(purge({ hosts: Array.from({ length: 101 }, (_, index) => `h${index}.example.com`) }).status).toBe(400);
    expect(purge({ hosts: ['www.example.org'] }).status).toBe(400);
    expect(purge({ hosts: ['www.example.com'] }).status).toBe(200);
    expect(standIn.lastPurgeOf('www.example.com')).toEqual(now);
  });

  test('purges of an account are limited, and come back with time', () => {
    const statuses = Array.from({ length: 26 }, () => purge({ hosts: ['www.example.com'] }));
    expect(statuses.map(({ status }) => status)).toEqual([...Array<number>(25).fill(200), 429]);
    expect(statuses.at(-1)?.headers['retry-after']).toBe('12');
    expect(purge({ hosts: ['www.example.org'] }, 'example.org').status).toBe(200);
    now = new Date(now.getTime() + 12_000);
    expect(purge({ hosts: ['www.example.com'] }).status).toBe(200);
  });

  test('the 1,201st request within five minutes shuts everything for five minutes', () => {
    const statuses = Array.from({ length: 1_200 }, () => send('GET', '/user/tokens/verify'));
    expect(new Set(statuses.map(({ status }) => status))).toEqual(new Set([200]));
    expect(statuses.at(-1)?.headers.ratelimit).toBe('"default";r=0;t=300');
    const refused = send('GET', '/user/tokens/verify');
    expect([refused.status, refused.headers['retry-after']]).toEqual([429, '300']);
    expect(send('GET', '/zones', undefined, 'Bearer reader').status).toBe(200);
    now = new Date(now.getTime() + 299_000);
    expect(send('GET', '/user/tokens/verify').status).toBe(429);
    now = new Date(now.getTime() + 1_000);
    expect(send('GET', '/user/tokens/verify').status).toBe(200);
  });

  test('zones come 50 a page at most', () => expect(send('GET', '/zones?per_page=51').status).toBe(400));
});

describe('what can be seen of it', () => {
  test('is each name’s records, without ids and dates', () => {
    expect(standIn.state()).toMatchObject({
      'www.example.com': [{ type: 'CNAME', content: 'shop.example.net', proxied: true, ttl: 1, comment: 'Shop' }],
    });
  });

  test('is no leftover until a record carries a note', () => {
    expect(standIn.leftovers()).toEqual([]);
    const { id } = recordOf('www.example.com');
    batch({ patches: [{ id, comment: 'mt1|mw-202611220230-k7qx|[]|x' }] });
    expect(standIn.leftovers()).toEqual([
      'www.example.com carries the maintenance page of session mw-202611220230-k7qx: CNAME shop.example.net.',
    ]);
  });
});

test('a seed that Cloudflare would not take is named', () => {
  const zones = [{ name: 'example.com', records: [{ name: 'www', type: 'A' as const, content: 'shop' }] }];
  expect(() => cloudflareStandIn({ zones }, { now: () => now })).toThrow(/A www cannot stand in the zone example\.com/);
});
