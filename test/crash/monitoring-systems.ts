import type { CrashScenario, States } from '@maintenance-tasks/rehearsal/crash-matrix';
import { azureMonitorStandIn } from '@maintenance-tasks/rehearsal/stand-ins/azure-monitor';
import { entraIdStandIn } from '@maintenance-tasks/rehearsal/stand-ins/entra-id';
import { newRelicStandIn } from '@maintenance-tasks/rehearsal/stand-ins/new-relic';
import { pagerdutyStandIn } from '@maintenance-tasks/rehearsal/stand-ins/pagerduty';
import { statuspageStandIn } from '@maintenance-tasks/rehearsal/stand-ins/statuspage';
import { SESSION } from './world.ts';

const TENANT = '11111111-1111-4111-8111-111111111111';
const CLIENT = '22222222-2222-4222-8222-222222222222';
const SUBSCRIPTION = '44444444-4444-4444-8444-444444444444';
const GROUP = `/subscriptions/${SUBSCRIPTION}/resourceGroups`;

const access = {
  'new-relic-key': 'rehearsal-new-relic-key',
  'pagerduty-token': 'rehearsal-pagerduty-token',
  'statuspage-key': 'rehearsal-statuspage-key',
  'azure-tenant-id': TENANT,
  'azure-client-id': CLIENT,
  'azure-client-secret': 'rehearsal-azure-secret',
};

const systems = `
- { system: new-relic, account: 1234567, conditions: [{ attribute: tags.env, operator: EQUALS, values: [prod] }] }
- { system: pagerduty, services: [PSHOP1], from: release.manager@example.com }
- { system: azure-monitor, subscription: ${SUBSCRIPTION}, resource-group: monitoring, scopes: ["${GROUP}/shop"] }
- { system: statuspage, page: examplepage, components: [shop1, account1], deliver-notifications: true }
`;

const world: CrashScenario['world'] = (time) => [
  newRelicStandIn({ key: access['new-relic-key'] }, time),
  pagerdutyStandIn({ token: access['pagerduty-token'], services: [{ id: 'PSHOP1', name: 'Shop' }] }, time),
  azureMonitorStandIn({ subscriptions: [{ id: SUBSCRIPTION, groups: ['monitoring', 'shop'] }] }, time),
  statuspageStandIn(
    {
      key: access['statuspage-key'],
      components: [
        { id: 'shop1', name: 'Shop' },
        { id: 'account1', name: 'Accounts', status: 'degraded_performance' },
      ],
      // All runs of a scenario fall into one rehearsed minute.
      'requests-a-minute': 10_000,
    },
    time,
  ),
  entraIdStandIn(
    { tenants: [{ id: TENANT, applications: [{ id: CLIENT, secret: access['azure-client-secret'] }] }] },
    time,
  ),
];

/** What silences now, and how the components stand; what was mailed cannot be put back. */
function view(states: States): unknown {
  const running = (system: string, list: string) =>
    ((states[system] as Record<string, Record<string, unknown>[]>)[list] ?? [])
      .filter(({ now }) => ['active', 'scheduled', 'to come', 'ongoing', 'future', 'in_progress'].includes(String(now)))
      .map(({ id: _, ...rest }) => JSON.stringify(rest))
      .sort();
  return {
    newRelic: running('New Relic', 'rules'),
    pagerduty: running('PagerDuty', 'windows'),
    azure: running('Azure Monitor', 'rules'),
    statuspage: running('Statuspage', 'incidents'),
    components: (states.Statuspage as { components: unknown }).components,
  };
}

const inputs = { ...access, session: SESSION, systems };
const on = { task: 'monitoring-suppression', inputs: { ...inputs, state: 'on' } };
const sweep = {
  task: 'sweep',
  inputs: {
    ...access,
    session: SESSION,
    'new-relic-accounts': '1234567',
    'azure-monitor-groups': `${GROUP}/monitoring`,
    'statuspage-pages': 'examplepage',
  },
};
const common = { world, view, sweep };

export const otherSystems: CrashScenario[] = [
  { name: 'monitoring-suppression on, of the other systems', ...on, ...common },
  {
    name: 'monitoring-suppression off, of the other systems',
    task: 'monitoring-suppression',
    inputs: { ...inputs, state: 'off' },
    before: [on],
    ...common,
  },
];
