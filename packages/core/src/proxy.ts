import { request as plainRequest, type RequestOptions } from 'node:http';
import { Agent, type AgentOptions, request as tlsRequest } from 'node:https';
import { BlockList, isIP, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type ConnectionOptions, connect } from 'node:tls';
import { connectionProblem, ProxyProblem } from './connection-error.ts';
import { TaskError } from './errors.ts';

const TUNNEL_TIMEOUT = 30_000;

/**
 * The proxy that the environment names for a URL: `https_proxy`, `http_proxy`, `all_proxy` (either case), unless
 * `no_proxy` has the host. Entries there are names, which stand for all names below them as on GitHub's own runner,
 * or addresses, networks (`10.0.0.0/8`), each with an optional port, or `*`.
 *
 * @throws TaskError `input` when the proxy's address cannot be used; its text is not repeated, it may hold a password
 */
export function proxyFor(url: URL, environment: NodeJS.ProcessEnv): URL | undefined {
  const variable = (name: string) => environment[name] || environment[name.toUpperCase()];
  const scheme = url.protocol.slice(0, -1);
  const given = variable(`${scheme}_proxy`) ?? variable('all_proxy');
  if (!given || isExempt(url, variable('no_proxy') ?? '')) return undefined;
  // Written without a scheme it is an ordinary HTTP proxy, for https targets too: so curl reads it.
  const proxy = parseUrl(given.includes('://') ? given : `http://${given}`);
  if (!proxy?.hostname || !/^https?:$/.test(proxy.protocol)) {
    throw new TaskError('input', {
      what: `The proxy address in ${scheme.toUpperCase()}_PROXY (or ALL_PROXY) of the runner cannot be used.`,
      remedy: 'Write it as http://proxy.example.com:3128; other kinds, such as SOCKS, are not supported.',
    });
  }
  return proxy;
}

/** How a request to an http URL reaches the proxy: the whole URL stands where the path does. */
export function throughProxy(url: URL, proxy: URL): RequestOptions {
  const authorization = authorizationFor(proxy);
  return {
    ...addressOf(proxy),
    path: url.href,
    headers: { host: url.host, ...(authorization && { 'proxy-authorization': authorization }) },
  };
}

/**
 * Asks the proxy for a tunnel to that address.
 *
 * @throws ProxyProblem whatever goes wrong: nothing can have reached the other end by then
 */
export function openTunnel(
  proxy: URL,
  { host, port }: { readonly host: string; readonly port: number },
  signal: AbortSignal,
): Promise<Socket> {
  const target = `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
  const authorization = authorizationFor(proxy);
  const send = proxy.protocol === 'https:' ? tlsRequest : plainRequest;
  return new Promise((resolve, reject) => {
    const opening = send({
      ...addressOf(proxy),
      method: 'CONNECT',
      path: target,
      headers: { host: target, ...(authorization && { 'proxy-authorization': authorization }) },
      agent: false,
      signal,
      timeout: TUNNEL_TIMEOUT,
    });
    opening.on('connect', (answer, stream, head) => {
      const socket = stream as Socket;
      if (answer.statusCode !== 200) {
        socket.destroy();
        reject(refusedBy(proxy, answer.statusCode ?? 0));
        return;
      }
      socket.setTimeout(0);
      if (head.length > 0) socket.unshift(head);
      resolve(socket);
    });
    opening.on('timeout', () => opening.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })));
    opening.on('error', (cause) =>
      reject(
        signal.aborted
          ? signal.reason
          : new ProxyProblem(`the proxy ${proxy.host} cannot be reached: ${connectionProblem(cause)}`, cause),
      ),
    );
    opening.end();
  });
}

/** Reaches https hosts through a CONNECT tunnel, and keeps tunnels: each costs two handshakes. */
export class TunnelAgent extends Agent {
  readonly #proxy: URL;
  readonly #closed = new AbortController();

  constructor(proxy: URL, options: AgentOptions) {
    super(options);
    this.#proxy = proxy;
  }

  /** Called by Node for every new connection; with `done` given it need not return one. */
  override createConnection(
    options: RequestOptions,
    done?: (error: Error | null, stream: Duplex) => void,
  ): Duplex | null | undefined {
    const { path: _path, port, ...rest } = options;
    const failed = (error: unknown) => done?.(error as Error, undefined as never);
    openTunnel(this.#proxy, { host: String(rest.host), port: Number(port) }, this.#closed.signal).then(
      // The host stays: with a socket given it is only what the certificate is checked for.
      (socket) => done?.(null, connect({ ...rest, socket } as ConnectionOptions)),
      failed,
    );
    return undefined;
  }

  /** Node knows nothing of tunnels that are still being opened; left alone they would keep the process alive. */
  override destroy(): void {
    this.#closed.abort();
    super.destroy();
  }
}

/** A proxy's own refusal, never to be taken for the answer of the system behind it. */
export function refusedBy(proxy: URL, status: number): ProxyProblem {
  const why =
    status === 407
      ? proxy.username
        ? ': it does not accept the user and password in its address'
        : ': it asks for a user and a password'
      : status === 403
        ? ': it does not allow this host'
        : '';
  return new ProxyProblem(`the proxy ${proxy.host} answered ${status}${why}`, undefined, status < 500);
}

function isExempt(url: URL, exempt: string): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, '').toLowerCase();
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  return exempt
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .some((entry) => {
      if (entry === '*') return true;
      const [, bracketed, named, entryPort] = /^(?:\[([^\]]+)\]|(.*?))(?::(\d+))?$/.exec(entry) ?? [];
      // An IPv6 address without brackets looks as if it ended in a port.
      if (isIP(entry) === 6) return host === entry;
      if (entryPort && entryPort !== port) return false;
      const name = bracketed ?? (named as string);
      if (name.includes('/')) return isInNetwork(host, name);
      const suffix = name.replace(/^\*?\./, '');
      return host === suffix || host.endsWith(`.${suffix}`);
    });
}

function isInNetwork(host: string, network: string): boolean {
  const [address, prefix] = network.split('/') as [string, string];
  const version = isIP(host);
  if (version === 0 || version !== isIP(address) || !/^\d+$/.test(prefix)) return false;
  if (Number(prefix) > (version === 4 ? 32 : 128)) return false;
  const family = version === 4 ? 'ipv4' : 'ipv6';
  const list = new BlockList();
  list.addSubnet(address, Number(prefix), family);
  return list.check(host, family);
}

function addressOf(proxy: URL): { host: string; port: number } {
  const host = proxy.hostname.replace(/^\[|\]$/g, '');
  return { host, port: Number(proxy.port) || (proxy.protocol === 'https:' ? 443 : 80) };
}

/** What the user and password in a proxy's address are to it. */
export function authorizationFor(proxy: URL): string | undefined {
  if (!proxy.username && !proxy.password) return undefined;
  const pair = `${decoded(proxy.username)}:${decoded(proxy.password)}`;
  return `Basic ${Buffer.from(pair).toString('base64')}`;
}

/** A password with a bare percent sign in it is taken as it stands. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function parseUrl(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}
