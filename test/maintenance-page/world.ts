import { readFileSync } from 'node:fs';
import tls from 'node:tls';
import { type Clock, createHttp, Report } from '@maintenance-tasks/core';
import { type RehearsalProxy, startProxy } from '@maintenance-tasks/rehearsal/proxy';
import type { StandIn, StandInAnswer } from '@maintenance-tasks/rehearsal/stand-in';
import { type CloudflareSeed, cloudflareStandIn } from '@maintenance-tasks/rehearsal/stand-ins/cloudflare';

export const TOKEN = 'rehearsal-cloudflare-token';
export const SESSION = 'mw-202611220230-k7qx';
export const PAGE = 'maintenance.example.com';

/** Time that passes only when somebody waits. */
export function patientClock(): Clock & { readonly waited: number } {
  let at = Date.parse('2026-11-21T21:30:00Z');
  let waited = 0;
  return {
    now: () => new Date(at),
    sleep: async (milliseconds) => {
      at += milliseconds;
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

export type Zones = NonNullable<CloudflareSeed['zones']>;
type Fault = Parameters<RehearsalProxy['use']>[1];

/** Cloudflare with these zones and a page that answers as told, and a task's context to reach them with. */
export function worldOf(
  proxy: RehearsalProxy,
  zones: Zones,
  options: { page?: StandInAnswer | null; tokens?: CloudflareSeed['tokens']; rules?: Fault } = {},
) {
  const clock = patientClock();
  const tokens = options.tokens ?? [{ token: TOKEN }];
  const cloudflare = cloudflareStandIn({ zones, tokens }, clock);
  const standIns: StandIn[] = [cloudflare];
  if (options.page !== null) standIns.push(pageStandIn(options.page ?? GOOD_PAGE));
  proxy.use(standIns, options.rules);
  const lines: string[] = [];
  const warnings: string[] = [];
  const stop = new AbortController();
  /** As a new run of a task would have it. */
  const context = () => ({
    http: createHttp({
      clock,
      signal: stop.signal,
      deadline: new Date(clock.now().getTime() + 15 * 60_000),
      userAgent: 'maintenance-tasks/test',
      debug: () => {},
      info: (line) => lines.push(line),
      environment: { HTTPS_PROXY: proxy.url },
    }),
    report: new Report((line) => lines.push(line)),
    log: {
      debug: () => {},
      info: (line: string) => void lines.push(line),
      warning: (line: string) => void warnings.push(line),
      progress: () => {},
      group: <T>(_title: string, work: () => Promise<T>) => work(),
    },
  });
  return { cloudflare, clock, lines, warnings, context };
}

export const GOOD_PAGE: StandInAnswer = {
  status: 503,
  headers: { 'retry-after': '3600', 'cache-control': 'no-store' },
  body: 'Back soon.',
};

function pageStandIn(answer: StandInAnswer): StandIn {
  return {
    name: 'page',
    hosts: [PAGE],
    answer: () => answer,
    state: () => ({}),
    leftovers: () => [],
  };
}
