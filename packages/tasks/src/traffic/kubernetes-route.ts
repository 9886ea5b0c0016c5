import { TaskError } from '@maintenance-tasks/core';
import type { Kubernetes } from '@maintenance-tasks/services/kubernetes/client';
import type { KubernetesObject, Router } from './kubernetes.ts';
import type { Values } from './kubernetes-plan.ts';
import { tooFewReady } from './ready.ts';
import type { TargetOf } from './schema.ts';
import type { Problem } from './site.ts';

interface BackendRef {
  readonly name: string;
  readonly kind?: string;
  readonly namespace?: string;
  readonly weight?: number;
}

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly observedGeneration?: number;
}

interface HttpRoute extends KubernetesObject {
  readonly spec: { readonly rules?: readonly { readonly backendRefs?: readonly BackendRef[] }[] };
  readonly status?: { readonly parents?: readonly { readonly conditions?: readonly Condition[] }[] };
}

/** A backend in the place it has: rules have no names that are sure to be there, and a rule may name a backend twice. */
interface Place {
  readonly key: string;
  readonly rule: number;
  readonly ref: BackendRef;
}

/** An HTTPRoute splits the traffic of each rule by the weights of its backends (gateway-api.sigs.k8s.io/guides/traffic-splitting). */
export function routeRouter(cluster: Kubernetes, target: TargetOf<'kubernetes-route'>): Router<HttpRoute> {
  const { namespace, route: name, weights, 'minimum-healthy': minimum } = target;
  const what = `HTTPRoute ${namespace}/${name}`;

  return {
    kind: 'HTTPRoute',
    group: 'gateway.networking.k8s.io',
    resource: 'httproutes',
    name,
    path: `/apis/gateway.networking.k8s.io/v1/namespaces/${namespace}/httproutes/${name}`,

    read(item, keys) {
      const places = new Map(placesOf(item).map(({ key, ref }) => [key, ref.weight ?? null]));
      return Object.fromEntries(keys.map((key) => [key, places.get(key) ?? null]));
    },

    // A merge patch replaces a list whole; that it is the list that was read is what resourceVersion is for.
    write: ({ spec }, values) => ({
      spec: {
        rules: (spec.rules ?? []).map((rule, index) => ({
          ...rule,
          ...(rule.backendRefs && {
            backendRefs: rule.backendRefs.map((ref, at) => weighted(ref, values[keyOf(index, at, ref)])),
          }),
        })),
      },
    }),

    wanted(item) {
      const places = placesOf(item);
      const values = Object.fromEntries(
        places.flatMap(({ key, ref }) => (weights[ref.name] === undefined ? [] : [[key, weights[ref.name] as number]])),
      );
      const problems: Problem[] = Object.keys(weights)
        .filter((backend) => !places.some(({ ref }) => ref.name === backend))
        .map((backend) => ({
          kind: 'input',
          text: `No rule of the ${what} has a backend ${backend}; there are ${[...new Set(places.map(({ ref }) => ref.name))].join(', ') || 'none'}.`,
        }));
      return { values, problems };
    },

    async unready(item, values) {
      const places = placesOf(item).map(({ key, rule, ref }) => ({ rule, ref, weight: weightOf(ref, key, values) }));
      const dead = [...new Set(places.map(({ rule }) => rule))].filter((rule) =>
        places.every((place) => place.rule !== rule || place.weight === 0),
      );
      const problems: Problem[] = dead.map((rule) => ({
        kind: 'refused',
        text: `Rule ${rule + 1} of the ${what} would have no backend with a weight, and would answer every request with an error.`,
      }));
      const services = places.filter(
        ({ weight, ref }) =>
          weight > 0 && (ref.kind ?? 'Service') === 'Service' && (ref.namespace ?? namespace) === namespace,
      );
      return [
        ...problems,
        ...(await tooFewReady(
          cluster,
          namespace,
          services.map(({ ref }) => ref.name),
          minimum,
        )),
      ];
    },

    async awaited({ metadata, status }) {
      const parents = status?.parents ?? [];
      if (parents.length === 0) return `no Gateway has accepted the ${what} yet`;
      for (const { conditions = [] } of parents) {
        for (const type of ['Accepted', 'ResolvedRefs']) {
          const condition = conditions.find((each) => each.type === type);
          // A condition that speaks of an earlier generation says nothing about the new weights.
          if (!condition || (condition.observedGeneration ?? 0) < (metadata.generation ?? 0))
            return `the Gateway of the ${what} has not looked at its new weights yet`;
          if (condition.status === 'False')
            throw new TaskError('remote', {
              what: `The Gateway of the ${what} says that it is not ${type} (${condition.reason ?? 'no reason'}).`,
              remedy: 'Look at the status of the HTTPRoute; with state: rollout its former weights come back.',
            });
        }
      }
      return undefined;
    },

    notes: () => [],
  };
}

function placesOf({ spec }: HttpRoute): Place[] {
  return (spec.rules ?? []).flatMap(({ backendRefs = [] }, rule) =>
    backendRefs.map((ref, at) => ({ key: keyOf(rule, at, ref), rule, ref })),
  );
}

function keyOf(rule: number, at: number, { name }: BackendRef): string {
  return `rule ${rule + 1} backend ${at + 1} ${name}`;
}

/** What is not set counts as 1. */
function weightOf(ref: BackendRef, key: string, values: Values): number {
  const value = values[key];
  return value === undefined ? (ref.weight ?? 1) : Number(value ?? 1);
}

function weighted(ref: BackendRef, weight: Values[string] | undefined): BackendRef {
  if (weight === undefined) return ref;
  if (weight !== null) return { ...ref, weight: Number(weight) };
  const { weight: _, ...without } = ref;
  return without;
}
