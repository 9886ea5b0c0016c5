import { decodeUndoNote, isDamaged } from '@maintenance-tasks/core';
import type { CrashScenario, States } from '@maintenance-tasks/rehearsal/crash-matrix';
import { applicationGatewayStandIn } from '@maintenance-tasks/rehearsal/stand-ins/application-gateway';
import { azureManagementStandIn } from '@maintenance-tasks/rehearsal/stand-ins/azure-management';
import { entraIdStandIn } from '@maintenance-tasks/rehearsal/stand-ins/entra-id';
import { haproxyStandIn } from '@maintenance-tasks/rehearsal/stand-ins/haproxy';
import { kubernetesStandIn } from '@maintenance-tasks/rehearsal/stand-ins/kubernetes';
import { SESSION } from './world.ts';

const TENANT = '11111111-1111-4111-8111-111111111111';
const CLIENT = '22222222-2222-4222-8222-222222222222';
const SUBSCRIPTION = '33333333-3333-4333-8333-333333333333';
const secrets = {
  'azure-client-secret': 'rehearsal-azure-client-secret',
  'kubernetes-token': 'rehearsal-kubernetes-token',
};
const inputs = {
  ...secrets,
  'kubernetes-server': 'https://k8s.example.com:6443',
  'azure-tenant-id': TENANT,
  'azure-client-id': CLIENT,
  session: SESSION,
};

const gateway = {
  targets: `
- { kind: application-gateway, subscription: ${SUBSCRIPTION}, resource-group: web, gateway: agw-prod, pool: web, members: [10.0.1.11, web2.example.com] }
`,
  world: ((time) => [
    azureManagementStandIn([
      applicationGatewayStandIn(
        {
          gateways: [
            {
              name: 'agw-prod',
              subscription: SUBSCRIPTION,
              'resource-group': 'web',
              tags: { owner: 'platform.lead@example.com' },
              'drain-seconds': 1,
              pools: [
                { name: 'web', members: ['10.0.1.10', '10.0.1.11', 'web2.example.com'] },
                { name: 'api', members: ['10.0.2.10'] },
              ],
            },
          ],
        },
        time,
      ),
    ]),
    entraIdStandIn(
      { tenants: [{ id: TENANT, applications: [{ id: CLIENT, secret: secrets['azure-client-secret'] }] }] },
      time,
    ),
  ]) satisfies CrashScenario['world'],
};

const haproxy = {
  targets: `
- { kind: haproxy, sockets: ["tcp://lb1.example.com:9999", "tcp://lb2.example.com:9999"], backend: web, servers: [web-1] }
`,
  world: ((time) =>
    ['lb1.example.com', 'lb2.example.com'].map((host) =>
      haproxyStandIn({ name: host, host, backends: { web: [{ name: 'web-1' }, { name: 'web-2' }] } }, time),
    )) satisfies CrashScenario['world'],
};

const kubernetes = {
  targets: `
- { kind: kubernetes-service, namespace: shop, service: shop, selector: { version: green } }
- { kind: kubernetes-route, namespace: shop, route: shop, weights: { shop-blue: 0, shop-green: 1 } }
`,
  world: ((time) => [
    kubernetesStandIn(
      {
        tokens: [{ token: secrets['kubernetes-token'] }],
        namespaces: {
          shop: {
            pods: ['blue', 'green'].map((version) => ({ name: version, labels: { app: 'shop', version } })),
            services: [
              { name: 'shop', selector: { app: 'shop', version: 'blue' } },
              { name: 'shop-blue', selector: { version: 'blue' } },
              { name: 'shop-green', selector: { version: 'green' } },
            ],
            routes: [{ name: 'shop', rules: [[{ name: 'shop-blue' }, { name: 'shop-green', weight: 0 }]] }],
          },
        },
      },
      time,
    ),
  ]) satisfies CrashScenario['world'],
};

/** When a member was taken out is different in each run, and with it the note's checksum. */
function view({ 'Microsoft Entra ID': _tokens, Azure: azure, ...others }: States): unknown {
  const gateways = (azure as { 'Azure Application Gateway': { tags: Record<string, string> }[] } | undefined)?.[
    'Azure Application Gateway'
  ];
  const remembered = (text: string) => {
    const note = decodeUndoNote(text);
    return note && !isDamaged(note) ? { session: note.session, members: (note.state as { m: unknown }).m } : text;
  };
  return {
    ...others,
    gateways: gateways?.map(({ tags, ...rest }) => ({
      ...rest,
      tags: Object.fromEntries(Object.entries(tags).map(([key, value]) => [key, remembered(value)])),
    })),
  };
}

const scenarios = Object.entries({ gateway, haproxy, kubernetes }).flatMap(([name, { targets, world }]) => {
  const run = (state: string) => ({ task: 'traffic', inputs: { ...inputs, targets, state } });
  return [
    { name: `traffic drain: ${name}`, ...run('drain'), world, view },
    { name: `traffic rollout: ${name}`, ...run('rollout'), before: [run('drain')], world, view },
  ] satisfies CrashScenario[];
});
export default scenarios;
