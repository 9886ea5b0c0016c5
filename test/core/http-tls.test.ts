import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:https';
import { type AddressInfo, connect, type Server, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { createHttp, type HttpRequest, systemClock } from '@maintenance-tasks/core';
import { CLIENT_AUTH, createAuthority } from '@maintenance-tasks/rehearsal/certificates';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const authority = createAuthority('Cluster CA');
const served = authority.issue({ names: ['api.cluster.internal'] });
const identityOf = (name: string) => {
  const { certificate: cert, key } = authority.issue({ names: [name], usages: [CLIENT_AUTH] });
  return { ca: authority.certificate, cert, key, servername: 'api.cluster.internal' };
};
const servers: Server[] = [];
const open = new Set<Socket>();
let tunnels = 0;
let url = '';
let proxy = '';

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
  const settings = { key: served.key, cert: served.certificate, ca: authority.certificate, requestCert: true };
  const system = createServer({ ...settings, rejectUnauthorized: false }, (request, response) => {
    const { subject } = (request.socket as TLSSocket).getPeerCertificate();
    response.end(subject?.CN ?? 'nobody');
  });
  url = `https://127.0.0.1:${await listen(system)}/`;
  const middle = createHttpServer();
  middle.on('connect', (request, socket) => {
    tunnels += 1;
    const onwards = connect(Number(request.url?.split(':')[1]), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      onwards.pipe(socket).pipe(onwards);
    });
    onwards.on('error', () => socket.destroy());
    socket.on('error', () => onwards.destroy());
  });
  proxy = `http://127.0.0.1:${await listen(middle)}`;
});

afterAll(() => {
  for (const socket of open) socket.destroy();
  for (const server of servers) server.close();
});

function client(environment: NodeJS.ProcessEnv) {
  return createHttp({
    clock: systemClock,
    signal: new AbortController().signal,
    deadline: new Date(Date.now() + 60_000),
    userAgent: 'maintenance-tasks/test',
    debug: () => {},
    info: () => {},
    environment,
  });
}

describe.each(['directly', 'through a tunnel'])('a system with a CA of its own, %s,', (way) => {
  const environment = () => (way === 'directly' ? {} : { HTTPS_PROXY: proxy });
  const get = (tls?: HttpRequest['tls']): HttpRequest => ({
    method: 'GET',
    url,
    system: 'Cluster',
    ...(tls && { tls }),
  });

  test('is trusted by that CA and under the name it has, and knows who calls by the certificate', async () => {
    const http = client(environment());
    const [alice, bob] = [identityOf('alice'), identityOf('bob')];
    // One after the other: a connection that was kept must not carry somebody else's request.
    const callers: string[] = [];
    for (const tls of [alice, bob, alice]) callers.push((await http.send(get(tls))).text);
    callers.push((await http.send(get({ ca: authority.certificate, servername: 'api.cluster.internal' }))).text);
    expect(callers).toEqual(['alice', 'bob', 'alice', 'nobody']);
    if (way !== 'directly') expect(tunnels).toBeGreaterThan(0);
    http.close();
  });

  test('is not trusted without it, under another name, or by the trust of an earlier request', async () => {
    const http = client(environment());
    await http.send(get(identityOf('alice')));
    await expect(http.send(get())).rejects.toMatchObject({ kind: 'remote' });
    await expect(http.send(get({ ca: authority.certificate }))).rejects.toThrow('its certificate is for other names');
    const impostor = createAuthority('Cluster CA').certificate;
    await expect(http.send(get({ ca: impostor, servername: 'api.cluster.internal' }))).rejects.toMatchObject({
      kind: 'remote',
    });
    http.close();
  });
});
