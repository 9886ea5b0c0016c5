import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { newSessionId, systemClock } from '@maintenance-tasks/core';
import { haproxyStandIn } from '@maintenance-tasks/rehearsal/stand-ins/haproxy';
import { createHaproxy } from '@maintenance-tasks/services/haproxy/client';
import task from '@maintenance-tasks/tasks/traffic/task';
import { findDrained } from '@maintenance-tasks/tasks/traffic/traffic';
import { runCaptured } from '../in-process-run.ts';
import { fromDebianPackage } from './debian-package.ts';
import { defineRig } from './rig.ts';
import { freePort, type ServerProcess, startServer } from './server-process.ts';

interface World {
  readonly program: string;
  readonly folder: string;
  readonly backends: readonly Server[];
  readonly front: number;
  readonly admin: number;
  readonly user: number;
  readonly socket: string;
  readonly session: string;
  server: ServerProcess;
}

const NAMES = ['web-1', 'web-2', 'web-3'];

export default defineRig<World>({
  what: 'traffic against HAProxy from Debian’s package, over TCP and a Unix socket, with requests that are under way',
  quick: true,

  async start() {
    const program = await fromDebianPackage('/usr/sbin/haproxy', 'haproxy');
    const folder = mkdtempSync(join(tmpdir(), 'real-haproxy-'));
    const backends = await Promise.all(NAMES.map(backend));
    const world = {
      program,
      folder,
      backends,
      front: await freePort(),
      admin: await freePort(),
      user: await freePort(),
      socket: join(folder, 'admin.sock'),
      session: newSessionId(new Date(Date.now() + 2 * 3_600_000)),
    };
    writeFileSync(join(folder, 'haproxy.cfg'), configuration(world));
    return { ...world, server: await begin(world) };
  },

  async stop({ server, folder, backends }) {
    await server.stop();
    for (const each of backends) each.closeAllConnections();
    await Promise.all(backends.map((each) => new Promise((closed) => each.close(closed))));
    rmSync(folder, { recursive: true, force: true });
  },

  checks: {
    'reads servers as the stand-in shows them': async (world) => {
      const real = await client(world).servers('web');
      assert.deepEqual(
        real?.map(({ name, told, serves, sessions }) => ({ name, told, serves, sessions })),
        NAMES.map((name) => ({ name, told: 'ready', serves: true, sessions: 0 })),
      );
      assert.equal(await client(world).servers('wob'), undefined);
    },

    'lets the request under way end, takes the server out, and sends it nothing more': async (world) => {
      const slow = get(world, '/slow');
      const busy = await busyServer(world);
      const started = Date.now();
      const { outcome, outputs } = await run(world, 'drain', { servers: [busy] });
      assert.deepEqual(outcome, { ok: true });
      assert.ok(Date.now() - started > 1_000, 'it did not wait for the request');
      assert.equal((await slow).body, busy, 'the request was cut');
      assert.equal(outputs.drained, `127.0.0.1:${world.admin} web/${busy}`);
      assert.equal(await told(world, busy), 'maint');
      const answered = await Promise.all(Array.from({ length: 12 }, () => get(world, '/')));
      assert.ok(answered.every(({ body }) => body !== busy));
      await run(world, 'rollout', { servers: [busy] });
      assert.equal(await told(world, busy), 'ready');
    },

    'does nothing the second time, either way': async (world) => {
      await run(world, 'drain');
      assert.equal((await run(world, 'drain')).outputs.changed, 'false');
      await run(world, 'rollout');
      assert.equal((await run(world, 'rollout')).outputs.changed, 'false');
    },

    'refuses below the minimum': async (world) => {
      const { outcome } = await run(world, 'drain', { servers: ['web-1', 'web-2'], 'minimum-healthy': 2 });
      assert.equal((outcome as { kind?: string }).kind, 'refused');
      assert.equal(await told(world, 'web-1'), 'ready');
    },

    'does not count a server whose checks fail': async (world) => {
      const third = world.backends[2] as Server;
      const { port } = third.address() as AddressInfo;
      third.closeAllConnections();
      await new Promise((closed) => third.close(closed));
      await until(async () => (await client(world).servers('web'))?.[2]?.status.startsWith('DOWN') ?? false);
      const { outcome } = await run(world, 'drain', { 'minimum-healthy': 2 });
      assert.equal((outcome as { kind?: string }).kind, 'refused');
      third.listen(port, '127.0.0.1');
      await until(async () => (await client(world).servers('web'))?.[2]?.serves ?? false);
    },

    'works over a Unix socket': async (world) => {
      const sockets = [`unix://${world.socket}`];
      assert.deepEqual((await run(world, 'drain', { sockets })).outcome, { ok: true });
      assert.equal(await told(world, 'web-1'), 'maint');
      assert.deepEqual((await run(world, 'rollout', { sockets })).outcome, { ok: true });
      assert.equal(await told(world, 'web-1'), 'ready');
    },

    'is found by whoever looks for what a lost run left': async (world) => {
      await run(world, 'drain');
      const left = await findDrained(context(), { targets: [target(world)], access: { azure: {}, kubernetes: {} } });
      assert.deepEqual(
        left.map(({ system, session }) => ({ system, session })),
        [{ system: 'HAProxy', session: world.session }],
      );
      // Without the evidence of the run that was lost.
      await run(world, 'rollout', {}, { evidence: 'elsewhere' });
      assert.equal(await told(world, 'web-1'), 'ready');
    },

    'leaves alone what an administrator had taken out, and gives drained back as drained': async (world) => {
      await client(world).setStates('web', [{ server: 'web-1', state: 'maint' }]);
      await client(world).setStates('web', [{ server: 'web-2', state: 'drain' }]);
      const servers = ['web-1', 'web-2'];
      const { outputs } = await run(world, 'drain', { servers });
      assert.equal(outputs['left-alone'], `127.0.0.1:${world.admin} web/web-1`);
      await run(world, 'rollout', { servers }, { evidence: 'elsewhere' });
      assert.equal(await told(world, 'web-1'), 'maint');
      assert.equal(await told(world, 'web-2'), 'drain');
      for (const name of servers) await client(world).setStates('web', [{ server: name, state: 'ready' }]);
    },

    'takes hundreds of servers out and gives them back': async (world) => {
      const servers = Array.from({ length: 399 }, (_, index) => `shop${index + 1}`);
      const { outcome } = await run(world, 'drain', { backend: 'many', servers });
      assert.deepEqual(outcome, { ok: true });
      const states = async () => (await client(world).servers('many'))?.map((server) => server.told);
      assert.deepEqual(await states(), [...servers.map(() => 'maint'), 'ready']);
      assert.equal((await run(world, 'rollout', { backend: 'many', servers })).outcome.ok, true);
      assert.deepEqual(await states(), [...servers.map(() => 'ready'), 'ready']);
    },

    'cuts a session that does not end, where it is told to': async (world) => {
      const endless = get(world, '/endless').catch(() => 'cut');
      const busy = await busyServer(world);
      const { outcome, shown } = await run(world, 'drain', { servers: [busy], 'cut-after': '2s' });
      assert.deepEqual(outcome, { ok: true });
      assert.match(shown, /Cut after 2 s/);
      await endless;
      await run(world, 'rollout', { servers: [busy] });
    },

    'has nothing to give back after HAProxy was restarted, since all are ready then': async (world) => {
      await run(world, 'drain');
      await world.server.stop();
      world.server = await begin(world);
      assert.equal((await run(world, 'rollout')).outputs.changed, 'false');
      assert.equal(await told(world, 'web-1'), 'ready');
    },

    'says that a socket below level admin allows no change': async (world) => {
      const { outcome } = await run(world, 'drain', { sockets: [`tcp://127.0.0.1:${world.user}`] });
      assert.equal((outcome as { kind?: string }).kind, 'auth');
    },

    'answers as the stand-in does': async (world) => {
      const servers = NAMES.map((name) => ({ name }));
      const standIn = haproxyStandIn({ host: 'lb1.example.com', backends: { web: servers } }, systemClock);
      for (const line of [
        'set server web/web-9 state drain',
        'set server wob/web-1 state drain',
        'set server web state drain',
        'set server web/web-1 state gone',
        'show servers state wob',
        'get var proc.nothing',
        'set var proc.x str(a)',
        'experimental-mode on;set var proc.x str(mt1|s-1|0|a);get var proc.x',
        'set server web/web-1 state drain;set server web/web-1 state ready',
        'shutdown sessions server web/web-9',
      ]) {
        const connectedTo = { host: 'lb1.example.com', port: 9_999 };
        const url = new URL('tcp://lb1.example.com:9999/');
        const answer = await standIn.answer({ method: 'TCP', url, connectedTo, headers: {}, body: Buffer.from(line) });
        assert.equal(answer.body, await rawAnswer(world, line), line);
      }
    },
  },
});

function configuration({ front, admin, user, socket, backends }: Omit<World, 'server'>): string {
  const servers = backends.map(
    (each, index) =>
      `  server ${NAMES[index]} 127.0.0.1:${(each.address() as AddressInfo).port} check inter 200ms fastinter 100ms\n`,
  );
  return `global
  stats socket ipv4@127.0.0.1:${admin} level admin
  stats socket ipv4@127.0.0.1:${user} level user
  stats socket ${socket} mode 600 level admin
defaults
  mode http
  timeout connect 2s
  timeout client 60s
  timeout server 60s
frontend shop
  bind 127.0.0.1:${front}
  default_backend web
backend web
  balance roundrobin
${servers.join('')}backend many
  server-template shop 1-400 192.0.2.1:80
`;
}

function begin(world: Omit<World, 'server'>): Promise<ServerProcess> {
  const flags = ['-f', join(world.folder, 'haproxy.cfg'), '-db'];
  return startServer(world.program, flags, async () => {
    const servers = await client(world).servers('web');
    // Servers count as up until their first check, and the rig is about those that are known to be.
    return (servers ?? []).length === NAMES.length && (servers ?? []).every(({ serves }) => serves);
  });
}

/** Answers with its name: at once, after two seconds, or never. */
async function backend(name: string): Promise<Server> {
  const server = createServer((incoming, answer) => {
    if (incoming.url === '/endless') return void answer.writeHead(200).write('…');
    return void setTimeout(() => answer.end(name), incoming.url === '/slow' ? 2_000 : 0);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function get({ front }: World, path: string): Promise<{ readonly body: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port: front, path, agent: false }, async (answer) => {
      let body = '';
      try {
        for await (const chunk of answer) body += String(chunk);
        resolve({ body });
      } catch (error) {
        reject(error);
      }
    });
    outgoing.on('error', reject).end();
  });
}

function context() {
  const silent = () => {};
  const log = {
    debug: silent,
    info: silent,
    warning: silent,
    progress: silent,
    group: <T>(_: string, work: () => Promise<T>) => work(),
  };
  return { clock: systemClock, signal: new AbortController().signal, log } as unknown as Parameters<
    typeof findDrained
  >[0];
}

const client = ({ admin }: Omit<World, 'server'>) => createHaproxy(context(), `tcp://127.0.0.1:${admin}`);

async function told(world: World, name: string): Promise<string | undefined> {
  return (await client(world).servers('web'))?.find((server) => server.name === name)?.told;
}

async function busyServer(world: World): Promise<string> {
  let busy: string | undefined;
  await until(async () => {
    busy = (await client(world).servers('web'))?.find(({ sessions }) => sessions > 0)?.name;
    return busy !== undefined;
  });
  return busy as string;
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 10_000; Date.now() < end; await delay(50)) if (await isSo()) return;
  throw new Error('it did not come to be so within 10 s');
}

async function rawAnswer({ admin }: World, line: string): Promise<string> {
  const { connect } = await import('node:net');
  const socket = connect(admin, '127.0.0.1');
  socket.write(`${line}\n`);
  let answer = '';
  for await (const chunk of socket) answer += String(chunk);
  return answer;
}

function target({ admin }: World, more: object = {}) {
  const sockets = [`tcp://127.0.0.1:${admin}`];
  return { kind: 'haproxy' as const, sockets, backend: 'web', servers: ['web-1'], 'minimum-healthy': 1, ...more };
}

function run(world: World, state: string, more: object = {}, inputs: Readonly<Record<string, string>> = {}) {
  const targets = JSON.stringify([target(world, more)]);
  const given = { state, targets, session: world.session, evidence: 'evidence', deadline: '60s', ...inputs };
  return runCaptured(task, given, { workingFolder: world.folder });
}
