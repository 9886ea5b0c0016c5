import type { RequestListener } from 'node:http';
import { createServer as createTcpServer, type Socket } from 'node:net';
import { deflateSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { closeServers, day, http, listening, problemOf, run, site, stranger, tlsSite, trust } from './servers.ts';

beforeAll(trust);
afterAll(closeServers);

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
