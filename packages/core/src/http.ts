import type { Agent, IncomingMessage } from 'node:http';
import { getProxyForUrl } from 'proxy-from-env';
import type { Clock } from './clock.ts';
import { connectionProblem, neverLeft } from './connection-error.ts';
import { formatDuration } from './duration.ts';
import { TaskError } from './errors.ts';

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
}

export interface HttpAnswer {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** @throws TaskError `remote` when the body is not JSON */
  json(): unknown;
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
  readonly debug: (line: string) => void;
  readonly info: (line: string) => void;
  readonly environment: NodeJS.ProcessEnv;
}

const ATTEMPTS = 5;
const ATTEMPT_TIMEOUT = 30_000;
const FIRST_WAIT = 500;
const LONGEST_WAIT = 8_000;
const LARGEST_ANSWER = 64 * 1024 * 1024;

/** The one way out of a task, on Node's own client: it knows custom CAs on every version, and a proxy by its agent. */
export function createHttp(options: HttpOptions): Http {
  const agents = new Map<string, Agent>();
  const quotas = new Map<string, (headers: Readonly<Record<string, string>>) => Quota | undefined>();
  const pausedUntil = new Map<string, number>();
  let calls = 0;

  async function agentFor(url: URL): Promise<Agent> {
    // The environment is read at each call: Azure's agent announces its proxy there after we have started.
    const proxy = getProxyForUrl(url.href);
    const key = `${url.protocol} ${proxy}`;
    const known = agents.get(key);
    if (known) return known;
    const made = proxy
      ? (await import('./proxy.ts')).proxyAgent(url.protocol, proxy)
      : new (await clientFor(url)).Agent({ keepAlive: true, maxSockets: 32 });
    // First calls that came together all waited for the import; an agent that is not kept would never be closed.
    const agent = agents.get(key) ?? made;
    agents.set(key, agent);
    return agent;
  }

  async function attempt(request: HttpRequest): Promise<HttpAnswer> {
    const url = new URL(request.url);
    const agent = await agentFor(url);
    const client = await clientFor(url);
    const body = request.json === undefined ? request.body : JSON.stringify(request.json);
    const headers: Record<string, string> = { accept: 'application/json', 'user-agent': options.userAgent };
    if (request.json !== undefined) headers['content-type'] = 'application/json';
    if (body !== undefined) headers['content-length'] = String(Buffer.byteLength(body));
    Object.assign(headers, request.headers);
    const timeout = AbortSignal.timeout(request.timeout ?? ATTEMPT_TIMEOUT);
    calls += 1;
    const started = performance.now();
    const answer = await new Promise<HttpAnswer>((resolve, reject) => {
      const outgoing = client.request(url, {
        method: request.method,
        headers,
        agent,
        signal: AbortSignal.any([options.signal, timeout]),
      });
      outgoing.on('response', (incoming) => readAnswer(incoming, request).then(resolve, reject));
      outgoing.on('error', reject);
      outgoing.end(body);
    });
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
    const left = (pausedUntil.get(system) ?? 0) - options.clock.now().getTime();
    pausedUntil.delete(system);
    if (left > 0) await wait(left, `${system} said that its quota is used up`);
  }

  type Result = { answer: HttpAnswer } | { error: unknown };

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
        options.signal.throwIfAborted();
        options.debug(`${request.method} ${shown(request)} failed: ${connectionProblem(error)}`);
        result = { error };
      }
      if ('answer' in result && !isTransient(result.answer.status)) return result;
      if (attemptsMade >= ATTEMPTS || !(await again(result))) return result;
      const why =
        'answer' in result
          ? `${request.system} answered ${result.answer.status}`
          : `${request.system} could not be reached (${connectionProblem(result.error)})`;
      await wait(
        waitBefore(result, attemptsMade, options.clock.now()),
        `${why}, attempt ${attemptsMade} of ${ATTEMPTS}`,
      );
    }
  }

  return {
    async send(request) {
      const repeatable = request.repeatable ?? (request.method === 'GET' || request.method === 'HEAD');
      const result = await attempts(request, (last) => repeatable || wasNotCarriedOut(last));
      if ('answer' in result) return result.answer;
      throw unreachable(request, result.error, repeatable || wasNotCarriedOut(result));
    },

    async write(request, read, landed) {
      let found: Awaited<ReturnType<typeof landed>>;
      const result = await attempts(request, async (last) => {
        if (wasNotCarriedOut(last)) return true;
        options.info(`It is not known whether ${request.system} carried out the last request; looking.`);
        found = await landed();
        return found === undefined;
      });
      if (found !== undefined) return found;
      if ('answer' in result && !isTransient(result.answer.status)) return read(result.answer);
      // The last attempt's outcome was not looked at yet.
      found = wasNotCarriedOut(result) ? undefined : await landed();
      if (found !== undefined) return found;
      if ('answer' in result) return read(result.answer);
      throw unreachable(request, result.error, true);
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

/** Loading node:https takes half as long as starting Node does: only a step that calls somebody pays for it. */
function clientFor(url: URL): Promise<typeof import('node:http') | typeof import('node:https')> {
  return url.protocol === 'https:' ? import('node:https') : import('node:http');
}

function isTransient(status: number): boolean {
  return status === 408 || status === 429 || (status >= 500 && status !== 501 && status !== 505);
}

/** Whether the other side surely did not do what was asked, so that asking again is harmless. */
function wasNotCarriedOut(result: { answer: HttpAnswer } | { error: unknown }): boolean {
  return 'answer' in result ? result.answer.status === 429 : neverLeft(result.error);
}

function waitBefore(result: { answer: HttpAnswer } | { error: unknown }, attemptsMade: number, now: Date): number {
  const asked = 'answer' in result ? retryAfter(result.answer.headers['retry-after'], now) : undefined;
  if (asked !== undefined) return asked;
  // Jitter, so that the legs of a matrix do not come back in step.
  return Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** (attemptsMade - 1)) * (0.75 + Math.random() / 4);
}

/** Milliseconds of a Retry-After header: seconds or an HTTP date (RFC 9110, 10.2.3). */
export function retryAfter(header: string | undefined, now: Date): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d+(\.\d+)?$/.test(header.trim())) return Number(header) * 1_000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now.getTime());
}

function shown(request: HttpRequest): string {
  if (request.shownAs) return request.shownAs;
  const url = new URL(request.url);
  return `${url.host}${url.pathname}${url.search}`;
}

function unreachable(request: HttpRequest, error: unknown, nothingDone: boolean): TaskError {
  return new TaskError('remote', {
    what: `${request.system} could not be reached: ${request.method} ${shown(request)}: ${connectionProblem(error)}.`,
    ...(!nothingDone && { state: 'It is not known whether the last request was carried out.' }),
    remedy:
      'Check the network, proxy and certificate settings of the runner, then run the task again: what is done already is left as it is.',
  });
}

async function readAnswer(incoming: IncomingMessage, request: HttpRequest): Promise<HttpAnswer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > LARGEST_ANSWER) throw new Error('the answer is larger than 64 MiB');
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
