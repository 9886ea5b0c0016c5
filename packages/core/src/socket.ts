import { connect, type Socket } from 'node:net';
import { openTunnel, proxyFor } from './proxy.ts';

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** `host:port`, with brackets around an IPv6 address. */
export function formatEndpoint({ host, port }: Endpoint): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** The proxy that the environment asks to be used towards that address, if any. */
export function proxyTowards(endpoint: Endpoint, protocol: 'http:' | 'https:' = 'https:'): URL | undefined {
  return proxyFor(new URL(`${protocol}//${formatEndpoint(endpoint)}`), process.env);
}

/**
 * A connection of its own to that address, through a tunnel where the environment asks for a proxy.
 * It is destroyed when the signal is aborted, whatever it is used for by then.
 */
export async function openSocket(endpoint: Endpoint, signal: AbortSignal): Promise<Socket> {
  signal.throwIfAborted();
  const proxy = proxyTowards(endpoint);
  const socket = await (proxy ? openTunnel(proxy, endpoint, signal) : direct(endpoint, signal));
  if (signal.aborted) socket.destroy();
  signal.throwIfAborted();
  signal.addEventListener('abort', () => socket.destroy(), { once: true });
  // Whoever takes it over listens, too; an error in between must not end the process.
  socket.on('error', () => {});
  return socket;
}

function direct(endpoint: Endpoint, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    // Node gives each address of a name 250 ms by default, less than a packet needs around the world.
    const socket = connect({ ...endpoint, noDelay: true, autoSelectFamilyAttemptTimeout: 2_000 });
    const abort = () => socket.destroy(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });
    socket.once('connect', () => {
      signal.removeEventListener('abort', abort);
      socket.off('error', reject);
      resolve(socket);
    });
    socket.once('error', reject);
  });
}
