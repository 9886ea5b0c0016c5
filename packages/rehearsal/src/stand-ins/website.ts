import type { StandIn, StandInAnswer, StandInRequest, StandInWorld } from '../stand-in.ts';
import { type PublicRecord, type RecordsOf, sameName } from './public-record.ts';
import { type MaintenanceSeed, type SiteSeed, type WebsiteSeed, websiteSeedSchema } from './website-seed.ts';

export { type WebsiteSeed, websiteSeedSchema } from './website-seed.ts';

/** What a website is made of elsewhere. */
export interface WebsiteLookups {
  recordsOf: RecordsOf;
  /** When the copies of the host’s pages were last purged from the edge. */
  lastPurgeOf?(host: string): Date | undefined;
  /** The current version of a vault's certificate; PEM, the chain after the leaf. */
  certificateOf?(vault: string, name: string): { readonly certificate: string; readonly key: string } | undefined;
}

export interface WebsiteStandIn extends StandIn {
  /** A new version goes live, or the site breaks, or comes back. */
  change(host: string, site: { readonly version?: string; readonly healthy?: boolean }): void;
}

interface Site extends SiteSeed {
  version: string;
  healthy: boolean;
}

interface Copy {
  readonly answer: StandInAnswer;
  readonly at: Date;
  readonly ofMaintenance: boolean;
}

/** How long the edge keeps what it may: longer than any window. */
const KEPT_SECONDS = 86_400;

/** The shop's sites, the servers behind them, and the page that stands in front of them in maintenance. */
export function websiteStandIn(seed: WebsiteSeed, world: StandInWorld, lookups: WebsiteLookups): WebsiteStandIn {
  const { sites: siteSeeds, maintenance, ports } = websiteSeedSchema.parse(seed);
  const sites = new Map<string, Site>(siteSeeds.map((site) => [sameName(site.host), { ...site, healthy: true }]));
  const copies = new Map<string, Copy>();
  const origins = new Set(siteSeeds.flatMap((site) => site.origins.map(sameName)));
  const maintenanceHost = sameName(maintenance.host);

  /** What stands where the records of the host point to. */
  function behind(site: Site, records: readonly PublicRecord[]): 'site' | 'maintenance' | 'nothing' {
    const targets = records.map(({ content }) => sameName(content));
    if (targets.includes(maintenanceHost)) return 'maintenance';
    return targets.some((target) => site.origins.some((origin) => sameName(origin) === target)) ? 'site' : 'nothing';
  }

  function copyOf(key: string, host: string): Copy | undefined {
    const copy = copies.get(key);
    if (!copy) return undefined;
    const purged = lookups.lastPurgeOf?.(host);
    const fresh = world.now().getTime() - copy.at.getTime() < KEPT_SECONDS * 1_000;
    if (fresh && (purged === undefined || purged < copy.at)) return copy;
    copies.delete(key);
    return undefined;
  }

  function atPublicHost(site: Site, request: StandInRequest): StandInAnswer {
    const records = addressRecords(lookups.recordsOf(sameName(site.host)));
    const place = behind(site, records);
    const answer = () => {
      if (place === 'site') return siteAnswer(site, request);
      if (place === 'maintenance') return maintenanceAnswer(maintenance);
      // developers.cloudflare.com/support/troubleshooting/http-status-codes: 530 with error 1016, and 523.
      if (records.length === 0) return { status: 530, body: 'error code: 1016' };
      return { status: 523, body: 'error code: 523' };
    };
    if (!records.some(({ proxied }) => proxied)) return answer();
    return atEdge(site.host, request, place === 'maintenance', answer);
  }

  function atEdge(
    host: string,
    request: StandInRequest,
    ofMaintenance: boolean,
    ask: () => StandInAnswer,
  ): StandInAnswer {
    const key = request.url.href;
    const copy = copyOf(key, host);
    if (copy && request.method === 'GET') {
      const age = Math.max(1, Math.round((world.now().getTime() - copy.at.getTime()) / 1_000));
      return withHeaders(copy.answer, { 'cf-cache-status': 'HIT', age: String(age) });
    }
    const answer = ask();
    const keeps = request.method === 'GET' && answer.headers?.['cache-control']?.startsWith('public');
    if (keeps) copies.set(key, { answer, at: world.now(), ofMaintenance });
    return withHeaders(answer, { 'cf-cache-status': keeps ? 'MISS' : 'DYNAMIC' });
  }

  return {
    name: 'Website',
    hosts: [...sites.keys(), ...origins, maintenanceHost],

    answer(request) {
      const named = sameName(request.url.hostname);
      const site = sites.get(named);
      if (origins.has(sameName(request.connectedTo.host))) {
        const served = site?.origins.some((origin) => sameName(origin) === sameName(request.connectedTo.host));
        return site && served
          ? siteAnswer(site, request)
          : { status: 404, body: 'No site of that name is served here.' };
      }
      if (site) return atPublicHost(site, request);
      if (named === maintenanceHost) return maintenanceAnswer(maintenance);
      return { status: 404, body: 'No site of that name is served here.' };
    },

    certificateFor(host, connectedTo) {
      const site = sites.get(sameName(host));
      if (!site?.['vault-certificate']) return undefined;
      const direct = site.origins.some((origin) => sameName(origin) === sameName(connectedTo.host));
      const proxied = addressRecords(lookups.recordsOf(sameName(site.host))).some((record) => record.proxied);
      // Cloudflare's edge shows a certificate of its own, whatever the servers behind it have.
      if (proxied && !direct) return undefined;
      return lookups.certificateOf?.(site['vault-certificate'].vault, site['vault-certificate'].name);
    },

    greeting({ host, port }) {
      return ports.find((open) => sameName(open.host) === sameName(host) && open.port === port)?.greeting;
    },

    change(host, { version, healthy }) {
      const site = sites.get(sameName(host));
      if (!site) throw new Error(`there is no site ${host}`);
      site.version = version ?? site.version;
      site.healthy = healthy ?? site.healthy;
    },

    state: () =>
      Object.fromEntries(
        [...sites].map(([host, site]) => [
          host,
          {
            shows: behind(site, addressRecords(lookups.recordsOf(host))),
            version: site.version,
            healthy: site.healthy,
            copies: [...copies.keys()].filter((key) => new URL(key).hostname === host && copyOf(key, host)).sort(),
          },
        ]),
      ),

    leftovers: () =>
      [...sites.values()].flatMap((site) => {
        const place = behind(site, addressRecords(lookups.recordsOf(sameName(site.host))));
        const stale = [...copies].filter(
          ([key, copy]) =>
            copy.ofMaintenance && new URL(key).hostname === sameName(site.host) && copyOf(key, site.host) !== undefined,
        );
        if (place === 'maintenance') return [`${site.host} shows the maintenance page.`];
        return stale.map(([key]) => `The edge still shows a copy of the maintenance page at ${key}.`);
      }),
  };
}

function siteAnswer(site: Site, { url }: StandInRequest): StandInAnswer {
  const headers = { 'x-version': site.version, 'cache-control': 'no-cache' };
  if (url.pathname === '/health') {
    const status = site.healthy ? 'ok' : 'failing';
    const checks = [{ name: 'database', state: site.healthy ? 'up' : 'down' }];
    return { status: site.healthy ? 200 : 503, headers, body: { status, version: site.version, checks } };
  }
  if (url.pathname !== '/') return { status: 404, headers, body: page('Not found', site.title) };
  if (!site.healthy) return { status: 500, headers, body: page('Something went wrong', site.title) };
  const kept = site.cacheable ? { 'cache-control': `public, max-age=${KEPT_SECONDS}` } : {};
  return { status: 200, headers: { ...headers, ...kept, ...HTML }, body: page(site.title, `Version ${site.version}`) };
}

function maintenanceAnswer({ title, cacheable, 'retry-after': retryAfter }: MaintenanceSeed): StandInAnswer {
  const body = page(title, 'Please come back later.');
  if (cacheable) return { status: 200, headers: { 'cache-control': 'public, max-age=3600', ...HTML }, body };
  return { status: 503, headers: { 'retry-after': String(retryAfter), 'cache-control': 'no-store', ...HTML }, body };
}

const HTML = { 'content-type': 'text/html; charset=utf-8' };

function page(title: string, text: string): string {
  return `<!doctype html>\n<title>${title}</title>\n<h1>${title}</h1>\n<p>${text}</p>\n`;
}

function addressRecords(records: readonly PublicRecord[]): PublicRecord[] {
  return records.filter(({ type }) => type === 'A' || type === 'AAAA' || type === 'CNAME');
}

function withHeaders(answer: StandInAnswer, headers: Readonly<Record<string, string>>): StandInAnswer {
  return { ...answer, headers: { ...answer.headers, ...headers } };
}
