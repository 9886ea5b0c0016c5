import { ANY_UNDO_MARK } from '@maintenance-tasks/core';
import { z } from 'zod';
import type { StandInAnswer, StandInRequest } from '../stand-in.ts';
import { objectIn } from './json-body.ts';
import { allows, failure, selector, type Token } from './kubernetes-api.ts';

const labels = z.record(z.string(), z.string()).default({});

/** What leads traffic in a namespace, and the pods it leads to. */
export const routedSeed = {
  pods: z.array(z.strictObject({ name: z.string(), labels, ready: z.boolean().default(true) })).default([]),
  services: z
    .array(
      z.strictObject({
        name: z.string(),
        selector: labels,
        annotations: labels,
        'settles-after': z.int().min(0).default(0).describe('Seconds until its endpoints follow a new selector.'),
      }),
    )
    .default([]),
  ingresses: z
    .array(
      z.strictObject({
        name: z.string(),
        annotations: labels,
        rules: z.record(z.string(), z.string()).default({}).describe('Service by host.'),
      }),
    )
    .default([]),
  routes: z
    .array(
      z.strictObject({
        name: z.string(),
        annotations: labels,
        rules: z
          .array(z.array(z.strictObject({ name: z.string(), weight: z.int().min(0).optional() })))
          .describe('The backends of each rule.'),
        'settles-after': z.int().min(0).default(0).describe('Seconds until its Gateway has looked at new weights.'),
        accepted: z.boolean().default(true),
      }),
    )
    .default([])
    .describe('HTTPRoutes.'),
};

type Namespaces = Readonly<Record<string, z.infer<z.ZodObject<typeof routedSeed>>>>;
type Json = Record<string, unknown>;

/** Any object of any kind: what a patch can change, and what was there before its last change. */
interface Item {
  readonly kind: Kind;
  readonly namespace: string;
  readonly name: string;
  readonly settlesAfter: number;
  readonly accepted: boolean;
  annotations: Json;
  spec: Json;
  before: Json;
  version: number;
  generation: number;
  changed: number;
}

interface Kind {
  readonly title: string;
  readonly group: string;
  readonly resource: string;
  problem(spec: Json): string | undefined;
}

const KINDS: readonly Kind[] = [
  {
    title: 'Service',
    group: '',
    resource: 'services',
    problem: ({ selector: labels }) =>
      Object.values((labels ?? {}) as Json).every((value) => typeof value === 'string')
        ? undefined
        : 'spec.selector: Invalid value',
  },
  { title: 'Ingress', group: 'networking.k8s.io', resource: 'ingresses', problem: () => undefined },
  { title: 'HTTPRoute', group: 'gateway.networking.k8s.io', resource: 'httproutes', problem: problemOfRoute },
];

const PATH = /^\/(?:api\/v1|apis\/([\w.]+)\/v1)\/namespaces\/([^/]+)\/(\w+)(?:\/([^/]+))?$/;

/** The Services, Ingresses, HTTPRoutes and pods of a cluster; EndpointSlices follow from them. */
export function routedObjects(
  namespaces: Namespaces,
  cluster: {
    now(): number;
    nextVersion(): number;
    page(rows: () => readonly object[], url: URL): StandInAnswer;
  },
) {
  const items = Object.entries(namespaces).flatMap(([namespace, seed]) => itemsOf(namespace, seed));

  const isSettled = (item: Item) => cluster.now() >= item.changed + item.settlesAfter * 1_000;

  function shown(item: Item): Json {
    return {
      kind: item.kind.title,
      metadata: {
        name: item.name,
        namespace: item.namespace,
        uid: `${item.namespace}-${item.kind.resource}-${item.name}`,
        resourceVersion: String(item.version),
        generation: item.generation,
        creationTimestamp: '2026-01-01T00:00:00Z',
        annotations: item.annotations,
      },
      spec: item.spec,
      ...(item.kind.title === 'HTTPRoute' && { status: statusOf(item) }),
    };
  }

  function statusOf(item: Item): Json {
    const observedGeneration = isSettled(item) ? item.generation : item.generation - 1;
    const is = (type: string, status: boolean) => ({
      type,
      status: status ? 'True' : 'False',
      reason: status ? type : `Not${type}`,
      observedGeneration,
    });
    return { parents: [{ conditions: [is('Accepted', item.accepted), is('ResolvedRefs', true)] }] };
  }

  function podsOf(namespace: string): object[] {
    return (namespaces[namespace]?.pods ?? []).map((pod) => ({
      metadata: { name: pod.name, namespace, uid: `pod-${pod.name}`, resourceVersion: '1', labels: pod.labels },
      status: { conditions: [{ type: 'Ready', status: pod.ready ? 'True' : 'False' }] },
    }));
  }

  function slicesOf(namespace: string): object[] {
    return items
      .filter((item) => item.namespace === namespace && item.kind.title === 'Service')
      .map((item) => {
        const { selector: wanted } = (isSettled(item) ? item.spec : item.before) as {
          selector?: Record<string, string>;
        };
        const pods = (namespaces[namespace]?.pods ?? []).filter(({ labels: has }) =>
          Object.entries(wanted ?? { none: '' }).every(([key, value]) => has[key] === value),
        );
        return {
          metadata: { name: `${item.name}-abcde`, namespace, labels: { 'kubernetes.io/service-name': item.name } },
          endpoints: pods.map(({ name, ready }, index) => ({
            addresses: [`10.1.0.${index + 1}`],
            conditions: { ready },
            targetRef: { kind: 'Pod', name },
          })),
        };
      });
  }

  function patch(item: Item, request: StandInRequest): StandInAnswer {
    const type = request.headers['content-type'] ?? '';
    if (type !== 'application/merge-patch+json')
      return failure(415, 'UnsupportedMediaType', `the body of the request was in an unknown format: ${type}`);
    const change = objectIn(request.body);
    if (!change) return failure(400, 'BadRequest', 'error decoding patch');
    const metadata = (change.metadata ?? {}) as Json;
    const what = `${item.kind.resource}.${item.kind.group} "${item.name}"`;
    if (metadata.resourceVersion !== undefined && metadata.resourceVersion !== String(item.version))
      return failure(
        409,
        'Conflict',
        `Operation cannot be fulfilled on ${what}: the object has been modified; please apply your changes to the latest version and try again`,
      );
    const annotations = merged(item.annotations, metadata.annotations ?? {}) as Json;
    const spec = merged(item.spec, change.spec ?? {}) as Json;
    if (Object.values(annotations).some((value) => typeof value !== 'string'))
      return failure(
        400,
        'BadRequest',
        'json: cannot unmarshal number into Go struct field ObjectMeta.metadata.annotations of type string',
      );
    const problem = item.kind.problem(spec);
    if (problem) return failure(422, 'Invalid', `${what} is invalid: ${problem}`);
    if (JSON.stringify(spec) !== JSON.stringify(item.spec)) {
      item.before = item.spec;
      item.changed = cluster.now();
      item.generation += 1;
    }
    Object.assign(item, { annotations, spec, version: cluster.nextVersion() });
    return { status: 200, body: shown(item) };
  }

  function list(namespace: string, resource: string, url: URL): StandInAnswer {
    const wanted = selector(url.searchParams.get('labelSelector') ?? '');
    if (!wanted) return failure(400, 'BadRequest', 'unable to parse requirement');
    const has = (row: object) =>
      wanted((row as { metadata: { labels?: Record<string, string> } }).metadata.labels ?? {});
    const rows = () => {
      if (resource === 'pods') return podsOf(namespace);
      if (resource === 'endpointslices') return slicesOf(namespace);
      return items.filter((item) => item.namespace === namespace && item.kind.resource === resource).map(shown);
    };
    return cluster.page(() => rows().filter(has), url);
  }

  return {
    owns: (path: string) => kindOf(path) !== undefined,

    answer(token: Token, request: StandInRequest): StandInAnswer {
      const { method, url } = request;
      const [, , namespace = '', resource = '', name] = PATH.exec(url.pathname) ?? [];
      const group = kindOf(url.pathname)?.group ?? '';
      const verb = method === 'PATCH' ? 'patch' : name ? 'get' : 'list';
      if (!allows(token, verb, resource, namespace))
        return failure(
          403,
          'Forbidden',
          `${resource}${group && `.${group}`} is forbidden: User "${token.user}" cannot ${verb} resource "${resource}" in API group "${group}" in the namespace "${namespace}"`,
        );
      if (!name) return list(namespace, resource, url);
      const item = items.find(
        (each) => each.namespace === namespace && each.kind.resource === resource && each.name === name,
      );
      if (!item) return failure(404, 'NotFound', `${resource}${group && `.${group}`} "${name}" not found`);
      if (method === 'PATCH') return patch(item, request);
      return method === 'GET' ? { status: 200, body: shown(item) } : failure(405, 'MethodNotAllowed', 'not allowed');
    },

    state(): Json {
      if (items.length === 0) return {};
      const traffic = items.map(({ kind, namespace, name, spec, annotations }) => ({
        name: `${kind.title} ${namespace}/${name}`,
        spec,
        ...(Object.keys(annotations).length > 0 && { annotations }),
      }));
      return { traffic };
    },

    leftovers: (): string[] =>
      items
        .filter(({ annotations }) => Object.values(annotations).some((value) => String(value).includes(ANY_UNDO_MARK)))
        .map(({ kind, namespace, name }) => `${kind.title} ${namespace}/${name} carries a note`),
  };
}

function itemsOf(namespace: string, seed: Namespaces[string]): Item[] {
  const item = (
    title: string,
    name: string,
    annotations: Json,
    spec: Json,
    settlesAfter = 0,
    accepted = true,
  ): Item => ({
    kind: KINDS.find((kind) => kind.title === title) as Kind,
    namespace,
    name,
    settlesAfter,
    accepted,
    annotations,
    spec,
    before: spec,
    version: 1,
    generation: 1,
    changed: Number.NEGATIVE_INFINITY,
  });
  const path = (service: string) => ({
    path: '/',
    pathType: 'Prefix',
    backend: { service: { name: service, port: { number: 80 } } },
  });
  return [
    ...seed.services.map((one) =>
      item(
        'Service',
        one.name,
        one.annotations,
        { selector: one.selector, ports: [{ port: 80 }] },
        one['settles-after'],
      ),
    ),
    ...seed.ingresses.map((one) => {
      const rules = Object.entries(one.rules).map(([host, service]) => ({ host, http: { paths: [path(service)] } }));
      return item('Ingress', one.name, one.annotations, { ingressClassName: 'nginx', rules });
    }),
    ...seed.routes.map((one) => {
      const rules = one.rules.map((backendRefs) => ({
        matches: [{ path: { type: 'PathPrefix', value: '/' } }],
        backendRefs: backendRefs.map((ref) => ({ ...ref, port: 80 })),
      }));
      return item(
        'HTTPRoute',
        one.name,
        one.annotations,
        { parentRefs: [{ name: 'edge' }], rules },
        one['settles-after'],
        one.accepted,
      );
    }),
  ];
}

const OTHERS = [
  { group: '', resource: 'pods' },
  { group: 'discovery.k8s.io', resource: 'endpointslices' },
];

function kindOf(path: string): { readonly group: string } | undefined {
  const [, group = '', , resource] = PATH.exec(path) ?? [];
  return [...KINDS, ...OTHERS].find((kind) => kind.group === group && kind.resource === resource);
}

function problemOfRoute({ rules }: Json): string | undefined {
  const refs = ((rules ?? []) as { backendRefs?: { weight?: unknown }[] }[]).flatMap(
    ({ backendRefs = [] }) => backendRefs,
  );
  const bad = refs.find(
    ({ weight }) =>
      weight !== undefined && !(Number.isInteger(weight) && Number(weight) >= 0 && Number(weight) <= 1_000_000),
  );
  return bad && 'spec.rules.backendRefs.weight: Invalid value';
}

/** A JSON merge patch (RFC 7386). */
function merged(target: unknown, change: unknown): unknown {
  if (typeof change !== 'object' || change === null || Array.isArray(change)) return change;
  const result: Json = typeof target === 'object' && target !== null && !Array.isArray(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(change)) {
    if (value === null) delete result[key];
    else result[key] = merged(result[key], value);
  }
  return result;
}
