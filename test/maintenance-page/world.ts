import { readFileSync } from 'node:fs';
import tls from 'node:tls';
import { type Clock, createHttp, Report } from '@maintenance-tasks/core';
import { type ProxyRules, type RehearsalProxy, startProxy } from '@maintenance-tasks/rehearsal/proxy';
import type { StandIn, StandInAnswer, StandInRequest } from '@maintenance-tasks/rehearsal/stand-in';
import {
  type CloudflareSeed,
  type CloudflareStandIn,
  cloudflareStandIn,
} from '@maintenance-tasks/rehearsal/stand-ins/cloudflare';

export const TOKEN = 'rehearsal-cloudflare-token';
export const SESSION = 'mw-202611220230-k7qx';
export const PAGE = 'maintenance.example.com';

export type Zones = NonNullable<CloudflareSeed['zones']>;

export const GOOD_PAGE: StandInAnswer = {
  status: 503,
  headers: { 'retry-after': '3600', 'cache-control': 'no-store' },
  body: 'Back soon.',
};

/** Time that passes only when somebody waits. */
export function patientClock(): Clock & { readonly waited: number } {
  let waited = 0;
  return {
    now: () => new Date(Date.parse('2026-11-21T21:30:00Z') + waited),
    sleep: async (milliseconds) => {
      waited += milliseconds;
    },
    get waited() {
      return waited;
    },
  };
}

/** A proxy whose CA this process trusts, as NODE_EXTRA_CA_CERTS would have it from the start. */
export async function trustedProxy(): Promise<RehearsalProxy> {
  const proxy = await startProxy({ standIns: [], now: () => new Date() });
  // Types of Node 20 do not know these two.
  const trust = tls as unknown as { setDefaultCACertificates(all: string[]): void; getCACertificates(): string[] };
  trust.setDefaultCACertificates([...trust.getCACertificates(), readFileSync(proxy.caFile, 'utf8')]);
  return proxy;
}

export interface WorldOptions {
  /** How the page answers; null for none at all. */
  readonly page?: StandInAnswer | null;
  readonly tokens?: CloudflareSeed['tokens'];
  readonly rules?: ProxyRules;
  /** Answers instead of Cloudflare, or leaves it to Cloudflare. */
  readonly instead?: (
    request: StandInRequest,
    cloudflare: CloudflareStandIn,
  ) => ReturnType<StandIn['answer']> | undefined;
}

/** Cloudflare with these zones, a page, and the context of a task that reaches both through the proxy. */
export function worldOf(proxy: RehearsalProxy, zones: Zones, options: WorldOptions = {}) {
  const clock = patientClock();
  const cloudflare = cloudflareStandIn({ zones, tokens: options.tokens ?? [{ token: TOKEN }] }, clock);
  const answering: StandIn = {
    ...cloudflare,
    answer: (request) => options.instead?.(request, cloudflare) ?? cloudflare.answer(request),
  };
  const page = options.page === null ? [] : [pageStandIn(options.page)];
  proxy.use([answering, ...page], options.rules);
  const lines: string[] = [];
  const warnings: string[] = [];
  /** As a new run of a task would have it. */
  const context = () => {
    const http = createHttp({
      clock,
      signal: new AbortController().signal,
      deadline: new Date(clock.now().getTime() + 15 * 60_000),
      userAgent: 'maintenance-tasks/test',
      debug: () => {},
      info: (line) => lines.push(line),
      environment: { HTTPS_PROXY: proxy.url },
    });
    const log = {
      debug: () => {},
      info: (line: string) => void lines.push(line),
      warning: (line: string) => void warnings.push(line),
      progress: () => {},
      group: <T>(_title: string, work: () => Promise<T>) => work(),
    };
    return { http, log, report: new Report(log.info) };
  };
  return { cloudflare, answering, clock, lines, warnings, context };
}

/** `POST batch`, `GET dns_records`: what was asked of Cloudflare, without ids. */
export function callsOf(proxy: RehearsalProxy): string[] {
  return proxy.calls
    .filter(({ host }) => host === 'api.cloudflare.com')
    .map(({ method, path }) => `${method} ${path.replace(/\?.*/, '').split('/').at(-1)}`);
}

export function pageStandIn(answer: StandInAnswer = GOOD_PAGE): StandIn {
  return { name: 'page', hosts: [PAGE], answer: () => answer, state: () => ({}), leftovers: () => [] };
}
