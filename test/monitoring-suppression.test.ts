import { ANY_UNDO_MARK, createHttp, Report } from '@maintenance-tasks/core';
import type { CallStart, Fault } from '@maintenance-tasks/rehearsal/fault';
import { alertmanagerStandIn } from '@maintenance-tasks/rehearsal/stand-ins/alertmanager';
import { datadogStandIn } from '@maintenance-tasks/rehearsal/stand-ins/datadog';
import { pingdomStandIn } from '@maintenance-tasks/rehearsal/stand-ins/pingdom';
import { checkAccess, findSuppressions } from '@maintenance-tasks/tasks/monitoring-suppression/suppression';
import task from '@maintenance-tasks/tasks/monitoring-suppression/task';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type TaskRuns, taskRuns } from './in-process-run.ts';

const START = '2026-11-22T00:30:00Z';
const SESSION = 'mw-202611220230-k7qx';
const ENDS = '2026-11-22T02:30:00.000Z';
const OTHER = 'mw-202611220330-z9wp';

const SYSTEMS = `
- { system: pingdom, checks: [11, 12] }
- { system: datadog, scope: "env:prod", site: datadoghq.eu }
- { system: alertmanager, url: https://alerts.example.com/am, matchers: ['cluster="prod"', 'severity=~"warning|critical"'] }
`;
const SECRETS = {
  'pingdom-token': 'pingdom-token-1',
  'datadog-api-key': 'dd-api-key-1',
  'datadog-app-key': 'dd-app-key-1',
  'alertmanager-user': 'pipeline',
  'alertmanager-password': 'am-password-1',
};

let runs: TaskRuns;
let pingdom: ReturnType<typeof pingdomStandIn>;
let datadog: ReturnType<typeof datadogStandIn>;
let alertmanager: ReturnType<typeof alertmanagerStandIn>;

beforeAll(async () => {
  runs = await taskRuns(START);
});
afterAll(() => runs.close());
beforeEach(() => world());

interface Seeds {
  pingdom?: Partial<Parameters<typeof pingdomStandIn>[0]>;
  datadog?: Partial<Parameters<typeof datadogStandIn>[0]>;
  alertmanager?: Partial<Parameters<typeof alertmanagerStandIn>[0]>;
}

function world(seeds: Seeds = {}): void {
  runs.clock.set(START);
  pingdom = pingdomStandIn(
    {
      token: SECRETS['pingdom-token'],
      checks: [
        { id: 11, name: 'www.example.com' },
        { id: 12, name: 'my.example.com' },
        { id: 13, name: 'blog.example.com' },
      ],
      ...seeds.pingdom,
    },
    runs.clock,
  );
  datadog = datadogStandIn(
    {
      site: 'datadoghq.eu',
      'api-key': SECRETS['datadog-api-key'],
      'app-key': SECRETS['datadog-app-key'],
      ...seeds.datadog,
    },
    runs.clock,
  );
  alertmanager = alertmanagerStandIn(
    {
      prefix: '/am',
      user: SECRETS['alertmanager-user'],
      password: SECRETS['alertmanager-password'],
      alerts: [
        { alertname: 'HighLatency', cluster: 'prod', severity: 'critical' },
        { alertname: 'HighLatency', cluster: 'staging', severity: 'critical' },
      ],
      ...seeds.alertmanager,
    },
    runs.clock,
  );
  failing(() => undefined);
}

function failing(fault: (call: CallStart) => Fault | undefined): void {
  runs.use([pingdom, datadog, alertmanager], { fault });
}

const run = (state: string, more: Record<string, string> = {}) =>
  runs.run(task, { state, systems: SYSTEMS, session: SESSION, evidence: 'evidence', ...SECRETS, ...more });

const leftovers = () => [pingdom, datadog, alertmanager].flatMap((standIn) => standIn.leftovers());
const writes = () => runs.calls().filter((call) => !call.startsWith('GET'));

describe('monitoring-suppression', () => {
  test('silences every system until the session ends, and lets them alert again', async () => {
    const on = await run('on');
    expect(on.outcome).toEqual({ ok: true });
    expect(on.outputs.ids?.split('\n').map((line) => line.replace(/ \S+$/, ''))).toEqual([
      'pingdom',
      'datadog datadoghq.eu',
      'alertmanager alerts.example.com/am',
    ]);
    expect(on.outputs).toMatchObject({ ends: ENDS, changed: 'true' });
    expect(pingdom.state()).toMatchObject({
      checks: [
        { check: 'www.example.com (11)', alerts: 'silenced' },
        { check: 'my.example.com (12)', alerts: 'silenced' },
        { check: 'blog.example.com (13)', alerts: 'sent' },
      ],
      windows: [{ now: 'running', to: ENDS }],
    });
    expect(datadog.state()).toMatchObject({ downtimes: [{ scope: 'env:prod', now: 'active', until: ENDS }] });
    expect(alertmanager.state()).toMatchObject({
      alerts: [{ notification: 'silenced' }, { notification: 'sent' }],
      silences: [{ now: 'active', until: ENDS }],
    });
    expect(leftovers()).toHaveLength(3);

    const off = await run('off');
    expect(off.outcome).toEqual({ ok: true });
    expect(off.outputs).toEqual({ ids: '', ends: '', changed: 'true' });
    expect(leftovers()).toEqual([]);
    expect(pingdom.state()).toMatchObject({ checks: [{ alerts: 'sent' }, { alerts: 'sent' }, { alerts: 'sent' }] });
    expect(alertmanager.state()).toMatchObject({ alerts: [{ notification: 'sent' }, { notification: 'sent' }] });
  });

  test('changes nothing the second time, neither on nor off', async () => {
    const first = await run('on');
    countAfresh();
    const second = await run('on');
    expect(second.outputs).toEqual({ ...first.outputs, changed: 'false' });
    expect(writes()).toEqual([]);
    await run('off');
    countAfresh();
    expect((await run('off')).outputs.changed).toBe('false');
    expect(writes()).toEqual([]);
  });

  test('shows the plan and changes nothing in a dry run', async () => {
    const dry = await run('on', { 'dry-run': 'true' });
    expect(dry.shown).toContain('pingdom: checks 11, 12: alerting → silenced until 2026-11-22T02:30:00.000Z');
    expect(writes()).toEqual([]);
    await run('on');
    countAfresh();
    const off = await run('off', { 'dry-run': 'true' });
    expect(off.outputs.changed).toBe('false');
    expect(writes()).toEqual([]);
  });

  test('leaves a suppression with another end in place and says so', async () => {
    await run('on');
    const longer = await run('on', { for: '4h' });
    expect(longer.outputs).toMatchObject({ ends: ENDS, changed: 'false' });
    expect(longer.warnings).toHaveLength(3);
    expect(longer.warnings[0]).toContain(
      'ends earlier than asked: at 2026-11-22T02:30:00.000Z, not 2026-11-22T04:30:00.000Z',
    );
  });

  test('ends only what its own session made', async () => {
    await run('on');
    await run('on', { session: OTHER });
    expect(leftovers()).toHaveLength(6);
    await run('off');
    expect(leftovers()).toHaveLength(3);
    expect(leftovers().every((line) => line.includes(OTHER))).toBe(true);
  });

  test('leaves what people silenced by hand alone', async () => {
    world({
      pingdom: { windows: [{ description: 'Router swap', from: START, to: ENDS, checks: [11] }] },
      datadog: { downtimes: [{ scope: 'env:prod', start: START }] },
      alertmanager: {
        silences: [
          { matchers: [{ name: 'cluster', value: 'prod' }], starts: START, ends: ENDS, comment: 'Router swap' },
        ],
      },
    });
    await run('on');
    await run('off');
    expect(pingdom.state()).toMatchObject({ windows: [{ description: 'Router swap', now: 'running' }, {}] });
    expect(datadog.state()).toMatchObject({ downtimes: [{ now: 'active' }, { now: 'canceled' }] });
    expect(alertmanager.state()).toMatchObject({ silences: [{ now: 'active' }, { now: 'expired' }] });
  });

  test('names all missing credentials at once', async () => {
    const { outcome } = await runs.run(task, { state: 'on', systems: SYSTEMS, session: SESSION });
    expect(outcome).toMatchObject({ ok: false, kind: 'input' });
    expect((outcome as { message: string }).message).toContain('pingdom-token');
    expect((outcome as { message: string }).message).toContain('datadog-api-key');
    expect((outcome as { message: string }).message).toContain('datadog-app-key');
    expect(runs.calls()).toEqual([]);
  });

  test('refuses an end that is past, too far away or unknown', async () => {
    expect((await run('on', { session: 'mw-202611220029-k7qx' })).outcome).toMatchObject({ kind: 'refused' });
    expect((await run('on', { for: '25h' })).outcome).toMatchObject({ kind: 'refused' });
    expect((await run('on', { for: '25h', longest: '26h', 'dry-run': 'true' })).outcome).toEqual({ ok: true });
    expect((await run('on', { session: 'tuesday-night' })).outcome).toMatchObject({ kind: 'input' });
    expect(writes()).toEqual([]);
  });

  test('refuses matchers that would silence everything, with their place in the list', async () => {
    const systems = `- { system: alertmanager, url: https://alerts.example.com/am, matchers: ['alertname=~".+"', 'a!=b'] }`;
    const { outcome } = await run('on', { systems });
    expect(outcome).toMatchObject({ ok: false, kind: 'input' });
    expect((outcome as { message: string }).message).toMatch(/match nearly every alert/);
    expect(runs.calls()).toEqual([]);
  });

  test('reports unknown checks and refused tokens together, before any change', async () => {
    world({ pingdom: { checks: [{ id: 11, name: 'www.example.com' }] } });
    const { outcome, shown } = await run('on', { 'datadog-app-key': 'dd-wrong-key' });
    expect(outcome).toMatchObject({ ok: false });
    expect(shown).toContain('Pingdom has no uptime check 12');
    expect(shown).toContain('Datadog answered 403: Forbidden');
    expect(writes()).toEqual([]);
  });

  test('ends what it made when a later system refuses', async () => {
    failing(({ method, host }) => (method === 'POST' && host === 'alerts.example.com' ? { status: 503 } : undefined));
    const { outcome } = await run('on');
    expect(outcome).toMatchObject({ ok: false, kind: 'remote' });
    expect((outcome as { message: string }).message).toMatch(
      /alertmanager alerts\.example\.com\/am .* could not be silenced.*503.*alerting again/s,
    );
    expect(leftovers()).toEqual([]);
  });

  test('does not silence twice when the answer to a creation is lost', async () => {
    const lost = new Set<string>();
    failing(({ method, host }) => {
      if (method !== 'POST' || lost.has(host)) return undefined;
      lost.add(host);
      return 'lost';
    });
    expect((await run('on')).outcome).toEqual({ ok: true });
    expect(lost.size).toBe(3);
    expect(leftovers()).toHaveLength(3);
  });

  test('tries a creation again that surely did not happen', async () => {
    let cut = false;
    failing(({ method }) => {
      if (method !== 'POST' || cut) return undefined;
      cut = true;
      return 'reset';
    });
    expect((await run('on')).outcome).toEqual({ ok: true });
    expect(leftovers()).toHaveLength(3);
  });

  test('waits as long as Pingdom’s own headers say when its limit is reached', async () => {
    world({ pingdom: { 'requests-a-minute': 5 } });
    const before = runs.clock.now().getTime();
    const { outcome, shown } = await run('on');
    expect(outcome).toEqual({ ok: true });
    expect(shown).toContain('Pingdom said that its quota is used up');
    expect(runs.clock.now().getTime() - before).toBeGreaterThan(30_000);
  });

  test('ends what is over already, whatever the system answers to that', async () => {
    world({ alertmanager: { version: '0.25.0' } });
    await run('on');
    // Between finding and ending, everything ends by itself.
    failing(({ method }) => {
      if (method !== 'GET') runs.clock.set('2026-11-22T02:30:01Z');
      return undefined;
    });
    expect((await run('off')).outcome).toEqual({ ok: true });
  });

  test('names what could not be ended, and ends the others', async () => {
    await run('on');
    failing(({ method, host }) => (method === 'DELETE' && host === 'api.datadoghq.eu' ? { status: 503 } : undefined));
    const { outcome } = await run('off');
    expect(outcome).toMatchObject({ ok: false, kind: 'remote' });
    expect((outcome as { message: string }).message).toMatch(
      /datadog datadoghq\.eu .* ends by itself at 2026-11-22T02:30/,
    );
    expect(leftovers()).toHaveLength(1);
    failing(() => undefined);
    expect((await run('off')).outcome).toEqual({ ok: true });
    expect(leftovers()).toEqual([]);
  });

  test('lets the others alert again when one system cannot even be read', async () => {
    await run('on');
    failing(({ host }) => (host === 'api.pingdom.com' ? { status: 503 } : undefined));
    const { outcome } = await run('off');
    expect(outcome).toMatchObject({ ok: false, kind: 'remote' });
    expect((outcome as { message: string }).message).toContain('Pingdom answered 503');
    expect(leftovers()).toHaveLength(1);
  });

  test('tells what is in force', async () => {
    await run('on');
    const status = await run('status');
    expect(status.outputs.ids?.split('\n')).toHaveLength(3);
    expect(status.outputs).toMatchObject({ ends: ENDS, changed: 'false' });
    expect((await run('status', { session: OTHER })).outputs).toEqual({ ids: '', ends: '', changed: 'false' });
  });

  test('finds the suppressions of all sessions, past pages of others’', async () => {
    const many = Array.from({ length: 130 }, (_, index) => ({
      description: `Other ${index}`,
      from: '2026-11-20T00:00:00Z',
      to: '2026-11-20T01:00:00Z',
    }));
    const downtimes = Array.from({ length: 130 }, (_, index) => ({ scope: `host:${index}`, start: START }));
    world({ pingdom: { windows: many }, datadog: { downtimes } });
    await run('on');
    await run('on', { session: OTHER });
    const found = await findSuppressions(context(), { systems: systems(), credentials: credentials() });
    expect(found).toHaveLength(6);
    expect(found.filter(({ session }) => session === OTHER)).toHaveLength(3);
    expect(found[0]).toMatchObject({
      system: 'pingdom',
      what: expect.stringContaining('silences checks 11, 12 until'),
    });
  });

  test('checks the access to all systems without changing anything', async () => {
    const wrong = { ...credentials(), pingdomToken: 'wrong', alertmanagerPassword: 'wrong' };
    const problems = await checkAccess(context(), { systems: systems(), credentials: wrong });
    expect(problems).toHaveLength(2);
    expect(problems.join()).toMatch(/Pingdom answered 401.*Alertmanager answered 401/s);
    expect(await checkAccess(context(), { systems: systems(), credentials: credentials() })).toEqual([]);
    expect(writes()).toEqual([]);
  });

  test.each<Fault>(['lost', { status: 500 }, { status: 403 }])(
    'whichever call goes wrong (%j), running again silences each once and ends all',
    async (fault) => {
      await run('on');
      const callsOfOn = runs.calls().length;
      countAfresh();
      await run('off');
      const callsOfOff = runs.calls().length;
      for (let broken = 1; broken <= callsOfOn; broken++) {
        world();
        failing(({ number }) => (number === broken ? fault : undefined));
        await run('on');
        countAfresh();
        expect((await run('on')).outcome).toEqual({ ok: true });
        expect(leftovers()).toHaveLength(3);
      }
      for (let broken = 1; broken <= callsOfOff; broken++) {
        failing(({ number }) => (number === broken ? fault : undefined));
        await run('off');
        countAfresh();
        expect((await run('off')).outcome).toEqual({ ok: true });
        expect(leftovers()).toEqual([]);
        await run('on');
      }
    },
  );

  test('never shows a secret', async () => {
    const { shown } = await run('on');
    for (const secret of Object.values(SECRETS).filter((value) => value !== 'pipeline'))
      expect(shown).not.toContain(secret);
    expect(leftovers().every((line) => line.includes(ANY_UNDO_MARK))).toBe(true);
  });
});

/** The same stand-ins, with their calls counted afresh. */
function countAfresh(): void {
  failing(() => undefined);
}

const credentials = () => ({
  pingdomToken: SECRETS['pingdom-token'],
  datadogApiKey: SECRETS['datadog-api-key'],
  datadogAppKey: SECRETS['datadog-app-key'],
  alertmanagerUser: SECRETS['alertmanager-user'],
  alertmanagerPassword: SECRETS['alertmanager-password'],
});

const systems = () => [
  { system: 'pingdom' as const, checks: [11, 12] },
  { system: 'datadog' as const, scope: 'env:prod', 'monitor-tags': ['*'], site: 'datadoghq.eu' },
  {
    system: 'alertmanager' as const,
    url: 'https://alerts.example.com/am',
    matchers: ['cluster="prod"', 'severity=~"warning|critical"'],
  },
];

function context() {
  const signal = new AbortController().signal;
  return {
    clock: runs.clock,
    signal,
    http: createHttp({
      clock: runs.clock,
      signal,
      deadline: new Date(runs.clock.now().getTime() + 900_000),
      userAgent: 'maintenance-tasks/test',
      debug: () => {},
      info: () => {},
      environment: process.env,
    }),
    report: new Report(() => {}),
    log: {
      debug: () => {},
      info: () => {},
      warning: () => {},
      progress: () => {},
      group: <T>(_: string, work: () => Promise<T>) => work(),
    },
    keepSecret: () => {},
    identityToken: () => Promise.reject(new Error('no identity here')),
    azureConnection: () => undefined,
  };
}
