import type { Agent, ClientRequest, IncomingMessage } from 'node:http';
import type { Clock } from './clock.ts';
import { connectionProblem, isLasting, neverLeft } from './connection-error.ts';
import { formatDuration } from './duration.ts';
import { messageOf, TaskError } from './errors.ts';

export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: string | URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Name of the other system as its users call it, for messages: `Cloudflare`. */
  readonly system: string;
  /** Sending it twice does no more than sending it once. GET and HEAD are. */
  readonly repeatable?: boolean;
  /** What stands for the URL in messages where the URL itself is a secret. */
  readonly shownAs?: string;
  /** Milliseconds for one attempt; 30 s unless told. */
  readonly timeout?: number;
  /** Milliseconds that a wait before the next attempt may take; a longer one is not waited for. The deadline unless told. */
  readonly patience?: number;
  /** For systems with a CA of their own, or that know their callers by certificates. */
  readonly tls?: TlsIdentity;
}

/** How to trust the other side, and who we are to it; all PEM. */
export interface TlsIdentity {
  /** Trusted instead of the runner's own CAs. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** The name its certificate is for, where that is not the URL's. */
  readonly servername?: string;
}

export interface HttpAnswer {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** @throws TaskError `remote` when the body is not JSON */
  json(): unknown;
  /**
   * A text of this answer as a message may show it: one line, at most 200 characters. It is cleaned of secrets before
   * it is shortened, since half a secret is no longer recognised and is still half a secret.
   */
  quote(text: unknown): string;
}

/** How much of a quota is left, where a system tells. */
export interface Quota {
  readonly remaining: number;
  readonly resetsInSeconds: number;
}

export interface Http {
  /**
   * Sends, and sends again what is safe to send again: 408, 429, 5xx and connection errors of repeatable requests,
   * and of others those that surely were not carried out (429, a connection that never came about).
   * Returns whatever answer is final, errors included.
   *
   * @throws TaskError `remote` without an answer, `timeout` at the deadline
   */
  send(request: HttpRequest): Promise<HttpAnswer>;
  /**
   * Sends a request that must not be carried out twice. When its outcome is unknown (connection lost, 408, 5xx),
   * `landed` looks whether it was carried out, and only if not it is sent again.
   */
  write<T>(request: HttpRequest, read: (answer: HttpAnswer) => T, landed: () => Promise<T | undefined>): Promise<T>;
  /** Waits before the next request to a system that told its quota is used up. */
  respectQuota(system: string, quota: (headers: Readonly<Record<string, string>>) => Quota | undefined): void;
  /** Calls made so far, attempts included. */
  readonly calls: number;
  close(): void;
}

export interface HttpOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly deadline: Date;
  readonly userAgent: string;
  /** Blanks the secrets of this run; without it nothing is known to be secret. */
  readonly clean?: (text: string) => string;
  readonly debug: (line: string) => void;
  readonly info: (line: string) => void;
  readonly environment: NodeJS.ProcessEnv;
}

const ATTEMPTS = 5;
const ATTEMPT_TIMEOUT = 30_000;
const FIRST_WAIT = 500;
const LONGEST_WAIT = 8_000;
const AGENT_OPTIONS = { keepAlive: true, maxSockets: 32 };
const LONGEST_QUOTE = 200;
const LARGEST_ANSWER = 64 * 1024 * 1024;

/** The one way out of a task, on Node's own client: it knows custom CAs on every version, and a proxy by its agent. */
export function createHttp(options: HttpOptions): Http {
  const agents = new Map<string, Agent>();
  const quotas = new Map<string, (headers: Readonly<Record<string, string>>) => Quota | undefined>();
  const pausedUntil = new Map<string, number>();
  let calls = 0;

  function agentOf(key: string, make: () => Agent): Agent {
    const agent = agents.get(key) ?? make();
    agents.set(key, agent);
    return agent;
  }

  async function routeTo(url: URL, tls: TlsIdentity | undefined): Promise<Route> {
    const client = await clientFor(url.protocol);
    // An agent an identity: a connection that was opened as somebody must not carry the requests of somebody else.
    const settingsOfAgent = { ...AGENT_OPTIONS, ...tls };
    const identity = tls ? ` ${JSON.stringify(tls)}` : '';
    // The environment is read at each call: Azure's agent announces its proxy there after we have started.
    const module = announcesProxy(options.environment) ? await import('./proxy.ts') : undefined;
    const proxy = module?.proxyFor(url, options.environment);
    if (!module || !proxy) {
      const agent = agentOf(`${url.protocol}${identity}`, () => new client.Agent(settingsOfAgent));
      return { start: (settings) => client.request(url, { ...settings, agent }) };
    }
    if (url.protocol === 'https:') {
      const agent = agentOf(
        `tunnel ${proxy.href}${identity}`,
        () => new module.TunnelAgent(proxy, settingsOfAgent) as Agent,
      );
      return { start: (settings) => client.request(url, { ...settings, agent }) };
    }
    const proxyClient = await clientFor(proxy.protocol);
    const agent = agentOf(`proxy ${proxy.href}`, () => new proxyClient.Agent(AGENT_OPTIONS));
    const detour = module.throughProxy(url, proxy);
    return {
      start: (settings) =>
        proxyClient.request({ ...settings, ...detour, agent, headers: { ...settings.headers, ...detour.headers } }),
      refused: () => module.refusedBy(proxy, 407),
    };
  }

  async function attempt(request: HttpRequest): Promise<HttpAnswer> {
    const route = await routeTo(new URL(request.url), request.tls);
    const body = request.json === undefined ? request.body : JSON.stringify(request.json);
    const headers: Record<string, string> = { accept: 'application/json', 'user-agent': options.userAgent };
    if (request.json !== undefined) headers['content-type'] = 'application/json';
    if (body !== undefined) headers['content-length'] = String(Buffer.byteLength(body));
    Object.assign(headers, request.headers);
    options.signal.throwIfAborted();
    calls += 1;
    const started = performance.now();
    const answer = await new Promise<HttpAnswer>((resolve, reject) => {
      const outgoing = startOf(request, () => route.start({ method: request.method, headers }));
      const giveUp = (reason: unknown) => {
        reject(reason);
        outgoing.destroy();
      };
      const milliseconds = request.timeout ?? ATTEMPT_TIMEOUT;
      const timer = setTimeout(
        () => giveUp(Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' })),
        milliseconds,
      );
      const onStop = () => giveUp(options.signal.reason);
      options.signal.addEventListener('abort', onStop);
      outgoing.on('response', (incoming) =>
        readAnswer(incoming, request, options.clean ?? ((text) => text)).then(resolve, reject),
      );
      outgoing.on('error', reject);
      outgoing.on('close', () => {
        clearTimeout(timer);
        options.signal.removeEventListener('abort', onStop);
      });
      outgoing.end(body);
    });
    // A system of its own never answers 407; only a proxy does (RFC 9110, 15.5.8).
    if (answer.status === 407 && route.refused) throw route.refused();
    options.debug(
      `${request.method} ${shown(request)} → ${answer.status} in ${Math.round(performance.now() - started)} ms`,
    );
    const quota = quotas.get(request.system)?.(answer.headers);
    if (quota && quota.remaining <= 0)
      pausedUntil.set(request.system, options.clock.now().getTime() + quota.resetsInSeconds * 1_000);
    return answer;
  }

  async function wait(milliseconds: number, why: string): Promise<void> {
    const left = options.deadline.getTime() - options.clock.now().getTime();
    if (milliseconds >= left) {
      throw new TaskError('timeout', {
        what: `${why}, which means waiting ${formatDuration(milliseconds)}, and only ${formatDuration(left)} are left to this task.`,
        remedy: 'Run the task again later, or give it a longer deadline.',
      });
    }
    options.info(
      `${why}; waiting ${formatDuration(Math.max(milliseconds, 1_000))}, ${formatDuration(left)} left to this task.`,
    );
    await options.clock.sleep(milliseconds, options.signal);
  }

  async function respectPause(system: string): Promise<void> {
    // Kept until it is over: others that run in parallel must wait as well.
    const left = (pausedUntil.get(system) ?? 0) - options.clock.now().getTime();
    if (left > 0) await wait(left, `${system} said that its quota is used up`);
  }

  /** One attempt after another for as long as `again` says so; the last result is returned. */
  async function attempts(
    request: HttpRequest,
    again: (result: Result) => boolean | Promise<boolean>,
  ): Promise<Result> {
    for (let attemptsMade = 1; ; attemptsMade++) {
      await respectPause(request.system);
      let result: Result;
      try {
        result = { answer: await attempt(request) };
      } catch (error) {
        if (options.signal.aborted)
          throw isRepeatable(request) ? options.signal.reason : unsure(request, options.signal.reason);
        if (error instanceof TaskError) throw error;
        options.debug(`${request.method} ${shown(request)} failed: ${connectionProblem(error)}`);
        result = { error };
      }
      if (!isWorthRepeating(result) || attemptsMade >= ATTEMPTS || !(await again(result))) return result;
      const why =
        'answer' in result
          ? `${request.system} answered ${result.answer.status}`
          : `${request.system} could not be reached (${connectionProblem(result.error)})`;
      const pause = waitBefore(result, attemptsMade, options.clock.now());
      if (request.patience !== undefined && pause > request.patience) return result;
      await wait(pause, `${why}, attempt ${attemptsMade} of ${ATTEMPTS}`);
    }
  }

  return {
    async send(request) {
      const result = await attempts(request, (last) => isRepeatable(request) || wasNotCarriedOut(last));
      if ('answer' in result) return result.answer;
      throw isRepeatable(request) || wasNotCarriedOut(result)
        ? unreachable(request, result.error)
        : unsure(request, unreachable(request, result.error));
    },

    async write(request, read, landed) {
      let found: Awaited<ReturnType<typeof landed>>;
      let everUnknown = false;
      const look = async () => {
        everUnknown = true;
        options.info(`It is not known whether ${request.system} carried out the last request; looking.`);
        try {
          found = await landed();
        } catch (error) {
          throw unsure(request, error);
        }
        return found !== undefined;
      };
      const result = await attempts(request, async (last) => wasNotCarriedOut(last) || !(await look()));
      if (found !== undefined) return found;
      // The last attempt's outcome was not looked at yet. And what looked lost at first may only have come late:
      // then a later attempt is refused because the thing is there already.
      const isUnknown = isWorthRepeating(result) && !wasNotCarriedOut(result);
      const isRefused = 'answer' in result && result.answer.status >= 400 && everUnknown;
      if ((isUnknown || isRefused) && (await look())) return found as NonNullable<typeof found>;
      if ('answer' in result) return read(result.answer);
      throw unreachable(request, result.error);
    },

    respectQuota: (system, quota) => void quotas.set(system, quota),

    get calls() {
      return calls;
    },

    close() {
      for (const agent of agents.values()) agent.destroy();
      agents.clear();
    },
  };
}

interface Route {
  start(settings: { method: string; headers: Record<string, string> }): ClientRequest;
  /** The proxy's refusal, where it can be mistaken for an answer. */
  refused?(): Error;
}

type Result = { answer: HttpAnswer } | { error: unknown };

/** Loading node:https takes half as long as starting Node does: only a step that calls somebody pays for it. */
function clientFor(protocol: string): Promise<typeof import('node:http') | typeof import('node:https')> {
  return protocol === 'https:' ? import('node:https') : import('node:http');
}

function announcesProxy(environment: NodeJS.ProcessEnv): boolean {
  return Object.entries(environment).some(([name, value]) => value && /^(https?|all)_proxy$/i.test(name));
}

/** @throws TaskError `input` for a header that HTTP cannot carry: mostly a secret with a line break in it */
function startOf(request: HttpRequest, start: () => ClientRequest): ClientRequest {
  try {
    return start();
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ERR_INVALID_CHAR') throw cause;
    throw new TaskError(
      'input',
      {
        what: `The request to ${request.system} cannot be sent: ${messageOf(cause)}.`,
        remedy:
          'Look at the secret or the value that goes there; it may have a line break or a letter outside of ASCII.',
      },
      { cause },
    );
  }
}

function isRepeatable(request: HttpRequest): boolean {
  return request.repeatable ?? (request.method === 'GET' || request.method === 'HEAD');
}

function isWorthRepeating(result: Result): boolean {
  return 'answer' in result ? isTransient(result.answer.status) : !isLasting(result.error);
}

function isTransient(status: number): boolean {
  return status === 408 || isOverLimit(status) || (status >= 500 && status !== 501 && status !== 505);
}

/** Whether the other side surely did not do what was asked, so that asking again is harmless. */
function wasNotCarriedOut(result: Result): boolean {
  return 'answer' in result ? isOverLimit(result.answer.status) : neverLeft(result.error);
}

/** 420 is Statuspage's other word for 429: https://developer.statuspage.io/ (rate limiting). */
function isOverLimit(status: number): boolean {
  return status === 429 || status === 420;
}

function waitBefore(result: Result, attemptsMade: number, now: Date): number {
  const asked = 'answer' in result ? retryAfter(result.answer.headers['retry-after'], now) : undefined;
  if (asked !== undefined) return asked;
  // Jitter, so that the legs of a matrix do not come back in step.
  return Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** (attemptsMade - 1)) * (0.75 + Math.random() / 4);
}

/** Milliseconds of a Retry-After header: seconds or an HTTP date (RFC 9110, 10.2.3). */
export function retryAfter(header: string | undefined, now: Date): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d+(\.\d+)?$/.test(header.trim())) return Number(header) * 1_000;
  // Without this check Date.parse makes a date of almost any text.
  const date = /^[A-Z][a-z]{2,8}, .* GMT$/.test(header.trim()) ? Date.parse(header) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - now.getTime());
}

function shown(request: HttpRequest): string {
  if (request.shownAs) return request.shownAs;
  const url = new URL(request.url);
  return `${url.host}${url.pathname}${url.search}`;
}

function unreachable(request: HttpRequest, error: unknown): TaskError {
  return new TaskError(
    'remote',
    {
      what: `${request.system} could not be reached: ${request.method} ${shown(request)}: ${connectionProblem(error)}.`,
      remedy:
        'Check the network, proxy and certificate settings of the runner, then run the task again: what is done already is left as it is.',
    },
    { cause: error },
  );
}

/** The same failure, and that the request may have been carried out before it. */
function unsure(request: HttpRequest, error: unknown): unknown {
  if (!(error instanceof TaskError) || error.text.unsure) return error;
  const unsure = `It is not known whether ${request.system} carried out the last request (${request.method} ${shown(request)}).`;
  return new TaskError(error.kind, { ...error.text, unsure }, { cause: error, outputs: error.outputs });
}

async function readAnswer(
  incoming: IncomingMessage,
  request: HttpRequest,
  clean: (text: string) => string,
): Promise<HttpAnswer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > LARGEST_ANSWER) {
      throw new TaskError('remote', {
        what: `${request.system} answered ${request.method} ${shown(request)} with more than 64 MiB.`,
        remedy: 'Something else than the system may stand at this address; look at it.',
      });
    }
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString('utf8');
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(incoming.headers))
    headers[name] = Array.isArray(value) ? value.join(', ') : (value ?? '');
  return {
    status: incoming.statusCode ?? 0,
    headers,
    text,
    quote: (quoted) => shortened(clean(String(quoted))),
    json() {
      try {
        return JSON.parse(text) as unknown;
      } catch (cause) {
        throw new TaskError(
          'remote',
          {
            what: `${request.system} answered ${incoming.statusCode} to ${request.method} ${shown(request)} with something that is not JSON.`,
            remedy: 'A proxy or a login page may stand between the runner and the system; look at the address.',
          },
          { cause },
        );
      }
    },
  };
}

function shortened(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > LONGEST_QUOTE ? `${line.slice(0, LONGEST_QUOTE)}…` : line;
}
