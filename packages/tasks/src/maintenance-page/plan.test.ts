import type { Batch, DnsRecord, Zone } from '@maintenance-tasks/services/cloudflare/client';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { batchesOf, type NameChange, planRemove, planShow, standsAs } from './plan.ts';
import type { Name } from './standing.ts';

const SESSION = 'mw-202611220230-k7qx';
const OTHER = 'mw-202611210230-b2cd';
const HOST = 'www.example.com';
const TARGET = 'maintenance.example.com';
const FREE: Zone = { id: 'z1', name: 'example.com', status: 'active', paused: false, plan: { legacy_id: 'free' } };
const PRO: Zone = { ...FREE, plan: { legacy_id: 'pro' } };

function record(type: string, content: string, rest: Partial<DnsRecord> = {}): DnsRecord {
  const base = { id: `${type} ${content}`, type, name: HOST, content, proxied: true, ttl: 1, comment: null, tags: [] };
  return { ...base, settings: {}, ...rest };
}

function name(records: readonly DnsRecord[], zone = FREE): Name {
  return { host: HOST, zone, records };
}

/** What the API does with a batch, as far as these tests need it. */
function applied(records: readonly DnsRecord[], { deletes, patches, posts }: Batch): DnsRecord[] {
  const gone = new Set(deletes.map(({ id }) => id));
  const left = records.filter(({ id }) => !gone.has(id));
  const patched = left.map((each) => ({ ...each, ...patches.find(({ id }) => id === each.id) }));
  const blank = { comment: null, tags: [], settings: {} };
  return [...patched, ...posts.map((post) => ({ ...blank, ...post, id: `new ${post.content}` }))];
}

function shownOn(records: readonly DnsRecord[], target = TARGET, session = SESSION): DnsRecord[] {
  const { problems, changes } = planShow([name(records)], target, session);
  expect(problems).toEqual([]);
  return applied(records, (changes[0] as NameChange).batch);
}

describe('to show the page', () => {
  const A = record('A', '192.0.2.10');
  const SECOND_A = record('A', '192.0.2.11');
  const AAAA = record('AAAA', '2001:db8::10');
  const CNAME = record('CNAME', 'shop.example.net');

  test.each<[string, DnsRecord[], string, { deletes: string[]; patches: string[]; posts: string[] }]>([
    ['a CNAME is patched in place', [CNAME], TARGET, { deletes: [], patches: [CNAME.id], posts: [] }],
    ['an A record is patched in place', [A], '192.0.2.99', { deletes: [], patches: [A.id], posts: [] }],
    ['an A record makes room for a CNAME', [A], TARGET, { deletes: [A.id], patches: [], posts: ['CNAME'] }],
    ['a CNAME makes room for an AAAA', [CNAME], '2001:db8::99', { deletes: [CNAME.id], patches: [], posts: ['AAAA'] }],
    [
      'of several records one is patched and the others are deleted',
      [SECOND_A, AAAA, A],
      '192.0.2.99',
      { deletes: [SECOND_A.id, AAAA.id], patches: [A.id], posts: [] },
    ],
    [
      'records of other types are left alone',
      [A, record('TXT', 'v=spf1 -all', { proxied: false }), record('MX', 'mx.example.com', { proxied: false })],
      '192.0.2.99',
      { deletes: [], patches: [A.id], posts: [] },
    ],
  ])('%s', (_, records, target, expected) => {
    const { batch } = planShow([name(records)], target, SESSION).changes[0] as NameChange;
    expect({
      deletes: batch.deletes.map(({ id }) => id).sort(),
      patches: batch.patches.map(({ id }) => id),
      posts: batch.posts.map(({ type }) => type),
    }).toEqual({ ...expected, deletes: [...expected.deletes].sort() });
  });

  test('the note goes into the same batch as the change', () => {
    const { batch } = planShow([name([A])], TARGET, SESSION).changes[0] as NameChange;
    expect(batch.posts).toEqual([
      {
        type: 'CNAME',
        name: HOST,
        content: TARGET,
        proxied: true,
        ttl: 1,
        comment: expect.stringMatching(/^mt1\|mw-202611220230-k7qx\|\["maintenance\.","192\.0\.2\.10"\]\|/) as string,
      },
    ]);
  });

  test('a second run has nothing to do', () => {
    const plan = planShow([name(shownOn([A, AAAA]))], TARGET, SESSION);
    expect(plan).toEqual({ problems: [], changes: [], already: [HOST] });
  });

  const long = Array.from({ length: 7 }, (_, index) =>
    record(
      'AAAA',
      `2001:db8:${(index * 7919 + 4001).toString(16)}::${(index * 104729 + 17).toString(16)}`.slice(0, 24),
    ),
  );
  test.each<[string, Name, string, RegExp]>([
    ['without any record', name([]), TARGET, /no A, AAAA or CNAME record/],
    [
      'with a record that is not proxied',
      name([A, record('A', '192.0.2.11', { proxied: false })]),
      TARGET,
      /192\.0\.2\.11 \(not proxied\)/,
    ],
    ['that is delegated', name([record('NS', 'ns.example.net')]), TARGET, /delegated to other name servers/],
    [
      'of another product',
      name([record('A', '192.0.2.10', { meta: { read_only: true } })]),
      TARGET,
      /belongs to another Cloudflare product/,
    ],
    ['with private routing', name([record('A', '192.0.2.10', { private_routing: true })]), TARGET, /private routing/],
    ['that is the page itself', { ...name([A]), host: TARGET }, TARGET, /cannot be the host itself/],
    ['whose state does not fit the comment', name(long), TARGET, /there is room for 100/],
    ['in a zone that is not active', name([A], { ...FREE, status: 'pending' }), TARGET, /is pending, not active/],
    ['in a paused zone', name([A], { ...FREE, paused: true }), TARGET, /is paused/],
    [
      'that shows another session’s page',
      name(shownOn([A], TARGET, OTHER)),
      TARGET,
      new RegExp(`page of session ${OTHER} already`),
    ],
    [
      'that shows another page of this session',
      name(shownOn([A], 'other.example.com')),
      TARGET,
      /already shows other\.example\.com/,
    ],
    [
      'whose note was cut',
      name([{ ...A, comment: `mt1|${SESSION}|["maint` }]),
      TARGET,
      /note on its A record was edited/,
    ],
    [
      'that was changed by hand since',
      name(shownOn([A]).map((each) => ({ ...each, content: 'hand.example.net' }))),
      TARGET,
      /set CNAME maintenance\.example\.com, .*stands at CNAME hand\.example\.net.*stood at A 192\.0\.2\.10/,
    ],
  ])('a host %s is refused', (_, given, target, words) => {
    const { problems, changes } = planShow([given], target, SESSION);
    expect(problems.map(({ text }) => text)).toEqual([expect.stringMatching(words)]);
    expect(changes).toEqual([]);
  });

  test('more room on paid plans takes a state that the free plan has no room for', () => {
    expect(planShow([name(long, PRO)], TARGET, SESSION).problems).toEqual([]);
  });

  test('a plan that is not known has the room of the free one', () => {
    const { plan: _, ...unknown } = FREE;
    expect(planShow([name(long, unknown)], TARGET, SESSION).problems).toHaveLength(1);
  });

  test('a zone’s problem is said once, not once a host', () => {
    const zone = { ...FREE, paused: true };
    expect(
      planShow([name([A], zone), { ...name([A], zone), host: 'my.example.com' }], TARGET, SESSION).problems,
    ).toHaveLength(1);
  });
});

describe('to take the page away', () => {
  const A = record('A', '192.0.2.10', { comment: 'shop' });

  test('a host that somebody changed is told with both values, and the others are given back', () => {
    const drifted = shownOn([A]).map((each) => ({ ...each, proxied: false }));
    const fine = { ...name(shownOn([A])), host: 'my.example.com' };
    const { problems, changes } = planRemove([name(drifted), fine], SESSION);
    expect(problems).toEqual([
      {
        kind: 'conflict',
        text: expect.stringMatching(
          /set CNAME maintenance\.example\.com.*stands at CNAME maintenance\.example\.com \(not proxied\)/,
        ) as string,
      },
    ]);
    expect(changes.map(({ host }) => host)).toEqual(['my.example.com']);
  });

  test('an address that was added beside the page is drift', () => {
    const shown = shownOn([A], '192.0.2.99');
    expect(planRemove([name([...shown, record('A', '192.0.2.50')])], SESSION).problems).toHaveLength(1);
  });

  test('records that were put back by hand in part are drift', () => {
    const [shown] = shownOn([A, record('A', '192.0.2.11')], '192.0.2.99');
    const half = [{ ...(shown as DnsRecord), content: '192.0.2.10' }];
    expect(planRemove([name(half)], SESSION).problems).toHaveLength(1);
  });

  test('records that were put back by hand only lose the note', () => {
    const [shown] = shownOn([A], '192.0.2.99');
    const { changes, problems } = planRemove([name([{ ...(shown as DnsRecord), content: '192.0.2.10' }])], SESSION);
    expect(problems).toEqual([]);
    expect(changes[0]?.batch).toEqual({ deletes: [], patches: [{ id: A.id, comment: 'shop' }], posts: [] });
  });

  test.each<[string, DnsRecord[], boolean]>([
    ['another session’s page', shownOn([A], TARGET, OTHER), true],
    ['records without any note', [A], false],
    ['no records', [], false],
  ])('a host with %s is left as it is', (_, records, showing) => {
    const { problems, changes, left } = planRemove([name(records)], SESSION);
    expect([problems, changes]).toEqual([[], []]);
    expect(left).toEqual([{ host: HOST, showing, why: expect.any(String) as string }]);
  });

  test('a page that lost its note is told, where the page is known', () => {
    const lost = shownOn([A]).map((each) => ({ ...each, comment: null }));
    expect(planRemove([name(lost)], SESSION, TARGET).problems[0]?.text).toMatch(/still stands at CNAME maintenance/);
    expect(planRemove([name(lost)], SESSION).problems).toEqual([]);
  });

  test('a note that lost its session is a problem, one of another session is not', () => {
    expect(planRemove([name([{ ...A, comment: 'mt1||[' }])], SESSION).problems[0]?.text).toMatch(/cannot be trusted/);
    expect(planRemove([name([{ ...A, comment: `mt1|${OTHER}|[` }])], SESSION).problems).toEqual([]);
  });

  test('nothing is restored from a note that was edited', () => {
    const edited = shownOn([A]).map((each) => ({
      ...each,
      comment: each.comment?.replace('192.0.2.10', '192.0.2.66') ?? null,
    }));
    const { problems, changes } = planRemove([name(edited)], SESSION);
    expect(problems[0]?.text).toMatch(/cannot be trusted/);
    expect(changes).toEqual([]);
  });
});

describe('records read back', () => {
  const aim = { type: 'A', content: '192.0.2.10', comment: 'shop', tags: ['a:1', 'b:2'], settings: {} } as const;
  const asAimed = record('A', '192.0.2.10', {
    comment: 'shop',
    tags: ['b:2', 'a:1'],
    settings: { flatten_cname: false },
  });

  test('stand as aimed at, whatever the order of tags and whatever settings are off', () => {
    expect(standsAs([asAimed, record('TXT', 'x')], [aim])).toBe(true);
    expect(standsAs([{ ...asAimed, comment: '' }], [{ ...aim, comment: null }])).toBe(true);
  });

  test.each<[string, DnsRecord[]]>([
    ['another content', [{ ...asAimed, content: '192.0.2.11' }]],
    ['another comment', [{ ...asAimed, comment: 'other' }]],
    ['other tags', [{ ...asAimed, tags: ['a:1'] }]],
    ['other settings', [{ ...asAimed, settings: { ipv4_only: true } }]],
    ['the proxy off', [{ ...asAimed, proxied: false }]],
    ['one more', [asAimed, record('A', '192.0.2.11')]],
    ['none', []],
  ])('do not with %s', (_, records) => expect(standsAs(records, [aim])).toBe(false));
});

describe('batches', () => {
  test('keep a name whole and stay within the plan’s limit', () => {
    const change = (host: string, size: number): NameChange => ({
      host,
      zone: FREE,
      before: '',
      after: '',
      aims: [],
      batch: {
        deletes: Array.from({ length: size }, (_, index) => ({ id: `${host}${index}` })),
        patches: [],
        posts: [],
      },
    });
    const batches = batchesOf([change('a', 150), change('b', 50), change('c', 1), change('d', 199), change('e', 1)]);
    expect(batches.map((batch) => batch.map(({ host }) => host))).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
  });
});

const addresses = fc
  .record({
    cname: fc.boolean(),
    v4: fc.uniqueArray(fc.integer({ min: 1, max: 250 }), { maxLength: 4 }),
    v6: fc.uniqueArray(fc.integer({ min: 1, max: 250 }), { maxLength: 3 }),
    comments: fc.array(fc.option(fc.stringMatching(/^[ -~é]{0,40}$/)), { minLength: 8, maxLength: 8 }),
    tags: fc.array(fc.subarray(['team:shop', 'env:prod']), { minLength: 8, maxLength: 8 }),
    settings: fc.array(fc.constantFrom({}, { ipv4_only: true }), { minLength: 8, maxLength: 8 }),
  })
  .map(({ cname, v4, v6, comments, tags, settings }) => {
    const contents = [...v4.map((last) => `192.0.2.${last}`), ...v6.map((last) => `2001:db8::${last.toString(16)}`)];
    const all: [string, string][] =
      cname || contents.length === 0
        ? [['CNAME', 'shop.example.net']]
        : contents.map((content) => [content.includes(':') ? 'AAAA' : 'A', content]);
    return all.map(([type, content], index) =>
      record(type, content, {
        comment: comments[index] ?? null,
        tags: tags[index] ?? [],
        settings: settings[index] ?? {},
      }),
    );
  });

test('showing the page and taking it away restores exactly what was there, whatever it was', () => {
  const bare = (records: readonly DnsRecord[]) =>
    records.map(({ id: _, ...rest }) => JSON.stringify(rest, Object.keys(rest).sort())).sort();
  const roomy: Zone = { ...PRO };
  fc.assert(
    fc.property(addresses, fc.constantFrom(TARGET, '192.0.2.251', '2001:db8::ff'), (records, target) => {
      const show = planShow([name(records, roomy)], target, SESSION);
      fc.pre(show.problems.length === 0);
      const during = applied(records, (show.changes[0] as NameChange).batch);
      expect(standsAs(during, (show.changes[0] as NameChange).aims)).toBe(true);
      const [back] = planRemove([name(during, roomy)], SESSION).changes as [NameChange];
      const after = applied(during, back.batch);
      expect(bare(after)).toEqual(bare(records));
      expect(standsAs(after, back.aims)).toBe(true);
      expect(planRemove([name(after, roomy)], SESSION).changes).toEqual([]);
    }),
    { numRuns: 300 },
  );
});
