import type { AzureAccess } from '@maintenance-tasks/services/entra-id/client';
import { azureAccessOf } from '../azure-access.ts';
import type { SuppressedSystem } from './schema.ts';

/** What the systems are reached with; each is needed only when a system of its kind is named. */
export interface MonitoringCredentials {
  readonly pingdomToken?: string | undefined;
  readonly datadogApiKey?: string | undefined;
  readonly datadogAppKey?: string | undefined;
  readonly alertmanagerUser?: string | undefined;
  readonly alertmanagerPassword?: string | undefined;
  readonly newRelicKey?: string | undefined;
  readonly pagerdutyToken?: string | undefined;
  readonly statuspageKey?: string | undefined;
  readonly azure?: AzureAccess | undefined;
}

type CredentialInputs = Parameters<typeof azureAccessOf>[0] & {
  readonly [name in
    | 'pingdom-token'
    | 'datadog-api-key'
    | 'datadog-app-key'
    | 'alertmanager-user'
    | 'alertmanager-password'
    | 'new-relic-key'
    | 'pagerduty-token'
    | 'statuspage-key']?: string | undefined;
};

/** The credentials from the inputs that all tasks name alike. */
export function monitoringCredentials(inputs: CredentialInputs): MonitoringCredentials {
  return {
    pingdomToken: inputs['pingdom-token'],
    datadogApiKey: inputs['datadog-api-key'],
    datadogAppKey: inputs['datadog-app-key'],
    alertmanagerUser: inputs['alertmanager-user'],
    alertmanagerPassword: inputs['alertmanager-password'],
    newRelicKey: inputs['new-relic-key'],
    pagerdutyToken: inputs['pagerduty-token'],
    statuspageKey: inputs['statuspage-key'],
    azure: azureAccessOf(inputs),
  };
}

type Missing = readonly (false | string)[];

/** What each kind of system needs, as clauses of what is missing. */
const MISSING: Readonly<Record<SuppressedSystem['system'], (given: MonitoringCredentials) => Missing>> = {
  pingdom: (given) => [!given.pingdomToken && 'pingdom-token, for Pingdom'],
  datadog: (given) => [
    !given.datadogApiKey && 'datadog-api-key, for Datadog',
    !given.datadogAppKey && 'datadog-app-key, for Datadog',
  ],
  alertmanager: (given) => [
    given.alertmanagerUser !== undefined &&
      !given.alertmanagerPassword &&
      'alertmanager-password, for alertmanager-user',
  ],
  'new-relic': (given) => [!given.newRelicKey && 'new-relic-key, for New Relic'],
  pagerduty: (given) => [!given.pagerdutyToken && 'pagerduty-token, for PagerDuty'],
  statuspage: (given) => [!given.statuspageKey && 'statuspage-key, for Statuspage'],
  // Without any of the azure inputs whoever is signed in to the Azure CLI is asked.
  'azure-monitor': () => [],
};

/** The inputs that the named systems need and that were not given, each as one clause. */
export function missingCredentials(systems: readonly SuppressedSystem[], credentials: MonitoringCredentials): string[] {
  const kinds = [...new Set(systems.map(({ system }) => system))];
  return kinds.flatMap((kind) => MISSING[kind](credentials).filter((one) => one !== false));
}
