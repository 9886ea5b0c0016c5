import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket, Server as TcpServer } from 'node:net';
import * as tls from 'node:tls';
import { systemClock } from '@maintenance-tasks/core';
import { createAuthority } from '@maintenance-tasks/rehearsal/certificates';
import { type CheckResult, runChecks } from '@maintenance-tasks/tasks/smoke-tests/run-checks';
import type { SmokeCheck } from '@maintenance-tasks/tasks/smoke-tests/schema';
import { expect } from 'vitest';

export const authority = createAuthority('Example Company CA');
export const stranger = createAuthority('Unknown CA');
export const day = 86_400_000;
const servers: (Server | TcpServer)[] = [];
const sockets = new Set<Socket>();
// Newer than the types, which are those of the oldest Node that tasks run on.
const { getCACertificates, setDefaultCACertificates } = tls as unknown as {
  getCACertificates(kind: 'default'): string[];
  setDefaultCACertificates(certificates: readonly string[]): void;
};
const trustedBefore = getCACertificates('default');

/** Makes the company's CA one that this process trusts. */
export function trust(): void {
  setDefaultCACertificates([...trustedBefore, authority.certificate]);
}

export function closeServers(): void {
  setDefaultCACertificates(trustedBefore);
  for (const socket of sockets) socket.destroy();
  for (const server of servers) server.close();
}

export async function listening(server: Server | TcpServer): Promise<number> {
  servers.push(server);
  server.on('connection', (socket: Socket) => sockets.add(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

export const site = (listener: RequestListener) => listening(createServer(listener));

export function tlsSite(
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

export interface Options {
  via?: Record<string, string>;
  concurrency?: number;
  deadline?: number;
  signal?: AbortSignal;
  lines?: string[];
  secrets?: string[];
}

export function run(checks: SmokeCheck[], options: Options = {}): Promise<CheckResult[]> {
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

export const http = (url: string, rest: Partial<Extract<SmokeCheck, { kind: 'http' }>> = {}): SmokeCheck => ({
  kind: 'http',
  name: url,
  url,
  ...rest,
});

/** The problem of the only check; empty when it passed. */
export async function problemOf(check: SmokeCheck, options?: Options): Promise<string> {
  const [result] = await run([check], options);
  expect(result?.passed).toBe(result?.problem === '');
  return result?.problem ?? 'no result';
}
