import { type AnyContext, inParallel, TaskError } from '@maintenance-tasks/core';
import { cloudflare, type Zone } from '@maintenance-tasks/services/cloudflare/client';
import { type CloudflareLists, type CustomList, cloudflareLists } from '@maintenance-tasks/services/cloudflare/lists';
import { type CloudflareRulesets, cloudflareRulesets } from '@maintenance-tasks/services/cloudflare/rulesets';
import { hostName } from '../maintenance-page/host-name.ts';
import { type Entry, entryOf, type Problem } from './plan.ts';
import type { ZoneRules } from './restriction.ts';

/** What the step functions need of a task's context. */
export type AllowlistContext = Pick<AnyContext, 'http' | 'log' | 'report' | 'clock' | 'signal' | 'deadline'>;

/** Few enough that one run never comes near 200 requests a second or its 5-minute quota. */
const ZONES_AT_ONCE = 4;

export interface Place {
  readonly token: string;
  /** Id of the account; left out, those of all zones that the token can see. */
  readonly account?: string;
  /** Name of the list; left out, all IP lists. */
  readonly list?: string;
  /** Hosts whose zones have the rules; left out, all zones that the token can see. */
  readonly hosts?: readonly string[];
}

/** A list, how it is reached, and what is on it. */
export interface Allowlist {
  readonly client: CloudflareLists;
  readonly list: CustomList;
  readonly entries: readonly Entry[];
}

export interface ZoneHosts extends ZoneRules {
  readonly hosts: readonly string[];
}

/** The one list of that name. */
export async function allowlistOf(
  context: AllowlistContext,
  { token, account, list: name }: Required<Omit<Place, 'hosts'>>,
): Promise<Allowlist | Problem> {
  const client = cloudflareLists(context.http, token, account, context.clock);
  const lists = await client.lists();
  const list = lists.find((each) => each.name === name);
  const known = lists.filter(({ kind }) => kind === 'ip').map((each) => each.name);
  if (!list)
    return {
      text: `The account ${account} has no list ${name}; its IP lists are: ${known.join(', ') || 'none'}. Lists are made once, in the dashboard or by Terraform.`,
    };
  if (list.kind !== 'ip') return { text: `The list ${name} holds no addresses but is of the kind ${list.kind}.` };
  return { client, list, entries: await entriesOn({ client, list }) };
}

export async function entriesOn({ client, list }: Pick<Allowlist, 'client' | 'list'>): Promise<readonly Entry[]> {
  return (await client.items(list)).map(entryOf);
}

/** The zones of the hosts with their rules, and the hosts for which there is none. */
export async function zonesOfHosts(
  { http }: AllowlistContext,
  token: string,
  given: readonly string[],
): Promise<{ readonly zones: readonly ZoneHosts[]; readonly problems: readonly Problem[] }> {
  const problems = given
    .filter((text) => !hostName(text))
    .map((text): Problem => ({ text: `hosts: "${text}" is not a host name.` }));
  // Sorted: the same hosts in another order are the same rule.
  const hosts = [...new Set(given.flatMap((text) => hostName(text) ?? []))].sort();
  if (hosts.length === 0) return { zones: [], problems };
  const zoneOf = await cloudflare(http, token).zonesOf(hosts);
  for (const host of hosts.filter((each) => !zoneOf.has(each)))
    problems.push({ text: `${host}: its zone is not among those that the token can see.` });
  const groups = new Map<string, { zone: Zone; hosts: string[] }>();
  for (const [host, zone] of zoneOf) {
    const group = groups.get(zone.id) ?? { zone, hosts: [] };
    groups.set(zone.id, group);
    group.hosts.push(host);
  }
  const client = cloudflareRulesets(http, token);
  const zones = await inParallel([...groups.values()], ZONES_AT_ONCE, async (group) => ({
    ...group,
    ruleset: await client.customRules(group.zone),
  }));
  return { zones, problems };
}

/**
 * Every list and every zone's rules at the place. Where it leaves open which, what the token may not see cannot carry
 * what was made with it, and is passed over.
 */
export async function lookAround(
  context: AllowlistContext,
  place: Place,
): Promise<{ readonly lists: readonly Allowlist[]; readonly zones: readonly ZoneRules[] }> {
  const { token, account, list, hosts } = place;
  if (hosts) {
    const { zones, problems } = await zonesOfHosts(context, token, hosts);
    if (problems.length > 0) {
      throw new TaskError('refused', {
        what: problems.map(({ text }) => text).join(' '),
        remedy: 'Correct the hosts or the zones of the token, and run the task again.',
      });
    }
    return { zones, lists: await listsAt(context, token, account, list, zones) };
  }
  const visible = (await orNothing(cloudflare(context.http, token).zones())) ?? [];
  const client = cloudflareRulesets(context.http, token);
  const read = await inParallel(visible, ZONES_AT_ONCE, async (zone) =>
    orNothing(client.customRules(zone).then((ruleset) => ({ zone, ruleset }))),
  );
  const zones = read.flatMap((each) => each ?? []);
  const unseen = visible.filter((_, index) => !read[index]).map(({ name }) => name);
  if (unseen.length > 0)
    context.log.info(`The custom rules of ${unseen.join(', ')} were not looked at: the token may not read them.`);
  return {
    zones,
    lists: await listsAt(
      context,
      token,
      account,
      list,
      visible.map((zone) => ({ zone })),
    ),
  };
}

export function rulesetsOf({ http }: AllowlistContext, token: string): CloudflareRulesets {
  return cloudflareRulesets(http, token);
}

async function listsAt(
  context: AllowlistContext,
  token: string,
  account: string | undefined,
  name: string | undefined,
  zones: readonly { readonly zone: Zone }[],
): Promise<readonly Allowlist[]> {
  const accounts = account ? [account] : [...new Set(zones.flatMap(({ zone }) => zone.account?.id ?? []))];
  const found: Allowlist[] = [];
  for (const id of accounts) {
    const client = cloudflareLists(context.http, token, id, context.clock);
    const all = account ? await client.lists() : ((await orNothing(client.lists())) ?? []);
    const own = all.filter((list) => list.kind === 'ip' && (name === undefined || list.name === name));
    if (account && name !== undefined && own.length === 0) throw noList(account, name);
    for (const list of own) found.push({ client, list, entries: await entriesOn({ client, list }) });
  }
  return found;
}

function noList(account: string, name: string): TaskError {
  return new TaskError('refused', {
    what: `The account ${account} has no IP list ${name}.`,
    remedy: 'Check the name and the account; a list that was deleted lets nobody in any more.',
  });
}

/** Nothing where the token may not look. */
async function orNothing<T>(work: Promise<T>): Promise<T | undefined> {
  return work.catch((error: unknown) => {
    if (error instanceof TaskError && error.kind === 'auth') return undefined;
    throw error;
  });
}
