import type { RehearsalProxy } from '@maintenance-tasks/rehearsal/proxy';
import { showPage } from '@maintenance-tasks/tasks/maintenance-page/page';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { callsOf, PAGE, SESSION, TOKEN, trustedProxy, worldOf, type Zones } from './world.ts';

let proxy: RehearsalProxy;
beforeAll(async () => {
  proxy = await trustedProxy();
});
afterAll(() => proxy.close());

const SHOP = { name: 'www.example.com', type: 'A', content: '192.0.2.10', proxied: true } as const;
const ONE_ZONE: Zones = [{ name: 'example.com', records: [SHOP] }];
const show = { token: TOKEN, session: SESSION, dryRun: false, hosts: ['www.example.com'], target: PAGE };

/** That many zones, each with so many hosts. */
function manyZones(zones: number, hosts: number): { zones: Zones; hosts: string[] } {
  const names = Array.from({ length: zones }, (_, zone) => `shop${zone}.example`);
  const hostsOf = (zone: string) => Array.from({ length: hosts }, (_, host) => `h${host}.${zone}`);
  return {
    zones: names.map((name) => ({
      name,
      records: hostsOf(name).map((host) => ({ ...SHOP, name: host })),
    })),
    hosts: names.flatMap(hostsOf),
  };
}

describe('showing the page', () => {
  test('takes one call each to find, list, change, read back and purge', async () => {
    const world = worldOf(proxy, ONE_ZONE);
    const shown = await showPage(world.context(), show);
    expect(shown).toEqual({ changed: ['www.example.com'], showing: ['www.example.com'] });
    expect(callsOf(proxy)).toEqual([
      'GET zones',
      'GET dns_records',
      'POST batch',
      'GET dns_records',
      'POST purge_cache',
    ]);
    expect(proxy.calls.find(({ path }) => path.includes('dns_records'))?.path).toContain('name.exact=www.example.com&');
    expect(world.cloudflare.recordsOf('www.example.com')).toMatchObject([
      { type: 'CNAME', content: PAGE, proxied: true },
    ]);
    expect(world.cloudflare.leftovers()).toHaveLength(1);
    expect(world.cloudflare.lastPurgeOf('www.example.com')).toEqual(world.clock.now());
    expect(world.warnings).toEqual([]);
  });

  test('costs the same number of calls for 50 hosts in 5 zones as for 5 hosts', async () => {
    const { zones, hosts } = manyZones(5, 10);
    const world = worldOf(proxy, zones);
    const { changed } = await showPage(world.context(), { ...show, hosts });
    expect(changed).toHaveLength(50);
    expect(callsOf(proxy)).toHaveLength(1 + 5 * 4);
  });

  test('finds 50 zones with one call', async () => {
    const { zones, hosts } = manyZones(50, 1);
    const world = worldOf(proxy, zones);
    await showPage(world.context(), { ...show, hosts });
    expect(callsOf(proxy).filter((call) => call === 'GET zones')).toHaveLength(1);
  });

  test('works on some zones at once, not on all', async () => {
    const { zones, hosts } = manyZones(12, 1);
    let now = 0;
    let most = 0;
    const world = worldOf(proxy, zones, {
      instead: async (request, cloudflare) => {
        most = Math.max(most, ++now);
        await new Promise((resolve) => setTimeout(resolve, 5));
        now -= 1;
        return cloudflare.answer(request);
      },
    });
    await showPage(world.context(), { ...show, hosts });
    expect(most).toBe(4);
  });

  test('asks for a zone by its name where the token sees hundreds', async () => {
    const { zones } = manyZones(400, 0);
    const world = worldOf(proxy, [...zones, ...ONE_ZONE]);
    await showPage(world.context(), show);
    expect(callsOf(proxy).filter((call) => call === 'GET zones')).toHaveLength(3);
  });

  test('asks for a zone by its name where the token may not list zones', async () => {
    const world = worldOf(proxy, ONE_ZONE, {
      instead: ({ url }) =>
        url.pathname.endsWith('/zones') && !url.searchParams.has('name')
          ? {
              status: 403,
              body: { success: false, errors: [{ code: 0, message: 'requires com.cloudflare.api.account.zone.list' }] },
            }
          : undefined,
    });
    expect((await showPage(world.context(), show)).changed).toEqual(['www.example.com']);
  });

  test('reads on where the API gives out smaller pages than asked for', async () => {
    const world = worldOf(
      proxy,
      [
        {
          name: 'example.com',
          records: [...Array.from({ length: 25 }, (_, index) => ({ ...SHOP, name: `h${index}.example.com` })), SHOP],
        },
      ],
      {
        instead: (request, cloudflare) => {
          if (request.method !== 'GET' || !request.url.pathname.endsWith('dns_records')) return undefined;
          const url = new URL(request.url);
          url.searchParams.set('per_page', '10');
          return cloudflare.answer({ ...request, url }) as never;
        },
      },
    );
    const { changed } = await showPage(world.context(), { ...show, hosts: ['h24.example.com', 'www.example.com'] });
    expect(changed).toEqual(['h24.example.com', 'www.example.com']);
  });

  test('uses the longest zone that a host ends in', async () => {
    const host = 'www.shop.example.com';
    const world = worldOf(proxy, [
      { name: 'example.com', records: [SHOP] },
      { name: 'shop.example.com', records: [{ ...SHOP, name: host }] },
    ]);
    expect((await showPage(world.context(), { ...show, hosts: [host] })).changed).toEqual([host]);
  });

  test('takes hosts however they are written, each once', async () => {
    const world = worldOf(proxy, [
      { name: 'example.com', records: [SHOP, { ...SHOP, name: 'xn--mnchen-3ya.example.com' }] },
    ]);
    const hosts = ['WWW.example.com.', 'www.example.com', 'München.example.com'];
    const { showing } = await showPage(world.context(), { ...show, hosts });
    expect(showing).toEqual(['www.example.com', 'xn--mnchen-3ya.example.com']);
  });

  test('leaves records of other types and of other names alone', async () => {
    const others = [
      { name: 'www.example.com', type: 'TXT', content: 'v=spf1 -all' },
      { name: 'api.example.com', type: 'A', content: '192.0.2.77', proxied: true, comment: 'api' },
    ] as const;
    const world = worldOf(proxy, [{ name: 'example.com', records: [SHOP, ...others] }]);
    const before = world.cloudflare.state() as Record<string, object[]>;
    await showPage(world.context(), show);
    const after = world.cloudflare.state() as Record<string, object[]>;
    expect(after['api.example.com']).toEqual(before['api.example.com']);
    expect(after['www.example.com']).toContainEqual(before['www.example.com']?.[1]);
  });

  test('changes nothing the second time, and purges again', async () => {
    const world = worldOf(proxy, ONE_ZONE);
    await showPage(world.context(), show);
    const before = world.cloudflare.state();
    const again = await showPage(world.context(), show);
    expect(again).toEqual({ changed: [], showing: ['www.example.com'] });
    expect(world.cloudflare.state()).toEqual(before);
    expect(callsOf(proxy).slice(5)).toEqual(['GET zones', 'GET dns_records', 'POST purge_cache']);
  });

  test('stops after the plan of a dry run', async () => {
    const world = worldOf(proxy, ONE_ZONE);
    const before = world.cloudflare.state();
    const context = world.context();
    expect(await showPage(context, { ...show, dryRun: true })).toEqual({ changed: [], showing: [] });
    expect(context.report.changes).toEqual([
      {
        id: 'page:www.example.com',
        what: 'www.example.com',
        before: 'A 192.0.2.10',
        after: `CNAME ${PAGE}`,
        status: 'planned',
      },
    ]);
    expect(world.cloudflare.state()).toEqual(before);
  });

  test('splits a zone’s change where the plan takes no more in one batch', async () => {
    const { zones, hosts } = manyZones(1, 150);
    const world = worldOf(proxy, zones);
    await showPage(world.context(), { ...show, hosts });
    expect(callsOf(proxy).filter((call) => call === 'POST batch')).toHaveLength(2);
    expect(callsOf(proxy).filter((call) => call === 'POST purge_cache')).toHaveLength(2);
  });
});

describe('before the first change', () => {
  test('every problem of every host is found, all at once', async () => {
    const world = worldOf(
      proxy,
      [
        {
          name: 'example.com',
          records: [
            SHOP,
            { ...SHOP, name: 'open.example.com', proxied: false },
            { name: 'sub.example.com', type: 'NS', content: 'ns.example.net' },
          ],
        },
        { name: 'paused.example', paused: true, records: [{ ...SHOP, name: 'www.paused.example' }] },
      ],
      { page: null },
    );
    const before = world.cloudflare.state();
    const hosts = [
      'www.example.com',
      'open.example.com',
      'sub.example.com',
      'none.example.com',
      'www.example.org',
      'no host',
      'www.paused.example',
    ];
    const error = showPage(world.context(), { ...show, hosts });
    await expect(error).rejects.toMatchObject({ kind: 'refused', text: { state: 'Nothing was changed.' } });
    const message = await error.catch(String);
    expect(message).toContain('"no host" is not a host name');
    expect(message).toContain('www.example.org: its zone is not among those');
    expect(message).toContain('The zone paused.example is paused');
    expect(message).toContain('open.example.com: A 192.0.2.10 (not proxied)');
    expect(message).toContain('sub.example.com: it is delegated');
    expect(message).toContain('none.example.com: it has no A, AAAA or CNAME record');
    expect(message).toContain('The page cannot be reached');
    expect(message).not.toContain('- www.example.com');
    expect(world.cloudflare.state()).toEqual(before);
  });

  test('another session’s page is named as a conflict', async () => {
    const world = worldOf(proxy, ONE_ZONE);
    await showPage(world.context(), { ...show, session: 'mw-202611210230-b2cd' });
    await expect(showPage(world.context(), show)).rejects.toMatchObject({
      kind: 'conflict',
      message: expect.stringContaining('page of session mw-202611210230-b2cd already') as string,
    });
  });

  test.each<[string, object, RegExp[]]>([
    ['200', { status: 200, headers: { 'retry-after': '60', 'cache-control': 'no-store' } }, [/answers 200/]],
    [
      '404',
      { status: 404, headers: { 'retry-after': '60', 'cache-control': 'no-store' } },
      [/answers 404 instead of 503/],
    ],
    ['without Retry-After', { status: 503, headers: { 'cache-control': 'no-store' } }, [/Retry-After/]],
    [
      'that may be cached',
      { status: 503, headers: { 'retry-after': '60', 'cache-control': 'public, max-age=600' } },
      [/may be cached/],
    ],
    ['with nothing right', { status: 200 }, [/answers 200/, /may be cached/, /Retry-After/]],
  ])('a page that answers %s is warned about', async (_, page, expected) => {
    const world = worldOf(proxy, ONE_ZONE, { page: page as never });
    await showPage(world.context(), show);
    expect(world.warnings).toEqual(expected.map((words) => expect.stringMatching(words) as string));
  });

  test('a page that went down while it is shown is warned about', async () => {
    const world = worldOf(proxy, ONE_ZONE);
    await showPage(world.context(), show);
    proxy.use([world.answering]);
    expect((await showPage(world.context(), show)).showing).toEqual(['www.example.com']);
    expect(world.warnings).toEqual([expect.stringMatching(/The page cannot be reached/) as string]);
  });

  test('the page’s own 503 with Retry-After is not waited for', async () => {
    const world = worldOf(proxy, ONE_ZONE);
    await showPage(world.context(), show);
    expect(world.clock.waited).toBe(0);
    expect(proxy.calls.filter(({ host }) => host === PAGE)).toHaveLength(1);
  });

  test('a page with a certificate that is not known here is only warned about', async () => {
    const world = worldOf(proxy, ONE_ZONE);
    const { createAuthority } = await import('@maintenance-tasks/rehearsal/certificates');
    const issued = createAuthority('Origin CA').issue({ names: [PAGE] });
    const page = {
      name: 'page',
      hosts: [PAGE],
      answer: () => ({ status: 503 }),
      state: () => ({}),
      leftovers: () => [],
      certificateFor: () => issued,
    };
    proxy.use([world.answering, page]);
    await showPage(world.context(), show);
    expect(world.warnings).toEqual([
      expect.stringMatching(/could not be looked at from here.*Cloudflare may accept its certificate/) as string,
    ]);
  });
});

describe('when Cloudflare fails', () => {
  const atBatch = (fault: object | string) => {
    let done = false;
    return {
      fault: ({ path }: { path: string }) => {
        if (done || !path.endsWith('/batch')) return undefined;
        done = true;
        return fault as never;
      },
    };
  };
  const batches = () => callsOf(proxy).filter((call) => call === 'POST batch').length;

  test('a batch whose answer was lost is not sent twice', async () => {
    const world = worldOf(proxy, ONE_ZONE, { rules: atBatch('lost') });
    expect((await showPage(world.context(), show)).changed).toEqual(['www.example.com']);
    expect(batches()).toBe(1);
  });

  test.each([['reset'], [{ status: 500 }], [{ status: 429, retryAfter: 12 }]])(
    'a batch that met %j is sent again',
    async (fault) => {
      const world = worldOf(proxy, ONE_ZONE, { rules: atBatch(fault) });
      expect((await showPage(world.context(), show)).changed).toEqual(['www.example.com']);
      expect(batches()).toBe(2);
    },
  );

  test('a purge that met 500 is sent again', async () => {
    let failed = false;
    const world = worldOf(proxy, ONE_ZONE, {
      rules: {
        fault: ({ path }) => {
          if (failed || !path.endsWith('purge_cache')) return undefined;
          failed = true;
          return { status: 500 };
        },
      },
    });
    await showPage(world.context(), show);
    expect(world.cloudflare.lastPurgeOf('www.example.com')).toBeDefined();
  });

  test('a 200 that says success: false is a failure', async () => {
    const world = worldOf(proxy, ONE_ZONE, {
      instead: ({ url }) =>
        url.pathname.endsWith('/batch')
          ? {
              status: 200,
              body: { success: false, errors: [{ code: 1004, message: 'DNS Validation Error' }], result: null },
            }
          : undefined,
    });
    await expect(showPage(world.context(), show)).rejects.toMatchObject({
      kind: 'remote',
      message: expect.stringMatching(/answered 200, code 1004 \(DNS Validation Error\)/) as string,
    });
  });

  test('a record that reads back otherwise is a conflict', async () => {
    const world = worldOf(proxy, ONE_ZONE, {
      instead: (request, cloudflare) => {
        const answer = cloudflare.answer(request) as { body: { result: { posts: { id: string }[] } } };
        if (!request.url.pathname.endsWith('/batch')) return answer as never;
        const url = new URL(request.url.href.replace('batch', String(answer.body.result.posts[0]?.id)));
        const body = Buffer.from(JSON.stringify({ content: 'hand.example.net' }));
        void cloudflare.answer({ ...request, method: 'PATCH', url, body });
        return answer as never;
      },
    });
    await expect(showPage(world.context(), show)).rejects.toMatchObject({
      kind: 'conflict',
      message: expect.stringMatching(
        /set to CNAME maintenance\.example\.com, reads back as CNAME hand\.example\.net/,
      ) as string,
    });
  });

  test('a token without Cache Purge is told at the end, and a second run only purges', async () => {
    const world = worldOf(proxy, ONE_ZONE, {
      tokens: [{ token: TOKEN, permissions: ['Zone Read', 'DNS Write'] }, { token: 'better' }],
    });
    await expect(showPage(world.context(), show)).rejects.toMatchObject({
      kind: 'auth',
      message: expect.stringMatching(/The maintenance page is on, but .*lacks Cache Purge on example\.com/s) as string,
    });
    expect(world.warnings).toHaveLength(1);
    expect(world.cloudflare.leftovers()).toHaveLength(1);
    await showPage(world.context(), { ...show, token: 'better' });
    expect(world.cloudflare.lastPurgeOf('www.example.com')).toBeDefined();
    expect(batches()).toBe(1);
  });

  test.each<[string, string, RegExp]>([
    ['that is not known', 'unknown', /does not accept the token/],
    ['that was disabled', 'disabled', /does not accept the token/],
    ['that is no token', 'not/a/token', /does not accept the token.*code 6003/],
    ['with a line break', 'two\nlines', /has a blank, a line break/],
    ['that may not read records', 'blind', /lacks DNS Read on example\.com/],
    ['that may not change records', 'reader', /lacks DNS Write on example\.com/],
    ['that may not see zones', 'zoneless', /lacks Zone Read/],
  ])('a token %s is named as what it is', async (_, token, words) => {
    const world = worldOf(proxy, ONE_ZONE, {
      tokens: [
        { token: 'disabled', status: 'disabled' },
        { token: 'blind', permissions: ['Zone Read'] },
        { token: 'reader', permissions: ['Zone Read', 'DNS Read'] },
        { token: 'zoneless', permissions: ['DNS Write', 'Cache Purge'] },
      ],
    });
    const error = await showPage(world.context(), { ...show, token }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ kind: 'auth', message: expect.stringMatching(words) as string });
    expect(String(error)).not.toContain(`Bearer`);
    expect(world.cloudflare.leftovers()).toEqual([]);
  });

  test('the purge quota of the account is waited for', async () => {
    const { zones, hosts } = manyZones(27, 1);
    const world = worldOf(proxy, zones);
    await showPage(world.context(), { ...show, hosts });
    expect(world.clock.waited).toBeGreaterThanOrEqual(12_000);
    expect(hosts.filter((host) => !world.cloudflare.lastPurgeOf(host))).toEqual([]);
  });

  test('a request quota that is used up is waited for instead of being run into', async () => {
    const world = worldOf(proxy, ONE_ZONE);
    const request = {
      method: 'GET',
      url: new URL('https://api.cloudflare.com/client/v4/zones'),
      body: Buffer.alloc(0),
      connectedTo: { host: '', port: 443 },
    };
    for (let made = 0; made < 1_198; made++)
      void world.cloudflare.answer({ ...request, headers: { authorization: `Bearer ${TOKEN}` } });
    await showPage(world.context(), show);
    expect(world.clock.waited).toBe(300_000);
    expect(proxy.calls.map(({ status }) => status)).not.toContain(429);
  });
});
