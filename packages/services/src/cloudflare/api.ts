import { type Http, type HttpAnswer, type HttpRequest, TaskError } from '@maintenance-tasks/core';
import { type Need, refusedBy } from './refusal.ts';

const API = 'https://api.cloudflare.com/client/v4';
const SYSTEM = 'Cloudflare';

/** What every answer of the API is wrapped in. */
export interface Envelope {
  readonly success: boolean;
  readonly result: unknown;
  readonly result_info?: {
    readonly total_pages?: number;
    readonly per_page?: number;
    readonly cursors?: { readonly after?: string };
  };
}

export interface CloudflareApi {
  request(method: HttpRequest['method'], path: string, json?: unknown): HttpRequest;
  get(path: string, need: Need): Promise<Envelope>;
}

/**
 * How Cloudflare's API v4 is spoken to, whatever it is asked.
 *
 * @throws TaskError `auth` for a token that cannot be one
 */
export function cloudflareApi(http: Http, token: string): CloudflareApi {
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw new TaskError('auth', {
      what: 'The Cloudflare token has a blank, a line break or another character that no token has.',
      state: 'Nothing was sent to Cloudflare.',
      remedy: 'Store the token again, without quotes and as one line.',
    });
  }
  http.respectQuota(SYSTEM, quotaOf);
  const request: CloudflareApi['request'] = (method, path, json) => ({
    method,
    url: `${API}${path}`,
    headers: { authorization: `Bearer ${token}` },
    ...(json !== undefined && { json }),
    system: SYSTEM,
  });
  return {
    request,
    async get(path, need) {
      const asked = request('GET', path);
      return open(asked, await http.send(asked), need);
    },
  };
}

/** The envelope of an answer, once it says that all went well: a 200 with `success: false` is a refusal, too. */
export function open(asked: HttpRequest, answer: HttpAnswer, need: Need): Envelope {
  const ok = answer.status >= 200 && answer.status < 300;
  const envelope = ok ? (answer.json() as Partial<Envelope> | null) : undefined;
  if (envelope?.success !== true) throw refusedBy(asked, answer, need);
  return envelope as Envelope;
}

/** `Ratelimit: "default";r=0;t=12` (developers.cloudflare.com/fundamentals/api/reference/limits). */
export function quotaOf(headers: Readonly<Record<string, string>>) {
  const match = /(?:^|;)\s*r=(\d+)\s*;\s*t=(\d+)/.exec(headers.ratelimit ?? '');
  return match ? { remaining: Number(match[1]), resetsInSeconds: Number(match[2]) } : undefined;
}
