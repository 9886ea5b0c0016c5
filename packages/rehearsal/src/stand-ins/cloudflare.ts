import { createHash } from 'node:crypto';
import type { StandIn, StandInAnswer, StandInRequest, StandInWorld } from '../stand-in.ts';
import { filtered, paged } from './cloudflare-filter.ts';
import { PurgeBucket, RequestQuota } from './cloudflare-limits.ts';
import { AccountLists } from './cloudflare-lists.ts';
import { type RecordInput, Refusal, type StoredRecord, ZoneRecords } from './cloudflare-records.ts';
import { ZoneRulesets } from './cloudflare-rulesets.ts';
import { type CloudflareSeed, cloudflareSeedSchema, type TokenSeed, type ZoneSeed } from './cloudflare-seed.ts';
import { noted, shownNames } from './cloudflare-shown.ts';
import { covers, grantsOf, permitted, requireActive, tokenOf } from './cloudflare-tokens.ts';
import { type RecordsOf, sameName } from './public-record.ts';

export { type CloudflareSeed, cloudflareSeedSchema } from './cloudflare-seed.ts';

export interface CloudflareStandIn extends StandIn {
  /** The records of a name as they stand now: where its visitors are sent. */
  readonly recordsOf: RecordsOf;
  /** When what is cached for the host was last dropped. */
  lastPurgeOf(host: string): Date | undefined;
}

interface StoredZone {
  readonly id: string;
  readonly seed: ZoneSeed;
  readonly records: ZoneRecords;
  readonly rulesets: ZoneRulesets;
}

interface Answered {
  readonly result: unknown;
  readonly result_info?: unknown;
  readonly messages?: readonly unknown[];
}

const PLANS = ['free', 'pro', 'business', 'enterprise'] as const;

/** Cloudflare's API v4, as far as zones, records, purging, IP lists and custom rules go, with its refusals and limits. */
export function cloudflareStandIn(seed: CloudflareSeed, world: StandInWorld): CloudflareStandIn {
  const { zones: zoneSeeds, lists: listSeeds, tokens, ...given } = cloudflareSeedSchema.parse(seed);
  const now = () => world.now();
  const accounts = new Map<string, AccountLists>();
  const zones = zoneSeeds.map(
    (zone): StoredZone => ({
      id: idOf(zone.name),
      seed: zone,
      records: new ZoneRecords(zone, now),
      rulesets: new ZoneRulesets(zone, now, () => accounts.get(accountId(zone.account))?.names ?? []),
    }),
  );
  for (const id of new Set([...zoneSeeds, ...listSeeds].map(({ account }) => accountId(account)))) {
    const own = zones.filter(({ seed: { account } }) => accountId(account) === id);
    const plan = PLANS[Math.max(0, ...own.map((zone) => PLANS.indexOf(zone.seed.plan)))] ?? 'free';
    const isReferred = (name: string) => own.some(({ rulesets }) => rulesets.refersTo(name));
    const lists = listSeeds.filter(({ account }) => accountId(account) === id);
    accounts.set(
      id,
      new AccountLists(lists, { account: id, plan, milliseconds: given['list-operation'], now, isReferred }),
    );
  }
  for (const { rulesets, seed: zone } of zones) rulesets.seed(zone.rules);
  const quotas = new Map<string, RequestQuota>();
  const buckets = new Map<string, PurgeBucket>();
  const purges = new Map<string, Date>();

  function route(request: StandInRequest, token: TokenSeed): Answered {
    const [first, id = '', ...rest] = request.url.pathname.replace(/^\/client\/v4\//, '').split('/');
    const call = `${request.method} ${rest[0] ?? ''}${rest.length > 1 ? (rest[1] === 'batch' ? '/batch' : '/id') : ''}`;
    if (first === 'user' && id === 'tokens' && rest[0] === 'verify') return verified(token, 'user');
    if (first === 'accounts' && rest[1] === 'verify') return verified(token, 'account');
    requireActive(token);
    if (first === 'accounts' && rest[0] === 'rules' && rest[1] === 'lists')
      return onLists(request, token, id, rest.slice(2));
    if (first !== 'zones') throw new Refusal(404, 7000, 'No route for that URI');
    if (id === '' && request.method === 'GET') return zoneList(token, request.url.searchParams);
    const zone = zones.find((candidate) => candidate.id === id);
    if (!zone || !covers(token, zone.seed.name)) throw new Refusal(404, 1001, 'Invalid zone identifier');
    if (call === 'GET ') return permitted(token, 'Zone Read', () => ({ result: shownZone(zone, token) }));
    if (call === 'POST purge_cache') return permitted(token, 'Cache Purge', () => purged(zone, bodyOf(request)));
    if (rest[0] === 'rulesets')
      return permitted(token, request.method === 'GET' ? 'Zone WAF Read' : 'Zone WAF Write', () => ({
        result: zone.rulesets.answer({
          method: request.method,
          path: rest.slice(1),
          body: () => bodyOf(request),
        }),
      }));
    if (rest[0] !== 'dns_records') throw new Refusal(404, 7000, 'No route for that URI');
    if (request.method === 'GET')
      return permitted(token, 'DNS Read', () => read(zone, rest[1], request.url.searchParams));
    return permitted(token, 'DNS Write', () => ({ result: written(zone.records, call, rest[1], bodyOf(request)) }));
  }

  function onLists(request: StandInRequest, token: TokenSeed, id: string, path: readonly string[]): Answered {
    const account = accounts.get(id);
    if (!account) throw new Refusal(403, 10000, 'Authentication error');
    const { method, url } = request;
    const permission = method === 'GET' ? 'Account Filter Lists Read' : 'Account Filter Lists Write';
    return permitted(token, permission, () =>
      account.answer({ method, path, query: url.searchParams, body: () => jsonOf(request) }),
    );
  }

  function zoneList(token: TokenSeed, query: URLSearchParams): Answered {
    const name = query.get('name')?.replace(/^equal:/, '');
    const seen = zones.filter(
      ({ seed: zone }) =>
        covers(token, zone.name) &&
        (name === undefined || zone.name === name) &&
        (query.get('status') ?? zone.status) === zone.status,
    );
    return permitted(token, 'Zone Read', () =>
      paged(
        seen.map((zone) => shownZone(zone, token)),
        query,
        { size: 20, least: 5, most: 50 },
      ),
    );
  }

  function purged({ id, seed: zone }: StoredZone, body: Record<string, unknown>): Answered {
    const kinds = ['purge_everything', 'hosts', 'files', 'tags', 'prefixes'].filter((kind) => body[kind] !== undefined);
    if (kinds.length !== 1)
      throw new Refusal(
        400,
        1012,
        'Request must contain exactly one of purge_everything, hosts, files, tags, prefixes.',
      );
    const items = body[kinds[0] as string];
    if (Array.isArray(items) && items.length > 100)
      throw new Refusal(400, 1094, 'At most 100 items can be purged at once.');
    const bucket = buckets.get(zone.account) ?? new PurgeBucket(zone.plan);
    buckets.set(zone.account, bucket);
    const seconds = bucket.take(now());
    if (seconds !== undefined) throw new Limit(seconds, 'Unable to purge, rate limit reached.');
    const hosts = body.purge_everything
      ? [...namesOf(zone.name)]
      : Array.isArray(body.hosts)
        ? body.hosts.map(String)
        : [];
    const foreign = hosts.find((host) => host !== zone.name && !host.endsWith(`.${zone.name}`));
    if (foreign) throw new Refusal(400, 1107, `The host ${foreign} is not part of the zone.`);
    for (const host of hosts) purges.set(sameName(host), now());
    return { result: { id } };
  }

  function namesOf(zoneName: string): Set<string> {
    const records = zones.find(({ seed: zone }) => zone.name === zoneName)?.records.all ?? [];
    return new Set(records.map(({ name }) => name));
  }

  function verified(token: TokenSeed, where: TokenSeed['owner']): Answered {
    if (token.owner !== where) throw new Refusal(401, 1000, 'Invalid API Token');
    const { status } = token;
    const expires = token['expires-on'] && { expires_on: token['expires-on'] };
    return {
      result: { id: idOf(token.token), status, ...expires },
      messages: [{ code: 10000, message: `This API Token is valid and ${status}`, type: null }],
    };
  }

  return {
    name: 'Cloudflare',
    hosts: ['api.cloudflare.com', 'www.cloudflare.com'],
    answer(request) {
      if (request.url.hostname === 'www.cloudflare.com') return trace(request, given['runner-address']);
      const authorization = request.headers.authorization ?? '';
      const quota = quotas.get(authorization) ?? new RequestQuota();
      quotas.set(authorization, quota);
      const seconds = quota.take(now());
      try {
        if (seconds !== undefined)
          throw new Limit(seconds, 'Rate limited. Please wait and consider throttling your request speed');
        const answered = route(request, tokenOf(authorization, tokens));
        const headers = quota.headers(now());
        if (answered.result === undefined) return { status: 204, headers };
        return { status: 200, headers, body: { success: true, errors: [], messages: [], ...answered } };
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        return refused(error, quota.headers(now()));
      }
    },
    recordsOf: (name) =>
      zones
        .flatMap(({ records }) => records.all)
        .filter((record) => record.name === sameName(name))
        // Automatic is 300 seconds (developers.cloudflare.com/dns/manage-dns-records/reference/ttl).
        .map((record) => ({ ...record, ttl: record.ttl === 1 ? 300 : record.ttl })),
    lastPurgeOf: (host) => purges.get(sameName(host)),
    state: () => ({
      ...Object.fromEntries(zones.flatMap(({ records }) => shownNames(records.all))),
      ...Object.fromEntries(
        zones.flatMap(({ seed: zone, rulesets: { shown } }) => (shown ? [[`Rules of ${zone.name}`, shown]] : [])),
      ),
      ...Object.fromEntries(
        [...accounts.values()].flatMap(({ shown }) =>
          Object.entries(shown).map(([name, items]) => [`List ${name}`, items]),
        ),
      ),
    }),
    leftovers: () => [
      ...zones
        .flatMap(({ records }) => records.all)
        .flatMap(({ comment, name, type, content }) =>
          noted(
            comment,
            (session) => `${name} carries the maintenance page of session ${session}: ${type} ${content}.`,
          ),
        ),
      ...zones.flatMap(({ seed: { name }, rulesets }) =>
        rulesets.rules.flatMap(({ description, expression }) =>
          noted(description, (session) => `${name} has a custom rule of session ${session}: ${expression}.`),
        ),
      ),
      ...[...accounts.values()]
        .flatMap(({ items }) => items)
        .flatMap(({ list, ip, comment }) =>
          noted(comment, (session) => `${ip} is on the list ${list} for session ${session}.`),
        ),
    ],
  };
}

/** What Cloudflare says of whoever asks, on any of its hosts, without a token. */
function trace({ method, url }: StandInRequest, address: string): StandInAnswer {
  if (method !== 'GET' || url.pathname !== '/cdn-cgi/trace') return { status: 404, body: 'Not found' };
  const lines = ['fl=1f1', `h=${url.hostname}`, `ip=${address}`, 'visit_scheme=https', 'colo=FRA', 'warp=off'];
  return { status: 200, headers: { 'content-type': 'text/plain' }, body: `${lines.join('\n')}\n` };
}

/** A refusal that tells when to come back. */
class Limit extends Refusal {
  readonly seconds: number;

  constructor(seconds: number, message: string) {
    super(429, 10429, message);
    this.seconds = seconds;
  }
}

function shownZone({ id, seed }: StoredZone, token: TokenSeed) {
  const { name, status, paused, plan, account } = seed;
  return {
    id,
    name,
    status,
    paused,
    type: 'full',
    account: { id: accountId(account), name: account },
    permissions: grantsOf(token),
    plan: { id: idOf(plan), name: `${plan} plan`, legacy_id: plan },
  };
}

function read({ records }: StoredZone, id: string | undefined, query: URLSearchParams): Answered {
  if (id) return { result: answered(records.get(id)) };
  return paged(filtered(records.all, query).map(answered), query, { size: 100, least: 1, most: 5_000_000 });
}

function written(records: ZoneRecords, call: string, id: string | undefined, body: Record<string, unknown>): unknown {
  const input = { ...body, id } as RecordInput;
  if (call === 'POST dns_records') return answered(records.create(body as RecordInput));
  if (call === 'POST dns_records/batch') {
    const result = records.batch(body);
    return Object.fromEntries(
      Object.entries(result).map(([list, items]) => [list, items.map((item) => answered(item as StoredRecord))]),
    );
  }
  if (call === 'PATCH dns_records/id') return answered(records.patch(input));
  if (call === 'PUT dns_records/id') return answered(records.overwrite(input));
  if (call === 'DELETE dns_records/id') return records.delete(String(id));
  throw new Refusal(405, 7001, `Method not allowed: ${call}`);
}

/** CNAME records are answered with their default setting spelled out. */
function answered(record: StoredRecord): StoredRecord {
  return record.type === 'CNAME' ? { ...record, settings: { flatten_cname: false, ...record.settings } } : record;
}

function bodyOf(request: StandInRequest): Record<string, unknown> {
  const body = jsonOf(request);
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as Record<string, unknown>;
  throw new Refusal(400, 9207, 'Request body is invalid.');
}

function jsonOf(request: StandInRequest): unknown {
  try {
    return JSON.parse(request.body.toString('utf8') || '{}') as unknown;
  } catch {
    throw new Refusal(400, 9207, 'Request body is invalid.');
  }
}

function refused(error: Refusal, headers: Record<string, string>): StandInAnswer {
  return {
    status: error.status,
    headers: { ...headers, ...(error instanceof Limit && { 'retry-after': String(error.seconds) }) },
    body: { success: false, errors: [{ code: error.code, message: error.message }], messages: [], result: null },
  };
}

function idOf(name: string): string {
  return createHash('md5').update(name).digest('hex');
}

/** Users know their accounts by ids, rehearsals by names. */
function accountId(account: string): string {
  return /^[0-9a-f]{32}$/.test(account) ? account : idOf(account);
}
