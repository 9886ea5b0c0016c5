import { TaskError } from '@maintenance-tasks/core';
import { type MonitoringCredentials, missingCredentials } from './credentials.ts';
import type { Context, EntryOf, Monitoring, MonitoringKind } from './monitoring.ts';
import type { SuppressedSystem } from './schema.ts';
import { alertmanager } from './systems/alertmanager.ts';
import { azureMonitor } from './systems/azure-monitor.ts';
import { datadog } from './systems/datadog.ts';
import { newRelic } from './systems/new-relic.ts';
import { pagerduty } from './systems/pagerduty.ts';
import { pingdom } from './systems/pingdom.ts';
import { statuspage } from './systems/statuspage.ts';

const KINDS: { readonly [Kind in SuppressedSystem['system']]: MonitoringKind<EntryOf<Kind>> } = {
  pingdom,
  datadog,
  alertmanager,
  'new-relic': newRelic,
  pagerduty,
  'azure-monitor': azureMonitor,
  statuspage,
};

/** What there is to know of the kind of system that an entry names. */
export function kindOf(entry: SuppressedSystem): MonitoringKind {
  return KINDS[entry.system] as MonitoringKind;
}

/**
 * The accounts that the entries are in, each once.
 *
 * @throws TaskError `input` when credentials are missing, all of them named
 */
export function monitoringOf(
  context: Context,
  systems: readonly SuppressedSystem[],
  credentials: MonitoringCredentials,
): Map<SuppressedSystem, Monitoring> {
  const missing = missingCredentials(systems, credentials);
  if (missing.length > 0) {
    throw new TaskError('input', {
      what: `Credentials are missing: ${missing.join('; ')}.`,
      remedy: 'Give all of them and run it again.',
    });
  }
  const accounts = new Map<string, Monitoring>();
  return new Map(
    systems.map((entry) => {
      const kind = kindOf(entry);
      const name = kind.accountName(entry);
      const account = accounts.get(name) ?? kind.open(context, name, entry, credentials);
      accounts.set(name, account);
      return [entry, account];
    }),
  );
}
