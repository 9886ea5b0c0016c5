import type { MaintenanceWindow } from '@maintenance-tasks/tasks/window/schema';
import type { z } from 'zod';
import type { azureMonitorSeed } from '../stand-ins/azure-monitor.ts';
import type { newRelicSeed } from '../stand-ins/new-relic.ts';
import type { pagerdutySeed } from '../stand-ins/pagerduty.ts';
import type { statuspageSeed } from '../stand-ins/statuspage.ts';
import type { Known, Note } from './assume.ts';

type Suppressed = MaintenanceWindow['suppress'][number];
type Seed<Schema extends z.ZodType> = z.input<Schema>;

export function newRelicOf(known: Known, note: Note, written: Seed<typeof newRelicSeed> | undefined) {
  const entries = suppressed(known, 'new-relic');
  const [key] = known.madeUp.byKind['new-relic-key'] ?? [];
  const accounts = unique(entries.map(({ account }) => account));
  if (entries.length > 0 && !written) note(`New Relic’s accounts ${accounts.join(', ')} have no muting rules.`);
  return unique(entries.map(({ region }) => region)).map((region, index) => ({
    region,
    accounts: unique(entries.filter((entry) => entry.region === region).map(({ account }) => account)),
    ...(key && { key }),
    ...(index === 0 && written),
  }));
}

export function pagerdutyOf(known: Known, note: Note, written: Seed<typeof pagerdutySeed> | undefined) {
  const entries = suppressed(known, 'pagerduty');
  const [token] = known.madeUp.byKind['pagerduty-token'] ?? [];
  const ids = unique(entries.flatMap(({ services }) => services));
  if (entries.length > 0 && !written?.services) note(`PagerDuty has the services ${ids.join(', ')}.`);
  return unique(entries.map(({ region }) => region)).map((region, index) => {
    const own = entries.filter((entry) => entry.region === region);
    return {
      region,
      services: unique(own.flatMap(({ services }) => services)).map((id) => ({ id, name: `Service ${id}` })),
      users: unique(own.map(({ from }) => from.toLowerCase())),
      ...(token && { token }),
      ...(index === 0 && written),
    };
  });
}

/** One for all: they share a host, and a subscription has no address of its own. */
export function azureMonitorOf(known: Known, note: Note, written: Seed<typeof azureMonitorSeed> | undefined) {
  const entries = suppressed(known, 'azure-monitor');
  if (entries.length === 0) return [];
  const subscriptions = unique(entries.map(({ subscription }) => subscription.toLowerCase())).map((id) => {
    const own = entries.filter(({ subscription }) => subscription.toLowerCase() === id);
    const groups = own.flatMap((entry) => [
      entry['resource-group'],
      ...entry.scopes.flatMap((scope) => /\/resourceGroups\/([^/]+)/i.exec(scope)?.[1] ?? []),
    ]);
    return { id, groups: unique(groups.map((group) => group.toLowerCase())) };
  });
  if (!written?.subscriptions)
    for (const { id, groups } of subscriptions) note(`the Azure subscription ${id} has ${groups.join(', ')}.`);
  return [{ subscriptions, ...written }];
}

export function statuspageOf(known: Known, note: Note, written: Seed<typeof statuspageSeed> | undefined) {
  const entries = suppressed(known, 'statuspage');
  const [key] = known.madeUp.byKind['statuspage-key'] ?? [];
  const pages = unique(entries.map(({ page }) => page));
  const components = unique(entries.flatMap((entry) => entry.components));
  if (entries.length > 0 && !written?.components)
    note(`Statuspage has the components ${components.join(', ')}, all operational.`);
  return entries.length === 0
    ? []
    : [
        {
          pages,
          components: components.map((id) => ({ id, name: `Component ${id}` })),
          ...(key && { key }),
          ...written,
        },
      ];
}

function suppressed<System extends Suppressed['system']>(
  { window }: Known,
  system: System,
): Extract<Suppressed, { system: System }>[] {
  return (window?.suppress ?? []).filter(
    (each): each is Extract<Suppressed, { system: System }> => each.system === system,
  );
}

function unique<Value>(values: readonly Value[]): Value[] {
  return [...new Set(values)];
}
