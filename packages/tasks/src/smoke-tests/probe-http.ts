import { type ClientRequest, request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { pipeline, type Readable } from 'node:stream';
import { createBrotliDecompress, createUnzip } from 'node:zlib';
import { throughProxy } from '@maintenance-tasks/core/proxy';
import { openSocket, proxyTowards } from '@maintenance-tasks/core/socket';
import { type HttpFinding, needsBody, redirectsToFollow } from './evaluate-http.ts';
import { endpointOf, type PlannedCheck } from './plan.ts';
import { secure } from './probe-tls.ts';
import type { HttpCheck } from './schema.ts';
import type { Try } from './try.ts';

const LARGEST_BODY = 1_048_576;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
/** What must not follow a redirect to another origin, as browsers and curl have it. */
const OF_ONE_ORIGIN = ['authorization', 'cookie', 'proxy-authorization'];

interface Request {
  readonly url: URL;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

/** Asks, follows redirects, and reads what the expectations look at. */
export async function probeHttp(planned: PlannedCheck<HttpCheck>, current: Try): Promise<HttpFinding> {
  const { check } = planned;
  const started = performance.now();
  const follow = redirectsToFollow(check);
  let request = firstRequest(planned);
  for (let redirects = 0; ; redirects++) {
    const answer = await send(request, planned, current);
    const next = REDIRECTS.has(answer.statusCode ?? 0) ? redirected(request, answer, planned) : undefined;
    if (next && follow > 0) {
      answer.destroy();
      if (redirects === follow) throw new Error(`more than ${follow} redirects, the last to ${next.url.href}`);
      request = next;
      continue;
    }
    current.stage = 'waiting for the rest of the answer';
    const { text, truncated } = await readBody(answer, needsBody(check));
    return {
      url: request.url.href,
      redirects,
      status: answer.statusCode ?? 0,
      headers: headersOf(answer),
      body: text,
      truncated,
      duration: performance.now() - started,
    };
  }
}

function firstRequest({ check, secretHeaders }: PlannedCheck<HttpCheck>): Request {
  const given = Object.entries(check.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]);
  return {
    url: new URL(check.url),
    method: check.method ?? 'GET',
    headers: {
      accept: '*/*',
      // A compressed body would have to be unpacked only to be looked at; no-cache asks proxies for the real thing.
      'accept-encoding': 'identity',
      'cache-control': 'no-cache',
      'user-agent': 'maintenance-tasks (smoke-tests)',
      ...Object.fromEntries(given),
      ...secretHeaders,
    },
    body: check.body,
  };
}

/** The request a redirect asks for; nothing when the answer names no place. */
function redirected(request: Request, answer: IncomingMessage, planned: PlannedCheck): Request | undefined {
  const { location } = answer.headers;
  if (location === undefined) return undefined;
  if (!URL.canParse(location, request.url.href))
    throw new Error(`a redirect to what is no address: ${JSON.stringify(location)}`);
  const url = new URL(location, request.url);
  if (!/^https?:$/.test(url.protocol)) throw new Error(`a redirect to ${url.protocol} which is not HTTP`);
  const headers: Record<string, string> = { ...request.headers };
  if (url.origin !== request.url.origin) {
    for (const name of [...OF_ONE_ORIGIN, ...Object.keys(planned.secretHeaders)]) delete headers[name];
    // A Host header of the user's own is about the first origin.
    delete headers.host;
  }
  // RFC 9110, 15.4: 303 always becomes a GET; 301 and 302 do so for POST, by long practice.
  const status = answer.statusCode;
  const becomesGet =
    (status === 303 && request.method !== 'HEAD') || ((status === 301 || status === 302) && request.method === 'POST');
  if (!becomesGet) return { ...request, url, headers };
  delete headers['content-type'];
  return { url, method: 'GET', headers, body: undefined };
}

async function send(request: Request, planned: PlannedCheck, current: Try): Promise<IncomingMessage> {
  const { url } = request;
  const options: RequestOptions = {
    method: request.method,
    path: `${url.pathname}${url.search}`,
    headers: {
      host: url.host,
      ...request.headers,
      ...(request.body !== undefined && { 'content-length': Buffer.byteLength(request.body) }),
    },
    maxHeaderSize: 65_536,
  };
  const outgoing = await connected(url, options, planned, current);
  current.stage = 'waiting for the answer';
  return new Promise((resolve, reject) => {
    outgoing.once('response', resolve);
    outgoing.on('error', reject);
    outgoing.end(request.body);
  });
}

/** A request on a connection of its own: a connection kept from an earlier check would prove nothing of this one. */
async function connected(
  url: URL,
  options: RequestOptions,
  planned: PlannedCheck,
  current: Try,
): Promise<ClientRequest> {
  current.stage = 'connecting';
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80);
  const endpoint = endpointOf(host, port, planned.via);
  const elsewhere = endpoint.host !== host || endpoint.port !== port;
  const proxy = url.protocol === 'http:' && !elsewhere ? proxyTowards(endpoint, 'http:') : undefined;
  if (proxy) return askProxy(proxy, url, options, current.signal);
  const socket = await openSocket(endpoint, current.signal);
  if (url.protocol === 'http:') return httpRequest({ ...options, createConnection: () => socket });
  current.stage = 'in the TLS handshake';
  const encrypted = await secure(socket, { name: host, verified: true });
  return httpRequest({ ...options, createConnection: () => encrypted });
}

/** Proxies seldom tunnel to port 80; for plain HTTP they take the whole address instead. */
function askProxy(proxy: URL, url: URL, options: RequestOptions, signal: AbortSignal): ClientRequest {
  const send = proxy.protocol === 'https:' ? httpsRequest : httpRequest;
  const proxied = throughProxy(url, proxy);
  const headers = { ...(proxied.headers as object), ...(options.headers as object) };
  return send({ ...options, ...proxied, headers, agent: false, signal });
}

/** The body's first MiB, or, when nobody looks at it, only that it comes whole as far as that. */
async function readBody(answer: IncomingMessage, wanted: boolean): Promise<{ text: string; truncated: boolean }> {
  const chunks: Buffer[] = [];
  let size = 0;
  let truncated = false;
  for await (const chunk of unpacked(answer) as AsyncIterable<Buffer>) {
    if (wanted) chunks.push(chunk.subarray(0, LARGEST_BODY - size));
    size += chunk.length;
    truncated = size > LARGEST_BODY;
    if (truncated) break;
  }
  answer.destroy();
  return { text: decoded(Buffer.concat(chunks), answer.headers['content-type']), truncated };
}

/** Some servers compress although they were asked not to. */
function unpacked(answer: IncomingMessage): Readable {
  const encoding = answer.headers['content-encoding']?.trim().toLowerCase();
  const unpack =
    encoding === 'gzip' || encoding === 'deflate'
      ? createUnzip()
      : encoding === 'br'
        ? createBrotliDecompress()
        : undefined;
  return unpack ? pipeline(answer, unpack, () => {}) : answer;
}

function decoded(body: Buffer, contentType: string | undefined): string {
  const charset = /charset="?([\w-]+)/i.exec(contentType ?? '')?.[1] ?? 'utf-8';
  try {
    return new TextDecoder(charset).decode(body);
  } catch {
    return new TextDecoder().decode(body);
  }
}

function headersOf(answer: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(answer.headers))
    headers[name] = Array.isArray(value) ? value.join(', ') : (value ?? '');
  return headers;
}
