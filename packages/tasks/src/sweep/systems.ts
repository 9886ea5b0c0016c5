import type { YamlFile } from '@maintenance-tasks/core';
import type { SuppressedSystem } from '../monitoring-suppression/schema.ts';
import type { MaintenanceWindow } from '../window/schema.ts';

/** The monitoring accounts to look through: those of the window file, and those that credentials are given for. */
export function sweepSystems(inputs: {
  readonly 'window-file'?: YamlFile<MaintenanceWindow> | undefined;
  readonly 'datadog-site': string;
  readonly 'alertmanager-urls'?: readonly string[] | undefined;
  readonly 'pingdom-token'?: string | undefined;
  readonly 'datadog-api-key'?: string | undefined;
  readonly 'datadog-app-key'?: string | undefined;
}): SuppressedSystem[] {
  const named = inputs['window-file']?.content.suppress ?? [];
  const lacks = (system: SuppressedSystem['system']) => !named.some((entry) => entry.system === system);
  const systems = [...named];
  // What a suppression covers does not matter here: it is found by its session's mark.
  if (inputs['pingdom-token'] && lacks('pingdom')) systems.push({ system: 'pingdom', checks: [] });
  if (inputs['datadog-api-key'] && inputs['datadog-app-key'] && lacks('datadog')) {
    systems.push({ system: 'datadog', scope: '*', 'monitor-tags': ['*'], site: inputs['datadog-site'] });
  }
  for (const url of inputs['alertmanager-urls'] ?? []) systems.push({ system: 'alertmanager', url, matchers: [] });
  return systems;
}
