import { ANY_UNDO_MARK, inParallel, undoMark } from '@maintenance-tasks/core';
import type { Cloudflare, DnsRecord, Zone } from '@maintenance-tasks/services/cloudflare/client';
import { addressesOf, type Name } from './standing.ts';

/** Zones worked on at once: few enough that one run never comes near 200 requests a second or its 5-minute quota. */
export const ZONES_AT_ONCE = 4;

export interface ReadNames {
  readonly names: readonly Name[];
  /** Hosts whose zone the token cannot see. */
  readonly missing: readonly string[];
}

/** Reads what stands at each host, in one call a zone whatever the number of hosts in it. */
export async function readNames(client: Cloudflare, hosts: readonly string[]): Promise<ReadNames> {
  const zones = await client.zonesOf(hosts);
  const places = hosts.flatMap((host) => {
    const zone = zones.get(host);
    return zone ? [{ host, zone }] : [];
  });
  return { names: await readPlaces(client, places), missing: hosts.filter((host) => !zones.has(host)) };
}

/** Reads what stands at hosts whose zones are known already. */
export async function readPlaces(
  client: Cloudflare,
  places: readonly Pick<Name, 'host' | 'zone'>[],
): Promise<readonly Name[]> {
  const read = await inParallel(byZone(places), ZONES_AT_ONCE, async ({ zone, items }) => {
    const [only] = items.length === 1 ? items : [];
    const records = await client.records(zone, only ? { name: only.host } : {});
    return items.map(
      ({ host }): Name => ({ host, zone, records: records.filter(({ name }) => name.toLowerCase() === host) }),
    );
  });
  const byHost = new Map(read.flat().map((name) => [name.host, name]));
  return places.map(({ host }) => byHost.get(host) as Name);
}

/** Records that carry a session's note, or any session's, in all zones the token can see. */
export async function readNoted(
  client: Cloudflare,
  session?: string,
): Promise<readonly { readonly zone: Zone; readonly record: DnsRecord }[]> {
  const commentContains = session ? undoMark(session) : ANY_UNDO_MARK;
  const found = await inParallel(await client.zones(), ZONES_AT_ONCE, async (zone) =>
    addressesOf(await client.records(zone, { commentContains })).map((record) => ({ zone, record })),
  );
  return found.flat();
}

/** Each host once, although several of its records may carry a note. */
export function placesOf(noted: Awaited<ReturnType<typeof readNoted>>): readonly Pick<Name, 'host' | 'zone'>[] {
  const places = noted.map(({ zone, record }) => ({ host: record.name.toLowerCase(), zone }));
  return [...new Map(places.map((place) => [place.host, place])).values()];
}

export function byZone<Item extends { readonly zone: Zone }>(
  items: readonly Item[],
): readonly { readonly zone: Zone; readonly items: readonly Item[] }[] {
  const groups = new Map<string, { zone: Zone; items: Item[] }>();
  for (const item of items) {
    const group = groups.get(item.zone.id) ?? { zone: item.zone, items: [] };
    groups.set(item.zone.id, group);
    group.items.push(item);
  }
  return [...groups.values()];
}
