import { type AnyContext, inParallel, TaskError } from '@maintenance-tasks/core';
import type { Cloudflare, Zone } from '@maintenance-tasks/services/cloudflare/client';
import { byZone, readPlaces, ZONES_AT_ONCE } from './names.ts';
import { batchesOf, merged, type NameChange, standsAs } from './plan.ts';
import type { Problem } from './problems.ts';
import { addressesOf, type Name, shown } from './standing.ts';

type Reporting = Pick<AnyContext, 'log' | 'report'>;

/** Shows the plan. */
export function announce({ report }: Reporting, changes: readonly NameChange[]): void {
  report.plan(changes.map(({ host, before, after }) => ({ id: idOf(host), what: host, before, after })));
}

function idOf(host: string): string {
  return `page:${host}`;
}

/**
 * Carries the changes out, one batch a zone, and reads them back. What reads back otherwise than it was set is returned,
 * and so are the zones that failed where the others shall go on.
 */
export async function apply(
  { log, report }: Reporting,
  client: Cloudflare,
  changes: readonly NameChange[],
  onFailure: 'stop' | 'go on',
): Promise<readonly Problem[]> {
  const problems: Problem[] = [];
  const done: NameChange[] = [];
  await inParallel(byZone(changes), ZONES_AT_ONCE, async ({ zone, items }) => {
    try {
      for (const batch of batchesOf(items)) {
        const landed = async () =>
          (await readPlaces(client, batch)).every(({ records }, index) => stands(batch[index], records));
        await client.batch(zone, merged(batch), landed);
        done.push(...batch);
        for (const { host } of batch) report.changed(idOf(host));
      }
    } catch (error) {
      if (onFailure === 'stop' || !isOfOneZone(error)) throw error;
      const text = `${zone.name}: its records were not changed back. ${error.message}`;
      log.warning(text);
      problems.push({ text, kind: error.kind });
    }
  });
  const read = await readPlaces(client, done);
  read.forEach(({ host, records }, index) => {
    const change = done[index] as NameChange;
    if (stands(change, records)) report.verified(idOf(host));
    else {
      const found = shown(addressesOf(records));
      problems.push({ kind: 'conflict', text: `${host}: set to ${change.after}, reads back as ${found}` });
    }
  });
  return problems;
}

type ZoneFailure = TaskError & { readonly kind: 'auth' | 'remote' };

/** A failure that says nothing about other zones: no cancel, no deadline, no bug. */
function isOfOneZone(error: unknown): error is ZoneFailure {
  return error instanceof TaskError && (error.kind === 'auth' || error.kind === 'remote');
}

function stands(change: NameChange | undefined, records: Name['records']): boolean {
  return change !== undefined && standsAs(records, change.aims);
}

/**
 * Drops what Cloudflare has cached for the hosts. One zone after the other, because the quota is the account's (5 a
 * minute on the free plan). A zone that fails is a warning at once, and the
 * task's failure, returned, once the others are done.
 */
export async function purge(
  { log }: Reporting,
  client: Cloudflare,
  names: readonly Name[],
  standing: string,
): Promise<TaskError | undefined> {
  const failures: { zone: Zone; error: TaskError }[] = [];
  for (const { zone, items } of byZone(names)) {
    try {
      await client.purge(
        zone,
        items.map(({ host }) => host),
      );
    } catch (error) {
      if (!isOfOneZone(error)) throw error;
      log.warning(`What Cloudflare has cached for the hosts of ${zone.name} was not dropped: ${error.text.what}`);
      failures.push({ zone, error });
    }
  }
  const [first] = failures;
  if (!first) return undefined;
  return new TaskError(first.error.kind, {
    what: `${standing}, but cached answers were not dropped for ${failures.map(({ zone }) => zone.name).join(', ')}: ${first.error.text.what}`,
    remedy: `${first.error.text.remedy} It will only repeat the purge; until then visitors may see what was cached before.`,
  });
}
