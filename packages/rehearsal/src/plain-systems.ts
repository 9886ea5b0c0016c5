import type { MaintenanceWindow } from '@maintenance-tasks/tasks/window/schema';
import type { z } from 'zod';
import type { Known, Note } from './assume/assume.ts';
import { dataFactoryOf, kubernetesOf, rundeckOf } from './assume/jobs.ts';
import { azureMonitorOf, newRelicOf, pagerdutyOf, statuspageOf } from './assume/monitoring.ts';
import { azureDevopsOf, githubOf } from './assume/pipelines.ts';
import { jiraOf, servicenowOf, smtpOf, withIssues, zendeskOf } from './assume/tickets.ts';
import { gatewaysOf, haproxyOf } from './assume/traffic.ts';
import type { StandIn, StandInWorld } from './stand-in.ts';
import { alertmanagerSeed, alertmanagerStandIn } from './stand-ins/alertmanager.ts';
import { applicationGatewaySeed, applicationGatewayStandIn } from './stand-ins/application-gateway.ts';
import { azureDevopsSeed, azureDevopsStandIn } from './stand-ins/azure-devops.ts';
import { azureManagementStandIn, isAzureService } from './stand-ins/azure-management.ts';
import { azureMonitorSeed, azureMonitorStandIn } from './stand-ins/azure-monitor.ts';
import { dataFactorySeed, dataFactoryStandIn } from './stand-ins/data-factory.ts';
import { datadogSeed, datadogStandIn } from './stand-ins/datadog.ts';
import { githubSeed, githubStandIn } from './stand-ins/github.ts';
import { haproxySeed, haproxyStandIn } from './stand-ins/haproxy.ts';
import { jiraSeed, jiraStandIn } from './stand-ins/jira.ts';
import { kubernetesSeed, kubernetesStandIn } from './stand-ins/kubernetes.ts';
import { newRelicSeed, newRelicStandIn } from './stand-ins/new-relic.ts';
import { pagerdutySeed, pagerdutyStandIn } from './stand-ins/pagerduty.ts';
import { pingdomSeed, pingdomStandIn } from './stand-ins/pingdom.ts';
import { rundeckSeed, rundeckStandIn } from './stand-ins/rundeck.ts';
import { servicenowSeed, servicenowStandIn } from './stand-ins/servicenow.ts';
import { slackSeed, slackStandIn } from './stand-ins/slack.ts';
import { smtpSeed, smtpStandIn } from './stand-ins/smtp.ts';
import { statuspageSeed, statuspageStandIn } from './stand-ins/statuspage.ts';
import { teamsSeed, teamsStandIn } from './stand-ins/teams.ts';
import { webhookSeed, webhookStandIn } from './stand-ins/webhook.ts';
import { zendeskSeed, zendeskStandIn } from './stand-ins/zendesk.ts';

/** A system that needs to know nothing of any other. A new one is an entry below, and nothing else. */
interface PlainSystem<Schema extends z.ZodType> {
  /** What the rehearsal file may say of it. */
  readonly seed: Schema;
  standIn(seed: z.input<Schema>, world: StandInWorld): StandIn;
  /**
   * How it usually stands: one for each that the window names or a secret is for, none when nobody asks for it. What the
   * rehearsal file says of it goes into the first one.
   */
  usual(known: Known, note: Note, written: z.input<Schema> | undefined): readonly z.input<Schema>[];
}

function plain<Schema extends z.ZodType>(system: PlainSystem<Schema>): PlainSystem<Schema> {
  return system;
}

export const PLAIN_SYSTEMS = {
  pingdom: plain({
    seed: pingdomSeed,
    standIn: pingdomStandIn,
    usual: (known, note, written) => {
      const ids = suppressed(known, 'pingdom').flatMap(({ checks }) => checks);
      const [token] = secretsFor(known, 'pingdom-token');
      if (ids.length > 0 && !written?.checks) note(`Pingdom has the checks ${ids.join(', ')}.`);
      const checks = ids.map((id) => ({ id, name: `Check ${id}` }));
      return ids.length > 0 || token ? [{ ...(token && { token }), checks, ...written }] : [];
    },
  }),
  datadog: plain({
    seed: datadogSeed,
    standIn: datadogStandIn,
    usual: (known, note, written) => {
      const sites = [...new Set(suppressed(known, 'datadog').map(({ site }) => site))];
      const [apiKey] = secretsFor(known, 'datadog-api-key');
      const [appKey] = secretsFor(known, 'datadog-app-key');
      if (sites.length > 0 && !written) note(`Datadog at ${sites.join(', ')} has no downtimes.`);
      return sites.map((site, index) => ({
        site,
        ...(apiKey && { 'api-key': apiKey }),
        ...(appKey && { 'app-key': appKey }),
        ...(index === 0 && written),
      }));
    },
  }),
  alertmanager: plain({
    seed: alertmanagerSeed,
    standIn: alertmanagerStandIn,
    usual: (known, note, written) => {
      const urls = [...new Set(suppressed(known, 'alertmanager').map(({ url }) => url))].map((url) => new URL(url));
      const [password] = secretsFor(known, 'alertmanager-password');
      const shown = urls.map(({ host }) => host).join(', ');
      if (urls.length > 0 && !written) note(`Alertmanager at ${shown} has no silences.`);
      return urls.map(({ hostname, pathname }, index) => ({
        host: hostname,
        prefix: pathname.replace(/\/$/, ''),
        ...(password && { password }),
        ...(index === 0 && written),
      }));
    },
  }),
  'new-relic': plain({ seed: newRelicSeed, standIn: newRelicStandIn, usual: newRelicOf }),
  pagerduty: plain({ seed: pagerdutySeed, standIn: pagerdutyStandIn, usual: pagerdutyOf }),
  'azure-monitor': plain({ seed: azureMonitorSeed, standIn: azureMonitorStandIn, usual: azureMonitorOf }),
  statuspage: plain({ seed: statuspageSeed, standIn: statuspageStandIn, usual: statuspageOf }),
  slack: plain({
    seed: slackSeed,
    standIn: slackStandIn,
    usual: (known, note, written) => {
      const ids = (known.window?.channels ?? []).flatMap((each) => (each.kind === 'slack' ? [each.channel] : []));
      const [token] = secretsFor(known, 'slack-token');
      const webhooks = secretsFor(known, 'slack-webhook').map((url) => ({ url, channel: ids[0] ?? 'C0123456789' }));
      if (ids.length === 0 && !token && webhooks.length === 0) return [];
      if (ids.length > 0 && !written?.channels) note(`the Slack bot is a member of ${ids.join(', ')}.`);
      return [
        { ...(token && { token }), channels: ids.map((id) => ({ id, name: id.toLowerCase() })), webhooks, ...written },
      ];
    },
  }),
  teams: plain({
    seed: teamsSeed,
    standIn: teamsStandIn,
    usual: (known, _note, written) => {
      const workflows = secretsFor(known, 'teams-webhook').map((url) => ({ url }));
      return workflows.length > 0 ? [{ workflows, ...written }] : [];
    },
  }),
  webhook: plain({
    seed: webhookSeed,
    standIn: webhookStandIn,
    usual: (known, _note, written) => {
      const [secret] = secretsFor(known, 'webhook-secret');
      const urls = secretsFor(known, 'webhook-url');
      return urls.map((url, index) => ({ url, ...(secret && { secret }), ...(index === 0 && written) }));
    },
  }),
  smtp: plain({ seed: smtpSeed, standIn: smtpStandIn, usual: smtpOf }),
  jira: plain({ seed: jiraSeed, standIn: jiraStandIn, usual: jiraOf }),
  servicenow: plain({ seed: servicenowSeed, standIn: servicenowStandIn, usual: servicenowOf }),
  zendesk: plain({ seed: zendeskSeed, standIn: zendeskStandIn, usual: zendeskOf }),
  github: plain({
    seed: githubSeed,
    standIn: githubStandIn,
    usual: (known, note, written) => withIssues(githubOf(known, note, written), known, note),
  }),
  'azure-devops': plain({ seed: azureDevopsSeed, standIn: azureDevopsStandIn, usual: azureDevopsOf }),
  kubernetes: plain({ seed: kubernetesSeed, standIn: kubernetesStandIn, usual: kubernetesOf }),
  'data-factory': plain({ seed: dataFactorySeed, standIn: dataFactoryStandIn, usual: dataFactoryOf }),
  rundeck: plain({ seed: rundeckSeed, standIn: rundeckStandIn, usual: rundeckOf }),
  'application-gateway': plain({
    seed: applicationGatewaySeed,
    standIn: applicationGatewayStandIn,
    usual: gatewaysOf,
  }),
  haproxy: plain({ seed: haproxySeed, standIn: haproxyStandIn, usual: haproxyOf }),
};

type Systems = typeof PLAIN_SYSTEMS;
export type PlainName = keyof Systems;
export type PlainSeeds = { readonly [Name in PlainName]: readonly z.input<Systems[Name]['seed']>[] };

export function plainSeeds(known: Known, note: Note): PlainSeeds {
  const seeds = Object.entries(PLAIN_SYSTEMS).map(([name, system]) => {
    const written = known.file.systems[name as PlainName];
    const usual = (system.usual as (known: Known, note: Note, written: unknown) => readonly unknown[])(
      known,
      note,
      written,
    );
    return [name, usual.length === 0 && written ? [written] : usual];
  });
  return Object.fromEntries(seeds) as PlainSeeds;
}

export function plainStandIns(seeds: PlainSeeds, world: StandInWorld): StandIn[] {
  const standIns = Object.entries(PLAIN_SYSTEMS).flatMap(([name, system]) => {
    const make = system.standIn as (seed: unknown, world: StandInWorld) => StandIn;
    const all = seeds[name as PlainName].map((seed) => make(seed, world));
    // Two of a kind are told apart by their host.
    const hostOf = (each: StandIn, index: number) => String(each.hosts[0] ?? index + 1);
    return all.length > 1
      ? all.map((each, index) => ({ ...each, name: `${each.name} (${hostOf(each, index)})` }))
      : all;
  });
  const azure = standIns.filter(isAzureService);
  const others = standIns.filter((standIn) => !isAzureService(standIn));
  return azure.length > 0 ? [...others, azureManagementStandIn(azure)] : others;
}

type Suppressed = MaintenanceWindow['suppress'][number];

function suppressed<System extends Suppressed['system']>(
  { window }: Known,
  system: System,
): Extract<Suppressed, { system: System }>[] {
  return (window?.suppress ?? []).filter(
    (each): each is Extract<Suppressed, { system: System }> => each.system === system,
  );
}

function secretsFor({ madeUp }: Known, kind: keyof Known['madeUp']['byKind']): readonly string[] {
  return madeUp.byKind[kind] ?? [];
}
