import { parseYaml } from '@maintenance-tasks/core/yaml';
import type { CrashScenario, States } from '@maintenance-tasks/rehearsal/crash-matrix';
import { cloudflareStandIn } from '@maintenance-tasks/rehearsal/stand-ins/cloudflare';
import { pingdomStandIn } from '@maintenance-tasks/rehearsal/stand-ins/pingdom';
import { webhookStandIn } from '@maintenance-tasks/rehearsal/stand-ins/webhook';
import { planDigest } from '@maintenance-tasks/tasks/window/digest';
import { windowSchema } from '@maintenance-tasks/tasks/window/schema';
import { monitoringView } from './monitoring-suppression.ts';
import { pageStandIn, SESSION } from './world.ts';

const PAGE = 'maintenance.example.com';
const HOOK = 'https://hooks.example.com/maintenance?key=rehearsal-key';
const WINDOW = `name: Crash matrix
window: { starts: 2026-11-22 00:00, ends: 2026-11-22 02:30, time-zone: UTC }
roster:
  - { name: release.manager@example.com, roles: [release-manager] }
  - { name: platform.lead@example.com, roles: [approver] }
page: { hosts: [www.example.com], target: ${PAGE} }
suppress: [{ system: pingdom, checks: [11] }]
channels: [{ kind: webhook }]
`;

const systemSecrets = { 'cloudflare-token': 'rehearsal-cloudflare-token', 'pingdom-token': 'rehearsal-pingdom-token' };
const inputs = { ...systemSecrets, 'webhook-url': HOOK, 'window-file': 'window.yaml', session: SESSION };
const digest = await planDigest({ path: '/window.yaml', text: WINDOW, content: parseYaml(WINDOW, windowSchema) });

export const starting = { task: 'starting-maintenance', inputs: { ...inputs, digest } };
export const finishing = { task: 'finish-maintenance', inputs: { ...inputs, 'smoke-tests': 'success' } };
export const sweeping = { task: 'sweep', inputs: { ...systemSecrets, session: SESSION } };

/** A small night: what is tried here is how the parts go together, each part is tried by itself. */
const world: CrashScenario['world'] = (time) => [
  cloudflareStandIn(
    {
      tokens: [{ token: systemSecrets['cloudflare-token'] }],
      zones: [
        {
          name: 'example.com',
          plan: 'pro',
          records: [
            { name: 'www.example.com', type: 'A', content: '192.0.2.10', proxied: true, comment: 'first origin' },
            { name: 'www.example.com', type: 'A', content: '192.0.2.11', proxied: true },
          ],
        },
      ],
    },
    time,
  ),
  pingdomStandIn({ token: systemSecrets['pingdom-token'], checks: [{ id: 11, name: 'www.example.com' }] }, time),
  webhookStandIn({ url: HOOK }, time),
  pageStandIn(PAGE),
];

/** Records and silences. What was told is not part of it: a message cannot be taken back. */
function view(states: States): unknown {
  const absent = { downtimes: [], alerts: [], silences: [] };
  return {
    cloudflare: states.Cloudflare,
    monitoring: monitoringView({ Datadog: absent, Alertmanager: absent, ...states }),
  };
}

export const night = { world, view, files: { 'window.yaml': WINDOW } };
