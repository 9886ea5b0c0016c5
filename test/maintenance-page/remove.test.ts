import type { RehearsalProxy } from '@maintenance-tasks/rehearsal/proxy';
import { findPages, pageStatus, removePage, showPage } from '@maintenance-tasks/tasks/maintenance-page/page';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { callsOf, PAGE, SESSION, TOKEN, trustedProxy, worldOf, type Zones } from './world.ts';

let proxy: RehearsalProxy;
beforeAll(async () => {
  proxy = await trustedProxy();
});
afterAll(() => proxy.close());

const OTHER = 'mw-202611210230-b2cd';
const HOSTS = ['www.example.com', 'my.example.com', 'shop.example.org'];
const ZONES: Zones = [
  {
    name: 'example.com',
    records: [
      { name: 'www.example.com', type: 'A', content: '192.0.2.10', proxied: true, comment: 'shop' },
      { name: 'www.example.com', type: 'AAAA', content: '2001:db8::10', proxied: true },
      { name: 'my.example.com', type: 'CNAME', content: 'my.example.net', proxied: true },
    ],
  },
  {
    name: 'example.org',
    plan: 'pro',
    records: [
      {
        name: 'shop.example.org',
        type: 'A',
        content: '192.0.2.20',
        proxied: true,
        tags: ['team:shop'],
        settings: { ipv4_only: true },
      },
    ],
  },
];
const common = { token: TOKEN, session: SESSION, dryRun: false };
const show = { ...common, hosts: HOSTS, target: PAGE };
type World = ReturnType<typeof worldOf>;

/** As a person changes a record in the dashboard. */
async function byHand(world: World, host: string, change: object): Promise<void> {
  const send = (method: string, path: string, body = '') =>
    world.cloudflare.answer({
      method,
      url: new URL(`https://api.cloudflare.com/client/v4/zones${path}`),
      headers: { authorization: `Bearer ${TOKEN}` },
      connectedTo: { host: 'api.cloudflare.com', port: 443 },
      body: Buffer.from(body),
    }) as { status: number; body: { result: { id: string }[] } };
  const zone = send('GET', `?name=${host.split('.').slice(1).join('.')}`).body.result[0]?.id;
  const record = send('GET', `/${zone}/dns_records?name.exact=${host}`).body.result[0]?.id;
  expect(send('PATCH', `/${zone}/dns_records/${record}`, JSON.stringify(change)).status).toBe(200);
}

describe('taking the page away', () => {
  test.each([
    ['with its hosts', { hosts: HOSTS }],
    ['wherever its notes are found', {}],
  ])('restores every record, %s', async (_, given) => {
    const world = worldOf(proxy, ZONES);
    const before = world.cloudflare.state();
    await showPage(world.context(), show);
    expect(world.cloudflare.state()).not.toEqual(before);
    const { restored, showing } = await removePage(world.context(), { ...common, ...given });
    expect([...restored].sort()).toEqual([...HOSTS].sort());
    expect(showing).toEqual([]);
    expect(world.cloudflare.state()).toEqual(before);
    expect(world.cloudflare.leftovers()).toEqual([]);
    expect(HOSTS.map((host) => world.cloudflare.lastPurgeOf(host))).not.toContain(undefined);
  });

  test('changes nothing the second time', async () => {
    const world = worldOf(proxy, ZONES);
    await showPage(world.context(), show);
    await removePage(world.context(), { ...common, hosts: HOSTS });
    const calls = callsOf(proxy).length;
    expect(await removePage(world.context(), { ...common, hosts: HOSTS })).toEqual({ restored: [], showing: [] });
    expect(callsOf(proxy).slice(calls)).not.toContain('POST batch');
  });

  test('gives the other hosts back before it reports one that somebody changed', async () => {
    const world = worldOf(proxy, ZONES);
    await showPage(world.context(), show);
    await byHand(world, 'www.example.com', { content: 'hand.example.net' });
    await expect(removePage(world.context(), { ...common, hosts: HOSTS })).rejects.toMatchObject({
      kind: 'conflict',
      message: expect.stringMatching(
        /www\.example\.com: the session set CNAME maintenance\.example\.com.*stands at CNAME hand\.example\.net.*stood at A 192\.0\.2\.10, AAAA 2001:db8::10/,
      ) as string,
    });
    expect(world.cloudflare.recordsOf('www.example.com')).toMatchObject([
      { type: 'CNAME', content: 'hand.example.net', proxied: true },
    ]);
    expect(world.cloudflare.recordsOf('my.example.com')[0]?.content).toBe('my.example.net');
    expect(world.cloudflare.leftovers()).toHaveLength(1);
  });

  test('gives the other zones back when one of them refuses', async () => {
    let refused: string | undefined;
    const world = worldOf(proxy, ZONES, {
      instead: ({ url }) =>
        refused && url.pathname.endsWith(`/${refused}/dns_records/batch`)
          ? { status: 403, body: { success: false, errors: [{ code: 10000, message: 'Authentication error' }] } }
          : undefined,
    });
    await showPage(world.context(), show);
    refused = /zones\/([^/]+)\/dns_records\?name/.exec(
      proxy.calls.find(({ path }) => path.includes('name.exact=shop'))?.path ?? '',
    )?.[1];
    await expect(removePage(world.context(), { ...common, hosts: HOSTS })).rejects.toMatchObject({
      kind: 'auth',
      message: expect.stringMatching(
        /example\.org: its records were not changed back.*lacks DNS Write on example\.org/s,
      ) as string,
    });
    expect(world.cloudflare.leftovers()).toEqual([expect.stringContaining('shop.example.org')]);
    expect(world.cloudflare.lastPurgeOf('www.example.com')).toBeDefined();
  });

  test('says both what was changed by hand and what was not purged', async () => {
    const world = worldOf(proxy, ZONES, {
      tokens: [{ token: TOKEN }, { token: 'no-purge', permissions: ['Zone Read', 'DNS Write'] }],
    });
    await showPage(world.context(), show);
    await byHand(world, 'www.example.com', { content: 'hand.example.net' });
    const error = removePage(world.context(), { ...common, token: 'no-purge', hosts: HOSTS });
    await expect(error).rejects.toMatchObject({
      kind: 'conflict',
      message: expect.stringMatching(
        /stands at CNAME hand\.example\.net.*page is off, but cached answers were not dropped/s,
      ) as string,
    });
    expect(world.cloudflare.leftovers()).toHaveLength(1);
  });

  test('leaves another session’s page where it is', async () => {
    const world = worldOf(proxy, ZONES);
    await showPage(world.context(), { ...show, session: OTHER });
    const shownAt = world.clock.now();
    await world.clock.sleep(60_000, new AbortController().signal);
    const before = world.cloudflare.state();
    expect(await removePage(world.context(), common)).toEqual({ restored: [], showing: [] });
    expect(await removePage(world.context(), { ...common, hosts: HOSTS })).toEqual({ restored: [], showing: HOSTS });
    expect(HOSTS.map((host) => world.cloudflare.lastPurgeOf(host))).toEqual([shownAt, shownAt, shownAt]);
    expect(world.lines).toContainEqual(expect.stringContaining(`page of session ${OTHER}, not of this one`));
    expect(world.cloudflare.state()).toEqual(before);
  });

  test('takes only the note off records that were put back by hand', async () => {
    const world = worldOf(proxy, ZONES);
    const before = world.cloudflare.state();
    await showPage(world.context(), { ...show, hosts: ['my.example.com'] });
    await byHand(world, 'my.example.com', { content: 'my.example.net' });
    expect((await removePage(world.context(), common)).restored).toEqual(['my.example.com']);
    expect(world.cloudflare.state()).toEqual(before);
  });

  test('says where a page lost its note', async () => {
    const world = worldOf(proxy, ZONES);
    await showPage(world.context(), show);
    await byHand(world, 'my.example.com', { comment: null });
    await expect(removePage(world.context(), { ...common, hosts: HOSTS, target: PAGE })).rejects.toMatchObject({
      kind: 'conflict',
      message: expect.stringContaining('my.example.com: it still stands at CNAME maintenance.example.com') as string,
    });
  });

  test('stops after the plan of a dry run', async () => {
    const world = worldOf(proxy, ZONES);
    await showPage(world.context(), show);
    const before = world.cloudflare.state();
    const { restored, showing } = await removePage(world.context(), { ...common, hosts: HOSTS, dryRun: true });
    expect([restored, showing]).toEqual([[], HOSTS]);
    expect(world.cloudflare.state()).toEqual(before);
  });

  test('finds its way from wherever a run died: after each of its calls', async () => {
    const reference = worldOf(proxy, ZONES);
    await showPage(reference.context(), show);
    const calls = proxy.calls.length;
    for (let last = 1; last <= calls; last++) {
      const world = worldOf(proxy, ZONES);
      const before = world.cloudflare.state();
      // A runner that dies makes no further call: all of them are refused from then on.
      proxy.use([world.answering], { fault: ({ number }) => (number > last ? { status: 400 } : undefined) });
      await showPage(world.context(), show).catch(() => {});
      proxy.use([world.answering]);
      await removePage(world.context(), common);
      expect(world.cloudflare.state()).toEqual(before);
    }
  });

  test('restores whatever stood there, exactly', async () => {
    const label = fc.stringMatching(/^[a-z][a-z0-9]{0,5}$/);
    const comment = fc.option(fc.stringMatching(/^[ -~é]{1,30}$/), { nil: undefined });
    const addresses = fc
      .uniqueArray(fc.tuple(fc.constantFrom('A', 'AAAA'), fc.integer({ min: 1, max: 99 })), {
        minLength: 1,
        maxLength: 4,
        selector: String,
      })
      .map((all) => all.map(([type, last]) => [type, type === 'A' ? `192.0.2.${last}` : `2001:db8::${last}`] as const));
    const name = fc.oneof(
      addresses,
      label.map((target) => [['CNAME', `${target}.example.net`] as const]),
    );
    const records = fc.uniqueArray(
      fc.tuple(label, name, fc.array(comment, { minLength: 4, maxLength: 4 }), fc.boolean()),
      {
        minLength: 1,
        maxLength: 5,
        selector: ([host]) => host,
      },
    );
    await fc.assert(
      fc.asyncProperty(records, fc.constantFrom(PAGE, '192.0.2.200', '2001:db8::200'), async (names, target) => {
        const hosts = names.map(([host]) => `${host}.example.com`);
        const all = names.flatMap(([host, contents, comments, tagged]) =>
          contents.map(([type, content], index) => ({
            name: `${host}.example.com`,
            type: type as 'A',
            content,
            proxied: true,
            ...(comments[index] && { comment: comments[index] }),
            ...(tagged && { tags: ['team:shop'] }),
          })),
        );
        const world = worldOf(proxy, [{ name: 'example.com', plan: 'business', records: all }]);
        const before = world.cloudflare.state();
        const { changed } = await showPage(world.context(), { ...common, hosts, target });
        expect(changed).toHaveLength(hosts.length);
        for (const host of hosts) expect(world.cloudflare.recordsOf(host)).toMatchObject([{ content: target }]);
        await removePage(world.context(), { ...common, hosts });
        expect(world.cloudflare.state()).toEqual(before);
      }),
      { numRuns: 25 },
    );
  });
});

describe('looking at pages', () => {
  test('says who shows one since when, and what it was before', async () => {
    const world = worldOf(proxy, ZONES);
    await showPage(world.context(), { ...show, hosts: ['www.example.com', 'my.example.com'] });
    await byHand(world, 'my.example.com', { content: 'hand.example.net' });
    const context = world.context();
    const pages = await pageStatus(context, { token: TOKEN, hosts: [...HOSTS, 'www.example.net'] });
    expect(pages).toEqual([
      {
        host: 'www.example.com',
        page: 'on',
        session: SESSION,
        since: world.clock.now().toISOString(),
        stands: `CNAME ${PAGE}`,
        was: 'A 192.0.2.10, AAAA 2001:db8::10',
      },
      expect.objectContaining({
        host: 'my.example.com',
        page: 'changed by hand',
        stands: 'CNAME hand.example.net',
        was: 'CNAME my.example.net',
      }),
      { host: 'shop.example.org', page: 'off', stands: 'A 192.0.2.20' },
      { host: 'www.example.net', page: 'off', stands: 'no zone that the token can see' },
    ]);
    expect(context.report.tables[0]?.rows).toHaveLength(4);
  });

  test('finds the pages of all sessions without being told the hosts', async () => {
    const world = worldOf(proxy, ZONES);
    await showPage(world.context(), { ...show, hosts: ['www.example.com'] });
    await showPage(world.context(), { ...show, session: OTHER, hosts: ['shop.example.org'] });
    expect((await pageStatus(world.context(), { token: TOKEN })).map(({ host, session }) => [host, session])).toEqual([
      ['www.example.com', SESSION],
      ['shop.example.org', OTHER],
    ]);
    expect(await findPages(world.context(), { token: TOKEN })).toEqual([
      {
        system: 'Cloudflare',
        what: `maintenance page on www.example.com (CNAME ${PAGE})`,
        session: SESSION,
        host: 'www.example.com',
        zone: 'example.com',
      },
      {
        system: 'Cloudflare',
        what: `maintenance page on shop.example.org (CNAME ${PAGE})`,
        session: OTHER,
        host: 'shop.example.org',
        zone: 'example.org',
      },
    ]);
  });
});
