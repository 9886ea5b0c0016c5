import { type AnyContext, TaskError } from '@maintenance-tasks/core';
import { cloudflare } from '@maintenance-tasks/services/cloudflare/client';
import type { Leftover } from '../leftover.ts';
import { announce, apply, purge } from './apply.ts';
import { checkPage } from './check-page.ts';

export { checkAccess } from './access.ts';

import { hostName, pageTarget } from './host-name.ts';
import { placesOf, readNames, readNoted, readPlaces } from './names.ts';
import { planRemove, planShow } from './plan.ts';
import type { Problem } from './problems.ts';
import { addressesOf, type Name, shown, standingOf } from './standing.ts';

/** What the step functions need of a task's context. */
export type PageContext = Pick<AnyContext, 'http' | 'log' | 'report'>;

export interface ShowArguments {
  readonly token: string;
  readonly hosts: readonly string[];
  /** Host name, IPv4 or IPv6 address of what serves the page. */
  readonly target: string;
  readonly session: string;
  readonly dryRun: boolean;
}

export interface RemoveArguments {
  readonly token: string;
  /** Without hosts: wherever the token can see a note of the session. */
  readonly hosts?: readonly string[];
  /** Tells a page whose note was lost from a record that somebody else changed. */
  readonly target?: string;
  readonly session: string;
  readonly dryRun: boolean;
}

export interface PageStatus {
  readonly host: string;
  /** `on` as a session left it, `off` nothing of ours; `changed by hand` and `damaged note` need a person. */
  readonly page: 'on' | 'off' | 'changed by hand' | 'damaged note';
  readonly session?: string;
  readonly since?: string;
  /** The records as they stand. */
  readonly stands: string;
  /** The records as they stood before the page. */
  readonly was?: string;
}

export interface PageLeftover extends Leftover {
  readonly host: string;
  readonly zone: string;
}

/**
 * Puts the page in front of every host, or of none: every problem of every host is found before the first change.
 * Hosts that show it already are left as they are, and only purged: an earlier run may have died before its purge.
 *
 * @throws TaskError `refused` or `conflict` with all problems; `auth` or `remote` when the page is on but not purged
 */
export async function showPage(
  context: PageContext,
  { token, hosts: given, target: givenTarget, session, dryRun }: ShowArguments,
): Promise<{ readonly changed: readonly string[]; readonly showing: readonly string[] }> {
  const { hosts, problems } = hostNames(given);
  const target = pageTarget(givenTarget);
  if (!target) problems.push({ text: `target: "${givenTarget}" is neither a host name nor an address.` });
  if (hosts.length === 0 || !target) throw refusal('on', problems);
  const client = cloudflare(context.http, token);
  const [{ names, missing }, page] = await settled([readNames(client, hosts), checkPage(context.http, target)]);
  const plan = planShow(names, target, session);
  problems.push(...missing.map(noZone), ...plan.problems);
  if (page.problem && plan.already.length < hosts.length) problems.push({ text: page.problem });
  if (problems.length > 0) throw refusal('on', problems);
  for (const warning of [page.problem ?? [], page.warnings].flat()) context.log.warning(warning);
  announce(context, plan.changes);
  if (dryRun) return { changed: [], showing: plan.already };
  const failed = await apply(context, client, plan.changes, 'stop');
  if (failed.length > 0) throw notAsSet(failed);
  const unpurged = await purge(context, client, names, 'The maintenance page is on');
  if (unpurged) throw unpurged;
  return { changed: plan.changes.map(({ host }) => host), showing: hosts };
}

/**
 * Gives every host back that carries the session's note. A host that somebody changed meanwhile, or a zone that refuses,
 * does not keep the others on the page: they are given back first, and then it is reported.
 *
 * @throws TaskError `conflict` for hosts that were changed by hand, with both values
 */
export async function removePage(
  context: PageContext,
  { token, hosts: given, target, session, dryRun }: RemoveArguments,
): Promise<{ readonly restored: readonly string[]; readonly showing: readonly string[] }> {
  const { hosts, problems } = hostNames(given ?? []);
  if (given && hosts.length === 0) throw refusal('off', problems);
  const client = cloudflare(context.http, token);
  const { names, missing } = given
    ? await readNames(client, hosts)
    : { names: await readPlaces(client, placesOf(await readNoted(client, session))), missing: [] };
  const plan = planRemove(names, session, target && pageTarget(target));
  problems.push(...missing.map(noZone), ...plan.problems);
  announce(context, plan.changes);
  for (const { host, why } of plan.left) context.report.note(`${host} ${why}; it is left as it is.`);
  if (!dryRun) {
    problems.push(...(await apply(context, client, plan.changes, 'go on')));
    const shop = new Set([...plan.changes, ...plan.left.filter(({ showing }) => !showing)].map(({ host }) => host));
    const unpurged = await purge(
      context,
      client,
      names.filter(({ host }) => shop.has(host)),
      'The maintenance page is off',
    );
    if (unpurged && problems.length === 0) throw unpurged;
    if (unpurged) problems.push({ text: unpurged.text.what });
  }
  if (problems.length > 0) throw refusal('off', problems);
  return {
    restored: dryRun ? [] : plan.changes.map(({ host }) => host),
    showing: [...plan.left.filter(({ showing }) => showing), ...(dryRun ? plan.changes : [])].map(({ host }) => host),
  };
}

/** Says for each host, or for all that carry a note, whose page it shows since when and what it was before. */
export async function pageStatus(
  context: PageContext,
  {
    token,
    hosts: given,
    target,
  }: { readonly token: string; readonly hosts?: readonly string[]; readonly target?: string },
): Promise<readonly PageStatus[]> {
  const { hosts, problems } = hostNames(given ?? []);
  if (problems.length > 0) throw refusal('status', problems);
  const client = cloudflare(context.http, token);
  const { names, missing } = given
    ? await readNames(client, hosts)
    : { names: await readPlaces(client, placesOf(await readNoted(client))), missing: [] };
  const pages = [
    ...names.map((name) => statusOf(name, target && pageTarget(target))),
    ...missing.map((host): PageStatus => ({ host, page: 'off', stands: 'no zone that the token can see' })),
  ];
  const columns = ['Host', 'Page', 'Session', 'Since', 'Stands at', 'Before the page'];
  const rows = pages.map(({ host, page, session = '', since = '', stands, was = '' }) => [
    host,
    page,
    session,
    since,
    stands,
    was,
  ]);
  context.report.table({ title: 'Maintenance pages', columns, rows });
  for (const row of rows) context.log.info(row.filter((cell) => cell).join(', '));
  if (rows.length === 0) context.log.info('No host carries a maintenance page.');
  return pages;
}

/** Every page of every session in the zones that the token can see. */
export async function findPages(
  context: PageContext,
  { token }: { readonly token: string },
): Promise<readonly PageLeftover[]> {
  const client = cloudflare(context.http, token);
  const noted = await readNoted(client);
  return noted.flatMap(({ zone, record }) => {
    const standing = standingOf({ host: record.name, zone, records: [record] });
    if (standing.kind === 'plain') return [];
    const what = `maintenance page on ${record.name} (${shown([record])})`;
    return [{ system: 'Cloudflare', what, session: standing.session, host: record.name, zone: zone.name }];
  });
}

function statusOf(name: Name, target: string | undefined): PageStatus {
  const standing = standingOf(name);
  const addresses = addressesOf(name.records);
  const stands = shown(addresses);
  if (standing.kind === 'plain') {
    const lost = target !== undefined && addresses.some(({ content }) => content === target);
    return { host: name.host, page: lost ? 'changed by hand' : 'off', stands };
  }
  const { session, record } = standing;
  const since = record.comment_modified_on ?? record.modified_on;
  const common = { host: name.host, session, ...(since && { since }), stands };
  if (standing.kind === 'damaged') return { ...common, page: 'damaged note' };
  return { ...common, page: standing.kind === 'page' ? 'on' : 'changed by hand', was: shown(standing.state.formers) };
}

function hostNames(given: readonly string[]): { hosts: readonly string[]; problems: Problem[] } {
  const read = given.map((text) => ({ text, host: hostName(text) }));
  return {
    // WWW.example.com and www.example.com. are one host.
    hosts: [...new Set(read.flatMap(({ host }) => host ?? []))],
    problems: read
      .filter(({ host }) => !host)
      .map(({ text }) => ({
        text: `hosts: "${text}" is not a host name${text.includes('*') ? '; name each host that the wildcard stands for' : ''}.`,
      })),
  };
}

function noZone(host: string): Problem {
  return {
    text: `${host}: its zone is not among those that the token can see; check the spelling and the token’s zones.`,
  };
}

function refusal(state: 'on' | 'off' | 'status', problems: readonly Problem[]): TaskError {
  const list = problems.map(({ text }) => `  - ${text}`).join('\n');
  const words = { on: 'put up', off: 'taken away everywhere', status: 'looked at' }[state];
  const kinds = problems.map(({ kind }) => kind);
  const kind = kinds.includes('conflict') ? 'conflict' : (kinds.find((each) => each) ?? 'refused');
  return new TaskError(kind, {
    what: `The maintenance page cannot be ${words}:\n${list}\n`,
    ...(state === 'on' && { state: 'Nothing was changed.' }),
    remedy: 'Solve all of them and run the task again.',
  });
}

function notAsSet(problems: readonly Problem[]): TaskError {
  return new TaskError('conflict', {
    what: `Records do not read back as they were set:\n${problems.map(({ text }) => `  - ${text}`).join('\n')}\n`,
    remedy: 'Somebody or something else changes them, too; find out who, then run the task again.',
  });
}

/** Both results, or the first failure once both have ended: nothing may go on behind a task that has failed. */
async function settled<A, B>(work: readonly [Promise<A>, Promise<B>]): Promise<[A, B]> {
  await Promise.allSettled(work);
  return Promise.all(work);
}
