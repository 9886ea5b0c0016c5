import type { Kubernetes } from '@maintenance-tasks/services/kubernetes/client';
import type { KubernetesObject, Router } from './kubernetes.ts';
import type { Values } from './kubernetes-plan.ts';
import { readyPods, readyTargets } from './ready.ts';
import type { TargetOf } from './schema.ts';

interface Service extends KubernetesObject {
  readonly spec: { readonly selector?: Readonly<Record<string, string>> };
}

/** A Service leads its traffic to the pods its selector finds. Connections that exist are not cut by a new one. */
export function serviceRouter(cluster: Kubernetes, target: TargetOf<'kubernetes-service'>): Router<Service> {
  const { namespace, service: name, 'minimum-healthy': minimum } = target;

  return {
    kind: 'Service',
    group: '',
    resource: 'services',
    name,
    path: `/api/v1/namespaces/${namespace}/services/${name}`,
    read: ({ spec }, keys) => Object.fromEntries(keys.map((key) => [key, spec.selector?.[key] ?? null])),
    // A merge patch adds to a map: what shall go must be null.
    write: (_item, values) => ({ spec: { selector: values } }),
    wanted: () => ({ values: target.selector, problems: [] }),

    async unready({ spec }, values) {
      const selector = merged(spec.selector ?? {}, values);
      if (Object.keys(selector).length === 0)
        return [
          {
            kind: 'refused',
            text: `The Service ${namespace}/${name} would be left without a selector, and so without pods.`,
          },
        ];
      const ready = await readyPods(cluster, namespace, selector);
      if (ready.size >= minimum) return [];
      const labels = Object.entries(selector).map(([key, value]) => `${key}=${value}`);
      return [
        {
          kind: 'refused',
          text: `The Service ${namespace}/${name} would lead to the pods with ${labels.join(',')}, of which ${ready.size} are ready, and minimum-healthy is ${minimum}.`,
        },
      ];
    },

    async awaited({ spec }) {
      const pods = await readyPods(cluster, namespace, spec.selector ?? {});
      const targets = await readyTargets(cluster, namespace, name);
      const former = [...targets].filter((pod) => !pods.has(pod));
      if (former.length > 0) return `the Service ${namespace}/${name} still leads to ${former.join(', ')}`;
      if (targets.size < minimum)
        return `the Service ${namespace}/${name} leads to ${targets.size} ready pods, and not ${minimum} yet`;
      return undefined;
    },

    notes: () => [],
  };
}

function merged(selector: Readonly<Record<string, string>>, values: Values): Record<string, string> {
  const entries = Object.entries({ ...selector, ...values });
  return Object.fromEntries(entries.flatMap(([key, value]) => (value === null ? [] : [[key, String(value)]])));
}
