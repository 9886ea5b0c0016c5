import type { CrashScenario, States } from '@maintenance-tasks/rehearsal/crash-matrix';
import { whatLasts } from '@maintenance-tasks/rehearsal/crash-view';
import { PAGE, pageOn, pageWorld, TOKEN } from './maintenance-page.ts';
import { monitoringSecrets, monitoringView, monitoringWorld, systems } from './monitoring-suppression.ts';
import { channelSecrets, channelWorld } from './notify.ts';
import { SESSION } from './world.ts';

const indented = (text: string) => text.trim().replace(/^/gm, '  ');

/** A window that touches every system there is. */
export const windowFile = `name: Monthly maintenance
window: { starts: 2026-11-21 20:00, ends: 2026-11-22 02:30, time-zone: UTC }
roster:
  - { name: release.manager@example.com, roles: [release-manager] }
  - { name: platform.lead@example.com, roles: [approver] }
page:
  target: ${PAGE}
  hosts: [${pageOn.inputs.hosts.replaceAll('\n', ', ')}]
suppress:
${indented(systems)}
channels:
  - { kind: slack, channel: C0123456789 }
  - { kind: teams }
  - { kind: webhook }
`;

const secrets = { 'cloudflare-token': TOKEN, ...monitoringSecrets };

export const windowInputs = {
  'window-file': 'window.yaml',
  session: SESSION,
  ...secrets,
  ...channelSecrets,
};

/** All of the window's systems; what was told is notify's own matter, and looked at there. */
export const windowScenario: Pick<CrashScenario, 'files' | 'world' | 'view' | 'sweep'> = {
  files: { 'window.yaml': windowFile },
  world: (time) => [...pageWorld(time), ...monitoringWorld(time), ...channelWorld(time)],
  view: (states: States) => ({ records: whatLasts(states.Cloudflare), monitoring: monitoringView(states) }),
  sweep: { task: 'sweep', inputs: { session: SESSION, 'window-file': 'window.yaml', ...secrets } },
};
