import { TaskError, type YamlFile } from '@maintenance-tasks/core';
import type { SuppressedSystem } from '../monitoring-suppression/schema.ts';
import { missingSystemAccess, requireAccess, systemAccess } from '../window/access.ts';
import type { MaintenanceWindow } from '../window/schema.ts';
import { type TemporaryChange, temporaryChanges } from '../window/systems.ts';

const RESOURCE_GROUP = /^\/subscriptions\/([0-9a-f-]{36})\/resourceGroups\/([^/\s]+)$/i;
const NEW_RELIC_ACCOUNT = /^(?:(us|eu):)?(\d+)$/;

type SweepInputs = AccountInputs & Parameters<typeof systemAccess>[0] & { readonly evidence: string };

interface AccountInputs {
  readonly 'window-file'?: YamlFile<MaintenanceWindow> | undefined;
  readonly 'datadog-site': string;
  readonly 'alertmanager-urls'?: readonly string[] | undefined;
  readonly 'new-relic-accounts'?: readonly string[] | undefined;
  readonly 'pagerduty-region': 'us' | 'eu';
  readonly 'azure-monitor-groups'?: readonly string[] | undefined;
  readonly 'statuspage-pages'?: readonly string[] | undefined;
  readonly 'pingdom-token'?: string | undefined;
  readonly 'datadog-api-key'?: string | undefined;
  readonly 'datadog-app-key'?: string | undefined;
  readonly 'pagerduty-token'?: string | undefined;
}

/**
 * Everything to look through: all that the window file names, and what the credentials alone tell.
 *
 * @throws TaskError `input` when access is missing to what the window file names, or there is nothing to look through
 */
export function sweptParts(inputs: SweepInputs): TemporaryChange[] {
  const window = inputs['window-file']?.content;
  const access = systemAccess(inputs);
  if (window) requireAccess(missingSystemAccess(window, access));
  const parts = {
    page: access.cloudflare === '' ? undefined : {},
    suppress: sweepSystems(inputs),
    traffic: window?.traffic ?? [],
    jobs: window?.jobs ?? [],
    allowlist: window?.allowlist,
  };
  requireAccess(missingSystemAccess({ ...parts, page: undefined }, access));
  const changes = temporaryChanges(parts, access, inputs.evidence);
  if (changes.length > 0) return changes;
  throw new TaskError('input', {
    what: 'There is nothing to look through: neither a window file nor the access to any system was given.',
    state: 'Nothing was changed.',
    remedy: 'Give a window file, or cloudflare-token, or the access to one of the monitoring systems.',
  });
}

/**
 * The monitoring accounts to look through: those of the window file, those that are named, and those that the
 * credentials alone tell. What a suppression covers does not matter: it is found by its session's mark.
 */
function sweepSystems(inputs: AccountInputs): SuppressedSystem[] {
  const inFile = inputs['window-file']?.content.suppress ?? [];
  const lacks = (system: SuppressedSystem['system']) => !inFile.some((entry) => entry.system === system);
  return [...inFile, ...toldByCredentials(inputs).filter(({ system }) => lacks(system)), ...namedAccounts(inputs)];
}

function toldByCredentials(inputs: AccountInputs): SuppressedSystem[] {
  const systems: SuppressedSystem[] = [];
  if (inputs['pingdom-token']) systems.push({ system: 'pingdom', checks: [] });
  if (inputs['datadog-api-key'] && inputs['datadog-app-key'])
    systems.push({ system: 'datadog', scope: '*', 'monitor-tags': ['*'], site: inputs['datadog-site'] });
  if (inputs['pagerduty-token'])
    systems.push({ system: 'pagerduty', services: [], from: '', region: inputs['pagerduty-region'] });
  return systems;
}

function namedAccounts(inputs: AccountInputs): SuppressedSystem[] {
  const newRelic = (inputs['new-relic-accounts'] ?? []).map((text): SuppressedSystem => {
    const [, region = 'us', account] = NEW_RELIC_ACCOUNT.exec(text) ?? [];
    return {
      system: 'new-relic',
      account: Number(account),
      region: region as 'us' | 'eu',
      conditions: [],
      match: 'all',
    };
  });
  const groups = (inputs['azure-monitor-groups'] ?? []).map((text): SuppressedSystem => {
    const [, subscription = '', group = ''] = RESOURCE_GROUP.exec(text) ?? [];
    return { system: 'azure-monitor', subscription, 'resource-group': group, scopes: [], conditions: [] };
  });
  const pages = (inputs['statuspage-pages'] ?? []).map(
    (page): SuppressedSystem => ({
      system: 'statuspage',
      page,
      components: [],
      'deliver-notifications': false,
      title: '',
      text: '',
    }),
  );
  const alertmanagers = (inputs['alertmanager-urls'] ?? []).map(
    (url): SuppressedSystem => ({ system: 'alertmanager', url, matchers: [] }),
  );
  return [...alertmanagers, ...newRelic, ...groups, ...pages];
}
