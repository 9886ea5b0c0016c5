import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer, type IncomingMessage, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createRequire } from 'node:module';
import { type AddressInfo, connect, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createAuthority } from '@maintenance-tasks/rehearsal/certificates';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { nodes } from '../nodes.ts';

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'http-proxy-'));
const bundle = join(folder, 'http-client.cjs');
const caFile = join(folder, 'ca.pem');
const authority = createAuthority('Example Company CA');

interface Seen {
  readonly line: string;
  readonly host: string | undefined;
  readonly authorization: string | undefined;
}

const seenByProxy: Seen[] = [];
const seenBySystem: string[] = [];
let connectionsToSystem = 0;
/** How the proxy treats the next ones that come; `let through` when there is none left. */
const refusals: (number | 'hang')[] = [];
const open = new Set<Socket>();
const ports = { system: 0, plainSystem: 0, proxy: 0, tlsProxy: 0 };
const servers: Server[] = [];

const system: RequestListener = (request, response) => {
  seenBySystem.push(`${request.method} ${request.url}`);
  response.end(`hello from ${request.headers.host}`);
};

function startProxy(server: ReturnType<typeof createHttpServer>): void {
  const see = (request: IncomingMessage) =>
    seenByProxy.push({
      line: `${request.method} ${request.url}`,
      host: request.headers.host,
      authorization: request.headers['proxy-authorization'],
    });
  server.on('request', (request, response) => {
    see(request);
    const refusal = refusals.shift();
    if (typeof refusal === 'number') response.writeHead(refusal).end('the proxy says no');
    else system(request, response);
  });
  server.on('connect', (request: IncomingMessage, socket: Socket) => {
    see(request);
    socket.on('error', () => {});
    const refusal = refusals.shift();
    if (refusal === 'hang') return;
    if (refusal !== undefined) return void socket.end(`HTTP/1.1 ${refusal} Refused\r\ncontent-length: 0\r\n\r\n`);
    const onwards = connect(ports.system, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      onwards.pipe(socket).pipe(onwards);
    });
    onwards.on('error', () => socket.destroy());
  });
}

async function listen(server: Server): Promise<number> {
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  servers.push(server);
  return (server.address() as AddressInfo).port;
}

beforeAll(async () => {
  writeFileSync(caFile, authority.certificate);
  const served = authority.issue({ names: ['dns.example.com', 'localhost', '127.0.0.1'] });
  const tls = { key: served.key, cert: served.certificate };
  const systemServer = createTlsServer(tls, system);
  systemServer.on('connection', () => {
    connectionsToSystem += 1;
  });
  ports.system = await listen(systemServer);
  ports.plainSystem = await listen(createHttpServer(system));
  const proxy = createHttpServer();
  startProxy(proxy);
  ports.proxy = await listen(proxy);
  const tlsProxy = createTlsServer(tls);
  startProxy(tlsProxy);
  ports.tlsProxy = await listen(tlsProxy);
  const { rolldown } = (await import(
    createRequire(new URL('../../packages/devkit/package.json', import.meta.url)).resolve('rolldown')
  )) as { rolldown: (options: object) => Promise<{ write(options: object): Promise<unknown> }> };
  const built = await rolldown({
    input: join(import.meta.dirname, 'http-client.ts'),
    platform: 'node',
    external: [/^node:/],
    transform: { target: 'node20' },
  });
  await built.write({ file: bundle, format: 'cjs', codeSplitting: false });
});

afterAll(() => {
  for (const socket of open) socket.destroy();
  for (const server of servers) server.close();
  rmSync(folder, { recursive: true, force: true });
});

beforeEach(() => {
  seenByProxy.length = 0;
  seenBySystem.length = 0;
  connectionsToSystem = 0;
  refusals.length = 0;
});

interface Outcome {
  readonly calls: number;
  readonly results: { status?: number; text?: string; error?: string }[];
  readonly shown: string;
}

async function client(
  node: string,
  requests: { method: string; url: string; timeout?: number }[],
  environment: Record<string, string>,
): Promise<Outcome> {
  const { stdout, stderr } = await run(node, [bundle, JSON.stringify(requests)], {
    env: { PATH: process.env.PATH ?? '', ...environment },
    timeout: 20_000,
  });
  return { ...(JSON.parse(stdout) as Omit<Outcome, 'shown'>), shown: stdout + stderr };
}

const get = (url: string, timeout?: number) => ({ method: 'GET', url, ...(timeout && { timeout }) });

describe.each(nodes())('http on Node $version', ({ path: node }) => {
  const trusted = { NODE_EXTRA_CA_CERTS: caFile };

  test('reaches an https host, whose name only the proxy knows, through a tunnel that serves many calls', async () => {
    const environment = { ...trusted, HTTPS_PROXY: `http://127.0.0.1:${ports.proxy}` };
    const requests = Array.from({ length: 20 }, () => get('https://dns.example.com/zones'));
    const { results } = await client(node, requests, environment);
    expect(results).toEqual(requests.map(() => ({ status: 200, text: 'hello from dns.example.com' })));
    expect(seenByProxy).toEqual([
      { line: 'CONNECT dns.example.com:443', host: 'dns.example.com:443', authorization: undefined },
    ]);
    expect(connectionsToSystem).toBe(1);
  });

  test('checks the certificate of an address behind the proxy', async () => {
    const environment = { ...trusted, HTTPS_PROXY: `http://127.0.0.1:${ports.proxy}` };
    const { results } = await client(
      node,
      [get('https://127.0.0.1:9443/'), get('https://127.0.0.2:9443/')],
      environment,
    );
    expect(results[0]).toEqual({ status: 200, text: 'hello from 127.0.0.1:9443' });
    expect(results[1]?.error).toContain('its certificate is for other names (ERR_TLS_CERT_ALTNAME_INVALID)');
  });

  test('reaches an https host through a proxy that speaks TLS itself', async () => {
    const environment = { ...trusted, HTTPS_PROXY: `https://localhost:${ports.tlsProxy}` };
    const { results } = await client(node, [get('https://dns.example.com/')], environment);
    expect(results).toEqual([{ status: 200, text: 'hello from dns.example.com' }]);
  });

  test('reaches an http host by asking the proxy for the whole URL', async () => {
    const environment = { HTTP_PROXY: `http://user:p%40ss@127.0.0.1:${ports.proxy}` };
    const { results } = await client(node, [get('http://alerts.example.com:9093/api?x=1')], environment);
    expect(results).toEqual([{ status: 200, text: 'hello from alerts.example.com:9093' }]);
    expect(seenByProxy).toEqual([
      {
        line: 'GET http://alerts.example.com:9093/api?x=1',
        host: 'alerts.example.com:9093',
        authorization: `Basic ${Buffer.from('user:p@ss').toString('base64')}`,
      },
    ]);
  });

  test('goes past the proxy to what NO_PROXY names', async () => {
    const environment = {
      ...trusted,
      HTTPS_PROXY: `http://127.0.0.1:${ports.proxy}`,
      HTTP_PROXY: `http://127.0.0.1:${ports.proxy}`,
      NO_PROXY: 'localhost,127.0.0.0/8',
    };
    const { results } = await client(
      node,
      [get(`https://localhost:${ports.system}/`), get(`http://127.0.0.1:${ports.plainSystem}/`)],
      environment,
    );
    expect(results.map(({ status }) => status)).toEqual([200, 200]);
    expect(seenByProxy).toEqual([]);
  });

  test('names the CA setting when the CA is not known, sends nothing, and does not try again', async () => {
    const { results, calls } = await client(node, [{ method: 'POST', url: `https://localhost:${ports.system}/` }], {});
    expect(results[0]?.error).toMatch(/its certificate .*NODE_EXTRA_CA_CERTS/);
    expect(results[0]?.error).not.toContain('not known whether');
    expect([calls, seenBySystem]).toEqual([1, []]);
  });

  test('signs in at the proxy, and never shows the password when that is refused', async () => {
    const environment = { ...trusted, HTTPS_PROXY: `http://user:s3cr%2Fet@127.0.0.1:${ports.proxy}` };
    refusals.push(407);
    const { results, shown, calls } = await client(
      node,
      [get('https://dns.example.com/'), get('https://dns.example.com/')],
      environment,
    );
    expect(results[0]?.error).toContain(
      `the proxy 127.0.0.1:${ports.proxy} answered 407: it does not accept the user and password in its address`,
    );
    expect(results[1]?.status).toBe(200);
    expect(calls).toBe(2);
    expect(seenByProxy[0]?.authorization).toBe(`Basic ${Buffer.from('user:s3cr/et').toString('base64')}`);
    expect(shown).not.toMatch(/s3cr/);
  });

  test('does not take the refusal of a proxy for the answer of an http system', async () => {
    refusals.push(407);
    const { results } = await client(node, [get('http://alerts.example.com/')], {
      HTTP_PROXY: `http://127.0.0.1:${ports.proxy}`,
    });
    expect(results[0]?.error).toContain('answered 407: it asks for a user and a password');
  });

  test('asks a proxy again that is overloaded, for writes too: they were not sent', async () => {
    refusals.push(502);
    const environment = { ...trusted, HTTPS_PROXY: `http://127.0.0.1:${ports.proxy}` };
    const { results } = await client(node, [{ method: 'POST', url: 'https://dns.example.com/batch' }], environment);
    expect(results).toEqual([{ status: 200, text: 'hello from dns.example.com' }]);
    expect(seenBySystem).toEqual(['POST /batch']);
  });

  test('ends although a proxy never answered one of its tunnels', async () => {
    refusals.push('hang');
    const environment = { ...trusted, HTTPS_PROXY: `http://127.0.0.1:${ports.proxy}` };
    const started = performance.now();
    const { results } = await client(node, [get('https://dns.example.com/', 500)], environment);
    expect(results[0]?.status).toBe(200);
    // The tunnel itself would be given up after 30 s only.
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  test('names the proxy when it cannot be reached', async () => {
    const environment = { ...trusted, HTTPS_PROXY: 'http://127.0.0.1:9' };
    const { results } = await client(node, [get('https://dns.example.com/')], environment);
    expect(results[0]?.error).toContain(
      'the proxy 127.0.0.1:9 cannot be reached: nothing listens there (ECONNREFUSED)',
    );
  });

  test('says so when https meets a server without TLS', async () => {
    const { results, calls } = await client(node, [get(`https://127.0.0.1:${ports.plainSystem}/`)], {});
    expect(results[0]?.error).toContain('what answers there does not speak TLS; is it http instead of https?');
    expect(calls).toBe(1);
  });
});
