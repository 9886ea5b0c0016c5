import { isIP } from 'node:net';
import { decodeUndoNote, encodeUndoNote, isDamaged, TaskError } from '@maintenance-tasks/core';
import type {
  BackendAddress,
  BackendPool,
  Gateway,
  ServerHealth,
} from '@maintenance-tasks/services/application-gateway/client';
import { damagedNote, heldBy, type Problem } from './site.ts';

// https://learn.microsoft.com/azure/azure-resource-manager/management/tag-resources (limitations)
const LONGEST_TAG_VALUE = 256;
const MOST_TAGS = 50;
const TAG = 'maintenance-tasks-';
/** Where a member stood in the pool, and how it is written there when its form does not tell. */
type Former = readonly [index: number, address: string, key?: 'ipAddress' | 'fqdn'];

interface PoolState {
  /** When it was taken out, in seconds. */
  readonly t: number;
  readonly m: readonly Former[];
}

export interface PoolTarget {
  readonly pool: string;
  readonly members: readonly string[];
  readonly minimumHealthy: number;
}

/** How one pool shall read after a change, its note included. */
export interface PoolEdit {
  readonly pool: string;
  readonly addresses: readonly BackendAddress[];
  readonly tag: { readonly name: string; readonly value: string | undefined };
  readonly before: string;
  readonly after: string;
}

export interface PoolPlan {
  readonly problems: readonly Problem[];
  /** Nothing when the pool stands already as it shall. */
  readonly edit?: PoolEdit;
  readonly drained: readonly string[];
  /** When what is drained already was taken out, in milliseconds. */
  readonly since?: number;
}

/** Takes the members out of their pool; the note remembers where they stood. */
export function planPoolDrain(gateway: Gateway, target: PoolTarget, session: string, now: number): PoolPlan {
  const pool = poolOf(gateway, target.pool);
  if (!pool) return refusal(noPool(gateway, target.pool));
  const what = shownPool(gateway, pool);
  const noted = noteOf(gateway, pool.name);
  if (noted.kind === 'damaged') return refusal(damagedNote(what, noted.session));
  if (noted.kind === 'note' && noted.session !== session) return refusal(heldBy(what, noted.session));
  const formers = noted.kind === 'note' ? noted.state.m : [];
  const current = addressesOf(pool);
  const problems: Problem[] = [];
  const leaving: string[] = [];
  for (const member of target.members) {
    const stands = current.some((address) => isSame(keyOf(address), member));
    const isNoted = formers.some(([, address]) => isSame(address, member));
    if (stands && isNoted)
      problems.push({
        kind: 'conflict',
        text: `${member} was taken out of ${what} by this session and stands there now: somebody put it back in between.`,
      });
    else if (stands) leaving.push(member);
    else if (!isNoted)
      problems.push({
        kind: 'input',
        text: `${what} has no member ${member}; ${attached(pool)}it has ${listed(current)}.`,
      });
  }
  const drained = formers.map(([, address]) => address);
  if (problems.length > 0) return { problems, drained: [] };
  if (leaving.length === 0) return { problems, drained, since: noted.kind === 'note' ? noted.state.t * 1_000 : now };
  const whole = restored(current, formers);
  const isLeaving = (address: BackendAddress) => [...leaving, ...drained].some((one) => isSame(one, keyOf(address)));
  const state: PoolState = {
    t: Math.floor(now / 1_000),
    m: whole.flatMap((address, index) => (isLeaving(address) ? [formerOf(address, index)] : [])),
  };
  const addresses = current.filter((address) => !isLeaving(address));
  const tag = tagOf(gateway, pool.name);
  const count = Object.keys(gateway.tags ?? {}).length;
  if (noted.kind === 'none' && count >= MOST_TAGS)
    return refusal({
      kind: 'refused',
      text: `${gateway.name} has ${count} tags and Azure allows ${MOST_TAGS}: there is no room for the note that remembers how ${what} stood.`,
    });
  try {
    const value = encodeUndoNote({ session, state }, LONGEST_TAG_VALUE);
    const edit = {
      pool: pool.name,
      addresses,
      tag: { name: tag, value },
      before: listed(current),
      after: listed(addresses),
    };
    return { problems, edit, drained: state.m.map(([, address]) => address) };
  } catch (error) {
    if (!(error instanceof TaskError)) throw error;
    return refusal({ kind: 'refused', text: `${what}: ${error.text.what} Take fewer members out at a time.` });
  }
}

/** Puts every member that this session took out back where it stood. What others changed in between stays. */
export function planPoolRollOut(gateway: Gateway, pool: string, session: string): PoolPlan {
  const found = poolOf(gateway, pool);
  const noted = noteOf(gateway, pool);
  if (noted.kind === 'none' || noted.session !== session) return { problems: [], drained: [] };
  if (noted.kind === 'damaged') return refusal(damagedNote(`the pool ${pool} of ${gateway.name}`, noted.session));
  const formers = noted.state.m;
  if (!found)
    return refusal({
      kind: 'conflict',
      text: `${listed(restored([], formers))} were taken out of the pool ${pool} of ${gateway.name}, and there is no such pool any more.`,
    });
  const current = addressesOf(found);
  const addresses = restored(current, formers);
  const tag = { name: tagOf(gateway, found.name), value: undefined };
  return {
    problems: [],
    drained: [],
    edit: { pool: found.name, addresses, tag, before: listed(current), after: listed(addresses) },
  };
}

/** The whole gateway with the pools changed and all else as it was read. */
export function withEdits(gateway: Gateway, edits: readonly PoolEdit[]): Gateway {
  const tags = { ...gateway.tags };
  for (const { tag } of edits) {
    if (tag.value === undefined) delete tags[tag.name];
    else tags[tag.name] = tag.value;
  }
  const backendAddressPools = (gateway.properties.backendAddressPools ?? []).map((pool) => {
    const edit = edits.find((each) => isSame(each.pool, pool.name));
    return edit ? { ...pool, properties: { ...pool.properties, backendAddresses: edit.addresses } } : pool;
  });
  return { ...gateway, tags, properties: { ...gateway.properties, backendAddressPools } };
}

/** The pools that are not what was sent, each with both values. */
export function notAsSent(
  sent: Gateway,
  now: Gateway,
): { readonly pool: string; readonly sent: string; readonly now: string }[] {
  return (sent.properties.backendAddressPools ?? []).flatMap((pool) => {
    const found = poolOf(now, pool.name);
    const [wanted, stands] = [listed(addressesOf(pool)), found ? listed(addressesOf(found)) : 'no such pool'];
    return wanted === stands ? [] : [{ pool: pool.name, sent: wanted, now: stands }];
  });
}

export function hasTag(gateway: Gateway, { name, value }: PoolEdit['tag']): boolean {
  return gateway.tags?.[name] === value;
}

/** Members of the pool that are healthy and would stay, those attached by their network card included. */
export function healthyWithout(health: readonly ServerHealth[], pool: string, leaving: readonly string[]): string[] {
  const known = new Map<string, boolean>();
  // A member is asked once for each of the pool's settings, and serves only when all of them find it well.
  for (const server of health.filter((each) => isSame(each.pool, pool)))
    known.set(server.address, (known.get(server.address) ?? true) && isHealthy(server.health));
  return [...known].flatMap(([address, healthy]) =>
    healthy && !leaving.some((member) => isSame(member, address)) ? [address] : [],
  );
}

/** The portal and the CLI say Healthy where the reference says Up. */
function isHealthy(health: string): boolean {
  return /^(up|healthy)$/i.test(health);
}

/** The sessions that hold pools of the gateway, by the pools' names. */
export function notedPools(
  gateway: Gateway,
): { readonly pool: string; readonly session: string; readonly members: string }[] {
  return Object.entries(gateway.tags ?? {}).flatMap(([name, value]) => {
    if (!name.toLowerCase().startsWith(TAG)) return [];
    const pool = name.slice(TAG.length);
    const noted = noteOf(gateway, pool);
    if (noted.kind === 'none') return [];
    const members =
      noted.kind === 'note'
        ? noted.state.m.map(([, address]) => address).join(', ')
        : `unreadable: ${value.slice(0, 40)}`;
    return [{ pool, session: noted.session, members }];
  });
}

type Noted =
  | { readonly kind: 'none' }
  | { readonly kind: 'damaged'; readonly session: string }
  | { readonly kind: 'note'; readonly session: string; readonly state: PoolState };

function noteOf(gateway: Gateway, pool: string): Noted {
  const note = decodeUndoNote(gateway.tags?.[tagOf(gateway, pool)]);
  if (!note) return { kind: 'none' };
  if (isDamaged(note) || !isPoolState(note.state)) return { kind: 'damaged', session: note.session };
  return { kind: 'note', session: note.session, state: note.state };
}

function isPoolState(state: unknown): state is PoolState {
  const { t, m } = (state ?? {}) as Partial<PoolState>;
  return (
    typeof t === 'number' &&
    Array.isArray(m) &&
    m.every((former: unknown) => Array.isArray(former) && Number.isInteger(former[0]) && typeof former[1] === 'string')
  );
}

/** Names of tags are the same in either case; the one that is there is kept as it is written. */
function tagOf(gateway: Gateway, pool: string): string {
  const name = `${TAG}${pool}`;
  return Object.keys(gateway.tags ?? {}).find((key) => isSame(key, name)) ?? name;
}

export function poolOf(gateway: Gateway, name: string): BackendPool | undefined {
  return gateway.properties.backendAddressPools?.find((pool) => isSame(pool.name, name));
}

export function addressesOf(pool: BackendPool): readonly BackendAddress[] {
  return pool.properties?.backendAddresses ?? [];
}

function keyOf({ ipAddress, fqdn }: BackendAddress): string {
  return ipAddress ?? fqdn ?? '';
}

function formerOf(address: BackendAddress, index: number): Former {
  const text = keyOf(address);
  const usual = isIP(text) ? 'ipAddress' : 'fqdn';
  const key = address.ipAddress === undefined ? 'fqdn' : 'ipAddress';
  return key === usual ? [index, text] : [index, text, key];
}

/** The list with the former members at the places they had. One that somebody put back already stays where it is. */
function restored(current: readonly BackendAddress[], formers: readonly Former[]): readonly BackendAddress[] {
  const list = [...current];
  for (const [index, text, key = isIP(text) ? 'ipAddress' : 'fqdn'] of [...formers].sort(([a], [b]) => a - b)) {
    if (!list.some((address) => isSame(keyOf(address), text)))
      list.splice(Math.min(index, list.length), 0, { [key]: text });
  }
  return list;
}

function listed(addresses: readonly BackendAddress[]): string {
  return addresses.length === 0 ? 'no members' : addresses.map(keyOf).join(', ');
}

function attached(pool: BackendPool): string {
  const count = pool.properties?.backendIPConfigurations?.length ?? 0;
  return count === 0
    ? ''
    : `${count} of its members are attached by their network card or scale set, and are taken out there; by address `;
}

function noPool(gateway: Gateway, pool: string): Problem {
  const names = (gateway.properties.backendAddressPools ?? []).map(({ name }) => name);
  return { kind: 'input', text: `${gateway.name} has no pool ${pool}; it has ${names.join(', ') || 'none'}.` };
}

export function shownPool(gateway: Pick<Gateway, 'name'>, pool: Pick<BackendPool, 'name'>): string {
  return `the pool ${pool.name} of ${gateway.name}`;
}

function refusal(problem: Problem): PoolPlan {
  return { problems: [problem], drained: [] };
}

function isSame(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
