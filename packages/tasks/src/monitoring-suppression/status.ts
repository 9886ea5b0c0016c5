import { TaskError } from '@maintenance-tasks/core';
import type { Context, MissedAlert, Monitoring } from './monitoring.ts';
import type { SuppressedSystem } from './schema.ts';
import { findAll, type Scope, type Suppressed } from './suppression.ts';
import { monitoringOf } from './systems.ts';

const MOST_SHOWN = 100;

/**
 * What the session has in force, and the alerts that went out all the same, each with what would have caught it; both
 * as tables in the report.
 *
 * @param given.lookBack milliseconds; since the session's first suppression in force began when left out
 * @returns `alerted` only when it is known since when to look
 */
export async function suppressionStatus(
  context: Context,
  { session, systems, credentials, lookBack }: Scope & { readonly lookBack?: number | undefined },
): Promise<{ readonly suppressed: readonly Suppressed[]; readonly alerted: number | undefined }> {
  const monitoring = monitoringOf(context, systems, credentials);
  const own = [...(await findAll(monitoring))].flatMap(([{ name }, suppressions]) =>
    suppressions.filter((one) => one.session === session).map((one) => ({ system: name, ...one })),
  );
  context.report.table({
    title: 'Silenced by this session',
    columns: ['System', 'Id', 'What', 'Until'],
    rows: own.map(({ system, id, covers, ends }) => [system, id, covers, ends?.toISOString() ?? 'no end']),
  });
  const suppressed = own.map(({ system, id, covers, ends }) => ({ system, id, covers, ends }));
  const began = own.flatMap(({ begins }) => begins?.getTime() ?? []).sort((a, b) => a - b)[0];
  const since = lookBack === undefined ? began : context.clock.now().getTime() - lookBack;
  if (since === undefined) return { suppressed, alerted: undefined };
  return { suppressed, alerted: await reportMissed(context, monitoring, new Date(since)) };
}

async function reportMissed(
  context: Context,
  monitoring: ReadonlyMap<SuppressedSystem, Monitoring>,
  since: Date,
): Promise<number> {
  const rows: (MissedAlert & { readonly system: string })[] = [];
  for (const account of new Set(monitoring.values())) {
    const entries = [...monitoring].filter(([, each]) => each === account).map(([entry]) => entry);
    for (const alert of await missedIn(context, account, since, entries)) rows.push({ system: account.name, ...alert });
  }
  const title = `Alerts that went out since ${since.toISOString()}`;
  if (rows.length === 0) context.report.note(`${title}: none that is known of.`);
  else {
    const shown = rows.slice(0, MOST_SHOWN);
    context.report.table({
      title,
      columns: ['System', 'Alert', 'At', 'What would have caught it'],
      rows: shown.map(({ system, alert, at, suggestion }) => [system, alert, at.toISOString(), suggestion]),
    });
    for (const { system, alert, suggestion } of shown) context.log.warning(`${system}: ${alert}: ${suggestion}.`);
    context.report.note(
      `${title}: ${rows.length}${rows.length > MOST_SHOWN ? `, of which ${MOST_SHOWN} are shown` : ''}.`,
    );
  }
  return rows.length;
}

/** One system that does not tell keeps no other from telling; what stands is known by then. */
async function missedIn(
  context: Context,
  account: Monitoring,
  since: Date,
  entries: readonly SuppressedSystem[],
): Promise<readonly MissedAlert[]> {
  try {
    const missed = await account.missed?.(since, entries);
    if (missed === undefined && account.missed)
      context.report.note(`${account.name} does not let this access read alerts; those of the window are not known.`);
    return missed ?? [];
  } catch (error) {
    context.signal.throwIfAborted();
    if (!(error instanceof TaskError)) throw error;
    context.log.warning(`${account.name} does not tell its alerts: ${error.text.what}`);
    return [];
  }
}
