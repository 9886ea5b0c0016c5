import type { CrashScenario, States } from '@maintenance-tasks/rehearsal/crash-matrix';
import { alertmanagerStandIn } from '@maintenance-tasks/rehearsal/stand-ins/alertmanager';
import { datadogStandIn } from '@maintenance-tasks/rehearsal/stand-ins/datadog';
import { pingdomStandIn } from '@maintenance-tasks/rehearsal/stand-ins/pingdom';
import { otherSystems } from './monitoring-systems.ts';
import { SESSION } from './world.ts';

export const monitoringSecrets = {
  'pingdom-token': 'rehearsal-pingdom-token',
  'datadog-api-key': 'rehearsal-datadog-api-key',
  'datadog-app-key': 'rehearsal-datadog-app-key',
  'alertmanager-user': 'pipeline',
  'alertmanager-password': 'rehearsal-alertmanager-password',
};

export const systems = `
- { system: pingdom, checks: [11, 12] }
- { system: datadog, scope: "env:prod" }
- { system: alertmanager, url: https://alerts.example.com, matchers: ['cluster="prod"'] }
`;

export const monitoringWorld: CrashScenario['world'] = (time) => [
  pingdomStandIn(
    {
      token: monitoringSecrets['pingdom-token'],
      checks: [
        { id: 11, name: 'www.example.com' },
        { id: 12, name: 'shop.example.com' },
        { id: 13, name: 'blog.example.com' },
      ],
    },
    time,
  ),
  datadogStandIn(
    { 'api-key': monitoringSecrets['datadog-api-key'], 'app-key': monitoringSecrets['datadog-app-key'] },
    time,
  ),
  alertmanagerStandIn(
    {
      user: monitoringSecrets['alertmanager-user'],
      password: monitoringSecrets['alertmanager-password'],
      alerts: [
        { alertname: 'HighLatency', cluster: 'prod' },
        { alertname: 'HighLatency', cluster: 'staging' },
      ],
    },
    time,
  ),
];

/** What silences now, and until when; twice the same would be there twice. */
export function monitoringView(states: States): unknown {
  const running = (of: unknown, list: string) =>
    ((of as Record<string, Record<string, unknown>[]>)[list] ?? [])
      .filter(({ now }) => ['running', 'active', 'pending', 'scheduled', 'to come'].includes(String(now)))
      .map(({ id: _id, from: _from, ...rest }) => JSON.stringify(rest))
      .sort();
  return {
    pingdom: { checks: (states.Pingdom as { checks: unknown }).checks, windows: running(states.Pingdom, 'windows') },
    datadog: running(states.Datadog, 'downtimes'),
    alertmanager: {
      alerts: (states.Alertmanager as { alerts: unknown }).alerts,
      silences: running(states.Alertmanager, 'silences'),
    },
  };
}

const inputs = { ...monitoringSecrets, session: SESSION, systems };
export const suppressionOn = { task: 'monitoring-suppression', inputs: { ...inputs, state: 'on' } };
const sweep = {
  task: 'sweep',
  inputs: { ...monitoringSecrets, session: SESSION, 'alertmanager-urls': 'https://alerts.example.com' },
};
const common = { world: monitoringWorld, view: monitoringView, sweep };

const scenarios: CrashScenario[] = [
  { name: 'monitoring-suppression on', ...suppressionOn, ...common },
  {
    name: 'monitoring-suppression off',
    task: 'monitoring-suppression',
    inputs: { ...inputs, state: 'off' },
    before: [suppressionOn],
    ...common,
  },
  ...otherSystems,
];
export default scenarios;
