import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createHttp, newSessionId, systemClock, TaskError } from '@maintenance-tasks/core';
import { alertmanagerStandIn } from '@maintenance-tasks/rehearsal/stand-ins/alertmanager';
import { createAlertmanager } from '@maintenance-tasks/services/alertmanager/client';
import type { Matcher } from '@maintenance-tasks/services/alertmanager/matchers';
import task from '@maintenance-tasks/tasks/monitoring-suppression/task';
import sweep from '@maintenance-tasks/tasks/sweep/task';
import { runCaptured } from '../in-process-run.ts';
import { fromDebianPackage } from './debian-package.ts';
import { defineRig } from './rig.ts';
import { freePort, type ServerProcess, startServer } from './server-process.ts';

const PROGRAM = '/usr/bin/prometheus-alertmanager';
const USER = 'pipeline';
const PASSWORD = 'real-password';
/** bcrypt of the password, as `htpasswd -nBC 4` writes it. */
const HASH = '$2b$04$MEub8roNRBBWNoq/hF17deeGE9HVqLr9nSJyJqwQ3C1WqixjN49ri';
const PREFIX = '/am';

interface World {
  readonly server: ServerProcess;
  readonly folder: string;
  readonly url: string;
  /** Of all runs but those that say otherwise. */
  readonly session: string;
}

const headers = { authorization: `Basic ${Buffer.from(`${USER}:${PASSWORD}`).toString('base64')}` };
const MATCHERS = ['cluster="prod"', 'severity=~"warning|critical"'];

export default defineRig<World>({
  what: 'monitoring-suppression against Prometheus Alertmanager from Debian’s package, with a password and a path prefix',
  quick: true,

  async start() {
    const program = await fromDebianPackage(PROGRAM, 'prometheus-alertmanager');
    const folder = mkdtempSync(join(tmpdir(), 'real-alertmanager-'));
    writeFileSync(join(folder, 'alertmanager.yml'), 'route: { receiver: nobody }\nreceivers: [{ name: nobody }]\n');
    writeFileSync(join(folder, 'web.yml'), `basic_auth_users:\n  ${USER}: "${HASH}"\n`);
    const port = await freePort();
    const url = `http://127.0.0.1:${port}${PREFIX}`;
    const server = await startServer(
      program,
      [
        `--config.file=${join(folder, 'alertmanager.yml')}`,
        `--web.config.file=${join(folder, 'web.yml')}`,
        `--storage.path=${join(folder, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
        `--web.route-prefix=${PREFIX}`,
        '--cluster.listen-address=',
      ],
      async () => (await fetch(`${url}/-/ready`, { headers })).ok,
    );
    return { server, folder, url, session: newSessionId(new Date(Date.now() + 2 * 3_600_000)) };
  },

  async stop({ server, folder }) {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  },

  checks: {
    'is in the version that the stand-in is compared with': async (world) => {
      const { versionInfo } = (await call(world, 'GET', '/status')).body as { versionInfo: { version: string } };
      assert.match(versionInfo.version, /^0\.\d+\.\d+/);
    },

    'silences what the matchers name until the window ends, and nothing else': async (world) => {
      await fire(world, { alertname: 'Latency', cluster: 'prod', severity: 'warning' });
      await fire(world, { alertname: 'Latency', cluster: 'staging', severity: 'warning' });
      const { outcome, outputs } = await run(world, 'on');
      assert.deepEqual(outcome, { ok: true });
      assert.equal(outputs.changed, 'true');
      const [silence, ...more] = await inForce(world);
      assert.deepEqual(more, []);
      assert.equal(new Date(silence?.endsAt ?? 0).toISOString(), outputs.ends);
      assert.equal(outputs.ids, `alertmanager ${new URL(world.url).host}${PREFIX} ${silence?.id}`);
      assert.deepEqual(await states(world), { 'Latency prod': 'suppressed', 'Latency staging': 'active' });
    },

    'changes nothing the second time': async (world) => {
      const before = await inForce(world);
      assert.equal((await run(world, 'on')).outputs.changed, 'false');
      assert.deepEqual(await inForce(world), before);
    },

    'shows only the plan in a dry run': async (world) => {
      const before = await inForce(world);
      const other = newSessionId(new Date(Date.now() + 3_600_000));
      assert.deepEqual((await run(world, 'on', { session: other, 'dry-run': 'true' })).outcome, { ok: true });
      assert.deepEqual(await inForce(world), before);
    },

    'tells the alert that went out all the same, with matchers that catch it': async (world) => {
      await fire(world, { alertname: 'DiskFull', cluster: 'prod', severity: 'page' });
      const { outputs, shown } = await run(world, 'status', { 'look-back': '1h' });
      assert.equal(outputs.alerted, '2');
      const suggested = /DiskFull[^\n]*: matchers (cluster="prod", severity=~"warning\|critical\|page")/.exec(
        shown,
      )?.[1];
      assert.ok(suggested, shown);
      const systems = systemsOf(world, suggested.split(', '));
      assert.deepEqual((await run(world, 'on', { systems })).outcome, { ok: true });
      assert.equal((await states(world))['DiskFull prod'], 'suppressed');
    },

    'stops at what somebody changed': async (world) => {
      const own = (await inForce(world)).find(
        ({ matchers }) => matchers.length === 2 && !value(matchers).includes('page'),
      );
      const matchers = own?.matchers.map((one) => (one.name === 'cluster' ? { ...one, value: 'other' } : one));
      const posted = await call(world, 'POST', '/silences', { ...own, matchers });
      assert.equal(posted.status, 200);
      const { outcome } = await run(world, 'on');
      assert.equal((outcome as { kind?: string }).kind, 'conflict');
      assert.match((outcome as { message: string }).message, /now covers alerts with cluster="other"/);
    },

    'lets everything alert again, and has nothing to do the second time': async (world) => {
      assert.equal((await run(world, 'off')).outputs.changed, 'true');
      assert.deepEqual(await inForce(world), []);
      assert.ok(Object.values(await states(world)).every((state) => state === 'active'));
      assert.equal((await run(world, 'off')).outputs.changed, 'false');
    },

    'ends by itself when nobody ends it': async (world) => {
      assert.deepEqual((await run(world, 'on', { for: '3s' })).outcome, { ok: true });
      assert.equal((await inForce(world)).length, 1);
      await delay(4_000);
      assert.deepEqual(await inForce(world), []);
      assert.equal((await run(world, 'off')).outputs.changed, 'false');
    },

    'is swept when a run was lost': async (world) => {
      await run(world, 'on');
      const { outcome, outputs } = await runCaptured(
        sweep,
        { session: world.session, 'alertmanager-urls': world.url, evidence: 'evidence', ...access },
        { workingFolder: world.folder },
      );
      assert.deepEqual(outcome, { ok: true });
      assert.match(outputs.found ?? '', /silences alerts with cluster="prod"/);
      assert.deepEqual(await inForce(world), []);
    },

    'refuses a wrong password': async (world) => {
      const { outcome, shown } = await run(world, 'on', { 'alertmanager-password': 'wrong-password' });
      assert.equal((outcome as { kind?: string }).kind, 'auth');
      assert.ok(!shown.includes('wrong-password'));
    },

    'takes a silence that nobody knows for one that is over, and says why others are refused': async (world) => {
      const client = createAlertmanager(http(), { url: world.url, user: USER, password: PASSWORD });
      await client.expire('4f9e8d0e-0000-4000-8000-000000000000');
      const now = new Date();
      const all: Matcher = { name: 'alertname', value: '.*', isRegex: true, isEqual: true };
      const silence = { matchers: [all], now, endsAt: new Date(now.getTime() + 60_000), comment: 'x' };
      await assert.rejects(
        client.create(silence, async () => undefined),
        (error: unknown) => error instanceof TaskError && error.kind === 'input' && /empty string/.test(error.message),
      );
    },

    'refuses as the stand-in does': async (world) => {
      const { versionInfo } = (await call(world, 'GET', '/status')).body as { versionInfo: { version: string } };
      const [version = ''] = versionInfo.version.split('+');
      const standIn = alertmanagerStandIn({ version }, { now: () => new Date() });
      for (const [why, method, path, body] of refusedCalls()) {
        const url = new URL(`https://alerts.example.com/api/v2${path}`);
        const connectedTo = { host: url.hostname, port: 443 };
        const request = { method, url, connectedTo, headers: {}, body: Buffer.from(JSON.stringify(body) ?? '') };
        const expected = await call(world, method, path, body);
        const answer = await standIn.answer(request);
        assert.equal(answer.status, expected.status, `${why}: ${JSON.stringify(expected.body)}`);
        const shape = typeof answer.body === 'string' ? JSON.parse(answer.body) : answer.body;
        assert.equal(typeof shape, typeof expected.body, why);
        assert.equal(shape?.code, (expected.body as { code?: number } | undefined)?.code, why);
      }
    },
  },
});

const access = { 'alertmanager-user': USER, 'alertmanager-password': PASSWORD };

function systemsOf({ url }: World, matchers: readonly string[]): string {
  return JSON.stringify([{ system: 'alertmanager', url, matchers }]);
}

function run(world: World, state: string, more: Readonly<Record<string, string>> = {}) {
  const systems = systemsOf(world, MATCHERS);
  const inputs = { state, systems, session: world.session, evidence: 'evidence', ...access, ...more };
  return runCaptured(task, inputs, { workingFolder: world.folder });
}

async function call({ url }: World, method: string, path: string, body?: unknown) {
  const answer = await fetch(`${url}/api/v2${path}`, {
    method,
    headers: { ...headers, 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, body: text === '' ? undefined : (JSON.parse(text) as unknown) };
}

interface Shown {
  readonly id: string;
  readonly endsAt: string;
  readonly matchers: readonly Matcher[];
  readonly status: { readonly state: string };
}

async function inForce(world: World): Promise<Shown[]> {
  const { body } = await call(world, 'GET', '/silences');
  return (body as Shown[]).filter(({ status }) => status.state !== 'expired');
}

function value(matchers: readonly Matcher[]): string {
  return matchers.map((matcher) => matcher.value).join();
}

async function fire(world: World, labels: Readonly<Record<string, string>>): Promise<void> {
  const { status } = await call(world, 'POST', '/alerts', [{ labels, startsAt: new Date().toISOString() }]);
  assert.equal(status, 200);
}

/** Of each alert, by its name and cluster; what was silenced just now may be shown a moment later. */
async function states(world: World): Promise<Record<string, string>> {
  await delay(200);
  const { body } = await call(world, 'GET', '/alerts');
  const alerts = body as { labels: { alertname: string; cluster: string }; status: { state: string } }[];
  const entries = alerts.map(({ labels, status }) => [`${labels.alertname} ${labels.cluster}`, status.state]);
  return Object.fromEntries(entries.sort()) as Record<string, string>;
}

function http() {
  return createHttp({
    clock: systemClock,
    signal: new AbortController().signal,
    deadline: new Date(Date.now() + 60_000),
    userAgent: 'maintenance-tasks/test',
    debug: () => {},
    info: () => {},
    environment: {},
  });
}

function refusedCalls(): [why: string, method: string, path: string, body?: unknown][] {
  const at = (minutes: number) => new Date(Date.now() + minutes * 60_000).toISOString();
  const silence = {
    matchers: [{ name: 'cluster', value: 'prod', isRegex: false }],
    startsAt: at(-1),
    endsAt: at(60),
    createdBy: 'x',
    comment: '',
  };
  const unknown = '4f9e8d0e-0000-4000-8000-000000000000';
  const regex = (expression: string) => [{ name: 'a', value: expression, isRegex: true }];
  return [
    ['matchers that match nothing', 'POST', '/silences', { ...silence, matchers: regex('.*') }],
    ['a broken expression', 'POST', '/silences', { ...silence, matchers: regex('(') }],
    ['no matchers', 'POST', '/silences', { ...silence, matchers: [] }],
    ['no comment', 'POST', '/silences', { ...silence, comment: undefined }],
    ['an end before the start', 'POST', '/silences', { ...silence, endsAt: at(-2) }],
    ['an end in the past', 'POST', '/silences', { ...silence, startsAt: at(-3), endsAt: at(-2) }],
    ['an unknown id in an update', 'POST', '/silences', { ...silence, id: unknown }],
    ['an unknown silence', 'GET', `/silence/${unknown}`],
    ['ending an unknown silence', 'DELETE', `/silence/${unknown}`],
    ['something that is no id', 'GET', '/silence/none'],
  ];
}
