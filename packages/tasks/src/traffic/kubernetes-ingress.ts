import type { Kubernetes } from '@maintenance-tasks/services/kubernetes/client';
import type { KubernetesObject, Router } from './kubernetes.ts';
import { tooFewReady } from './ready.ts';
import type { TargetOf } from './schema.ts';
import type { Problem } from './site.ts';

interface Backend {
  readonly service?: { readonly name?: string };
}

interface Ingress extends KubernetesObject {
  readonly spec: {
    readonly defaultBackend?: Backend;
    readonly rules?: readonly {
      readonly host?: string;
      readonly http?: { readonly paths?: readonly { readonly backend?: Backend }[] };
    }[];
  };
}

// https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/annotations/#canary
const CANARY = 'nginx.ingress.kubernetes.io/canary';
const WEIGHT = `${CANARY}-weight`;
const TOTAL = `${CANARY}-weight-total`;
/** These decide before the weight does. */
const BEFORE_WEIGHT = [`${CANARY}-by-header`, `${CANARY}-by-cookie`];

/** A canary Ingress takes its share of the traffic of the Ingress with the same hosts. */
export function ingressRouter(cluster: Kubernetes, target: TargetOf<'kubernetes-ingress'>): Router<Ingress> {
  const { namespace, ingress: name, weight, 'minimum-healthy': minimum } = target;
  const list = `/apis/networking.k8s.io/v1/namespaces/${namespace}/ingresses`;
  const what = `Ingress ${namespace}/${name}`;

  return {
    kind: 'Ingress',
    group: 'networking.k8s.io',
    resource: 'ingresses',
    name,
    path: `${list}/${name}`,
    read: ({ metadata }, keys) => Object.fromEntries(keys.map((key) => [key, metadata.annotations?.[key] ?? null])),
    write: (_item, values) => ({ annotations: values }),

    wanted(item) {
      const problems: Problem[] = [];
      if (item.metadata.annotations?.[CANARY] !== 'true')
        problems.push({ kind: 'input', text: `The ${what} is no canary: its annotation ${CANARY} is not "true".` });
      if (weight > totalOf(item))
        problems.push({
          kind: 'input',
          text: `The weight ${weight} is more than the ${TOTAL} of the ${what}, ${totalOf(item)}.`,
        });
      return { values: { [WEIGHT]: String(weight) }, problems };
    },

    async unready(item, values) {
      const share = Number(values[WEIGHT] ?? 0);
      const services = share > 0 ? servicesOf(item) : [];
      if (share < totalOf(item)) {
        const hosts = hostsOf(item);
        const stable = await cluster.list<Ingress, string[]>(list, {}, (other) =>
          other.metadata.annotations?.[CANARY] !== 'true' && hostsOf(other).some((host) => hosts.includes(host))
            ? servicesOf(other)
            : undefined,
        );
        if (stable.length === 0)
          return [
            {
              kind: 'refused',
              text: `${totalOf(item) - share} of ${totalOf(item)} parts of the traffic would go past the canary ${what}, and no other Ingress of the namespace has its hosts (${hosts.join(', ')}).`,
            },
          ];
        services.push(...stable.flat());
      }
      return tooFewReady(cluster, namespace, services, minimum);
    },

    // Its controller tells nobody when it has loaded the new weight.
    awaited: async () => undefined,

    notes({ metadata }) {
      const first = BEFORE_WEIGHT.filter((key) => metadata.annotations?.[key] !== undefined);
      return [
        'ingress-nginx is retired since March 2026 and gets no more fixes; HTTPRoute (kubernetes-route) takes its place.',
        ...(first.length > 0 ? [`${what}: ${first.join(' and ')} decide before the weight does.`] : []),
      ];
    },
  };
}

function totalOf({ metadata }: Ingress): number {
  return Number(metadata.annotations?.[TOTAL] ?? 100);
}

function hostsOf({ spec }: Ingress): string[] {
  return (spec.rules ?? []).map(({ host = '*' }) => host);
}

function servicesOf({ spec }: Ingress): string[] {
  const backends = [
    spec.defaultBackend,
    ...(spec.rules ?? []).flatMap(({ http }) => (http?.paths ?? []).map((path) => path.backend)),
  ];
  return backends.flatMap((backend) => backend?.service?.name ?? []);
}
