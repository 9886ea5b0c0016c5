import { createHash } from 'node:crypto';
import { isIPv4, isIPv6 } from 'node:net';
import { Refusal } from './cloudflare-records.ts';
import type { ListSeed, ZoneSeed } from './cloudflare-seed.ts';

interface StoredItem {
  readonly id: string;
  readonly ip: string;
  readonly comment: string | null;
  readonly created_on: string;
  readonly modified_on: string;
}

interface StoredList {
  readonly id: string;
  readonly name: string;
  readonly kind: string;
  description: string;
  readonly created_on: string;
  modified_on: string;
  items: readonly StoredItem[];
}

/** Items were asked to be changed, and are once its time has come. */
interface Operation {
  readonly id: string;
  readonly begins: number;
  readonly ends: number;
  carryOut(): void;
  completed?: string;
  error?: string;
}

interface Asked {
  readonly method: string;
  /** What follows `/rules/lists` in the path. */
  readonly path: readonly string[];
  readonly query: URLSearchParams;
  readonly body: () => unknown;
}

/** developers.cloudflare.com/waf/tools/lists: availability. */
const LIMITS = {
  free: { lists: 1, items: 10_000 },
  pro: { lists: 10, items: 10_000 },
  business: { lists: 10, items: 10_000 },
  enterprise: { lists: 1_000, items: 500_000 },
} as const;
const KINDS = ['ip', 'redirect', 'hostname', 'asn'];
const ITEMS_A_REQUEST = 1_000;
const IP_PREFIX = /^([0-9a-f.:]+)(?:\/(\d{1,3}))?$/;

/**
 * The lists of one account and the rules for changing them. Items are changed later than it is answered, and one
 * change at a time. Source: developers.cloudflare.com/waf/tools/lists/lists-api.
 */
export class AccountLists {
  readonly #lists = new Map<string, StoredList>();
  readonly #operations = new Map<string, Operation>();
  readonly #account: string;
  readonly #now: () => Date;
  readonly #limits: (typeof LIMITS)[ZoneSeed['plan']];
  readonly #milliseconds: number;
  readonly #isReferred: (name: string) => boolean;
  #made = 0;

  constructor(
    seeds: readonly ListSeed[],
    given: {
      /** Its id. */
      readonly account: string;
      readonly plan: ZoneSeed['plan'];
      /** How long a change of items takes. */
      readonly milliseconds: number;
      readonly now: () => Date;
      /** Whether any rule, enabled or not, has the list in its expression. */
      readonly isReferred: (name: string) => boolean;
    },
  ) {
    this.#account = given.account;
    this.#now = given.now;
    this.#limits = LIMITS[given.plan];
    this.#milliseconds = given.milliseconds;
    this.#isReferred = given.isReferred;
    for (const { name, description, items } of seeds) {
      const list = this.#create({ name, kind: 'ip', description });
      list.items = this.#upserted([], items);
    }
  }

  /** Names of the lists of addresses. */
  get names(): readonly string[] {
    return [...this.#lists.values()].filter(({ kind }) => kind === 'ip').map(({ name }) => name);
  }

  get shown(): Readonly<Record<string, readonly string[]>> {
    this.#carryOut();
    const byName = [...this.#lists.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    return Object.fromEntries(
      byName.map(({ name, items }) => [
        name,
        items.map(({ ip, comment }) => (comment ? `${ip} (${comment})` : ip)).sort(),
      ]),
    );
  }

  get items(): readonly { readonly list: string; readonly ip: string; readonly comment: string | null }[] {
    this.#carryOut();
    return [...this.#lists.values()].flatMap(({ name, items }) =>
      items.map(({ ip, comment }) => ({ list: name, ip, comment })),
    );
  }

  answer({ method, path, query, body }: Asked): { readonly result: unknown; readonly result_info?: unknown } {
    this.#carryOut();
    const [id, part] = path;
    if (id === undefined) {
      if (method === 'GET') return { result: [...this.#lists.values()].map((list) => this.#answered(list)) };
      if (method === 'POST') return { result: this.#answered(this.#create(body() as Record<string, unknown>)) };
      throw notAllowed(method);
    }
    if (id === 'bulk_operations') return { result: this.#status(part) };
    const list = this.#lists.get(id);
    if (!list) throw new Refusal(404, 10001, 'filter list not found');
    if (part === undefined) return { result: this.#onList(method, list, body) };
    if (part !== 'items' || path.length > 2) throw new Refusal(404, 7000, 'No route for that URI');
    if (method === 'GET') return page(list.items, query);
    return { result: this.#onItems(method, list, body()) };
  }

  #onList(method: string, list: StoredList, body: () => unknown): unknown {
    if (method === 'PUT') {
      // Only the description can be changed.
      list.description = String((body() as { description?: unknown }).description ?? '');
      list.modified_on = this.#now().toISOString();
    } else if (method === 'DELETE') {
      if (this.#isReferred(list.name)) throw new Refusal(400, 10012, 'filter list is referenced by a rule');
      this.#lists.delete(list.id);
      return { id: list.id };
    } else if (method !== 'GET') throw notAllowed(method);
    return this.#answered(list);
  }

  #onItems(method: string, list: StoredList, body: unknown): { readonly operation_id: string } {
    if (method === 'DELETE') {
      const ids = idsOf(body);
      return this.#start(() => {
        list.items = list.items.filter((item) => !ids.has(item.id));
      });
    }
    if (method !== 'POST' && method !== 'PUT') throw notAllowed(method);
    const items = itemsOf(body);
    return this.#start(() => {
      // PUT takes away whatever is not sent.
      const next = this.#upserted(method === 'PUT' ? [] : list.items, items);
      const others = [...this.#lists.values()].filter((each) => each !== list);
      const total = others.reduce((sum, each) => sum + each.items.length, next.length);
      if (total > this.#limits.items)
        throw new Error(`the account may have at most ${this.#limits.items} list items, and would have ${total}`);
      list.items = next;
    });
  }

  #start(change: () => void): { readonly operation_id: string } {
    if ([...this.#operations.values()].some(({ completed }) => completed === undefined))
      throw new Refusal(429, 10040, 'there is a pending bulk operation for this account');
    const id = this.#newId('operation');
    const begins = this.#now().getTime();
    this.#operations.set(id, {
      id,
      begins: begins + this.#milliseconds / 2,
      ends: begins + this.#milliseconds,
      carryOut: change,
    });
    return { operation_id: id };
  }

  /** Does whatever has become due. */
  #carryOut(): void {
    for (const operation of this.#operations.values()) {
      if (operation.completed !== undefined || this.#now().getTime() < operation.ends) continue;
      operation.completed = new Date(operation.ends).toISOString();
      try {
        operation.carryOut();
      } catch (error) {
        operation.error = (error as Error).message;
      }
    }
  }

  #status(id: string | undefined): unknown {
    const operation = this.#operations.get(id ?? '');
    if (!operation) throw new Refusal(404, 10037, 'bulk operation not found');
    const { completed, error, begins } = operation;
    if (error) return { id, status: 'failed', completed, error };
    if (completed) return { id, status: 'completed', completed };
    return { id, status: this.#now().getTime() < begins ? 'pending' : 'running' };
  }

  #create({ name, kind, description }: Record<string, unknown>): StoredList {
    if (typeof name !== 'string' || !/^[a-z0-9_]{1,50}$/.test(name))
      throw new Refusal(400, 10027, 'filter list name must match ^[a-z0-9_]+$ and have at most 50 characters');
    if (!KINDS.includes(String(kind))) throw new Refusal(400, 10026, 'unknown kind of filter list');
    if ([...this.#lists.values()].some((list) => list.name === name))
      throw new Refusal(400, 10013, 'a filter list with this name exists already');
    if (this.#lists.size >= this.#limits.lists)
      throw new Refusal(400, 10011, `the plan allows ${this.#limits.lists} filter lists`);
    const now = this.#now().toISOString();
    const list: StoredList = {
      id: this.#newId(name),
      name,
      kind: String(kind),
      description: typeof description === 'string' ? description : '',
      created_on: now,
      modified_on: now,
      items: [],
    };
    this.#lists.set(list.id, list);
    return list;
  }

  #answered({ items, ...list }: StoredList) {
    return { ...list, num_items: items.length, num_referencing_filters: this.#isReferred(list.name) ? 1 : 0 };
  }

  /** Of an address that is there already everything else is written anew, its comment above all. */
  #upserted(
    present: readonly StoredItem[],
    given: readonly { readonly ip: string; readonly comment?: string | null | undefined }[],
  ): readonly StoredItem[] {
    const now = this.#now().toISOString();
    const items = new Map(present.map((item) => [item.ip, item]));
    for (const { ip: raw, comment } of given) {
      const ip = raw.toLowerCase();
      const former = items.get(ip);
      const item = { id: this.#newId(ip), created_on: now, ...former, ip, comment: comment ?? null, modified_on: now };
      items.set(ip, item);
    }
    return [...items.values()];
  }

  #newId(of: string): string {
    this.#made += 1;
    return createHash('md5').update(`${this.#account} ${of} ${this.#made}`).digest('hex');
  }
}

/** One page by cursor, and where the next one begins. */
function page(all: readonly StoredItem[], query: URLSearchParams) {
  const size = Number(query.get('per_page') ?? 25);
  if (!Number.isInteger(size) || size < 1 || size > 500)
    throw new Refusal(400, 10004, 'per_page must be between 1 and 500');
  const search = query.get('search')?.toLowerCase() ?? '';
  const items = all.filter(({ ip }) => ip.startsWith(search));
  const cursor = query.get('cursor');
  const start = cursor === null ? 0 : Number(Buffer.from(cursor, 'base64url').toString());
  if (!Number.isInteger(start) || start < 0) throw new Refusal(400, 10005, 'invalid cursor');
  const end = start + size;
  const after = end < items.length && { after: Buffer.from(String(end)).toString('base64url') };
  return { result: items.slice(start, end), ...(after && { result_info: { cursors: after } }) };
}

function itemsOf(body: unknown): readonly { readonly ip: string; readonly comment?: string | null }[] {
  if (!Array.isArray(body) || body.length === 0) throw new Refusal(400, 10022, 'the body must be an array of items');
  if (body.length > ITEMS_A_REQUEST)
    throw new Refusal(413, 10023, `at most ${ITEMS_A_REQUEST} items can be sent in one request`);
  return body.map((item: { ip?: unknown; comment?: unknown } | null) => {
    if (!isAddress(item?.ip)) throw new Refusal(400, 10009, `invalid ip: ${JSON.stringify(item?.ip)}`);
    const { comment } = item as { comment?: unknown };
    if (comment !== undefined && comment !== null && typeof comment !== 'string')
      throw new Refusal(400, 10024, 'comment must be a string');
    if ((comment ?? '').length > 500) throw new Refusal(400, 10024, 'comment must have at most 500 characters');
    return item as { ip: string; comment?: string | null };
  });
}

/** IPv4 from /8, IPv6 from /12 on. */
function isAddress(ip: unknown): ip is string {
  const [, address = '', prefix] = (typeof ip === 'string' && IP_PREFIX.exec(ip.toLowerCase())) || [];
  const length = prefix === undefined ? undefined : Number(prefix);
  if (isIPv4(address)) return length === undefined || (length >= 8 && length <= 32);
  return isIPv6(address) && (length === undefined || (length >= 12 && length <= 128));
}

function idsOf(body: unknown): ReadonlySet<string> {
  const { items } = (body ?? {}) as { items?: unknown };
  if (
    !Array.isArray(items) ||
    items.length === 0 ||
    items.some((item: { id?: unknown }) => typeof item?.id !== 'string')
  )
    throw new Refusal(400, 10022, 'the body must be {"items": [{"id": …}]}');
  return new Set(items.map(({ id }: { id: string }) => id));
}

function notAllowed(method: string): Refusal {
  return new Refusal(405, 7001, `Method ${method} not available for that URI.`);
}
