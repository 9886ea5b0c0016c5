import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ReportTable } from '@maintenance-tasks/core';
import { startProxy } from '@maintenance-tasks/rehearsal/proxy';
import type { StandIn, StandInWorld } from '@maintenance-tasks/rehearsal/stand-in';
import { applicationGatewayStandIn } from '@maintenance-tasks/rehearsal/stand-ins/application-gateway';
import { azureManagementStandIn } from '@maintenance-tasks/rehearsal/stand-ins/azure-management';
import { entraIdStandIn } from '@maintenance-tasks/rehearsal/stand-ins/entra-id';
import { haproxyStandIn } from '@maintenance-tasks/rehearsal/stand-ins/haproxy';
import { kubernetesStandIn } from '@maintenance-tasks/rehearsal/stand-ins/kubernetes';
import { type Measure, measuredRun } from '../bench-run.ts';

const SIZES = [5, 50, 500];
const SESSION = 'mw-209901010000-bnch';
const TENANT = '11111111-1111-4111-8111-111111111111';
const CLIENT = '22222222-2222-4222-8222-222222222222';
const SUBSCRIPTION = '33333333-3333-4333-8333-333333333333';
const INPUTS = {
  'INPUT_AZURE-TENANT-ID': TENANT,
  'INPUT_AZURE-CLIENT-ID': CLIENT,
  'INPUT_AZURE-CLIENT-SECRET': 'bench-secret',
  'INPUT_KUBERNETES-SERVER': 'https://k8s.example.com:6443',
  'INPUT_KUBERNETES-TOKEN': 'bench',
  INPUT_SESSION: SESSION,
};

interface Case {
  readonly what: string;
  readonly target: object;
  world(world: StandInWorld): readonly StandIn[];
}

/** The built traffic action, drain and rollout, over pools of many members: calls, wall time (of which 1 s is the gateway's draining), memory. */
export default async function benchTraffic(): Promise<ReportTable> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-traffic-'));
  const world = { now: () => new Date() };
  const proxy = await startProxy({ standIns: [], ...world });
  try {
    const rows: string[][] = [];
    for (const size of SIZES) {
      for (const { what, target, world: systems } of casesOf(size)) {
        proxy.use(systems(world));
        const environment = {
          PATH: process.env.PATH ?? '',
          HTTPS_PROXY: proxy.url,
          NODE_EXTRA_CA_CERTS: proxy.caFile,
          INPUT_TARGETS: JSON.stringify([target]),
          INPUT_EVIDENCE: join(folder, 'evidence'),
          ...INPUTS,
        };
        const drain = await measuredRun('traffic', proxy.calls, { ...environment, INPUT_STATE: 'drain' }, folder);
        const rollout = await measuredRun('traffic', proxy.calls, { ...environment, INPUT_STATE: 'rollout' }, folder);
        rows.push([String(size), what, ...cells(drain), ...cells(rollout)]);
      }
    }
    const columns = ['Drain', 'Rollout'].flatMap((state) => [`${state}: calls`, 'ms', 'MiB']);
    return { title: 'Traffic, as the built action leads it', columns: ['Members', 'Of', ...columns], rows };
  } finally {
    await proxy.close();
    await rm(folder, { recursive: true });
  }
}

function casesOf(size: number): Case[] {
  const address = (index: number) => `10.0.${Math.floor(index / 200)}.${(index % 200) + 10}`;
  const members = Array.from({ length: size }, (_, index) => address(index));
  const names = members.map((_, index) => `web-${index + 1}`);
  const pods = ['blue', 'green'].flatMap((version) =>
    names.map((name) => ({ name: `${name}-${version}`, labels: { app: 'shop', version } })),
  );
  return [
    {
      what: 'an application gateway, 3 out',
      target: {
        kind: 'application-gateway',
        subscription: SUBSCRIPTION,
        'resource-group': 'web',
        gateway: 'agw-prod',
        pool: 'web',
        members: members.slice(0, 3),
      },
      world: (world) => [
        azureManagementStandIn([
          applicationGatewayStandIn(
            {
              gateways: [
                {
                  name: 'agw-prod',
                  subscription: SUBSCRIPTION,
                  'resource-group': 'web',
                  pools: [{ name: 'web', members }],
                  'drain-seconds': 1,
                },
              ],
            },
            world,
          ),
        ]),
        entraIdStandIn({ tenants: [{ id: TENANT, applications: [{ id: CLIENT, secret: 'bench-secret' }] }] }, world),
      ],
    },
    {
      what: 'HAProxy, all but one out',
      target: { kind: 'haproxy', sockets: ['tcp://lb1.example.com:9999'], backend: 'web', servers: names.slice(1) },
      world: (world) => [haproxyStandIn({ backends: { web: names.map((name) => ({ name })) } }, world)],
    },
    {
      what: 'a Service, to as many other pods',
      target: { kind: 'kubernetes-service', namespace: 'shop', service: 'shop', selector: { version: 'green' } },
      world: (world) => [
        kubernetesStandIn(
          {
            tokens: [{ token: 'bench' }],
            namespaces: { shop: { pods, services: [{ name: 'shop', selector: { app: 'shop', version: 'blue' } }] } },
          },
          world,
        ),
      ],
    },
  ];
}

function cells({ calls, milliseconds, peakMiB }: Measure): string[] {
  return [String(calls), String(milliseconds), String(peakMiB)];
}
