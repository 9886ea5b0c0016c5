import { type Http, TaskError } from '@maintenance-tasks/core';
import { cloudflareApi, open } from './api.ts';
import type { Need } from './refusal.ts';

export { quotaOf } from './api.ts';

// The API's schema allows 5,000,000 for records; with 5,000 every zone below Enterprise is one page.
const RECORDS_A_PAGE = 5_000;
// More than 50 is refused for zones.
const ZONES_A_PAGE = 50;
/** developers.cloudflare.com/cache/how-to/purge-cache: at most 100 hosts, tags or prefixes a request. */
const HOSTS_A_PURGE = 100;

export interface Zone {
  readonly id: string;
  readonly name: string;
  readonly status: 'initializing' | 'pending' | 'active' | 'moved';
  readonly paused: boolean;
  readonly plan?: { readonly legacy_id?: string };
  readonly account?: { readonly id: string };
  /** What the asking token may do in this zone, such as `#dns_records:edit`. */
  readonly permissions?: readonly string[];
}

export interface DnsRecord {
  readonly id: string;
  readonly type: string;
  /** Punycode, with the zone's name. */
  readonly name: string;
  readonly content: string;
  readonly proxied?: boolean;
  /** 1 is automatic. */
  readonly ttl: number;
  readonly comment?: string | null;
  readonly tags?: readonly string[];
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly private_routing?: boolean;
  /** `read_only` is set on records that belong to another product, such as a custom domain of a Worker or of R2. */
  readonly meta?: { readonly read_only?: boolean };
  readonly modified_on?: string;
  readonly comment_modified_on?: string;
}

export type NewRecord = Omit<DnsRecord, 'id' | 'meta' | 'modified_on' | 'comment_modified_on'>;

/** Fields left out stay as they are. */
export type RecordPatch = Pick<DnsRecord, 'id'> & Partial<NewRecord>;

/** Carried out as one transaction, deletes first, then patches, then posts. */
export interface Batch {
  readonly deletes: readonly { readonly id: string }[];
  readonly patches: readonly RecordPatch[];
  readonly posts: readonly NewRecord[];
}

export interface TokenStatus {
  readonly status: 'active' | 'disabled' | 'expired';
  readonly expires_on?: string;
}

export interface RecordFilter {
  readonly name?: string;
  readonly commentContains?: string;
}

/** What a zone's plan allows, as in developers.cloudflare.com/dns (record attributes, batch record changes). */
export interface PlanLimits {
  readonly commentLength: number;
  readonly changesABatch: number;
}

export function limitsOf(zone: Zone): PlanLimits {
  const plan = zone.plan?.legacy_id ?? 'free';
  return plan === 'free' ? { commentLength: 100, changesABatch: 200 } : { commentLength: 500, changesABatch: 3_500 };
}

export interface Cloudflare {
  /** Says nothing about permissions. Tokens that belong to an account are known only there. */
  tokenStatus(accountId?: string): Promise<TokenStatus>;
  /** Every zone the token can see. */
  zones(): Promise<readonly Zone[]>;
  /** The zone of each host (the longest zone name it ends in); hosts of no visible zone are missing. */
  zonesOf(hosts: readonly string[]): Promise<ReadonlyMap<string, Zone>>;
  records(zone: Zone, filter?: RecordFilter): Promise<readonly DnsRecord[]>;
  /** @param landed whether the records already stand as the batch would leave them; asked when its outcome is unknown */
  batch(zone: Zone, batch: Batch, landed: () => Promise<boolean>): Promise<void>;
  /** Drops everything cached for the hosts; accepted is all that the answer says. */
  purge(zone: Zone, hosts: readonly string[]): Promise<void>;
}

interface Page<Item> {
  readonly items: readonly Item[];
  readonly more: boolean;
  readonly pages: number | undefined;
}

/**
 * Cloudflare's API v4 with an API token.
 *
 * @throws TaskError `auth` from every call when the token lacks what the call needs, `remote` for other refusals
 */
export function cloudflare(http: Http, token: string): Cloudflare {
  const { request, get } = cloudflareApi(http, token);

  async function page<Item>(path: string, query: Record<string, string>, size: number, number: number, need: Need) {
    const parameters = new URLSearchParams({ ...query, per_page: String(size), page: String(number) });
    const { result, result_info: info } = await get(`${path}?${parameters}`, need);
    const items = Array.isArray(result) ? (result as Item[]) : [];
    const pages = info?.total_pages;
    // Without a count of pages, a page that is not full is the last; the server may have lowered the size asked for.
    const more = pages === undefined ? items.length >= (info?.per_page ?? size) : number < pages;
    return { items, more: more && items.length > 0, pages } satisfies Page<Item>;
  }

  async function rest<Item>(first: Page<Item>, next: (number: number) => Promise<Page<Item>>): Promise<Item[]> {
    const items = [...first.items];
    for (let [current, number] = [first, 2]; current.more; number++) {
      current = await next(number);
      items.push(...current.items);
    }
    return items;
  }

  const zonePage = (number: number, query: Record<string, string> = {}) =>
    page<Zone>('/zones', query, ZONES_A_PAGE, number, { permission: 'Zone Read' });

  /** Tokens for single zones were refused the list of zones at times, while each zone could be asked for by its name. */
  const firstZonePage = () =>
    zonePage(1).catch((error: unknown): Page<Zone> => {
      if (error instanceof TaskError && error.kind === 'auth') return { items: [], more: true, pages: undefined };
      throw error;
    });

  return {
    async tokenStatus(accountId) {
      const path = accountId ? `/accounts/${accountId}/tokens/verify` : '/user/tokens/verify';
      const { result } = await get(path, { permission: 'validity' });
      return result as TokenStatus;
    },

    async zones() {
      return rest(await zonePage(1), zonePage);
    },

    async zonesOf(hosts) {
      const first = await firstZonePage();
      const known = new Map(first.items.map((zone) => [zone.name, zone]));
      const wanted = [...new Set(hosts.flatMap(suffixesOf))].filter((name) => !known.has(name));
      // A token that sees hundreds of zones is asked by name where that takes fewer calls than reading all of them.
      if (first.more && (first.pages ?? Number.POSITIVE_INFINITY) - 1 > wanted.length) {
        for (const name of wanted) for (const zone of (await zonePage(1, { name })).items) known.set(zone.name, zone);
      } else {
        for (const zone of await rest(first, zonePage)) known.set(zone.name, zone);
      }
      const found = hosts.map((host) => [host, suffixesOf(host).find((name) => known.has(name))] as const);
      return new Map(found.flatMap(([host, name]) => (name ? [[host, known.get(name) as Zone]] : [])));
    },

    async records(zone, filter = {}) {
      const query = {
        ...(filter.name && { 'name.exact': filter.name }),
        ...(filter.commentContains && { 'comment.contains': filter.commentContains }),
      };
      const next = (number: number) =>
        page<DnsRecord>(`/zones/${zone.id}/dns_records`, query, RECORDS_A_PAGE, number, {
          permission: 'DNS Read',
          zone: zone.name,
        });
      return rest(await next(1), next);
    },

    async batch(zone, batch, landed) {
      const asked = request('POST', `/zones/${zone.id}/dns_records/batch`, batch);
      await http.write(
        asked,
        (answer) => {
          open(asked, answer, { permission: 'DNS Write', zone: zone.name });
          return true;
        },
        async () => (await landed()) || undefined,
      );
    },

    async purge(zone, hosts) {
      for (let start = 0; start < hosts.length; start += HOSTS_A_PURGE) {
        const json = { hosts: hosts.slice(start, start + HOSTS_A_PURGE) };
        const asked = { ...request('POST', `/zones/${zone.id}/purge_cache`, json), repeatable: true };
        open(asked, await http.send(asked), { permission: 'Cache Purge', zone: zone.name });
      }
    },
  };
}

/** `a.b.example.com` → itself, `b.example.com`, `example.com`: what its zone may be called, longest first. */
function suffixesOf(host: string): string[] {
  const labels = host.split('.');
  return labels.slice(0, -1).map((_, index) => labels.slice(index).join('.'));
}
