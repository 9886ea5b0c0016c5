import type { DnsRecord } from '@maintenance-tasks/services/cloudflare/client';
import { type AddressType, typeOf } from './host-name.ts';

/** An address record as it stood before the page. It was proxied: others are refused. */
export interface FormerRecord {
  readonly type: AddressType;
  readonly content: string;
  readonly comment: string | null;
  readonly tags: readonly string[];
  readonly settings: Readonly<Record<string, unknown>>;
  readonly ttl: number;
}

/** All that the note on a page's record remembers. */
export interface PageState {
  readonly target: string;
  /** The first one of the target's own type lives on in the page's record and keeps its tags, settings and id there. */
  readonly formers: readonly FormerRecord[];
}

const AUTOMATIC_TTL = 1;

export function formerOf(record: DnsRecord): FormerRecord {
  return {
    type: record.type as AddressType,
    content: record.content,
    comment: record.comment ?? null,
    tags: record.tags ?? [],
    settings: significant(record.settings),
    ttl: record.ttl,
  };
}

/** The API answers CNAME records with `flatten_cname: false`, which is the same as no settings at all. */
export function significant(settings: Readonly<Record<string, unknown>> | undefined): Record<string, unknown> {
  return Object.fromEntries(Object.entries(settings ?? {}).filter(([, value]) => value));
}

/** The former record that lives on in the page's record, or nothing when the page's record was made anew. */
export function keptFormer(state: PageState): FormerRecord | undefined {
  return state.formers.find(({ type }) => type === typeOf(state.target));
}

/**
 * As few characters as can be, since comments on the free plan have 100: `["maintenance.","192.0.2.10"]`. A record is its
 * content, or a list when anything else of it is not as usual; types follow from the contents; a dot at the end stands
 * for the zone's name.
 */
export function packState(state: PageState, zone: string): unknown {
  const kept = keptFormer(state);
  const records = state.formers.map((former) => {
    // Tags, settings and time to live of the kept record are not touched, so they need not be remembered.
    const rest = former === kept ? [] : [former.tags, former.settings, former.ttl];
    const all = [shortened(former.content, zone), former.comment ?? 0, ...rest];
    while (all.length > 1 && isUsual(all.at(-1), all.length - 1)) all.pop();
    return all.length === 1 ? all[0] : all;
  });
  return [shortened(state.target, zone), ...records];
}

/** Nothing when the value was not made by `packState`. */
export function unpackState(packed: unknown, zone: string): PageState | undefined {
  if (!Array.isArray(packed) || packed.length < 2 || typeof packed[0] !== 'string') return undefined;
  const formers: FormerRecord[] = [];
  for (const entry of packed.slice(1) as unknown[]) {
    const [content, comment = 0, tags = [], settings = {}, ttl = AUTOMATIC_TTL] = (
      Array.isArray(entry) ? entry : [entry]
    ) as unknown[];
    const sound =
      typeof content === 'string' &&
      (comment === 0 || typeof comment === 'string') &&
      Array.isArray(tags) &&
      tags.every((tag) => typeof tag === 'string') &&
      typeof settings === 'object' &&
      settings !== null &&
      typeof ttl === 'number';
    if (!sound) return undefined;
    const full = lengthened(content, zone);
    formers.push({
      type: typeOf(full),
      content: full,
      comment: comment === 0 ? null : comment,
      tags,
      settings: settings as Record<string, unknown>,
      ttl,
    });
  }
  return { target: lengthened(packed[0], zone), formers };
}

function isUsual(value: unknown, position: number): boolean {
  if (position === 1) return value === 0;
  if (position === 4) return value === AUTOMATIC_TTL;
  return Object.keys(value as object).length === 0;
}

function shortened(content: string, zone: string): string {
  if (content === zone) return '.';
  return content.endsWith(`.${zone}`) ? content.slice(0, -zone.length) : content;
}

function lengthened(content: string, zone: string): string {
  if (content === '.') return zone;
  return content.endsWith('.') ? `${content}${zone}` : content;
}
