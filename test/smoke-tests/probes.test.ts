import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Socket, type Server as TcpServer } from 'node:net';
import * as tls from 'node:tls';
import { deflateSync, gzipSync } from 'node:zlib';
import { systemClock } from '@maintenance-tasks/core';
import { createAuthority } from '@maintenance-tasks/rehearsal/certificates';
import { dnsStandIn } from '@maintenance-tasks/rehearsal/stand-ins/dns';
import { type CheckResult, runChecks } from '@maintenance-tasks/tasks/smoke-tests/run-checks';
import type { SmokeCheck } from '@maintenance-tasks/tasks/smoke-tests/schema';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const authority = createAuthority('Example Company CA');
const stranger = createAuthority('Unknown CA');
const day = 86_400_000;
const servers: (Server | TcpServer)[] = [];
const sockets = new Set<Socket>();
// Newer than the types, which are those of the oldest Node that tasks run on.
const { getCACertificates, setDefaultCACertificates } = tls as unknown as {
  getCACertificates(kind: 'default'): string[];
  setDefaultCACertificates(certificates: readonly string[]): void;
};
const trustedBefore = getCACertificates('default');

beforeAll(() => setDefaultCACertificates([...trustedBefore, authority.certificate]));

afterAll(() => {
  setDefaultCACertificates(trustedBefore);
  for (const socket of sockets) socket.destroy();
  for (const server of servers) server.close();
});

async function listening(server: Server | TcpServer): Promise<number> {
  servers.push(server);
  server.on('connection', (socket: Socket) => sockets.add(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

const site = (listener: RequestListener) => listening(createServer(listener));

function tlsSite(
  names: string[],
  options: { ca?: typeof authority; notAfter?: Date; notBefore?: Date; maxVersion?: 'TLSv1.2' } = {},
  listener: RequestListener = (_, response) => response.end('shop'),
): Promise<number> {
  const { ca = authority, maxVersion, ...dates } = options;
  const issued = ca.issue({ names, ...dates });
  const server = createTlsServer(
    { cert: issued.certificate, key: issued.key, ...(maxVersion && { maxVersion }) },
    listener,
  );
  server.on('tlsClientError', () => {});
  return listening(server);
}

interface Options {
  via?: Record<string, string>;
  concurrency?: number;
  deadline?: number;
  signal?: AbortSignal;
  lines?: string[];
  secrets?: string[];
}

function run(checks: SmokeCheck[], options: Options = {}): Promise<CheckResult[]> {
  const { via = {}, concurrency = 10, deadline = 20_000, signal = new AbortController().signal } = options;
  return runChecks(
    {
      clock: systemClock,
      deadline: new Date(Date.now() + deadline),
      signal,
      log: {
        debug() {},
        info() {},
        warning() {},
        progress: (line) => void options.lines?.push(line),
        group: (_, work) => work(),
      },
      keepSecret: (value) => void options.secrets?.push(value),
    },
    { checks, via, tags: [], concurrency },
  );
}

const http = (url: string, rest: Partial<Extract<SmokeCheck, { kind: 'http' }>> = {}): SmokeCheck => ({
  kind: 'http',
  name: url,
  url,
  ...rest,
});

/** The problem of the only check; empty when it passed. */
async function problemOf(check: SmokeCheck, options?: Options): Promise<string> {
  const [result] = await run([check], options);
  expect(result?.passed).toBe(result?.problem === '');
  return result?.problem ?? 'no result';
}

describe('HTTP checks', () => {
  it('send method, headers and body, and look at all of the answer', async () => {
    let seen = '';
    const port = await site(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      seen = `${request.method} ${request.url} ${request.headers['x-team']} ${body}`;
      response.setHeader('x-version', '42').end('{"status":"ok"}');
    });
    const check = http(`http://127.0.0.1:${port}/orders?id=1`, {
      method: 'POST',
      headers: { 'x-team': 'web' },
      body: 'one order',
      expect: { status: 200, headers: { 'x-version': 42 }, json: [{ path: 'status', equals: 'ok' }] },
    });
    expect(await problemOf(check)).toBe('');
    expect(seen).toBe('POST /orders?id=1 web one order');
  });

  it('reach an origin by its address while naming the site in the Host header and the handshake', async () => {
    const seen: unknown[] = [];
    const port = await tlsSite(['www.example.com'], {}, (request, response) => {
      seen.push(request.headers.host, (request.socket as { servername?: string }).servername);
      response.end('shop');
    });
    const via = { 'www.example.com': `127.0.0.1:${port}` };
    expect(await problemOf(http('https://www.example.com/'), { via })).toBe('');
    expect(seen).toEqual(['www.example.com', 'www.example.com']);
  });

  it.each([
    ['for other names', ['my.example.com'], {}, /its certificate is for other names \(ERR_TLS_CERT_ALTNAME_INVALID\)$/],
    [
      'that has expired',
      ['www.example.com'],
      { notAfter: new Date(Date.now() - day) },
      /its certificate has expired \(CERT_HAS_EXPIRED\)$/,
    ],
    ['of an unknown CA', ['www.example.com'], { ca: stranger }, /expected an answer, got none: its certificate/],
  ])('refuse a certificate %s', async (_, names, options, words) => {
    const port = await tlsSite(names, options);
    expect(await problemOf(http('https://www.example.com/', { via: `127.0.0.1:${port}` }))).toMatch(words);
  });

  it('do not take plain HTTP for TLS', async () => {
    const port = await site((_, response) => response.end());
    expect(await problemOf(http(`https://127.0.0.1:${port}/`))).toMatch(/^expected an answer, got none: .*TLS/);
  });

  it('say that nothing listens', async () => {
    const server = createTcpServer();
    const port = await listening(server);
    await new Promise((resolve) => server.close(resolve));
    expect(await problemOf(http(`http://127.0.0.1:${port}/`))).toBe(
      'expected an answer, got none: nothing listens there (ECONNREFUSED)',
    );
  });

  it.each([
    ['before the answer', (socket: Socket) => socket.resetAndDestroy()],
    [
      'in the middle of the body',
      (socket: Socket) =>
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nsho', () => socket.resetAndDestroy()),
    ],
    ['without a word', (socket: Socket) => socket.end()],
  ])('fail when the connection is cut %s', async (_, cut) => {
    const port = await listening(createTcpServer((socket) => socket.once('data', () => cut(socket))));
    expect(await problemOf(http(`http://127.0.0.1:${port}/`))).toMatch(/^expected an answer, got none: .*cut/);
  });

  it('fail on what is not HTTP', async () => {
    const port = await listening(createTcpServer((socket) => socket.end('220 mail.example.com ESMTP\r\n')));
    expect(await problemOf(http(`http://127.0.0.1:${port}/`))).toMatch(/does not speak HTTP/);
  });

  it.each([
    ['waiting for the answer', () => {}],
    ['waiting for the rest of the answer', (_, response) => response.write('shop')],
  ] as [string, RequestListener][])('give up in time and say that it was %s', async (stage, listener) => {
    const port = await site(listener);
    const started = performance.now();
    expect(await problemOf(http(`http://127.0.0.1:${port}/`, { timeout: '200ms' }))).toBe(
      `expected an answer within 200 ms, got none: still ${stage}`,
    );
    expect(performance.now() - started).toBeLessThan(1_500);
  });

  it('give up in a handshake that never ends', async () => {
    const port = await listening(createTcpServer(() => {}));
    expect(await problemOf(http(`https://127.0.0.1:${port}/`, { timeout: '200ms' }))).toBe(
      'expected an answer within 200 ms, got none: still in the TLS handshake',
    );
  });

  it('give up on a body that drips', async () => {
    const port = await site((_, response) => {
      const drip = setInterval(() => response.write('.'), 20);
      response.on('close', () => clearInterval(drip));
    });
    expect(await problemOf(http(`http://127.0.0.1:${port}/`, { timeout: '300ms' }))).toContain('within 300 ms');
  });

  it('read no more than the first MiB of a body without end', async () => {
    let sent = 0;
    const port = await site((_, response) => {
      const chunk = Buffer.alloc(65_536, 'x');
      const more = () => {
        do sent += chunk.length;
        while (response.write(chunk));
      };
      response.on('drain', more);
      more();
    });
    const check = http(`http://127.0.0.1:${port}/`, { expect: { body: { contains: ['never'] } } });
    expect(await problemOf(check)).toContain('to contain "never" within its first MiB, got a body that begins "xxx');
    expect(sent).toBeLessThan(16 * 1_048_576);
  });

  it('read bodies that are compressed although they asked for none, but no bomb', async () => {
    const port = await site((request, response) => {
      response.setHeader('content-encoding', request.url === '/gzip' ? 'gzip' : 'deflate');
      response.end(request.url === '/gzip' ? gzipSync('the shop') : deflateSync(Buffer.alloc(64 * 1_048_576)));
    });
    const expected = { expect: { body: { contains: ['shop'] } } };
    expect(await problemOf(http(`http://127.0.0.1:${port}/gzip`, expected))).toBe('');
    expect(await problemOf(http(`http://127.0.0.1:${port}/bomb`, expected))).toContain('within its first MiB');
  });

  it('read the character set the server names', async () => {
    const port = await site((_, response) =>
      response.setHeader('content-type', 'text/html; charset=iso-8859-1').end(Buffer.from('caf\xe9', 'latin1')),
    );
    expect(await problemOf(http(`http://127.0.0.1:${port}/`, { expect: { body: { contains: ['café'] } } }))).toBe('');
  });

  it('stop a pattern that backtracks without end, and go on with the others', async () => {
    const port = await site((_, response) => response.end(`${'a'.repeat(50)}!`));
    const evil = http(`http://127.0.0.1:${port}/`, { expect: { body: { matches: '^(a+)+$' } } });
    const started = performance.now();
    const [first, second] = await run([evil, http(`http://127.0.0.1:${port}/other`)]);
    expect(first?.problem).toBe('expected the body to match /^(a+)+$/, got no result in time: simplify the pattern');
    expect(second?.passed).toBe(true);
    expect(performance.now() - started).toBeLessThan(3_000);
  });

  it('fail on an invalid header instead of breaking the run', async () => {
    const port = await site((_, response) => response.end());
    expect(await problemOf(http(`http://127.0.0.1:${port}/`, { headers: { 'x team': 'web' } }))).toMatch(/x team/);
  });
});

describe('redirects', () => {
  it('are followed to the end, with the method they ask for', async () => {
    const seen: string[] = [];
    const port = await site((request, response) => {
      seen.push(`${request.method} ${request.url}`);
      if (request.url === '/a') response.writeHead(307, { location: '/b' }).end();
      else if (request.url === '/b') response.writeHead(303, { location: 'c?d=1' }).end();
      else response.end('there');
    });
    const url = `http://127.0.0.1:${port}`;
    const check = http(`${url}/a`, {
      method: 'POST',
      body: 'x',
      expect: { redirects: { 'final-url': `${url}/c?d=1` }, body: { contains: ['there'] } },
    });
    expect(await problemOf(check)).toBe('');
    expect(seen).toEqual(['POST /a', 'POST /b', 'GET /c?d=1']);
  });

  it('that go in circles end', async () => {
    let requests = 0;
    const port = await site((_, response) => {
      requests += 1;
      response.writeHead(302, { location: '/again' }).end();
    });
    const url = `http://127.0.0.1:${port}/again`;
    expect(await problemOf(http(url, { expect: { redirects: { max: 3 } } }))).toBe(
      `expected an answer, got none: more than 3 redirects, the last to ${url}`,
    );
    expect(requests).toBe(4);
  });

  it('are not followed where the check is about them', async () => {
    const port = await site((_, response) => response.writeHead(301, { location: 'https://www.example.com/' }).end());
    const expected = { status: 301, headers: { location: 'https://www.example.com/' } };
    expect(await problemOf(http(`http://127.0.0.1:${port}/`, { expect: expected }))).toBe('');
  });

  it.each(['ftp://www.example.com/', 'http://[::'])('to %s fail', async (location) => {
    const port = await site((_, response) => response.writeHead(302, { location }).end());
    expect(await problemOf(http(`http://127.0.0.1:${port}/`))).toMatch(/got none: a redirect to/);
  });

  it('do not take credentials to another origin, and keep them on the same', async () => {
    const seen: Record<string, unknown>[] = [];
    const see: RequestListener = (request, response) => {
      const { authorization, cookie, 'x-api-key': key } = request.headers;
      seen.push({ at: request.url, authorization, cookie, key });
      if (request.url === '/first') response.writeHead(302, { location: '/second' }).end();
      else if (request.url === '/second')
        response.writeHead(302, { location: `http://127.0.0.1:${other}/third` }).end();
      else response.end();
    };
    const port = await site(see);
    const other = await site(see);
    process.env.SMOKE_TEST_KEY = 'k3y-of-the-shop';
    try {
      const secrets: string[] = [];
      const check = http(`http://127.0.0.1:${port}/first`, {
        headers: { Cookie: 'a=1', Authorization: 'Basic eA==' },
        auth: { header: 'X-Api-Key', 'value-from': 'SMOKE_TEST_KEY' },
      });
      expect(await problemOf(check, { secrets })).toBe('');
      expect(secrets).toEqual(['k3y-of-the-shop']);
    } finally {
      delete process.env.SMOKE_TEST_KEY;
    }
    const all = { authorization: 'Basic eA==', cookie: 'a=1', key: 'k3y-of-the-shop' };
    expect(seen).toEqual([{ at: '/first', ...all }, { at: '/second', ...all }, { at: '/third' }]);
  });
});

describe('TLS checks', () => {
  const tls = (port: number, rest: Partial<Extract<SmokeCheck, { kind: 'tls' }>> = {}): SmokeCheck => ({
    kind: 'tls',
    name: 'certificate',
    host: 'www.example.com',
    via: `127.0.0.1:${port}`,
    ...rest,
  });

  it('read the certificate each time anew', async () => {
    const port = await tlsSite(['www.example.com', '*.shop.example.com'], {
      notAfter: new Date(Date.now() + 30.5 * day),
    });
    const check = tls(port, {
      consecutive: 3,
      retry: { interval: '1ms' },
      expect: {
        names: ['www.example.com', 'eu.shop.example.com'],
        'min-days-left': 30,
        'issuer-contains': 'Example Company CA',
        'min-version': 'TLSv1.3',
      },
    });
    const [result] = await run([check]);
    expect(result).toMatchObject({ passed: true, tries: 3, problem: '' });
  });

  it('say all that is wrong with an expired certificate for other names on one line', async () => {
    const port = await tlsSite(['my.example.com'], { notAfter: new Date(Date.now() - day) });
    expect(await problemOf(tls(port))).toMatch(
      /^expected a valid certificate, got one that expired on \d{4}-\d\d-\d\d; expected a certificate for www\.example\.com, got one for my\.example\.com$/,
    );
  });

  it('fail a certificate that ends too soon', async () => {
    const port = await tlsSite(['www.example.com'], { notAfter: new Date(Date.now() + 3.5 * day) });
    expect(await problemOf(tls(port, { expect: { 'min-days-left': 14 } }))).toMatch(
      /^expected a certificate valid for 14 more days, got 3 days \(until /,
    );
  });

  it('fail a CA that nobody here knows, unless told not to ask', async () => {
    const port = await tlsSite(['www.example.com'], { ca: stranger });
    expect(await problemOf(tls(port))).toMatch(
      /^expected a certificate from a CA that is trusted here, got one that is not: /,
    );
    expect(await problemOf(tls(port, { expect: { trusted: false } }))).toBe('');
  });

  it('fail an old version', async () => {
    const port = await tlsSite(['www.example.com'], { maxVersion: 'TLSv1.2' });
    expect(await problemOf(tls(port, { expect: { 'min-version': 'TLSv1.3' } }))).toBe(
      'expected TLSv1.3 at least, got TLSv1.2',
    );
  });

  it('fail a server that hangs up in the handshake', async () => {
    const port = await listening(createTcpServer((socket) => socket.once('data', () => socket.end())));
    expect(await problemOf(tls(port))).toMatch(/^expected an answer, got none: /);
  });
});

describe('DNS checks', () => {
  it('ask each name server by itself', async () => {
    const right = await dnsStandIn(
      { records: [{ name: 'www.example.com', type: 'A', content: '192.0.2.1' }] },
      () => [],
    );
    const wrong = await dnsStandIn(
      { records: [{ name: 'www.example.com', type: 'A', content: '192.0.2.9' }] },
      () => [],
    );
    try {
      const check = (servers: string[], expected: object): SmokeCheck =>
        ({ kind: 'dns', name: 'name', record: 'www.example.com', type: 'A', servers, expect: expected }) as SmokeCheck;
      const address = { answers: ['192.0.2.1'] };
      expect(await problemOf(check([right.address], address))).toBe('');
      expect(await problemOf(check([right.address.replace('127.0.0.1', 'localhost')], address))).toBe('');
      expect(await problemOf(check([right.address, wrong.address], address))).toBe(
        `expected "192.0.2.1" from ${wrong.address}, got "192.0.2.9"`,
      );
      expect(await problemOf(check([right.address], { absent: true }))).toContain('expected no A of www.example.com');
    } finally {
      await Promise.all([right.close(), wrong.close()]);
    }
  });

  it('fail when a name server does not answer, and do not take that for absence', async () => {
    const silent = await dnsStandIn({}, () => []);
    await silent.close();
    const check: SmokeCheck = {
      kind: 'dns',
      name: 'name',
      record: 'www.example.com',
      type: 'A',
      servers: [silent.address],
      timeout: '400ms',
      expect: { absent: true },
    };
    expect(await problemOf(check)).toMatch(/^expected an answer/);
  });
});

describe('TCP checks', () => {
  const tcp = (port: number, banner?: string): SmokeCheck => ({
    kind: 'tcp',
    name: 'port',
    host: '127.0.0.1',
    port,
    timeout: '300ms',
    ...(banner && { expect: { banner } }),
  });

  it('pass an open port, and one that greets in pieces', async () => {
    const port = await listening(
      createTcpServer((socket) => {
        socket.on('error', () => {});
        socket.write('220 mail.');
        setTimeout(() => socket.write('example.com ESMTP\r\n'), 30);
      }),
    );
    const results = await run([tcp(port), { ...tcp(port, '^220 .* ESMTP'), name: 'greeting' }]);
    expect(results.map(({ problem }) => problem)).toEqual(['', '']);
  });

  it('fail another greeting, and none', async () => {
    const talking = await listening(createTcpServer((socket) => socket.end('554 go away\r\n')));
    expect(await problemOf(tcp(talking, '^220'))).toBe('expected a greeting to match /^220/, got "554 go away"');
    const mute = await listening(createTcpServer(() => {}));
    expect(await problemOf(tcp(mute, '^220'))).toBe(
      'expected an answer within 300 ms, got none: still waiting for the greeting',
    );
  });
});

describe('running checks', () => {
  it('tries again after failures of the network and of expectations', async () => {
    let requests = 0;
    const port = await site((request, response) => {
      requests += 1;
      if (requests === 1) request.socket.resetAndDestroy();
      else response.end(requests === 2 ? 'starting' : 'ready');
    });
    const check = http(`http://127.0.0.1:${port}/`, {
      retry: { attempts: 5, interval: '10ms' },
      expect: { body: { contains: ['ready'] } },
    });
    expect(await run([check])).toMatchObject([{ passed: true, tries: 3, problem: '' }]);
  });

  it('asks for successes in a row', async () => {
    const answers = [200, 503, 200, 200, 200];
    const port = await site((_, response) => response.writeHead(answers.shift() ?? 500).end());
    const check = http(`http://127.0.0.1:${port}/`, { consecutive: 3, retry: { attempts: 2, interval: '1ms' } });
    expect(await run([check])).toMatchObject([{ passed: true, tries: 5 }]);
    expect(answers).toEqual([]);
  });

  it('gives up after the tries it has', async () => {
    const port = await site((_, response) => response.writeHead(500).end());
    const check = http(`http://127.0.0.1:${port}/`, { retry: { attempts: 3, interval: '1ms' } });
    expect(await run([check])).toMatchObject([
      { passed: false, tries: 3, unfinished: false, problem: 'expected status 2xx, got 500 (after 3 tries)' },
    ]);
  });

  it('never has more under way than allowed, and keeps the order', async () => {
    let now = 0;
    let most = 0;
    const port = await site((_, response) => {
      now += 1;
      most = Math.max(most, now);
      setTimeout(() => {
        now -= 1;
        response.end();
      }, 5);
    });
    const checks = Array.from({ length: 40 }, (_, index) => http(`http://127.0.0.1:${port}/${index}`));
    const results = await run(checks, { concurrency: 4 });
    expect(results.map(({ name }) => name)).toEqual(checks.map(({ name }) => name));
    expect(most).toBe(4);
  });

  it('lets checks that wait for their next try not hold up the others', async () => {
    const seen: (string | undefined)[] = [];
    const port = await site((request, response) => {
      seen.push(request.url);
      response.writeHead(request.url === '/bad' ? 500 : 200).end();
    });
    const bad = http(`http://127.0.0.1:${port}/bad`, { retry: { attempts: 2, interval: '300ms' } });
    const results = await run([bad, http(`http://127.0.0.1:${port}/good`)], { concurrency: 1 });
    expect(results.map(({ passed }) => passed)).toEqual([false, true]);
    expect(seen).toEqual(['/bad', '/good', '/bad']);
  });

  it('ends before the deadline, whatever is still under way, and says what was not done', async () => {
    const port = await site(() => {});
    const answering = await site((_, response) => response.writeHead(500).end());
    const started = performance.now();
    const results = await run(
      [
        http(`http://127.0.0.1:${port}/hangs`),
        http(`http://127.0.0.1:${port}/waits-for-its-turn`),
        http(`http://127.0.0.1:${answering}/`, { retry: { attempts: 100, interval: '300ms' } }),
      ],
      { deadline: 1_000, concurrency: 1 },
    );
    expect(performance.now() - started).toBeLessThan(1_000);
    expect(results.map(({ passed, unfinished }) => [passed, unfinished])).toEqual([
      [false, true],
      [false, true],
      [false, true],
    ]);
    expect(results[0]?.problem).toMatch(/^expected an answer within \d+ ms, got none: still waiting for the answer/);
    expect(results[1]?.problem).toBe('expected an answer, got none: it was not tried before the time was up');
  });

  it('does not wait for a try for which there is no time', async () => {
    const port = await site((_, response) => response.writeHead(500).end());
    const started = performance.now();
    const check = http(`http://127.0.0.1:${port}/`, { retry: { attempts: 9, interval: '1m' } });
    const [result] = await run([check], { deadline: 10_000 });
    expect(result?.problem).toBe('expected status 2xx, got 500; there was no time for another try');
    expect(performance.now() - started).toBeLessThan(3_000);
  });

  it('stops at once when the run is cancelled', async () => {
    const port = await site(() => {});
    const controller = new AbortController();
    const running = run([http(`http://127.0.0.1:${port}/`)], { signal: controller.signal });
    setTimeout(() => controller.abort(new Error('cancelled')), 50);
    await expect(running).rejects.toThrow('cancelled');
  });

  it('refuses to run without checks', async () => {
    await expect(run([])).rejects.toMatchObject({
      kind: 'refused',
      message: expect.stringContaining('a run without checks proves nothing'),
    });
  });
});
