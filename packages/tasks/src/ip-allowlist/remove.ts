import { changeItems } from './change-items.ts';
import { freeZones } from './change-rules.ts';
import { type Allowlist, type AllowlistContext, entriesOn, lookAround, type Place } from './look.ts';
import { type Problem, planRemove, refuse, reportId } from './plan.ts';
import { planFree, restrictionsOf, type ZoneRules } from './restriction.ts';

/** A request of a run that was cut short is carried out within seconds. */
const SECOND_LOOK = 5_000;

export interface RemoveArguments extends Place {
  readonly session: string;
  readonly dryRun: boolean;
}

export interface Removed {
  readonly removed: readonly string[];
  /** What is still on the lists for this session. */
  readonly standing: readonly string[];
  /** Hosts that are still limited by a rule of this session. */
  readonly limited: readonly string[];
  readonly changed: boolean;
}

/**
 * Gives back the rules of the session and takes its entries off the lists, whatever addresses and hosts they are for: the
 * runner that removes may not have the address of the one that added. Rules first: as long as one stands, only the
 * list gets in. What was changed by hand does not keep the rest, and is reported then.
 *
 * @throws TaskError `conflict` for what was changed by hand, with both values; `timeout` or `remote` on the way
 */
export async function removeAllowlistEntries(context: AllowlistContext, given: RemoveArguments): Promise<Removed> {
  const { token, session, dryRun, ...place } = given;
  const { lists: seen, zones } = await lookAround(context, { token, ...place });
  const rules = zones.map((at) => planFree(at, session));
  const lists = dryRun || isFound(seen, rules, session) ? seen : await lookAgain(context, seen);
  const plans = lists.map((allowlist) => ({
    allowlist,
    plan: planRemove(allowlist.entries, { list: allowlist.list.name, session }),
  }));
  context.report.plan([
    ...rules.flatMap(({ changes }) =>
      changes.map(({ zone, id, before, after }) => ({ id, what: `custom rule of ${zone.name}`, before, after })),
    ),
    ...plans.flatMap(({ plan }) => plan.changes),
  ]);
  const problems: Problem[] = plans.flatMap(({ plan }) => plan.problems);
  if (dryRun) {
    refuse([...rules.flatMap((plan) => plan.problems), ...problems], CANNOT, 'Nothing was changed.');
    return { removed: [], standing: ownOn(lists, session), limited: limitedBy(zones, session), changed: false };
  }
  problems.push(...(await freeZones(context, token, zones, session)));
  const removed: string[] = [];
  for (const { allowlist, plan } of plans) {
    if (plan.entries.length === 0) continue;
    await takeOff(context, allowlist, session);
    removed.push(...plan.entries.map(({ address }) => address));
  }
  refuse(problems, CANNOT, undefined);
  const changed = removed.length > 0 || rules.some(({ changes }) => changes.length > 0);
  return { removed, standing: [], limited: [], changed };
}

const CANNOT = 'Not everything of the session can be taken back';

function isFound(
  lists: readonly Allowlist[],
  rules: readonly { readonly changes: readonly unknown[] }[],
  session: string,
) {
  return ownOn(lists, session).length > 0 || rules.some(({ changes }) => changes.length > 0);
}

/**
 * A run that was cancelled right after its request has left no trace on the list yet, and there is no way to ask for the
 * operations under way.
 */
async function lookAgain(context: AllowlistContext, lists: readonly Allowlist[]): Promise<readonly Allowlist[]> {
  if (lists.length === 0) return lists;
  context.log.info(
    'Nothing of the session is on the list; looking once more in 5 s, in case an addition is under way.',
  );
  await context.clock.sleep(SECOND_LOOK, context.signal);
  const again: Allowlist[] = [];
  for (const allowlist of lists) again.push({ ...allowlist, entries: await entriesOn(allowlist) });
  return again;
}

async function takeOff(context: AllowlistContext, allowlist: Allowlist, session: string): Promise<void> {
  const { client, list } = allowlist;
  const planned = new Set(planRemove(allowlist.entries, { list: list.name, session }).entries.map(({ id }) => id));
  const left = new Set(planned);
  await changeItems(context, allowlist, {
    // Only what the plan has: an entry that came since belongs to another run of the session.
    left: (entries) => planRemove(entries, { list: list.name, session }).entries.filter(({ id }) => planned.has(id)),
    send: (entries, landed) =>
      client.remove(
        list,
        entries.map(({ id }) => id),
        landed,
      ),
    progressed: (still) => {
      const ids = new Set(still.map(({ id }) => id));
      for (const id of left) {
        if (ids.has(id)) continue;
        left.delete(id);
        const report = reportId(list.name, id);
        context.report.changed(report);
        context.report.verified(report);
      }
    },
  });
}

function ownOn(lists: readonly Allowlist[], session: string): string[] {
  return lists.flatMap(({ entries }) =>
    entries.filter((entry) => entry.session === session).map(({ address }) => address),
  );
}

function limitedBy(zones: readonly ZoneRules[], session: string): string[] {
  return zones
    .flatMap(restrictionsOf)
    .filter((each) => each.session === session)
    .flatMap(({ memory }) => memory?.h ?? []);
}
