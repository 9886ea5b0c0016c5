import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as secureConnect } from 'node:tls';
import { createHttp, type HttpRequest, systemClock } from '@maintenance-tasks/core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createAuthority } from './certificates.ts';
import type { Fault } from './fault.ts';
import { type RehearsalProxy, startProxy } from './proxy.ts';
import type { StandIn } from './stand-in.ts';

let carriedOut = 0;
const system: StandIn = {
  name: 'System',
  hosts: ['api.example.com', '203.0.113.7'],
  answer: ({ url, headers, connectedTo, body }) => {
    carriedOut += 1;
    return { status: 200, body: { url: url.href, host: headers.host, connectedTo, got: body.toString() } };
  },
  greeting: ({ port }) => (port === 25 ? '220 ready\r\n' : undefined),
  state: () => ({}),
  leftovers: () => [],
};

let proxy: RehearsalProxy;
const kept = { HTTPS_PROXY: process.env.HTTPS_PROXY, HTTP_PROXY: process.env.HTTP_PROXY };
const authority = createAuthority('Test CA');

beforeAll(async () => {
  proxy = await startProxy({
    standIns: [system],
    now: () => new Date('2026-11-21T12:00:00Z'),
    authority,
    clean: (text) => text.replace('hidden', '***'),
  });
  process.env.HTTPS_PROXY = proxy.urlFor('my step/2');
  process.env.HTTP_PROXY = proxy.urlFor('my step/2');
});
afterEach(() => {
  carriedOut = 0;
  proxy.use([system]);
});
afterAll(async () => {
  Object.assign(process.env, kept);
  for (const [name, value] of Object.entries(kept)) if (value === undefined) delete process.env[name];
  await proxy.close();
});

/** In a child: only there Node takes another CA. */
async function call(
  url: string,
  extra: Partial<HttpRequest> = {},
): Promise<{ status?: number; text?: string; error?: string }> {
  return inChild(`
    const { createHttp, systemClock } = await import(${JSON.stringify(import.meta.resolve('@maintenance-tasks/core'))});
    const http = createHttp({ clock: systemClock, signal: AbortSignal.timeout(9000), deadline: new Date(Date.now() + 9000), userAgent: 'test', debug() {}, info() {}, environment: process.env });
    try {
      const { status, text } = await http.send(${JSON.stringify({ method: 'POST', url, system: 'System', json: { a: 1 }, timeout: 1_000, ...extra })});
      console.log(JSON.stringify({ status, text }));
    } catch (error) { console.log(JSON.stringify({ error: error.message })); }
    http.close();`).ended;
}

function inChild(code: string): {
  child: ChildProcess;
  ended: Promise<{ status?: number; text?: string; error?: string }>;
} {
  const folder = mkdtempSync(join(tmpdir(), 'proxy-test-'));
  const file = join(folder, 'call.mjs');
  writeFileSync(file, code);
  const child = spawn(process.execPath, [file], { env: { ...process.env, NODE_EXTRA_CA_CERTS: proxy.caFile } });
  let said = '';
  child.stdout.on('data', (chunk) => {
    said += chunk;
  });
  const ended = new Promise<{ status?: number; text?: string; error?: string }>((resolve) =>
    child.on('close', () => {
      rmSync(folder, { recursive: true });
      resolve(said === '' ? { error: 'it said nothing' } : JSON.parse(said));
    }),
  );
  return { child, ended };
}

describe('the proxy', () => {
  it('hands TLS requests to the stand-in of the host, under a certificate of the rehearsal’s CA', async () => {
    const answer = await call('https://api.example.com/a?b=1');
    expect(JSON.parse(answer.text ?? '')).toEqual({
      url: 'https://api.example.com/a?b=1',
      host: 'api.example.com',
      connectedTo: { host: 'api.example.com', port: 443 },
      got: '{"a":1}',
    });
    expect(proxy.calls).toEqual([
      expect.objectContaining({
        number: 1,
        step: 'my step/2',
        method: 'POST',
        host: 'api.example.com',
        path: '/a?b=1',
        status: 200,
        system: 'System',
        requestBytes: 7,
        at: '2026-11-21T12:00:00.000Z',
      }),
    ]);
  });

  it('answers plain HTTP, too', async () => {
    expect((await call('http://api.example.com/plain')).status).toBe(200);
  });

  it('refuses a host that no stand-in answers for, says so and records it', async () => {
    const answer = await call('http://nobody.example.com/x');
    expect(answer).toMatchObject({
      status: 403,
      text: expect.stringContaining('No stand-in answers for nobody.example.com'),
    });
    expect((await call('https://nobody.example.com/x')).error).toMatch(/403/);
    expect(proxy.calls.map(({ method, host, status, system }) => [method, host, status, system])).toEqual([
      ['POST', 'nobody.example.com', 403, undefined],
      ['CONNECT', 'nobody.example.com', 403, undefined],
    ]);
  });

  it('blanks what must not be kept of a path', async () => {
    await call('https://api.example.com/hook/hidden');
    expect(proxy.calls[0]?.path).toBe('/hook/***');
  });

  it('greets on a port that speaks plain TCP', async () => {
    const socket = connect(proxy.port, '127.0.0.1');
    socket.write('CONNECT mail.example.com:25 HTTP/1.1\r\nHost: mail.example.com:25\r\n\r\n');
    let said = '';
    await new Promise<void>((resolve) => {
      socket.on('data', (chunk) => {
        said += chunk;
        if (said.includes('ready')) resolve();
      });
    });
    socket.destroy();
    expect(said).toMatch(/^HTTP\/1\.1 200 .*220 ready/s);
    expect(proxy.calls[0]).toMatchObject({ method: 'TCP', host: 'mail.example.com', path: ':25' });
  });

  it('counts afresh when the world is exchanged', async () => {
    await call('http://api.example.com/');
    proxy.use([{ ...system, answer: () => ({ status: 418 }) }]);
    expect((await call('http://api.example.com/')).status).toBe(418);
    expect(proxy.calls.map(({ number }) => number)).toEqual([1]);
  });

  it.each(['a port that was only looked at', 'a certificate that was only looked at'])(
    'does not count %s in an earlier world: its caller was killed there',
    async (what) => {
      const socket = connect(proxy.port, '127.0.0.1');
      socket.write('CONNECT api.example.com:443 HTTP/1.1\r\nhost: api.example.com:443\r\n\r\n');
      await once(socket, 'data');
      if (what.includes('certificate')) {
        const secure = secureConnect({ socket, servername: 'api.example.com', rejectUnauthorized: false });
        await once(secure, 'secureConnect');
      }
      proxy.use([system]);
      socket.destroy();
      expect((await call('http://api.example.com/')).status).toBe(200);
      expect(proxy.calls.map(({ method, number }) => `${number} ${method}`)).toEqual(['1 POST']);
    },
  );
});

describe('a fault at one call', () => {
  const failing = (fault: Fault) => proxy.use([system], { fault: ({ number }) => (number === 1 ? fault : undefined) });

  it.each<[string, Fault, number, RegExp]>([
    ['reset: nothing was carried out', 'reset', 0, /the connection was cut/],
    ['lost: it was carried out', 'lost', 1, /the connection was cut/],
    ['hang: no answer comes', 'hang', 0, /no answer in time/],
  ])('%s', async (_what, fault, carried, says) => {
    failing(fault);
    expect((await call('https://api.example.com/')).error).toMatch(says);
    expect(carriedOut).toBe(carried);
    expect(proxy.calls[0]).toMatchObject({ fault, status: undefined });
  });

  it('answers with the status asked for, and Retry-After where it is told', async () => {
    failing({ status: 503 });
    expect((await call('https://api.example.com/')).status).toBe(503);
    failing({ status: 429, retryAfter: 0 });
    expect((await call('https://api.example.com/')).status).toBe(200);
    expect(proxy.calls.map(({ status }) => status)).toEqual([429, 200]);
    expect(carriedOut).toBe(1);
  });

  it.each([
    ['before', 0],
    ['after', 1],
  ] as const)('kills the caller %s the call is carried out', async (when, carried) => {
    let child: ChildProcess | undefined;
    proxy.use([system], {
      fault: () => ({ kill: when }),
      kill: () =>
        new Promise((dead) => {
          child?.on('exit', () => dead());
          child?.kill('SIGKILL');
        }),
    });
    const started = inChild(`
      const { createHttp, systemClock } = await import(${JSON.stringify(import.meta.resolve('@maintenance-tasks/core'))});
      const http = createHttp({ clock: systemClock, signal: AbortSignal.timeout(9000), deadline: new Date(Date.now() + 9000), userAgent: 'test', debug() {}, info() {}, environment: process.env });
      await http.send({ method: 'GET', url: 'https://api.example.com/', system: 'System' });
      console.log('{}');`);
    child = started.child;
    expect(await started.ended).toEqual({ error: 'it said nothing' });
    expect(child.signalCode).toBe('SIGKILL');
    expect(carriedOut).toBe(carried);
  });
});

it('is not trusted by a caller that does not know its CA', async () => {
  const http = createHttp({
    clock: systemClock,
    signal: AbortSignal.timeout(5_000),
    deadline: new Date(Date.now() + 1_000),
    userAgent: 'test',
    debug: () => {},
    info: () => {},
    environment: process.env,
  });
  await expect(http.send({ method: 'POST', url: 'https://api.example.com/', system: 'System' })).rejects.toThrow(
    /certificate/,
  );
  http.close();
});

it('lets its own process end after callers were killed in the middle of TLS', async () => {
  // Resetting such connections left Node spinning for ever once its work was done.
  const program = `
    import { spawn } from 'node:child_process';
    import { startProxy } from ${JSON.stringify(import.meta.resolve('./proxy.ts'))};
    const standIn = { name: 'S', hosts: ['a.example.com'], answer: () => ({ status: 200 }), state: () => ({}), leftovers: () => [] };
    let child;
    const kill = () => new Promise((dead) => { child.on('exit', dead); child.kill('SIGKILL'); });
    const proxy = await startProxy({ standIns: [standIn], now: () => new Date(), kill, fault: ({ number }) => (number % 3 === 0 ? { kill: 'after' } : undefined) });
    const caller = \`for (let i = 0; i < 4; i++) {
      const socket = require('net').connect(\${proxy.port}, '127.0.0.1');
      socket.write('CONNECT a.example.com:443 HTTP/1.1\\\\r\\\\n\\\\r\\\\n');
      socket.once('data', () => {
        const secure = require('tls').connect({ socket, servername: 'a.example.com', rejectUnauthorized: false }, () =>
          setInterval(() => secure.write('GET / HTTP/1.1\\\\r\\\\nhost: a.example.com\\\\r\\\\n\\\\r\\\\n'), 1));
        secure.on('error', () => {});
      });
    }\`;
    for (let round = 0; round < 15; round++) {
      await new Promise((gone) => { child = spawn(process.execPath, ['-e', caller]); child.on('close', gone); });
    }
    await proxy.close();
    console.log(JSON.stringify({ text: String(proxy.calls.length >= 45) }));`;
  const { child, ended } = inChild(program);
  const giveUp = setTimeout(() => child.kill('SIGKILL'), 25_000);
  expect(await ended).toEqual({ text: 'true' });
  clearTimeout(giveUp);
  expect(child.exitCode).toBe(0);
});
