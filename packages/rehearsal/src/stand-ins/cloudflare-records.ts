import { createHash } from 'node:crypto';
import { isIPv4, isIPv6 } from 'node:net';
import type { ZoneSeed } from './cloudflare-seed.ts';

/** A refusal in Cloudflare's words. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: number;

  constructor(status: number, code: number, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export interface StoredRecord {
  readonly id: string;
  readonly type: string;
  readonly name: string;
  readonly content: string;
  readonly proxied: boolean;
  readonly ttl: number;
  readonly priority?: number;
  readonly comment: string | null;
  readonly tags: readonly string[];
  readonly settings: Readonly<Record<string, boolean>>;
  readonly created_on: string;
  readonly modified_on: string;
  readonly comment_modified_on?: string;
}

/** What the API takes for a record. */
export type RecordInput = Partial<Record<keyof StoredRecord, unknown>>;

interface BatchInput {
  readonly deletes?: readonly RecordInput[];
  readonly patches?: readonly RecordInput[];
  readonly puts?: readonly RecordInput[];
  readonly posts?: readonly RecordInput[];
}

const PROXIABLE = new Set(['A', 'AAAA', 'CNAME']);

/** The records of one zone and the rules for changing them. Sources: developers.cloudflare.com/dns/manage-dns-records. */
export class ZoneRecords {
  readonly #zone: ZoneSeed;
  readonly #now: () => Date;
  #records = new Map<string, StoredRecord>();
  #made = 0;

  constructor(zone: ZoneSeed, now: () => Date) {
    this.#zone = zone;
    this.#now = now;
    for (const record of zone.records) {
      try {
        this.#put(this.#assembled(record));
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        throw new Error(`${record.type} ${record.name} cannot stand in the zone ${zone.name}: ${why}`);
      }
    }
  }

  get all(): readonly StoredRecord[] {
    return [...this.#records.values()];
  }

  get(id: string): StoredRecord {
    const record = this.#records.get(id);
    if (!record) throw new Refusal(404, 81044, 'Record does not exist.');
    return record;
  }

  create(input: RecordInput): StoredRecord {
    return this.#alone(() => this.#put(this.#assembled(input)));
  }

  /** Fields left out stay as they are. */
  patch(input: RecordInput): StoredRecord {
    return this.#alone(() => this.#put(this.#changed(this.get(String(input.id)), input)));
  }

  /** Fields left out fall back to their defaults: `proxied` to false, comment and tags to nothing. */
  overwrite(input: RecordInput): StoredRecord {
    return this.#alone(() => {
      const { id, created_on } = this.get(String(input.id));
      return this.#put({ ...this.#assembled(input), id, created_on });
    });
  }

  delete(id: string): { readonly id: string } {
    this.get(id);
    this.#records.delete(id);
    return { id };
  }

  /** All of it or nothing: deletes, then patches, then puts, then posts, whatever the order in the body. */
  batch(input: BatchInput): Record<string, readonly unknown[]> {
    const { deletes = [], patches = [], puts = [], posts = [] } = input;
    const size = deletes.length + patches.length + puts.length + posts.length;
    const most = this.#isFree ? 200 : 3_500;
    if (size === 0) throw new Refusal(400, 9207, 'Request body is empty.');
    if (size > most) throw new Refusal(400, 9316, `A batch may have at most ${most} changes.`);
    return this.#alone(() => ({
      deletes: deletes.map(({ id }) => this.delete(String(id))),
      patches: patches.map((patch) => this.patch(patch)),
      puts: puts.map((put) => this.overwrite(put)),
      posts: posts.map((post) => this.create(post)),
    }));
  }

  get #isFree(): boolean {
    return this.#zone.plan === 'free';
  }

  #alone<Result>(work: () => Result): Result {
    const before = new Map(this.#records);
    try {
      return work();
    } catch (error) {
      this.#records = before;
      throw error;
    }
  }

  #assembled(input: RecordInput): StoredRecord {
    this.#made += 1;
    const id = createHash('md5').update(`${this.#zone.name} ${this.#made}`).digest('hex');
    const now = this.#now().toISOString();
    const blank: StoredRecord = {
      id,
      type: '',
      name: '',
      content: '',
      proxied: false,
      ttl: 1,
      comment: null,
      tags: [],
      settings: {},
      created_on: now,
      modified_on: now,
    };
    return { ...this.#changed(blank, input), id };
  }

  #changed(record: StoredRecord, input: RecordInput): StoredRecord {
    const now = this.#now().toISOString();
    const given = Object.fromEntries(
      Object.entries(input).filter(([key, value]) => key !== 'id' && value !== undefined),
    );
    const merged = { ...record, ...given } as StoredRecord;
    const commentChanged = merged.comment !== record.comment;
    return {
      ...merged,
      name: this.#fullName(String(merged.name)),
      content: String(merged.content),
      ttl: merged.proxied ? 1 : merged.ttl,
      modified_on: now,
      ...(commentChanged && { comment_modified_on: now }),
    };
  }

  #fullName(name: string): string {
    const lower = name.toLowerCase().replace(/\.$/, '');
    const zone = this.#zone.name;
    if (lower === '@' || lower === zone) return zone;
    return lower.endsWith(`.${zone}`) ? lower : `${lower}.${zone}`;
  }

  #put(record: StoredRecord): StoredRecord {
    this.#checkFields(record);
    this.#checkNeighbours(record);
    const most = this.#isFree ? 200 : 3_500;
    if (!this.#records.has(record.id) && this.#records.size >= most)
      throw new Refusal(400, 81045, 'Record quota exceeded.');
    this.#records.set(record.id, record);
    return record;
  }

  #checkFields({ type, name, content, proxied, ttl, comment, tags, settings }: StoredRecord): void {
    if (!/^(A|AAAA|CNAME|TXT|MX|NS|SRV|CAA)$/.test(type)) throw invalid(`record type "${type}" is invalid.`);
    if (type === 'A' && !isIPv4(content))
      throw new Refusal(400, 9005, 'Content for A record must be a valid IPv4 address.');
    if (type === 'AAAA' && !isIPv6(content))
      throw new Refusal(400, 9006, 'Content for AAAA record must be a valid IPv6 address.');
    if (type === 'CNAME' && !/^[a-z0-9_-]+(\.[a-z0-9_-]+)+$/i.test(content))
      throw new Refusal(400, 9007, 'Content for CNAME record is invalid.');
    if (type === 'CNAME' && content.toLowerCase() === name)
      throw new Refusal(400, 9039, 'CNAME content cannot reference itself.');
    if (proxied && !PROXIABLE.has(type)) throw new Refusal(400, 9004, 'This record type cannot be proxied.');
    const shortest = this.#zone.plan === 'enterprise' ? 30 : 60;
    if (!Number.isInteger(ttl) || (ttl !== 1 && (ttl < shortest || ttl > 86_400)))
      throw new Refusal(400, 9021, `TTL must be between ${shortest} and 86400 seconds, or 1 for Automatic.`);
    if (comment !== null && typeof comment !== 'string') throw invalid('comment must be a string.');
    if (comment && /[\r\n]/.test(comment)) throw invalid('comment must not contain line breaks.');
    const longest = this.#isFree ? 100 : 500;
    if (comment && comment.length > longest) throw invalid(`comment must be at most ${longest} characters.`);
    const mostTags = this.#isFree ? 0 : 20;
    if (tags.length > mostTags)
      throw new Refusal(400, 9300, `DNS record has ${tags.length} tags, exceeding the quota of ${mostTags}.`);
    for (const tag of tags)
      if (!/^[A-Za-z0-9_-]{1,32}(:.{0,100})?$/.test(tag)) throw invalid(`tag "${tag}" is invalid.`);
    if (settings.flatten_cname && (type !== 'CNAME' || this.#isFree))
      throw invalid('flatten_cname is not available here.');
  }

  #checkNeighbours(record: StoredRecord): void {
    const others = this.all.filter(({ id, name }) => id !== record.id && name === record.name);
    const { type } = record;
    if (others.some((other) => other.type === type && other.content.toLowerCase() === record.content.toLowerCase()))
      throw new Refusal(400, 81058, 'An identical record already exists.');
    const addresses = others.filter((other) => PROXIABLE.has(other.type));
    if (
      (type === 'CNAME' && addresses.length > 0) ||
      (PROXIABLE.has(type) && addresses.some((other) => other.type === 'CNAME'))
    )
      throw new Refusal(400, 81053, 'An A, AAAA, or CNAME record with that host already exists.');
    if (type === 'NS' ? others.some((other) => other.type !== 'NS') : others.some((other) => other.type === 'NS'))
      throw new Refusal(400, 81056, 'NS records cannot coexist with other records of that host.');
  }
}

function invalid(message: string): Refusal {
  return new Refusal(400, 1004, `DNS Validation Error: ${message}`);
}
