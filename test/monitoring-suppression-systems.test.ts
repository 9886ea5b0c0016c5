import { createHttp } from '@maintenance-tasks/core';
import type { CallStart, Fault } from '@maintenance-tasks/rehearsal/fault';
import type { StandIn } from '@maintenance-tasks/rehearsal/stand-in';
import { alertmanagerStandIn } from '@maintenance-tasks/rehearsal/stand-ins/alertmanager';
import { azureMonitorStandIn } from '@maintenance-tasks/rehearsal/stand-ins/azure-monitor';
import { datadogStandIn } from '@maintenance-tasks/rehearsal/stand-ins/datadog';
import { entraIdStandIn } from '@maintenance-tasks/rehearsal/stand-ins/entra-id';
import { newRelicStandIn } from '@maintenance-tasks/rehearsal/stand-ins/new-relic';
import { pagerdutyStandIn } from '@maintenance-tasks/rehearsal/stand-ins/pagerduty';
import { statuspageStandIn } from '@maintenance-tasks/rehearsal/stand-ins/statuspage';
import { createPagerDuty } from '@maintenance-tasks/services/pagerduty/client';
import task from '@maintenance-tasks/tasks/monitoring-suppression/task';
import sweep from '@maintenance-tasks/tasks/sweep/task';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type TaskRuns, taskRuns } from './in-process-run.ts';

const START = '2026-11-22T00:30:00Z';
const SESSION = 'mw-202611220230-k7qx';
const ENDS = '2026-11-22T02:30:00.000Z';
const OTHER = 'mw-202611220330-z9wp';
const TENANT = '11111111-1111-4111-8111-111111111111';
const CLIENT = '22222222-2222-4222-8222-222222222222';
const SUBSCRIPTION = '44444444-4444-4444-8444-444444444444';
const GROUP = `/subscriptions/${SUBSCRIPTION}/resourceGroups`;

const ENTRIES = {
  'new-relic': `- { system: new-relic, account: 1234567, conditions: [{ attribute: tags.environment, operator: EQUALS, values: [prod] }] }`,
  pagerduty: `- { system: pagerduty, services: [PSHOP1, PMAIL1], from: release.manager@example.com }`,
  'azure-monitor': `- { system: azure-monitor, subscription: ${SUBSCRIPTION}, resource-group: monitoring, scopes: ["${GROUP}/Shop"], conditions: [{ field: Severity, operator: Equals, values: [Sev3, Sev4] }] }`,
  statuspage: `- { system: statuspage, page: examplepage, components: [shop1, account1], deliver-notifications: true }`,
};
const SYSTEMS = Object.values(ENTRIES).join('\n');
const SECRETS = {
  'new-relic-key': 'new-relic-key-1',
  'pagerduty-token': 'pagerduty-token-1',
  'statuspage-key': 'statuspage-key-1',
  'azure-client-secret': 'azure-secret-1',
};
const ACCESS = { ...SECRETS, 'azure-tenant-id': TENANT, 'azure-client-id': CLIENT };

let runs: TaskRuns;
let newRelic: ReturnType<typeof newRelicStandIn>;
let pagerduty: ReturnType<typeof pagerdutyStandIn>;
let azure: ReturnType<typeof azureMonitorStandIn>;
let statuspage: ReturnType<typeof statuspageStandIn>;

beforeAll(async () => {
  runs = await taskRuns(START);
});
afterAll(() => runs.close());
beforeEach(() => world());

interface Seeds {
  newRelic?: Partial<Parameters<typeof newRelicStandIn>[0]>;
  pagerduty?: Partial<Parameters<typeof pagerdutyStandIn>[0]>;
  azure?: Partial<Parameters<typeof azureMonitorStandIn>[0]>;
  statuspage?: Partial<Parameters<typeof statuspageStandIn>[0]>;
}

function world(seeds: Seeds = {}): void {
  runs.clock.set(START);
  newRelic = newRelicStandIn({ key: SECRETS['new-relic-key'], ...seeds.newRelic }, runs.clock);
  pagerduty = pagerdutyStandIn(
    {
      token: SECRETS['pagerduty-token'],
      services: [
        { id: 'PSHOP1', name: 'Shop' },
        { id: 'PMAIL1', name: 'Mail' },
        { id: 'PBLOG1', name: 'Blog' },
      ],
      ...seeds.pagerduty,
    },
    runs.clock,
  );
  azure = azureMonitorStandIn(
    { subscriptions: [{ id: SUBSCRIPTION, groups: ['monitoring', 'shop'] }], ...seeds.azure },
    runs.clock,
  );
  statuspage = statuspageStandIn(
    {
      key: SECRETS['statuspage-key'],
      components: [
        { id: 'shop1', name: 'Shop' },
        { id: 'account1', name: 'Accounts', status: 'degraded_performance' },
        { id: 'blog1', name: 'Blog' },
      ],
      ...seeds.statuspage,
    },
    runs.clock,
  );
  failing(() => undefined);
}

function failing(fault: (call: CallStart) => Fault | undefined): void {
  const application = { id: CLIENT, secret: SECRETS['azure-client-secret'] };
  const directory = entraIdStandIn({ tenants: [{ id: TENANT, applications: [application] }] }, runs.clock);
  runs.use([newRelic, pagerduty, azure, statuspage, directory], { fault });
}

/** The same stand-ins, with their calls counted afresh, and a minute later: Statuspage takes sixty calls in one. */
function countAfresh(): void {
  runs.clock.set(new Date(runs.clock.now().getTime() + 60_001).toISOString());
  failing(() => undefined);
}
const run = (state: string, more: Record<string, string> = {}) =>
  runs.run(task, { state, systems: SYSTEMS, session: SESSION, evidence: 'evidence', ...ACCESS, ...more });
const leftovers = () => [newRelic, pagerduty, azure, statuspage].flatMap((standIn) => standIn.leftovers());
const messageOf = (outcome: unknown) => (outcome as { message?: string }).message ?? '';
/** Reads of New Relic are POST, too. */
const writes = () =>
  runs.calls().filter((call) => !call.startsWith('GET') && !/graphql|login\.microsoftonline/.test(call));
const statusPage = () =>
  statuspage.state() as { components: { status: string }[]; incidents: { now: string }[]; mailed: string[] };

describe('New Relic, PagerDuty, Azure Monitor and Statuspage', () => {
  test('are silenced until the session ends, and alert again', async () => {
    const on = await run('on');
    expect(on.outcome).toEqual({ ok: true });
    expect(on.outputs).toMatchObject({ ends: ENDS, changed: 'true' });
    expect(on.outputs.ids?.split('\n').map((line) => line.replace(/ \S+$/, ''))).toEqual([
      'new-relic 1234567',
      'pagerduty',
      `azure-monitor ${SUBSCRIPTION}/monitoring`,
      'statuspage examplepage',
    ]);
    expect(newRelic.state()).toMatchObject({ rules: [{ now: 'active', until: ENDS }] });
    expect(pagerduty.state()).toMatchObject({
      services: [{ incidents: 'silenced' }, { incidents: 'silenced' }, { incidents: 'opened' }],
      windows: [{ now: 'ongoing', until: ENDS }],
    });
    expect(azure.state()).toMatchObject({
      rules: [
        { name: expect.stringContaining(`maintenance-${SESSION}-`), now: 'active', until: '2026-11-22T02:30:00' },
      ],
    });
    expect(statusPage()).toMatchObject({
      components: [{ status: 'under_maintenance' }, { status: 'under_maintenance' }, { status: 'operational' }],
      incidents: [{ now: 'in_progress', until: ENDS }],
      mailed: ['Planned maintenance: in_progress'],
    });
    expect(leftovers()).toHaveLength(4);

    const off = await run('off');
    expect(off.outcome).toEqual({ ok: true });
    expect(leftovers()).toEqual([]);
    expect(newRelic.state()).toEqual({ rules: [] });
    expect(azure.state()).toEqual({ rules: [] });
    expect(pagerduty.state()).toMatchObject({ services: [{ incidents: 'opened' }, { incidents: 'opened' }, {}] });
    // As each was before, not simply operational.
    expect(statusPage()).toMatchObject({
      components: [{ status: 'operational' }, { status: 'degraded_performance' }, { status: 'operational' }],
      incidents: [{ now: 'completed' }],
      mailed: ['Planned maintenance: in_progress', 'Planned maintenance: completed'],
    });
  });

  test('are changed once only, on and off', async () => {
    const first = await run('on');
    const before = [newRelic.state(), pagerduty.state(), azure.state(), statuspage.state()];
    countAfresh();
    expect((await run('on')).outputs).toEqual({ ...first.outputs, changed: 'false' });
    expect(writes()).toEqual([]);
    expect([newRelic.state(), pagerduty.state(), azure.state(), statuspage.state()]).toEqual(before);
    await run('off');
    countAfresh();
    expect((await run('off')).outputs.changed).toBe('false');
    expect(writes()).toEqual([]);
  });

  test('are only planned in a dry run, which tells whether people are mailed', async () => {
    const { shown } = await run('on', { 'dry-run': 'true' });
    expect(shown).toContain('statuspage examplepage: components account1, shop1: alerting → silenced until');
    expect(shown).toContain('everybody can see it, its subscribers are mailed');
    expect(leftovers()).toEqual([]);
    expect(writes()).toEqual([]);
  });

  test('end by themselves when nobody ends them', async () => {
    await run('on');
    runs.clock.set('2026-11-22T02:30:01Z');
    expect(leftovers()).toEqual([]);
    expect(statusPage().components.map(({ status }) => status)).not.toContain('under_maintenance');
    const off = await run('off');
    expect(off.outcome).toEqual({ ok: true });
    expect(off.outputs.changed).toBe('false');
  });

  test('keep apart what two sessions made', async () => {
    await run('on');
    await run('on', { session: OTHER });
    expect(leftovers()).toHaveLength(8);
    await run('off', { session: OTHER });
    expect(leftovers().filter((line) => line.includes(OTHER))).toEqual([]);
    expect(leftovers()).toHaveLength(4);
  });

  test('leave alone what people silenced by hand', async () => {
    world({
      newRelic: {
        rules: [{ account: 1_234_567, name: 'Router', conditions: [{ attribute: 'policyName', operator: 'EQUALS' }] }],
      },
      pagerduty: { windows: [{ description: 'Router', starts: START, ends: ENDS, services: ['PBLOG1'] }] },
      azure: {
        rules: [{ subscription: SUBSCRIPTION, group: 'monitoring', name: 'router', scopes: [`${GROUP}/shop`] }],
      },
    });
    await run('on');
    await run('off');
    expect(newRelic.state()).toMatchObject({ rules: [{ name: 'Router', now: 'active' }] });
    expect(pagerduty.state()).toMatchObject({ windows: [{ description: 'Router', now: 'ongoing' }, { now: 'past' }] });
    expect(azure.state()).toMatchObject({ rules: [{ name: 'router', now: 'active' }] });
  });

  test('are named with all that is wrong before anything is changed', async () => {
    world({
      newRelic: { accounts: [7] },
      pagerduty: { users: ['somebody@example.com'], services: [{ id: 'PSHOP1', name: 'Shop' }] },
      azure: { subscriptions: [{ id: SUBSCRIPTION, groups: ['monitoring'] }] },
      statuspage: { components: [{ id: 'shop1', name: 'Shop' }] },
    });
    const { outcome } = await run('on');
    expect(outcome).toMatchObject({ ok: false });
    expect(messageOf(outcome)).toContain('New Relic answered 200: Access denied.');
    expect(messageOf(outcome)).toContain('PagerDuty has no service PMAIL1');
    expect(messageOf(outcome)).toContain('PagerDuty has no user release.manager@example.com');
    expect(messageOf(outcome)).toContain('Azure has no resource group Shop');
    expect(messageOf(outcome)).toContain('Statuspage has no component account1');
    expect(leftovers()).toEqual([]);
  });

  test('are found and ended by sweep, without a window file', async () => {
    await run('on');
    const swept = await runs.run(sweep, {
      session: SESSION,
      evidence: 'evidence',
      ...ACCESS,
      'new-relic-accounts': '1234567',
      'azure-monitor-groups': `${GROUP}/monitoring`,
      'statuspage-pages': 'examplepage',
    });
    expect(swept.outcome).toEqual({ ok: true });
    expect(swept.outputs.found?.split('\n')).toHaveLength(4);
    expect(leftovers()).toEqual([]);
    // Subscribers were told of the start, so they are told of the end.
    expect(statusPage().mailed).toHaveLength(2);
  });

  test.each<Fault>(['lost', { status: 403 }])(
    'whichever call goes wrong (%j), running again silences each once and ends all',
    async (fault) => {
      await run('on');
      const callsOfOn = runs.calls().length;
      countAfresh();
      await run('off');
      const callsOfOff = runs.calls().length;
      const once = () => [newRelic, pagerduty, azure, statuspage].map((standIn) => standIn.leftovers().length);
      for (let broken = 1; broken <= callsOfOn; broken++) {
        world();
        failing(({ number }) => (number === broken ? fault : undefined));
        await run('on');
        countAfresh();
        expect((await run('on')).outcome, `call ${broken} of ${callsOfOn}`).toEqual({ ok: true });
        expect(once()).toEqual([1, 1, 1, 1]);
        expect(statusPage().components[1]?.status).toBe('under_maintenance');
      }
      world();
      await run('on');
      for (let broken = 1; broken <= callsOfOff; broken++) {
        countAfresh();
        failing(({ number }) => (number === broken ? fault : undefined));
        await run('off');
        countAfresh();
        expect((await run('off')).outcome, `call ${broken} of ${callsOfOff}`).toEqual({ ok: true });
        expect(leftovers()).toEqual([]);
        expect(statusPage().components[1]?.status).toBe('degraded_performance');
        countAfresh();
        await run('on');
      }
    },
  );

  test('show no secret', async () => {
    const { shown } = await run('on');
    for (const secret of Object.values(SECRETS)) expect(shown).not.toContain(secret);
  });
});

const only = (system: keyof typeof ENTRIES, more: Record<string, string> = {}) => ({
  systems: ENTRIES[system],
  ...more,
});

describe('New Relic', () => {
  test('is told a window in UTC without an offset', async () => {
    let sent = '';
    const answer = newRelic.answer;
    newRelic.answer = (request) => {
      if (request.body.includes('alertsMutingRuleCreate')) sent = request.body.toString();
      return answer(request);
    };
    await run('on', only('new-relic'));
    expect(JSON.parse(sent).variables.rule.schedule).toEqual({
      startTime: '2026-11-22T00:29:00',
      endTime: '2026-11-22T02:30:00',
      timeZone: 'UTC',
    });
  });

  test('fails when GraphQL refuses with status 200', async () => {
    const answer = newRelic.answer;
    const refusing = (errorClass: string) => {
      newRelic.answer = (request) =>
        request.body.includes('alertsMutingRuleCreate')
          ? { status: 200, body: { data: null, errors: [{ message: 'No', extensions: { errorClass } }] } }
          : answer(request);
    };
    refusing('ACCESS_DENIED');
    expect((await run('on', only('new-relic'))).outcome).toMatchObject({ ok: false, kind: 'auth' });
    refusing('TOO_MANY_REQUESTS');
    expect((await run('on', only('new-relic'))).outcome).toMatchObject({ ok: false, kind: 'remote' });
    refusing('BAD_USER_INPUT');
    expect((await run('on', only('new-relic'))).outcome).toMatchObject({ ok: false, kind: 'input' });
  });

  test.each([
    ['only excludes', '{ attribute: policyName, operator: NOT_EQUALS, values: [x] }', /mute nearly every issue/i],
    ['names only the account', '{ attribute: accountId, operator: EQUALS, values: ["1"] }', /mute nearly every issue/i],
    ['compares with nothing', '{ attribute: policyName, operator: EQUALS }', /names no values/],
    ['has no such attribute', '{ attribute: polcy, operator: EQUALS, values: [x] }', /is not an attribute/],
    ['would mute all', '{ attribute: policyName, operator: ANY }', /operator/],
  ])('is not muted by a rule that %s', async (_, condition, problem) => {
    const systems = `- { system: new-relic, account: 1234567, conditions: [${condition}] }`;
    const { outcome } = await run('on', { systems });
    expect(outcome).toMatchObject({ ok: false, kind: 'input' });
    expect(messageOf(outcome)).toMatch(problem);
    expect(runs.calls()).toEqual([]);
  });
});

describe('PagerDuty', () => {
  test('is waited for as long as its own headers say', async () => {
    world({ pagerduty: { 'requests-a-minute': 4 } });
    const { outcome, shown } = await run('on', only('pagerduty'));
    expect(outcome).toEqual({ ok: true });
    expect(shown).toContain('PagerDuty said that its quota is used up');
  });

  test('may say that a window is over already', async () => {
    await run('on', only('pagerduty'));
    failing(({ method }) => {
      if (method === 'DELETE') runs.clock.set('2026-11-22T02:30:01Z');
      return undefined;
    });
    expect((await run('off', only('pagerduty'))).outcome).toEqual({ ok: true });
    expect(runs.calls().some((call) => call.startsWith('DELETE') && call.endsWith('405'))).toBe(true);
  });

  test('takes a window that is over or gone for ended', async () => {
    const past = {
      description: 'x',
      starts: '2026-11-21T00:00:00Z',
      ends: '2026-11-21T01:00:00Z',
      services: ['PSHOP1'],
    };
    world({ pagerduty: { windows: [past] } });
    const http = createHttp({
      clock: runs.clock,
      signal: new AbortController().signal,
      deadline: new Date(Date.parse(START) + 60_000),
      userAgent: 'maintenance-tasks/test',
      debug: () => {},
      info: () => {},
      environment: process.env,
    });
    const client = createPagerDuty(http, { region: 'us', token: SECRETS['pagerduty-token'] });
    await client.end('PW00001', async () => false);
    await client.end('PNONE1', async () => false);
    http.close();
    expect(runs.calls().map((call) => call.slice(-3))).toEqual(['405', '404']);
  });

  test('is read past pages of other windows', async () => {
    const windows = Array.from({ length: 130 }, (_, index) => ({
      description: `Other ${index}`,
      starts: START,
      ends: ENDS,
      services: ['PBLOG1'],
    }));
    world({ pagerduty: { windows } });
    await run('on', only('pagerduty'));
    expect((await run('off', only('pagerduty'))).outputs.changed).toBe('true');
    expect(leftovers()).toEqual([]);
  });

  test('cannot be written to with a key that only reads', async () => {
    world({ pagerduty: { 'read-only': true } });
    const { outcome } = await run('on', only('pagerduty'));
    expect(outcome).toMatchObject({ ok: false, kind: 'auth' });
    expect(messageOf(outcome)).toContain('Access Denied');
  });

  test('is in the EU where the entry says so', async () => {
    world({ pagerduty: { region: 'eu' } });
    const systems = ENTRIES.pagerduty.replace(' }', ', region: eu }');
    expect((await run('on', { systems })).outputs.ids).toMatch(/^pagerduty eu /);
  });
});

describe('Azure Monitor', () => {
  test('says which right is missing', async () => {
    world({ azure: { subscriptions: [{ id: SUBSCRIPTION, groups: ['monitoring', 'shop'], writers: ['other'] }] } });
    const { outcome } = await run('on', only('azure-monitor'));
    expect(outcome).toMatchObject({ ok: false, kind: 'auth' });
    expect(messageOf(outcome)).toMatch(/AuthorizationFailed.*Monitoring Contributor/s);
  });

  test('lists rules to the end, and only there', async () => {
    const rules = Array.from({ length: 60 }, (_, index) => ({
      subscription: SUBSCRIPTION,
      group: 'monitoring',
      name: `other-${index}`,
      scopes: [`${GROUP}/shop`],
    }));
    world({ azure: { rules } });
    await run('on', only('azure-monitor'));
    expect((await run('off', only('azure-monitor'))).outputs.changed).toBe('true');
    expect(leftovers()).toEqual([]);
    azure.answer = () => ({ status: 200, body: { value: [], nextLink: 'https://elsewhere.example.com/' } });
    const { outcome } = await run('on', only('azure-monitor'));
    expect(messageOf(outcome)).toContain('named a next page that is not its own');
    expect(runs.calls().some((call) => call.includes('elsewhere'))).toBe(false);
  });

  test('refuses scopes of another subscription', async () => {
    const systems = ENTRIES['azure-monitor'].replace(`["/subscriptions/${SUBSCRIPTION}`, `["/subscriptions/${TENANT}`);
    const { outcome } = await run('on', { systems });
    expect(outcome).toMatchObject({ ok: false, kind: 'input' });
    expect(messageOf(outcome)).toContain('in another subscription');
  });
});

describe('Statuspage', () => {
  const components = (...statuses: readonly string[]) => {
    expect(statusPage().components.map(({ status }) => status)).toEqual(statuses);
  };
  const setByHand = async (id: string, status: string) => {
    // Somebody with another incident of their own.
    const headers = { authorization: `OAuth ${SECRETS['statuspage-key']}` };
    const incident = {
      name: 'By hand',
      status: 'in_progress',
      scheduled_for: START,
      scheduled_until: ENDS,
      components: { [id]: status },
    };
    const url = new URL('https://api.statuspage.io/v1/pages/examplepage/incidents');
    const connectedTo = { host: url.hostname, port: 443 };
    const body = Buffer.from(JSON.stringify({ incident }));
    await statuspage.answer({ method: 'POST', url, connectedTo, headers, body });
  };

  test('needs the choice whether people are mailed', async () => {
    const systems = ENTRIES.statuspage.replace(', deliver-notifications: true', '');
    const { outcome } = await run('on', { systems });
    expect(outcome).toMatchObject({ ok: false, kind: 'input' });
    expect(messageOf(outcome)).toContain('deliver-notifications');
  });

  test('mails nobody where that is chosen, at the end neither', async () => {
    const systems = ENTRIES.statuspage.replace('deliver-notifications: true', 'deliver-notifications: false');
    await run('on', { systems });
    await run('off', { systems });
    expect(statusPage().mailed).toEqual([]);
    await run('on', { systems, session: OTHER });
    runs.clock.set('2026-11-22T03:30:01Z');
    expect(statusPage()).toMatchObject({ incidents: [{}, { now: 'completed' }], mailed: [] });
  });

  test('mails people also when it ends by itself, where that is chosen', async () => {
    await run('on', only('statuspage'));
    runs.clock.set('2026-11-22T02:30:01Z');
    expect(statusPage().mailed).toEqual(['Planned maintenance: in_progress', 'Planned maintenance: completed']);
  });

  test('says that a component that is not operational comes back so only when the task ends it', async () => {
    const { warnings } = await run('on', only('statuspage'));
    expect(warnings).toEqual([expect.stringContaining('component account1 is degraded_performance now')]);
  });

  test('is not completed over what somebody changed meanwhile', async () => {
    await run('on', only('statuspage'));
    await setByHand('shop1', 'major_outage');
    const { outcome } = await run('off', only('statuspage'));
    expect(outcome).toMatchObject({ ok: false, kind: 'conflict' });
    expect(messageOf(outcome)).toContain(
      'shop1, which was operational before and under_maintenance since, to major_outage',
    );
    components('major_outage', 'under_maintenance', 'operational');
    await setByHand('shop1', 'operational');
    expect((await run('off', only('statuspage'))).outcome).toEqual({ ok: true });
    components('operational', 'degraded_performance', 'operational');
  });

  test('is asked again after 420', async () => {
    world({ statuspage: { 'requests-a-minute': 4 } });
    const { shown } = await run('on', only('statuspage'));
    expect(shown).toContain('Statuspage answered 420, attempt 1 of 5; waiting');
  });
});

describe('status', () => {
  const SYSTEMS_THAT_TELL = `
- { system: pagerduty, services: [PSHOP1], from: release.manager@example.com }
- { system: datadog, scope: "env:prod", site: datadoghq.eu }
- { system: alertmanager, url: https://alerts.example.com, matchers: ['cluster="prod"', 'severity=~"warning|critical"'] }
`;
  const during = '2026-11-22T01:00:00Z';
  const before = '2026-11-21T20:00:00Z';
  const mayRead = ['monitors_downtime', 'events_read'];

  let telling: StandIn[];

  function tellingWorld(scopes: string[]): void {
    world({
      pagerduty: {
        incidents: [
          { title: 'Mail queue', service: 'PMAIL1', created: during },
          { title: 'Shop down', service: 'PSHOP1', created: during },
          { title: 'Old', service: 'PBLOG1', created: before },
        ],
      },
    });
    const datadog = datadogStandIn(
      {
        site: 'datadoghq.eu',
        scopes,
        alerts: [
          { monitor: 'Disk', tags: ['env:prod', 'host:a'], at: during },
          { monitor: 'Queue', tags: ['env:staging'], at: during },
          { monitor: 'Old', tags: ['env:staging'], at: before },
        ],
      },
      runs.clock,
    );
    const alertmanager = alertmanagerStandIn(
      {
        alerts: [
          { alertname: 'DiskFull', cluster: 'prod', severity: 'page' },
          { alertname: 'Latency', cluster: 'prod', severity: 'warning' },
        ],
        'firing-since': during,
      },
      runs.clock,
    );
    telling = [pagerduty, datadog, alertmanager];
    runs.use(telling);
  }
  const status = (state: string, more: Record<string, string> = {}) =>
    run(state, {
      systems: SYSTEMS_THAT_TELL,
      'datadog-api-key': 'datadog-api-key',
      'datadog-app-key': 'datadog-app-key',
      ...more,
    });

  test('tells the alerts that went out during the window, and what would have caught them', async () => {
    tellingWorld(mayRead);
    await status('on');
    runs.clock.set('2026-11-22T01:30:00Z');
    const { outputs, shown } = await status('status');
    expect(outputs).toMatchObject({ alerted: '3', changed: 'false' });
    expect(shown).toContain('service PMAIL1 (Mail) added to services');
    expect(shown).toContain('Queue: an entry with scope env:staging');
    expect(shown).toContain('matchers cluster="prod", severity=~"warning|critical|page"');
    expect(shown).not.toMatch(/Shop down|Old|Latency/);
  });

  test('looks back as far as it is told, with nothing in force', async () => {
    tellingWorld(mayRead);
    runs.clock.set('2026-11-22T01:30:00Z');
    expect((await status('status')).outputs).not.toHaveProperty('alerted');
    const { outputs, shown } = await status('status', { 'look-back': '8h' });
    expect(outputs.alerted).toBe('8');
    expect(shown).toContain('Old');
    expect((await status('status', { 'look-back': '10m' })).outputs.alerted).toBe('0');
  });

  test('asks the others when one of them fails', async () => {
    tellingWorld(mayRead);
    await status('on');
    runs.clock.set('2026-11-22T01:30:00Z');
    runs.use(telling, { fault: ({ path }) => (path.startsWith('/api/v2/events') ? { status: 503 } : undefined) });
    const { outcome, outputs, warnings } = await status('status');
    expect(outcome).toEqual({ ok: true });
    expect(outputs.alerted).toBe('2');
    expect(warnings.join()).toContain('datadog datadoghq.eu does not tell its alerts: Datadog answered 503');
  });

  test('says when a system does not tell, and asks the others all the same', async () => {
    tellingWorld(['monitors_downtime']);
    await status('on');
    runs.clock.set('2026-11-22T01:30:00Z');
    const { outcome, outputs, shown } = await status('status');
    expect(outcome).toEqual({ ok: true });
    expect(outputs.alerted).toBe('2');
    expect(shown).toContain('datadog datadoghq.eu does not let this access read alerts');
  });
});
