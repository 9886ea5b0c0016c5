import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AnyContext, defineTask } from '@maintenance-tasks/core';
import type { StandInAnswer, StandInRequest } from '@maintenance-tasks/rehearsal/stand-in';
import {
  type CloudflareSeed,
  type CloudflareStandIn,
  cloudflareStandIn,
} from '@maintenance-tasks/rehearsal/stand-ins/cloudflare';
import { checkAccess } from '@maintenance-tasks/tasks/ip-allowlist/access';
import { removeAllowlistEntries } from '@maintenance-tasks/tasks/ip-allowlist/remove';
import { findAllowlistEntries } from '@maintenance-tasks/tasks/ip-allowlist/status';
import ipAllowlist from '@maintenance-tasks/tasks/ip-allowlist/task';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type TaskRuns, taskRuns } from './in-process-run.ts';

const START = '2026-11-22T00:30:00Z';
const SESSION = 'mw-202611220230-k7qx';
const OTHER = 'mw-202611210230-zzzz';
const TOKEN = 'rehearsal-cloudflare-token';
const ACCOUNT = 'a'.repeat(32);
const RULES = 'Rules of example.com';
const LIST = 'List maintenance_access';
const LIMIT = '(lower(http.host) in {"my.example.com"} and not ip.src in $maintenance_access)';
const VPN = { ip: '198.51.100.7', comment: 'VPN, asked for by the platform lead' };

let runs: TaskRuns;
beforeAll(async () => {
  runs = await taskRuns(START);
});
afterAll(() => runs.close());
beforeEach(() => runs.clock.set(START));

type Zone = NonNullable<CloudflareSeed['zones']>[number];
type Instead = (request: StandInRequest, cloudflare: CloudflareStandIn) => StandInAnswer | undefined;

function world(
  given: Partial<CloudflareSeed> & { rules?: Zone['rules']; zone?: Partial<Zone>; instead?: Instead } = {},
) {
  const { rules, zone, instead, ...seed } = given;
  const cloudflare = cloudflareStandIn(
    {
      zones: [{ name: 'example.com', account: ACCOUNT, ...(rules && { rules }), ...zone }],
      lists: [{ account: ACCOUNT, name: 'maintenance_access', items: [VPN] }],
      tokens: [{ token: TOKEN }],
      ...seed,
    },
    runs.clock,
  );
  runs.use([{ ...cloudflare, answer: (request) => instead?.(request, cloudflare) ?? cloudflare.answer(request) }]);
  return cloudflare;
}

const run = (inputs: Readonly<Record<string, string>>) =>
  runs.run(ipAllowlist, {
    session: SESSION,
    'cloudflare-token': TOKEN,
    account: ACCOUNT,
    list: 'maintenance_access',
    ...inputs,
  });
const add = { state: 'add', addresses: '203.0.113.5/28\n2001:DB8:0::7' };
const onHost = { ...add, hosts: 'my.example.com' };
const remove = { state: 'remove' };
const stateOf = (cloudflare: CloudflareStandIn) => cloudflare.state() as Record<string, unknown[] | undefined>;
const itemsOf = (cloudflare: CloudflareStandIn) => (stateOf(cloudflare)[LIST] ?? []) as string[];
const writes = () => runs.calls().filter((call) => /^(POST|PUT|PATCH|DELETE)/.test(call));
const failure = (kind: string, words: RegExp) => ({
  ok: false,
  kind,
  message: expect.stringMatching(words) as string,
});

/** As if another pipeline had asked for it in the same moment. */
function ask(cloudflare: CloudflareStandIn, method: string, path: string, body?: unknown) {
  const answer = cloudflare.answer({
    method,
    url: new URL(`https://api.cloudflare.com/client/v4${path}`),
    connectedTo: { host: 'api.cloudflare.com', port: 443 },
    headers: { authorization: `Bearer ${TOKEN}` },
    body: Buffer.from(body === undefined ? '' : JSON.stringify(body)),
  }) as StandInAnswer;
  return (answer.body as { result: never }).result;
}
const listId = (cloudflare: CloudflareStandIn) =>
  (ask(cloudflare, 'GET', `/accounts/${ACCOUNT}/rules/lists`) as { id: string }[])[0]?.id;
const itemsPath = (cloudflare: CloudflareStandIn) => `/accounts/${ACCOUNT}/rules/lists/${listId(cloudflare)}/items`;

describe('the list', () => {
  test('has what was added, marked with session and end, and everything as before once it is removed', async () => {
    const cloudflare = world();
    const before = cloudflare.state();

    const added = await run(add);
    expect(added.outcome).toEqual({ ok: true });
    expect(added.outputs).toEqual({
      added: '203.0.113.0/28\n2001:db8::7',
      removed: '',
      standing: '203.0.113.0/28\n2001:db8::7',
      limited: '',
      ends: '2026-11-22T02:30:00.000Z',
      changed: 'true',
    });
    expect(itemsOf(cloudflare)).toEqual([
      `198.51.100.7 (${VPN.comment})`,
      expect.stringMatching(/^2001:db8::7 \(mt1\|mw-202611220230-k7qx\|{"until":"2026-11-22T02:30:00Z"}\|/),
      expect.stringMatching(/^203\.0\.113\.0\/28 \(mt1\|mw-202611220230-k7qx\|/),
    ]);

    const removed = await run(remove);
    expect(removed.outcome).toEqual({ ok: true });
    expect(removed.outputs).toMatchObject({ removed: '203.0.113.0/28\n2001:db8::7', standing: '', changed: 'true' });
    expect(cloudflare.state()).toEqual(before);
    expect(cloudflare.leftovers()).toEqual([]);
  });

  test('is not written to a second time', async () => {
    world();
    await run(add);
    const first = writes().length;
    expect((await run(add)).outputs).toMatchObject({
      added: '',
      standing: expect.stringContaining('203') as string,
      changed: 'false',
    });
    expect(writes().length).toBe(first);
    await run(remove);
    const second = writes().length;
    expect((await run(remove)).outputs).toMatchObject({ removed: '', changed: 'false' });
    expect(writes().length).toBe(second);
  });

  test('keeps an address that was there before, with its comment, and after the removal, too', async () => {
    const cloudflare = world();
    const { outputs, shown } = await run({ ...add, addresses: '198.51.100.7\n203.0.113.9' });
    expect(outputs).toMatchObject({ added: '203.0.113.9', standing: '203.0.113.9' });
    expect(shown).toContain('198.51.100.7 was on the list maintenance_access before');
    expect(itemsOf(cloudflare)).toContain(`198.51.100.7 (${VPN.comment})`);
    await run(remove);
    expect(itemsOf(cloudflare)).toEqual([`198.51.100.7 (${VPN.comment})`]);
  });

  test('is not changed by a dry run, which shows what would be', async () => {
    const cloudflare = world();
    const before = cloudflare.state();
    const { shown, outputs } = await run({ ...onHost, 'dry-run': 'true' });
    expect(shown).toMatch(
      /Plan: 3 changes.*203\.0\.113\.0\/28.*custom rule of example\.com: no rule of its own → block/s,
    );
    expect(outputs).toMatchObject({ added: '', changed: 'false' });
    expect(cloudflare.state()).toEqual(before);
    await run(add);
    const calls = writes().length;
    expect((await run({ ...remove, 'dry-run': 'true' })).outputs).toMatchObject({ removed: '', changed: 'false' });
    expect(writes().length).toBe(calls);
  });

  test('keeps entries of another session, and takes over those that are overdue', async () => {
    const cloudflare = world();
    await run({ ...add, addresses: '203.0.113.1', session: OTHER, for: '1h' });
    await run({ ...add, addresses: '203.0.113.2', session: 'mw-202611220300-bbbb' });
    runs.clock.set('2026-11-22T01:45:00Z');

    const { outputs, warnings, shown } = await run({ ...add, addresses: '203.0.113.1\n203.0.113.2' });
    expect(outputs).toMatchObject({ added: '203.0.113.1', standing: '203.0.113.1' });
    expect(shown).toContain(`left there by session ${OTHER}, due since 2026-11-22T01:30:00.000Z`);
    expect(warnings.join()).toMatch(
      /203\.0\.113\.2 is on the list .* for session mw-202611220300-bbbb until 2026-11-22T03:00/,
    );
    await run(remove);
    expect(itemsOf(cloudflare)).toEqual([
      `198.51.100.7 (${VPN.comment})`,
      expect.stringContaining('203.0.113.2 (mt1|mw-202611220300-bbbb') as string,
    ]);
  });

  test('tells by status what this session has, and what another left behind', async () => {
    world();
    await run({ ...add, addresses: '203.0.113.1', session: OTHER, for: '1h' });
    runs.clock.set('2026-11-22T01:45:00Z');
    await run(onHost);
    const { outputs, warnings, shown } = await run({ state: 'status' });
    expect(outputs).toEqual({
      added: '',
      removed: '',
      standing: '203.0.113.0/28\n2001:db8::7',
      limited: 'my.example.com',
      ends: '2026-11-22T02:30:00.000Z',
      changed: 'false',
    });
    expect(warnings.join()).toMatch(
      /203\.0\.113\.1 is still on the list .* for session mw-202611210230-zzzz, due since/,
    );
    expect(shown).toMatch(/\| .*203\.0\.113\.1.*overdue/);
  });

  test('keeps an entry whose comment was edited, says so, and loses the others', async () => {
    const cloudflare = world();
    await run(add);
    const comment = `mt1|${SESSION}|{"until":"2027`;
    ask(cloudflare, 'POST', itemsPath(cloudflare), [{ ip: '2001:db8::7', comment }]);
    runs.clock.set('2026-11-22T00:31:00Z');
    const edited =
      /2001:db8::7.*its comment was .*somebody changed it to "mt1\|mw-202611220230-k7qx\|\{"until":"2027"/s;
    expect((await run(add)).outcome).toEqual(failure('conflict', edited));
    expect((await run(remove)).outcome).toEqual(failure('conflict', edited));
    expect(itemsOf(cloudflare)).toEqual([`198.51.100.7 (${VPN.comment})`, `2001:db8::7 (${comment})`]);
  });

  test('is found among 1,000 others on several pages, and takes 1,500 in two operations', async () => {
    const many = Array.from({ length: 1_000 }, (_, n) => ({ ip: `198.18.${n >> 8}.${n & 255}`, comment: `host ${n}` }));
    const cloudflare = world({ lists: [{ account: ACCOUNT, name: 'maintenance_access', items: many }] });
    const wanted = Array.from({ length: 1_500 }, (_, n) => `203.0.${n >> 8}.${n & 255}`).join('\n');
    expect((await run({ ...add, addresses: wanted })).outcome).toEqual({ ok: true });
    expect(itemsOf(cloudflare)).toHaveLength(2_500);
    expect(writes()).toHaveLength(2);
    expect((await run(remove)).outcome).toEqual({ ok: true });
    expect(itemsOf(cloudflare)).toHaveLength(1_000);
  });
});

describe('the asynchronous operation', () => {
  test('is waited for, and another one of the account, too; what that brought is not written over', async () => {
    let meddled = false;
    const cloudflare = world({
      instead: (request, real) => {
        if (meddled || request.method !== 'POST') return undefined;
        meddled = true;
        ask(real, 'POST', itemsPath(real), [{ ip: '203.0.113.0/28', comment: 'by somebody else' }]);
        return undefined;
      },
    });
    const { outcome, outputs, shown } = await run(add);
    expect(outcome).toEqual({ ok: true });
    expect(outputs).toMatchObject({ added: '2001:db8::7' });
    expect(shown).toContain('Cloudflare takes no change of list items now (429)');
    expect(shown).toContain('203.0.113.0/28 was put on the list maintenance_access by somebody else meanwhile');
    expect(writes().map((call) => call.slice(-3))).toEqual(['429', '429', '200']);
    expect(itemsOf(cloudflare)).toContain('203.0.113.0/28 (by somebody else)');
  });

  test('that fails is told in Cloudflare’s words', async () => {
    const many = Array.from({ length: 9_999 }, (_, n) => ({ ip: `198.18.${n >> 8}.${n & 255}` }));
    world({ lists: [{ account: ACCOUNT, name: 'maintenance_access', items: many }] });
    expect((await run(add)).outcome).toEqual(
      failure(
        'remote',
        /did not change the list maintenance_access: the account may have at most 10000.*Nothing was changed/s,
      ),
    );
  });

  test('that does not end is given up at the deadline, and the next run finds what it brought', async () => {
    const cloudflare = world({ 'list-operation': 20 * 60_000 });
    expect((await run(add)).outcome).toEqual(
      failure('timeout', /time of this task is used up.*may still carry out the last change/s),
    );
    expect((await run(add)).outcome).toEqual({ ok: true });
    expect(itemsOf(cloudflare)).toHaveLength(3);
  });

  test('of a run that was cut short is found by the removal that follows at once', async () => {
    const cloudflare = world();
    const comment = `mt1|${SESSION}|{"until":"2026-11-22T02:30:00Z"}|`;
    await run({ ...add, addresses: '203.0.113.77' });
    const item = itemsOf(cloudflare).find((text) => text.includes(comment)) ?? '';
    await run(remove);
    ask(cloudflare, 'POST', itemsPath(cloudflare), [{ ip: '203.0.113.77', comment: /\((.*)\)/.exec(item)?.[1] }]);
    expect((await run(remove)).outputs).toMatchObject({ removed: '203.0.113.77' });
    expect(cloudflare.leftovers()).toEqual([]);
  });
});

describe('hosts', () => {
  test('are limited to the list by a rule before all others, and the rules are as before afterwards', async () => {
    const rules = [{ action: 'skip', expression: 'ip.src eq 192.0.2.1', description: 'office', ref: 'office' }];
    const cloudflare = world({ rules });
    const before = cloudflare.state();
    const { outputs } = await run(onHost);
    expect(outputs).toMatchObject({ limited: 'my.example.com' });
    expect(stateOf(cloudflare)[RULES]).toMatchObject([
      { ref: 'maintenance_mw_202611220230_k7qx', action: 'block', enabled: true, expression: LIMIT },
      { ref: 'office' },
    ]);
    expect(cloudflare.leftovers()).toHaveLength(3);
    expect((await run(onHost)).outputs).toMatchObject({ changed: 'false' });
    expect((await run(remove)).outputs).toMatchObject({ changed: 'true', limited: '' });
    expect(cloudflare.state()).toEqual(before);
  });

  test('come after the addresses, and are free before those go', async () => {
    world({ rules: [] });
    await run(onHost);
    await run(remove);
    expect(writes().map((call) => call.replace(/[0-9a-f]{32}/g, 'id'))).toEqual([
      'POST api.cloudflare.com/client/v4/accounts/id/rules/lists/id/items 200',
      'POST api.cloudflare.com/client/v4/zones/id/rulesets/id/rules 200',
      'DELETE api.cloudflare.com/client/v4/zones/id/rulesets/id/rules/id 200',
      'DELETE api.cloudflare.com/client/v4/accounts/id/rules/lists/id/items 200',
    ]);
  });

  test('of a zone that never had rules: the ruleset made for it is gone afterwards, an empty one stays', async () => {
    for (const rules of [undefined, []]) {
      const cloudflare = world(rules ? { rules } : {});
      const before = cloudflare.state();
      await run(onHost);
      expect(stateOf(cloudflare)[RULES]).toHaveLength(1);
      await run(remove);
      expect(cloudflare.state()).toEqual(before);
    }
  });

  test('of a zone that never had rules: a rule that somebody added meanwhile stays', async () => {
    const cloudflare = world();
    await run(onHost);
    const zone = (ask(cloudflare, 'GET', '/zones?name=example.com') as { id: string }[])[0]?.id;
    const ruleset = (ask(cloudflare, 'GET', `/zones/${zone}/rulesets`) as { id: string }[])[0]?.id;
    const theirs = { action: 'block', expression: 'ip.src eq 192.0.2.66', description: 'bad one' };
    ask(cloudflare, 'POST', `/zones/${zone}/rulesets/${ruleset}/rules`, theirs);
    await run(remove);
    expect(stateOf(cloudflare)[RULES]).toMatchObject([theirs]);
  });

  test('are limited by a rule that is there already, given back with all its fields', async () => {
    const ours = {
      action: 'managed_challenge',
      expression: 'http.host eq "my.example.com"',
      enabled: false,
      description: 'prepared | for maintenance – “nights”',
      ref: 'maintenance',
      logging: { enabled: true },
      action_parameters: { response: { status_code: 403 } },
    };
    const others = Array.from({ length: 4 }, (_, n) => ({ action: 'block', expression: `ip.src eq 192.0.2.${n}` }));
    const cloudflare = world({ rules: [...others, ours] });
    const before = cloudflare.state();
    expect((await run(onHost)).outcome).toEqual(failure('refused', /its plan allows 5.*Nothing was changed/s));
    expect((await run({ ...onHost, rule: 'absent' })).outcome).toEqual(
      failure('refused', /no custom rule with the ref or id absent/),
    );
    expect((await run({ ...onHost, rule: 'maintenance' })).outcome).toEqual({ ok: true });
    expect(stateOf(cloudflare)[RULES]?.[4]).toEqual({
      action: 'block',
      expression: LIMIT,
      enabled: true,
      description: expect.stringMatching(/^mt1\|mw-202611220230-k7qx\|/) as string,
      ref: 'maintenance',
      logging: { enabled: true },
    });
    expect((await run({ ...onHost, rule: 'maintenance' })).outputs).toMatchObject({ changed: 'false' });
    expect((await run(remove)).outcome).toEqual({ ok: true });
    expect(cloudflare.state()).toEqual(before);
  });

  test('whose rule somebody changed are left as they are, with both values; the entries go all the same', async () => {
    const cloudflare = world({ rules: [] });
    await run(onHost);
    const rules = stateOf(cloudflare)[RULES];
    const zone = (ask(cloudflare, 'GET', '/zones?name=example.com') as { id: string }[])[0]?.id;
    const base = `/zones/${zone}/rulesets`;
    const { id, rules: stored } = ask(cloudflare, 'GET', `${base}/phases/http_request_firewall_custom/entrypoint`) as {
      id: string;
      rules: { id: string }[];
    };
    const changed = { ...(rules?.[0] as object), expression: 'http.host eq "other.example.com"' };
    ask(cloudflare, 'PATCH', `${base}/${id}/rules/${stored[0]?.id}`, changed);

    const drift = /the session set .*block \(lower\(http\.host\).*stands as block http\.host eq "other\.example\.com"/s;
    expect((await run(onHost)).outcome).toEqual(failure('conflict', drift));
    expect((await run(remove)).outcome).toEqual(failure('conflict', drift));
    expect(stateOf(cloudflare)[RULES]).toMatchObject([changed]);
    expect(itemsOf(cloudflare)).toEqual([`198.51.100.7 (${VPN.comment})`]);
  });

  test('that another session limits, or this one otherwise, are refused before the first change', async () => {
    world({ zone: { plan: 'pro' } });
    await run(onHost);
    const calls = writes().length;
    const session = 'mw-202611220300-bbbb';
    expect((await run({ ...onHost, session })).outcome).toEqual(
      failure('conflict', /session mw-202611220230-k7qx limits my\.example\.com/),
    );
    expect((await run({ ...onHost, hosts: 'shop.example.com' })).outcome).toEqual(
      failure('conflict', /is asked for .*shop/s),
    );
    expect(writes().length).toBe(calls);
  });
});

describe('what cannot be done is said at once, and nothing is changed:', () => {
  test('every wrong address, with the reason', async () => {
    world();
    const addresses = '203.0.113.0/20\n10.0.0.1\n203.0.113.300\n2001:db8::/11\nexample.com\n::ffff:203.0.113.1';
    const { outcome } = await run({ ...add, addresses, 'named-sets': 'office-vpn' });
    for (const words of [
      /203\.0\.113\.0\/20" is wider than \/24/,
      /10\.0\.0\.1" is private \(10\.0\.0\.0\/8\)/,
      /203\.0\.113\.300" is neither/,
      /2001:db8::\/11" is wider than \/12, the widest that Cloudflare takes/,
      /example\.com" is neither/,
      /::ffff:203\.0\.113\.1" is an IPv4 address in IPv6 form/,
      /"office-vpn" cannot be looked up: give a window-file/,
    ])
      expect(outcome).toEqual(failure('input', words));
    expect(runs.calls()).toEqual([]);
    expect((await run({ state: 'add' })).outcome).toEqual(failure('input', /no address is given/));
  });

  test('a list that is not there, a zone that cannot be seen, a host that is none', async () => {
    world();
    const { outcome } = await run({ ...add, list: 'other', hosts: 'www.example.net\nno host' });
    expect(outcome).toEqual(failure('refused', /has no list other; its IP lists are: maintenance_access/));
    expect(outcome).toEqual(failure('refused', /www\.example\.net: its zone is not among/));
    expect(outcome).toEqual(failure('refused', /"no host" is not a host name/));
    expect(writes()).toEqual([]);
  });

  test('a token without the permissions', async () => {
    world({ tokens: [{ token: TOKEN, permissions: ['Zone Read', 'Account Filter Lists Read'] }] });
    expect((await run(add)).outcome).toEqual(
      failure('auth', /lacks Account Filter Lists Write on the account a{32}.*Nothing was changed/s),
    );
    expect((await run(onHost)).outcome).toEqual(failure('auth', /lacks Zone WAF Read on example\.com/));
  });

  test('a rule to change, and no hosts to change it for', async () => {
    world();
    expect((await run({ ...add, rule: 'nights' })).outcome).toEqual(
      failure('refused', /rule: it says nothing without hosts/),
    );
  });

  test('a zone that is paused', async () => {
    world({ zone: { paused: true } });
    expect((await run(onHost)).outcome).toEqual(failure('refused', /example\.com is paused/));
  });

  test('an end that is unknown, past or too far away', async () => {
    world();
    expect((await run({ ...add, session: 'tonight' })).outcome).toEqual(failure('input', /not known when to end/));
    expect((await run({ ...add, for: '25h' })).outcome).toEqual(failure('refused', /at most 24 h/));
    runs.clock.set('2026-11-22T03:00:00Z');
    expect((await run(add)).outcome).toEqual(failure('refused', /it is 2026-11-22T03:00:00.000Z already/));
  });
});

describe('addresses come', () => {
  test('from the window file by the names of their sets', async () => {
    const cloudflare = world();
    const file = 'name: Night\naddresses:\n  office-vpn: [203.0.113.0/28, 203.0.113.64]\n  bureau: [203.0.113.99]\n';
    writeFileSync(join(runs.workingFolder, 'window.yaml'), file);
    const named = { state: 'add', 'window-file': 'window.yaml' };
    expect((await run({ ...named, 'named-sets': 'office-vpm' })).outcome).toEqual(
      failure('input', /did you mean "office-vpn"/),
    );
    expect((await run({ ...named, 'named-sets': 'office-vpn' })).outputs).toMatchObject({
      added: '203.0.113.0/28\n203.0.113.64',
    });
    expect(itemsOf(cloudflare)).toHaveLength(3);
  });

  test('from whoever sees the runner, read strictly', async () => {
    world({ 'runner-address': '203.0.113.200' });
    const own = { state: 'add', 'own-address': 'true' };
    expect((await run(own)).outputs).toMatchObject({ added: '203.0.113.200' });
    const answers = {
      '203.0.113.201\n': true,
      '2001:db8::201': true,
      '<html>203.0.113.201</html>': false,
      'ip=203.0.113.1\nip=203.0.113.2': false,
      '203.0.113.0/24': false,
      '192.168.1.7': false,
      '': false,
    };
    for (const [body, isGood] of Object.entries(answers)) {
      const cloudflare = cloudflareStandIn(
        { zones: [], lists: [{ account: ACCOUNT, name: 'maintenance_access' }], tokens: [{ token: TOKEN }] },
        runs.clock,
      );
      const source = {
        ...cloudflare,
        name: 'source',
        hosts: ['ip.example.com'],
        answer: () => ({ status: 200, body }),
      };
      runs.use([cloudflare, source]);
      const { outcome, outputs } = await run({ ...own, 'own-address-from': 'https://ip.example.com/' });
      expect(outcome, body).toEqual(
        isGood ? { ok: true } : failure('remote', /asked for this runner’s own address and answered 200/),
      );
      if (isGood) expect(outputs.added).toBe(body.trim());
      else expect(writes()).toEqual([]);
    }
  });
});

describe('for the tasks that are made of others,', () => {
  /** What a step function gives back, run as a task of its own. */
  async function asTask<Result>(work: (context: AnyContext) => Promise<Result>): Promise<Result> {
    let result: Result | undefined;
    const azure = { id: '00000000-0000-0000-0000-000000000000', category: 'Test' } as const;
    const definition = { name: 'asked', azure, summary: '', needs: {}, mutates: false, inputs: {}, outputs: {} };
    const { outcome } = await runs.run(
      defineTask({
        ...definition,
        async run(context) {
          result = await work(context);
          return {};
        },
      }),
      {},
    );
    expect(outcome).toEqual({ ok: true });
    return result as Result;
  }

  test('what any session left is found and taken back with a token alone', async () => {
    const cloudflare = world();
    const before = cloudflare.state();
    await run({ ...onHost, for: '1h' });
    const found = await asTask((context) => findAllowlistEntries(context, { token: TOKEN }));
    const ends = new Date('2026-11-22T01:30:00Z');
    expect(found).toEqual([
      { system: 'Cloudflare', what: `custom rule of example.com (block ${LIMIT})`, session: SESSION },
      ...['203.0.113.0/28', '2001:db8::7'].map((address) => ({
        system: 'Cloudflare',
        what: `${address} on the list maintenance_access until 2026-11-22T01:30:00.000Z`,
        session: SESSION,
        ends,
      })),
    ]);
    await asTask((context) => removeAllowlistEntries(context, { token: TOKEN, session: SESSION, dryRun: false }));
    expect(cloudflare.state()).toEqual(before);
    expect(await asTask((context) => findAllowlistEntries(context, { token: TOKEN }))).toEqual([]);
  });

  test('the same is taken back from lists of the same name in two accounts', async () => {
    const other = 'b'.repeat(32);
    const cloudflare = world({
      zones: [ACCOUNT, other].map((account, n) => ({ name: `example-${n}.com`, account })),
      lists: [ACCOUNT, other].map((account) => ({ account, name: 'maintenance_access' })),
    });
    for (const account of [ACCOUNT, other]) await run({ ...add, account });
    await asTask((context) => removeAllowlistEntries(context, { token: TOKEN, session: SESSION, dryRun: false }));
    expect(cloudflare.leftovers()).toEqual([]);
  });

  test('a token that sees zones only does not fail for what it may not look at', async () => {
    world({ tokens: [{ token: TOKEN, permissions: ['Zone Read', 'DNS Write', 'Cache Purge'] }] });
    expect(await asTask((context) => findAllowlistEntries(context, { token: TOKEN }))).toEqual([]);
  });

  test('what would be in the way is told beforehand, all of it', async () => {
    const given = { token: TOKEN, account: ACCOUNT, list: 'maintenance_access', hosts: ['my.example.com'] };
    const until = new Date('2026-11-22T02:30:00Z');
    world();
    expect(await asTask((context) => checkAccess(context, { ...given, until }))).toEqual([]);
    world({ tokens: [{ token: TOKEN, 'expires-on': '2026-11-22T01:00:00Z' }] });
    const wrong = { ...given, until, list: 'other', hosts: ['my.example.com', 'www.example.net'], rule: 'absent' };
    expect(await asTask((context) => checkAccess(context, wrong))).toEqual([
      expect.stringContaining('has no list other'),
      expect.stringContaining('www.example.net: its zone is not among'),
      expect.stringContaining('no custom rule with the ref or id absent'),
      expect.stringContaining('expires at 2026-11-22T01:00:00Z'),
    ]);
    world({ tokens: [{ token: TOKEN, permissions: ['Zone Read'] }] });
    expect(await asTask((context) => checkAccess(context, given))).toEqual([
      expect.stringMatching(/lacks Account Filter Lists Read on the account/),
    ]);
  });
});
