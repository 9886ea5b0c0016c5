import { createServer as createTcpServer } from 'node:net';
import { dnsStandIn } from '@maintenance-tasks/rehearsal/stand-ins/dns';
import type { SmokeCheck } from '@maintenance-tasks/tasks/smoke-tests/schema';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { closeServers, day, listening, problemOf, run, stranger, tlsSite, trust } from './servers.ts';

beforeAll(trust);
afterAll(closeServers);

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
