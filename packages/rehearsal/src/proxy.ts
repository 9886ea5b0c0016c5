import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls';
import type { Authority } from './certificates.ts';
import { type CallStart, type Fault, faultName } from './fault.ts';
import {
  digest,
  flat,
  hearLine,
  hostAndPort,
  isAddress,
  plainTunnel,
  refusal,
  refusedBySystem,
  send,
  stepOf,
  type Tunnel,
  urlOf,
} from './proxy-messages.ts';
import type { Conversation, StandIn, StandInAnswer, StandInRequest } from './stand-in.ts';

/** One thing a task did outside. Bodies are never kept: they carry secrets. */
export interface Call extends CallStart {
  /** Rehearsed time. */
  readonly at: string;
  /** Who answered; nothing when nobody does for that host. */
  readonly system: string | undefined;
  /** Absent when no answer was given. */
  readonly status: number | undefined;
  readonly requestBytes: number;
  readonly answerBytes: number;
  /** Start of the SHA-256 of the request's body; empty without one. */
  readonly bodyDigest: string;
  /** Set when the call did not go its ordinary way. */
  readonly fault?: string;
}

export interface ProxyRules {
  /** What goes wrong at that call; nothing lets it pass. */
  readonly fault?: ((call: CallStart) => Fault | undefined) | undefined;
  /** Ends the calling process for the fault `kill`; awaited, so that it is dead before the call goes on. */
  readonly kill?: ((call: CallStart) => void | Promise<void>) | undefined;
  readonly onCall?: ((call: Call) => void) | undefined;
}

export interface ProxyOptions extends ProxyRules {
  readonly standIns: readonly StandIn[];
  readonly now: () => Date;
  /** Shared by several proxies so that one CA file serves them all. */
  readonly authority?: Authority;
  /** Blanks secrets that travel in a path, such as a webhook's. */
  readonly clean?: (text: string) => string;
}

export interface RehearsalProxy {
  readonly url: string;
  readonly port: number;
  /** For NODE_EXTRA_CA_CERTS. */
  readonly caFile: string;
  readonly calls: readonly Call[];
  /** An address whose calls are recorded under that step's name. */
  urlFor(step: string): string;
  /** Exchanges the outside world: calls are counted afresh, connections that still hang are cut. */
  use(standIns: readonly StandIn[], rules?: ProxyRules): void;
  close(): Promise<void>;
}

// Nothing checks it; but callers mask proxy passwords, and a word would be blanked wherever it stands.
const PASSWORD = 'p7Rk2vXq9d';

/** What of a connection a call needs to know. */
type Called = Pick<Tunnel, 'raw' | 'step' | 'connectedTo'>;

/**
 * The outside world of a rehearsal: an HTTPS proxy with its own CA, as many companies have one, whose hosts are
 * answered by stand-ins. Any other host is refused and recorded.
 */
export async function startProxy(options: ProxyOptions): Promise<RehearsalProxy> {
  const authority = options.authority ?? (await (await import('./certificates.ts')).createAuthority('Rehearsal CA'));
  const folder = mkdtempSync(join(tmpdir(), 'rehearsal-ca-'));
  const caFile = join(folder, 'ca.pem');
  writeFileSync(caFile, authority.certificate);
  const clean = options.clean ?? ((text: string) => text);
  const contexts = new Map<string, SecureContext>();
  const tunnels = new WeakMap<Duplex, Tunnel>();
  const sockets = new Set<Socket>();
  const hanging = new Set<Socket>();
  const secured = new WeakSet<Socket>();
  const calls: Call[] = [];
  let standIns = options.standIns;
  let rules: ProxyRules = options;
  let started = 0;

  const server = createServer({ keepAliveTimeout: 60_000, requestTimeout: 0 }, (request, response) => {
    carryOut(request, response).catch((error: unknown) => {
      if (!response.headersSent) response.writeHead(500, { 'content-type': 'text/plain' });
      response.end(`The rehearsal failed: ${error instanceof Error ? error.stack : String(error)}\n`);
    });
  });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    // A killed caller resets its connections; that is not news.
    socket.on('error', () => {});
  });
  server.on('connect', (request: IncomingMessage, socket: Socket, head: Buffer) => openTunnel(request, socket, head));
  server.on('clientError', (_error, socket) => socket.destroy());

  function begin(tunnel: Pick<Tunnel, 'step'>, method: string, host: string, path: string): CallStart {
    started += 1;
    return { number: started, step: tunnel.step, method, host, path: clean(path) };
  }

  function record(start: CallStart, rest: Partial<Call>): void {
    const call: Call = {
      system: undefined,
      status: undefined,
      requestBytes: 0,
      answerBytes: 0,
      bodyDigest: '',
      ...start,
      ...rest,
      at: options.now().toISOString(),
    };
    calls.push(call);
    rules.onCall?.(call);
  }

  function openTunnel(request: IncomingMessage, socket: Socket, head: Buffer): void {
    const [host, port] = hostAndPort(request.url ?? '', 443);
    const connectedTo = { host, port };
    const step = stepOf(request);
    socket.setNoDelay(true);
    const greeting = standIns.find((standIn) => standIn.greeting?.(connectedTo) !== undefined);
    const speaker = standIns.find((standIn) => standIn.connection?.(connectedTo) !== undefined);
    // An address says nothing about who is meant; the server name in the handshake will.
    if (!greeting && !speaker && !isAddress(host) && !answering(host)) {
      record(begin({ step }, 'CONNECT', host, `:${port}`), { status: 403 });
      const text = refusal(host);
      socket.end(
        `HTTP/1.1 403 Forbidden\r\ncontent-type: text/plain\r\ncontent-length: ${Buffer.byteLength(text)}\r\nconnection: close\r\n\r\n${text}`,
      );
      return;
    }
    socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
    if (greeting) {
      record(begin({ step }, 'TCP', host, `:${port}`), { system: greeting.name });
      socket.resume().write(greeting.greeting?.(connectedTo) ?? '');
      return;
    }
    const lines = standIns.find((standIn) => standIn.speaksLines?.(connectedTo));
    if (lines) {
      hearLine(socket, head, (line) => void answerLine(lines, { raw: socket, step, connectedTo }, line));
      return;
    }
    if (speaker) {
      if (head.length > 0) socket.unshift(head);
      speaker.connection?.(connectedTo)?.(conversation(speaker, { raw: socket, step, connectedTo }));
      return;
    }
    // Somebody who only looks whether the port is open says nothing, and called all the same.
    let silent = true;
    const opened = rules;
    socket.on('close', () => {
      if (silent && opened === rules)
        record(begin({ step }, 'TCP', host, `:${port}`), { system: answering(host)?.name });
    });
    const speak = (first: Buffer) => {
      silent = false;
      socket.pause();
      socket.unshift(first);
      const secure = first[0] === 0x16;
      const tunnel: Tunnel = { raw: socket, step, connectedTo, secure, requests: 0 };
      const inner = secure ? handshake(socket, tunnel) : socket;
      tunnels.set(inner, tunnel);
      server.emit('connection', inner);
      // The server listens on a socket as it finds it, and this one it finds paused.
      if (!secure) socket.resume();
    };
    if (head.length > 0) speak(head);
    else socket.once('data', speak);
  }

  function handshake(socket: Socket, tunnel: Tunnel): TLSSocket {
    secured.add(socket);
    const { host } = tunnel.connectedTo;
    const opened = rules;
    const inner = new TLSSocket(socket, {
      isServer: true,
      ALPNProtocols: ['http/1.1'],
      // Shown to callers that name no server, as those do that connect to an address.
      secureContext: contextFor(host, tunnel),
      SNICallback: (name, done) => done(null, contextFor(name, tunnel)),
    });
    inner.on('error', () => {});
    // Left alone, the TLS layer would go on waiting for a connection that was cut.
    socket.on('close', () => inner.destroy());
    inner.on('close', () => {
      // Somebody who only looks at the certificate makes no request, and called all the same.
      // One that was opened in an earlier world is no call of this one: its caller may have been killed there.
      if (tunnel.requests > 0 || opened !== rules) return;
      const named = (inner as { servername?: string | false }).servername || host;
      record(begin(tunnel, 'TLS', named, `:${tunnel.connectedTo.port}`), { system: answering(host, named)?.name });
    });
    return inner;
  }

  function conversation(standIn: StandIn, tunnel: Called): Conversation {
    const { raw, connectedTo } = tunnel;
    const url = new URL(`tcp://${connectedTo.host}:${connectedTo.port}/`);
    return {
      socket: raw,
      encrypt() {
        const secureContext = contextFor(connectedTo.host, tunnel);
        secured.add(raw);
        return new TLSSocket(raw, { isServer: true, secureContext }).on('error', () => {});
      },
      ask(method, body, reply) {
        void play(standIn, { method, url, connectedTo, headers: {}, body }, tunnel, (answer) => {
          reply(answer);
          return 0;
        });
      },
    };
  }

  function contextFor(host: string, tunnel: Called): SecureContext {
    const own = answering(tunnel.connectedTo.host, host)?.certificateFor?.(host, tunnel.connectedTo);
    const key = own ? own.certificate : host;
    let context = contexts.get(key);
    if (!context) {
      const served = own ?? authority.issue({ names: [host] });
      context = createSecureContext({ cert: served.certificate, key: served.key });
      contexts.set(key, context);
    }
    return context;
  }

  /** Where one connects to decides who answers; an address that nobody claims is left to the name asked for there. */
  function answering(...hosts: readonly string[]): StandIn | undefined {
    for (const host of hosts) {
      const found = standIns.find((standIn) =>
        standIn.hosts.some((known) => (typeof known === 'string' ? known === host : known.test(host))),
      );
      if (found) return found;
    }
    return undefined;
  }

  async function carryOut(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const tunnel = tunnels.get(request.socket) ?? plainTunnel(request);
    tunnel.requests += 1;
    const url = urlOf(request, tunnel);
    const standIn = answering(tunnel.connectedTo.host, url.hostname);
    const method = request.method ?? 'GET';
    const asked = {
      method,
      url,
      connectedTo: tunnel.connectedTo,
      headers: flat(request.headers),
      body: Buffer.concat(chunks),
    };
    await play(standIn, asked, tunnel, (answer) => send(response, request, answer));
  }

  async function answerLine(standIn: StandIn, tunnel: Called, line: Buffer): Promise<void> {
    const { host, port } = tunnel.connectedTo;
    const url = new URL(`tcp://${host}:${port}/`);
    const asked = { method: 'TCP', url, connectedTo: tunnel.connectedTo, headers: {}, body: line };
    await play(standIn, asked, tunnel, ({ body = '' }) => {
      const bytes = Buffer.isBuffer(body) ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
      tunnel.raw.end(bytes);
      return bytes.length;
    });
  }

  /** One call, with whatever goes wrong at it. */
  async function play(
    standIn: StandIn | undefined,
    asked: StandInRequest,
    tunnel: Called,
    reply: (answer: StandInAnswer) => number,
  ): Promise<void> {
    const { url, body } = asked;
    const start = begin(tunnel, asked.method, url.host, `${url.pathname}${url.search}`);
    const sizes = { requestBytes: body.length, bodyDigest: body.length > 0 ? digest(body) : '' };
    if (!standIn) {
      record(start, { ...sizes, status: 403 });
      reply({ status: 403, body: refusal(url.hostname) });
      return;
    }
    const now = { standIns, rules };
    const fault = rules.fault?.(start);
    const system = standIn.name;
    // Under TLS the connection's handle is no longer the socket's own: Node, asked to reset it, never ends afterwards.
    const cut = () => void (secured.has(tunnel.raw) ? tunnel.raw.destroy() : tunnel.raw.resetAndDestroy());
    if (
      fault !== undefined &&
      fault !== 'lost' &&
      !(typeof fault === 'object' && 'kill' in fault && fault.kill === 'after')
    ) {
      if (typeof fault === 'object' && 'status' in fault) {
        record(start, { ...sizes, system, status: fault.status, fault: faultName(fault) });
        reply(refusedBySystem(fault));
        return;
      }
      record(start, { ...sizes, system, fault: faultName(fault) });
      if (typeof fault === 'object') await rules.kill?.(start);
      if (fault === 'hang') hanging.add(tunnel.raw);
      else cut();
      return;
    }
    const answer = await standIn.answer(asked);
    // The world was exchanged meanwhile: this call belongs to nobody any more.
    if (now.rules !== rules || now.standIns !== standIns) return cut();
    if (fault !== undefined) {
      record(start, { ...sizes, system, fault: faultName(fault) });
      if (typeof fault === 'object' && 'kill' in fault) await rules.kill?.(start);
      return cut();
    }
    const answerBytes = reply(answer);
    record(start, { ...sizes, system, status: answer.status, answerBytes });
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const cutHanging = () => {
    for (const socket of hanging) socket.destroy();
    hanging.clear();
  };
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    caFile,
    calls,
    urlFor: (step) => `http://${encodeURIComponent(step)}:${PASSWORD}@127.0.0.1:${port}`,
    use(next, nextRules = {}) {
      cutHanging();
      standIns = next;
      rules = { onCall: options.onCall, ...nextRules };
      calls.length = 0;
      started = 0;
      // A stand-in of the new world may show another certificate for the same name.
      contexts.clear();
    },
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        rmSync(folder, { recursive: true, force: true });
        server.close(() => resolve());
      }),
  };
}
