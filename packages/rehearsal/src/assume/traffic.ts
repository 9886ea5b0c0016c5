import type { MaintenanceWindow } from '@maintenance-tasks/tasks/window/schema';
import type { z } from 'zod';
import type { applicationGatewaySeed } from '../stand-ins/application-gateway.ts';
import type { haproxySeed } from '../stand-ins/haproxy.ts';
import type { kubernetesSeed } from '../stand-ins/kubernetes.ts';
import type { Known, Note } from './assume.ts';

type TrafficTarget = MaintenanceWindow['traffic'][number];
type TargetOf<Kind extends TrafficTarget['kind']> = Extract<TrafficTarget, { kind: Kind }>;
type Gateways = z.input<typeof applicationGatewaySeed>;
type Haproxy = z.input<typeof haproxySeed>;
type Namespaces = NonNullable<z.input<typeof kubernetesSeed>['namespaces']>;

/** Gateways whose pools have the members that shall leave, and as many others as must stay. */
export function gatewaysOf(known: Known, note: Note, written: Gateways | undefined): Gateways[] {
  const targets = targetsOf(known, 'application-gateway');
  const gateways = [...(written?.gateways ?? [])];
  const isSame = (one: (typeof gateways)[number], other: (typeof targets)[number]) =>
    one.name === other.gateway && one.subscription === other.subscription;
  const assumed = targets.filter((target) => !gateways.some((one) => isSame(one, target)));
  for (const target of assumed) {
    const { gateway: name, subscription, pool, members } = target;
    const staying = Array.from({ length: target['minimum-healthy'] }, (_, index) => `10.99.0.${index + 10}`);
    const one = { name: pool, members: [...members, ...staying] };
    const own = gateways.find((each) => isSame(each, target));
    if (own) own.pools = [...(own.pools ?? []), one];
    else
      gateways.push({
        name,
        subscription,
        'resource-group': target['resource-group'],
        pools: [one],
        'drain-seconds': 1,
      });
    note(`the pool ${pool} of ${name} has ${members.join(', ')} and ${staying.length} more, all healthy.`);
  }
  return gateways.length > 0 ? [{ gateways }] : [];
}

/** One for each socket, with the servers that shall be drained and as many others as must stay. */
export function haproxyOf(known: Known, note: Note, written: Haproxy | undefined): Haproxy[] {
  const all = new Map<string, { host: string; port: number; backends: NonNullable<Haproxy['backends']> }>();
  for (const target of targetsOf(known, 'haproxy')) {
    const staying = Array.from({ length: target['minimum-healthy'] }, (_, index) => `other-${index + 1}`);
    const servers = [...target.servers, ...staying].map((name) => ({ name }));
    for (const socket of target.sockets.filter((each) => each.startsWith('tcp://'))) {
      const { hostname, port } = new URL(socket);
      const one = all.get(socket) ?? { host: hostname, port: Number(port), backends: {} };
      one.backends[target.backend] = servers;
      all.set(socket, one);
      if (!written)
        note(`HAProxy at ${hostname}:${port} has ${servers.map(({ name }) => name).join(', ')} in ${target.backend}.`);
    }
  }
  return [...all.values()].map((one, index) => ({ ...one, ...(index === 0 && written) }));
}

/** Objects that lead traffic, as they stand before it is led elsewhere, and pods that are ready on both sides. */
export function routedNamespaces(known: Known, note: Note): Namespaces {
  const namespaces: Namespaces = {};
  const at = (name: string) => {
    const namespace = namespaces[name] ?? {};
    namespaces[name] = namespace;
    return namespace;
  };
  for (const target of targetsOf(known, 'kubernetes-service')) {
    const namespace = at(target.namespace);
    const app = { app: target.service };
    const labels = Object.fromEntries(Object.entries(target.selector).filter(([, value]) => value !== null)) as Record<
      string,
      string
    >;
    const former = Object.fromEntries(Object.keys(target.selector).map((key) => [key, 'before']));
    namespace.services = [...(namespace.services ?? []), { name: target.service, selector: { ...app, ...former } }];
    namespace.pods = [
      ...(namespace.pods ?? []),
      ...readyPods(target, 'before', { ...app, ...former }),
      ...readyPods(target, 'after', { ...app, ...labels }),
    ];
    note(`the Service ${target.namespace}/${target.service} leads to other pods before, and all are ready.`);
  }
  for (const target of targetsOf(known, 'kubernetes-route')) {
    const namespace = at(target.namespace);
    const backends = Object.keys(target.weights);
    namespace.routes = [
      ...(namespace.routes ?? []),
      { name: target.route, rules: [backends.map((name) => ({ name }))] },
    ];
    namespace.services = [
      ...(namespace.services ?? []),
      ...backends.map((name) => ({ name, selector: { app: name } })),
    ];
    namespace.pods = [...(namespace.pods ?? []), ...backends.flatMap((name) => readyPods(target, name, { app: name }))];
    note(`the HTTPRoute ${target.namespace}/${target.route} splits evenly between ${backends.join(' and ')}.`);
  }
  return namespaces;
}

function readyPods(target: { readonly 'minimum-healthy': number }, name: string, labels: Record<string, string>) {
  return Array.from({ length: target['minimum-healthy'] }, (_, index) => ({ name: `${name}-${index + 1}`, labels }));
}

function targetsOf<Kind extends TrafficTarget['kind']>({ window }: Known, kind: Kind): TargetOf<Kind>[] {
  return (window?.traffic ?? []).filter((each): each is TargetOf<Kind> => each.kind === kind);
}
