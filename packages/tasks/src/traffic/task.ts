import { choice, defineTask, sessionInputs, yaml, yamlFile } from '@maintenance-tasks/core';
import { azureAccess, kubernetesAccess } from '../credentials.ts';

export default defineTask({
  name: 'traffic',
  azure: { id: '5895170b-1fed-443d-95ef-679953881727', category: 'Deploy' },
  summary:
    'Leads traffic away from what is worked on (Azure Application Gateway, HAProxy, Kubernetes Service, Ingress and HTTPRoute), waits until it is drained, and gives it back exactly as it was.',
  needs: {
    'Azure Application Gateway': [
      'Microsoft.Network/applicationGateways/read',
      'Microsoft.Network/applicationGateways/write',
      'Microsoft.Network/applicationGateways/backendhealth/action',
      'Microsoft.Network/virtualNetworks/subnets/join/action on its subnet, and join on what else it is linked to (public IP, WAF policy)',
      'Microsoft.ManagedIdentity/userAssignedIdentities/assign/action, where it has an identity',
    ],
    HAProxy: ['a stats socket with level admin'],
    Kubernetes: [
      'services, networking.k8s.io/ingresses, gateway.networking.k8s.io/httproutes: get, list, patch (of those that are named)',
      'pods, discovery.k8s.io/endpointslices: list',
    ],
  },
  mutates: true,
  inputs: {
    state: choice(['drain', 'rollout', 'status'], {
      required: true,
      describe:
        'Lead traffic away and wait until it is drained (drain), give back exactly what was (rollout), or only look (status).',
    }),
    targets: yaml(async () => (await import('./schema.ts')).trafficSchema, {
      describe: 'Where: a YAML list, as the part traffic of the window file.',
      example:
        '- kind: application-gateway\n  subscription: 00000000-0000-0000-0000-000000000001\n  resource-group: web\n  gateway: agw-prod\n  pool: web\n  members: [10.0.1.11, 10.0.1.12]\n  minimum-healthy: 3\n- { kind: haproxy, sockets: ["tcp://lb1.example.com:9999"], backend: web, servers: [web1] }',
    }),
    'window-file': yamlFile(async () => (await import('../window/schema.ts')).windowSchema, {
      describe: 'Instead of targets: the window file, whose part traffic says which they are.',
      example: 'maintenance-window.yaml',
    }),
    ...azureAccess,
    ...kubernetesAccess,
    ...sessionInputs,
  },
  outputs: {
    drained: 'What this session keeps without traffic after this run, one a line.',
    'left-alone': 'What was without traffic before, by somebody else’s doing, one a line: rollout leaves it as it is.',
    changed: 'Whether this run changed anything: true or false.',
  },
  async run({ inputs, ...context }) {
    const { drain, rollOut, trafficStatus } = await import('./traffic.ts');
    const { trafficAccessOf } = await import('./access.ts');
    const { state, session, evidence } = inputs;
    const { partOf } = await import('../window/part.ts');
    const targets = partOf('traffic', inputs.targets, inputs['window-file'], 'targets');
    const scope = { session, targets, evidence, access: trafficAccessOf(inputs) };
    if (state === 'status') return asOutputs(await trafficStatus(context, scope));
    const dryRun = inputs['dry-run'];
    return asOutputs(await (state === 'drain' ? drain : rollOut)(context, { ...scope, dryRun }));
  },
});

function asOutputs(result: {
  readonly drained: readonly string[];
  readonly leftAlone: readonly string[];
  readonly changed: boolean;
}) {
  return {
    drained: result.drained.join('\n'),
    'left-alone': result.leftAlone.join('\n'),
    changed: String(result.changed),
  };
}
