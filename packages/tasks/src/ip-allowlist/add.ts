import { changeItems } from './change-items.ts';
import { limitZones } from './change-rules.ts';
import { type Allowlist, type AllowlistContext, allowlistOf, zonesOfHosts } from './look.ts';
import { type AddPlan, type Entry, type Problem, planAdd, refuse, reportId } from './plan.ts';
import { planLimit } from './restriction.ts';

export interface AddArguments {
  readonly token: string;
  readonly session: string;
  /** Id of the account. */
  readonly account: string;
  /** Name of the list. */
  readonly list: string;
  /** In their normal form, as `wantedAddresses` gives them. */
  readonly addresses: readonly string[];
  /** When the entries are due to be removed, as `allowlistEnd` gives it. */
  readonly ends: Date;
  readonly hosts?: readonly string[];
  /** A rule to change instead of making one, by ref or id. */
  readonly rule?: string;
  readonly dryRun: boolean;
}

export interface Added {
  readonly added: readonly string[];
  /** On the list for this session. */
  readonly standing: readonly string[];
  readonly limited: readonly string[];
  readonly ends?: Date | undefined;
  readonly changed: boolean;
}

/**
 * Puts the addresses on the list that are not there yet, then limits the hosts to it: in the other order nobody would get
 * in for a while. Everything that can be known is checked before the first change.
 *
 * @throws TaskError `refused` or `conflict` with all problems, `timeout` or `remote` on the way
 */
export async function addAllowlistEntries(context: AllowlistContext, given: AddArguments): Promise<Added> {
  const { token, session, account, list: name, ends, dryRun } = given;
  const found = await allowlistOf(context, { token, account, list: name });
  const { zones, problems: ofHosts } = await zonesOfHosts(context, token, given.hosts ?? []);
  const problems: Problem[] = [...ofHosts];
  if ('text' in found) problems.push(found);
  if (given.rule !== undefined && !given.hosts) problems.push({ text: 'rule: it says nothing without hosts.' });
  const wanted = { list: name, session, ...(given.rule !== undefined && { rule: given.rule }) };
  const limits = zones.map((at) => planLimit(at, { ...wanted, hosts: at.hosts }));
  problems.push(...zones.flatMap(({ zone }) => zoneProblems(zone)), ...limits.flatMap((limit) => limit.problems));
  const plan = (entries: readonly Entry[]) =>
    planAdd(entries, given.addresses, { list: name, session, ends, now: context.clock.now() });
  const first = 'text' in found ? undefined : plan(found.entries);
  problems.push(...(first?.problems ?? []));
  refuse(problems, 'The addresses cannot be put on the list', 'Nothing was changed.');
  const allowlist = found as Allowlist;
  const { changes, warnings, notes, items, kept } = first as AddPlan;
  const rules = limits.flatMap(({ change }) => change ?? []);
  context.report.plan([
    ...changes,
    ...rules.map(({ zone, id, before, after }) => ({ id, what: `custom rule of ${zone.name}`, before, after })),
  ]);
  for (const text of [...warnings, ...limits.flatMap((limit) => limit.warnings)]) context.log.warning(text);
  for (const text of notes) context.report.note(text);
  const hosts = zones.flatMap((at) => at.hosts);
  if (dryRun) {
    const standing = zones.filter((_, index) => !limits[index]?.change).flatMap((at) => at.hosts);
    return { added: [], standing: kept, limited: standing, changed: false };
  }
  const entries = items.length === 0 ? allowlist.entries : await putOn(context, allowlist, first as AddPlan, plan);
  await limitZones(context, token, zones, wanted);
  const own = entries.filter((entry) => entry.session === session && given.addresses.includes(entry.address));
  const planned = new Set(items.map(({ ip }) => ip));
  return {
    added: own.map(({ address }) => address).filter((address) => planned.has(address)),
    standing: own.map(({ address }) => address),
    limited: hosts,
    ends: firstEnd(own),
    changed: items.length > 0 || rules.length > 0,
  };
}

/** When the first of the entries is due. */
export function firstEnd(entries: readonly Entry[]): Date | undefined {
  const times = entries.flatMap(({ ends }) => (ends ? [ends.getTime()] : []));
  return times.length === 0 ? undefined : new Date(Math.min(...times));
}

async function putOn(
  context: AllowlistContext,
  allowlist: Allowlist,
  { items: planned }: AddPlan,
  plan: (entries: readonly Entry[]) => AddPlan,
): Promise<readonly Entry[]> {
  const { client, list } = allowlist;
  const done = new Set<string>();
  const entries = await changeItems(context, allowlist, {
    left: (entriesNow) => plan(entriesNow).items,
    send: (items, landed) => client.append(list, items, landed),
    progressed: (_left, entriesNow) => {
      const own = new Set(plan(entriesNow).kept);
      for (const { ip } of planned) {
        if (!own.has(ip) || done.has(ip)) continue;
        done.add(ip);
        context.report.changed(reportId(list.name, ip));
      }
    },
  });
  // Read back from the list itself, with this session's note on each.
  for (const ip of done) context.report.verified(reportId(list.name, ip));
  for (const { ip } of planned)
    if (!done.has(ip)) context.report.note(`${ip} was put on the list ${list.name} by somebody else meanwhile.`);
  refuse(plan(entries).problems, 'The list was changed by somebody else meanwhile', undefined);
  return entries;
}

/** A zone whose rules have no effect. */
function zoneProblems(zone: { readonly name: string; readonly status: string; readonly paused: boolean }): Problem[] {
  if (zone.status !== 'active')
    return [{ text: `The zone ${zone.name} is ${zone.status}, not active: its rules have no effect.` }];
  return zone.paused ? [{ text: `The zone ${zone.name} is paused: Cloudflare blocks nothing in it.` }] : [];
}
