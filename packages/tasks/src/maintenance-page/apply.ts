import { type AnyContext, inParallel, TaskError } from '@maintenance-tasks/core';
import type { Cloudflare, Zone } from '@maintenance-tasks/services/cloudflare/client';
import { byZone, readPlaces, ZONES_AT_ONCE } from './names.ts';
import { batchesOf, merged, type NameChange, standsAs } from './plan.ts';
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
 * Carries the changes out, one batch a zone, and reads them back.
 *
 * @throws TaskError `conflict` when a name reads back otherwise than it was set
 */
export async function apply({ report }: Reporting, client: Cloudflare, changes: readonly NameChange[]): Promise<void> {
  await inParallel(byZone(changes), ZONES_AT_ONCE, async ({ zone, items }) => {
    for (const batch of batchesOf(items)) {
      const landed = async () =>
        (await readPlaces(client, batch)).every(({ records }, index) => stands(batch[index], records));
      await client.batch(zone, merged(batch), landed);
      for (const { host } of batch) report.changed(idOf(host));
    }
  });
  const read = await readPlaces(client, changes);
  const otherwise = read.filter(({ records }, index) => !stands(changes[index], records));
  for (const { host } of read.filter((name) => !otherwise.includes(name))) report.verified(idOf(host));
  if (otherwise.length === 0) return;
  const list = otherwise.map(({ host, records }) => {
    const { after } = changes.find((change) => change.host === host) as NameChange;
    return `  - ${host}: set to ${after}, reads back as ${shown(addressesOf(records))}`;
  });
  throw new TaskError('conflict', {
    what: `Records do not read back as they were set:\n${list.join('\n')}\n`,
    remedy: 'Somebody or something else changes them, too; find out who, then run the task again.',
  });
}

function stands(change: NameChange | undefined, records: Name['records']): boolean {
  return change !== undefined && standsAs(records, change.aims);
}

/**
 * Drops what Cloudflare has cached for the hosts. One zone after the other, because the quota is the account's (5 a
 * minute on the free plan). A zone that fails is a warning at once and the task's failure once the others are done.
 */
export async function purge(
  { log }: Reporting,
  client: Cloudflare,
  names: readonly Name[],
  standing: string,
): Promise<void> {
  const failures: { zone: Zone; error: TaskError }[] = [];
  for (const { zone, items } of byZone(names)) {
    try {
      await client.purge(
        zone,
        items.map(({ host }) => host),
      );
    } catch (error) {
      if (!(error instanceof TaskError) || (error.kind !== 'auth' && error.kind !== 'remote')) throw error;
      log.warning(`What Cloudflare has cached for the hosts of ${zone.name} was not dropped: ${error.text.what}`);
      failures.push({ zone, error });
    }
  }
  const [first] = failures;
  if (!first) return;
  throw new TaskError(first.error.kind, {
    what: `${standing}, but cached answers were not dropped for ${failures.map(({ zone }) => zone.name).join(', ')}: ${first.error.text.what}`,
    remedy: `${first.error.text.remedy} It will only repeat the purge; until then visitors may see what was cached before.`,
  });
}
