import { decodeUndoNote, isDamaged } from '@maintenance-tasks/core';
import type { DnsRecord, Zone } from '@maintenance-tasks/services/cloudflare/client';
import { type FormerRecord, type PageState, unpackState } from './former-state.ts';
import { typeOf } from './host-name.ts';

/** A host's name in its zone, with every record that stands there. */
export interface Name {
  readonly host: string;
  readonly zone: Zone;
  readonly records: readonly DnsRecord[];
}

/** How a name stands, judged by its records and the note that one of them may carry. */
export type Standing =
  | { readonly kind: 'plain' }
  | { readonly kind: 'damaged'; readonly session: string; readonly record: DnsRecord }
  | (Noted & { readonly kind: 'page' })
  /** Somebody put the former records back by hand, and only the note was left behind. */
  | (Noted & { readonly kind: 'reverted' })
  | (Noted & { readonly kind: 'changed' });

export interface Noted {
  readonly session: string;
  readonly state: PageState;
  readonly record: DnsRecord;
}

const ADDRESS_TYPES = new Set(['A', 'AAAA', 'CNAME']);

/** The records that decide where a visitor goes, in an order that does not change between runs. */
export function addressesOf(records: readonly DnsRecord[]): readonly DnsRecord[] {
  return records
    .filter(({ type }) => ADDRESS_TYPES.has(type))
    .sort((a, b) => order(a.type, b.type) || order(a.content, b.content));
}

export function standingOf({ records, zone }: Name): Standing {
  const addresses = addressesOf(records);
  for (const record of addresses) {
    const note = decodeUndoNote(record.comment);
    if (!note) continue;
    const state = isDamaged(note) ? undefined : unpackState(note.state, zone.name);
    if (!state) return { kind: 'damaged', session: note.session, record };
    const noted = { session: note.session, state, record };
    if (sameAddresses(addresses, [{ type: typeOf(state.target), content: state.target }]))
      return { kind: 'page', ...noted };
    return { kind: sameAddresses(addresses, state.formers) ? 'reverted' : 'changed', ...noted };
  }
  return { kind: 'plain' };
}

/** `A 192.0.2.10, A 192.0.2.11`; says so where a record is not proxied. */
export function shown(records: readonly Pick<DnsRecord, 'type' | 'content' | 'proxied'>[]): string {
  if (records.length === 0) return 'no address record';
  return records
    .map(({ type, content, proxied }) => `${type} ${content}${proxied === false ? ' (not proxied)' : ''}`)
    .join(', ');
}

function sameAddresses(
  addresses: readonly DnsRecord[],
  wanted: readonly Pick<FormerRecord, 'type' | 'content'>[],
): boolean {
  const keyOf = ({ type, content }: Pick<FormerRecord, 'content'> & { readonly type: string }) =>
    `${type} ${content.toLowerCase()}`;
  const keys = new Set(wanted.map(keyOf));
  return (
    addresses.length === wanted.length &&
    addresses.every((record) => record.proxied === true && keys.has(keyOf(record)))
  );
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
