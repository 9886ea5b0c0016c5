import type { Leftover } from '../leftover.ts';
import { firstEnd } from './add.ts';
import { type AllowlistContext, lookAround, type Place } from './look.ts';
import { type Entry, isOver } from './plan.ts';
import { isAsSet, type Restriction, restrictionsOf, shownRule } from './restriction.ts';

export interface AllowlistStatus {
  /** On the lists for this session. */
  readonly standing: readonly string[];
  /** Hosts that only the list may reach by a rule of this session. */
  readonly limited: readonly string[];
  readonly ends?: Date | undefined;
}

/** An entry or a rule of any session. */
export interface AllowlistLeftover extends Leftover {
  /** When it is due to be removed; rules end with their session. */
  readonly ends?: Date;
}

/** Says what the session has open, and what others left that is overdue, as a table in the report, too. */
export async function allowlistStatus(
  context: AllowlistContext,
  { session, ...place }: Place & { readonly session: string },
): Promise<AllowlistStatus> {
  const { lists, zones } = await lookAround(context, place);
  const now = context.clock.now();
  const entries = lists.flatMap(({ list, entries: all }) =>
    all.filter((entry) => entry.session !== undefined).map((entry) => ({ list: list.name, entry })),
  );
  context.report.table({
    title: 'On the list for a session',
    columns: ['List', 'Address', 'Session', 'Until', 'Note'],
    rows: entries.map(({ list, entry }) => [
      list,
      entry.address,
      entry.session ?? '',
      entry.ends?.toISOString() ?? '',
      wordsFor(entry, now),
    ]),
  });
  const rules = zones.flatMap(restrictionsOf);
  context.report.table({
    title: 'Limited to a list',
    columns: ['Zone', 'Rule', 'Session', 'Note'],
    rows: rules.map((each) => [each.zone.name, shownRule(each.rule), each.session, wordsForRule(each)]),
  });
  for (const { list, entry } of entries)
    if (entry.session !== session && isOver(entry, now))
      context.log.warning(
        `${entry.address} is still on the list ${list} for session ${entry.session}, due since ${entry.ends?.toISOString()}. Run sweep.`,
      );
  for (const each of rules)
    if (each.session === session && !isAsSet(each))
      context.log.warning(`${each.zone.name}: the rule of this session was changed by hand: ${shownRule(each.rule)}.`);
  const own = entries.map(({ entry }) => entry).filter((entry) => entry.session === session);
  return {
    standing: own.map(({ address }) => address),
    limited: rules.filter((each) => each.session === session && isAsSet(each)).flatMap(({ memory }) => memory?.h ?? []),
    ends: firstEnd(own),
  };
}

/** Every entry and rule of any session at the place; without account, list or hosts, wherever the token can look. */
export async function findAllowlistEntries(
  context: AllowlistContext,
  place: Place,
): Promise<readonly AllowlistLeftover[]> {
  const { lists, zones } = await lookAround(context, place);
  return [
    ...zones.flatMap(restrictionsOf).map(({ zone, rule, session }) => ({
      system: 'Cloudflare',
      what: `custom rule of ${zone.name} (${shownRule(rule)})`,
      session,
    })),
    ...lists.flatMap(({ list, entries }) =>
      entries.flatMap(({ address, session, ends }) =>
        session === undefined
          ? []
          : [
              {
                system: 'Cloudflare',
                what: `${address} on the list ${list.name}${ends ? ` until ${ends.toISOString()}` : ''}`,
                session,
                ...(ends && { ends }),
              },
            ],
      ),
    ),
  ];
}

function wordsFor(entry: Entry, now: Date): string {
  if (entry.damaged) return 'its comment was edited';
  return isOver(entry, now) ? 'overdue' : '';
}

function wordsForRule(restriction: Restriction): string {
  if (!restriction.memory) return 'its description was edited';
  return isAsSet(restriction) ? '' : 'changed by hand';
}
