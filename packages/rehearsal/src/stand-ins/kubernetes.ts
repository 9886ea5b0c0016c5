import { ANY_UNDO_MARK } from '@maintenance-tasks/core';
import { z } from 'zod';
import type { StandIn, StandInAnswer, StandInRequest, StandInWorld } from '../stand-in.ts';
import { latestDue } from './cron-schedule.ts';
import { objectIn } from './json-body.ts';
import { allows, failure, rfc3339, rule, selector, type Token } from './kubernetes-api.ts';
import { routedObjects, routedSeed } from './kubernetes-routed.ts';

/** What the tasks that work on a cluster need between them. */
const RULES = [
  { verbs: ['get', 'list', 'patch'], resources: ['cronjobs', 'cronjobs/status'] },
  { verbs: ['list'], resources: ['jobs'] },
  { verbs: ['get', 'list', 'patch'], resources: ['services', 'ingresses', 'httproutes'] },
  { verbs: ['list'], resources: ['pods', 'endpointslices'] },
];

const cronjob = z.strictObject({
  name: z.string(),
  schedule: z.string().default('0 * * * *').describe('Five fields, in UTC.'),
  suspend: z.boolean().default(false),
  labels: z.record(z.string(), z.string()).default({}),
  annotations: z.record(z.string(), z.string()).default({}),
  'starting-deadline': z.int().positive().optional().describe('startingDeadlineSeconds.'),
  'runs-for': z.int().min(0).default(60).describe('Seconds that each of its jobs takes.'),
  running: z.int().min(0).default(0).describe('Jobs of it that run at the start.'),
});

export const kubernetesSeed = z.strictObject({
  host: z.string().default('k8s.example.com').describe('Host of the API server; any port.'),
  tokens: z
    .array(
      z.strictObject({
        token: z.string(),
        user: z.string().default('system:serviceaccount:maintenance:pipeline'),
        rules: z.array(rule).prefault(RULES).describe('What its roles allow.'),
      }),
    )
    .prefault([{ token: 'kubernetes-token' }])
    .describe('Bearer tokens it knows.'),
  namespaces: z
    .record(z.string(), z.strictObject({ cronjobs: z.array(cronjob).default([]), ...routedSeed }))
    .default({})
    .describe('What is in which namespace.'),
  'lists-kept-for': z.int().min(0).default(300).describe('Seconds after which the rest of a list is gone (410).'),
});

interface CronJob {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly created: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly takes: number;
  annotations: Record<string, string>;
  spec: { schedule: string; suspend: boolean; startingDeadlineSeconds?: number };
  lastScheduleTime: number | undefined;
  version: number;
}

interface Job {
  readonly name: string;
  readonly owner: CronJob;
  readonly started: number;
  /** Whether the controller started it during the rehearsal. */
  readonly byController: boolean;
}

const PATHS = {
  cronjobs: /^\/apis\/batch\/v1\/namespaces\/([^/]+)\/cronjobs(?:\/([^/]+))?(?:\/(status))?$/,
  jobs: /^\/apis\/batch\/v1\/namespaces\/([^/]+)\/jobs$/,
  review: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
};
const LARGEST_PAGE = 500;

/** A Kubernetes API server with the CronJob controller behind it: https://kubernetes.io/docs/reference/kubernetes-api/ */
export function kubernetesStandIn(given: z.input<typeof kubernetesSeed>, world: StandInWorld): StandIn {
  const seed = kubernetesSeed.parse(given);
  const now = () => world.now().getTime();
  const begun = now();
  let version = 1_000;
  const routed = routedObjects(seed.namespaces, { now, nextVersion: () => ++version, page });
  let cronjobs: CronJob[] | undefined;
  const jobs: Job[] = [];
  const lists = new Map<string, { readonly rows: readonly object[]; readonly at: number }>();

  function all(): CronJob[] {
    cronjobs ??= Object.entries(seed.namespaces).flatMap(([namespace, { cronjobs: rows }]) =>
      rows.map((row) => {
        const one: CronJob = {
          namespace,
          name: row.name,
          uid: `${namespace}-${row.name}`,
          created: begun,
          labels: row.labels,
          takes: row['runs-for'] * 1_000,
          annotations: { ...row.annotations },
          spec: {
            schedule: row.schedule,
            suspend: row.suspend,
            ...(row['starting-deadline'] && { startingDeadlineSeconds: row['starting-deadline'] }),
          },
          lastScheduleTime: begun,
          version: ++version,
        };
        for (let number = 1; number <= row.running; number++)
          jobs.push({ name: `${row.name}-${number}`, owner: one, started: begun, byController: false });
        return one;
      }),
    );
    return cronjobs;
  }

  /** As the controller does: of all runs that are due since the last one, it starts the latest. */
  function control(one: CronJob): void {
    if (one.spec.suspend) return;
    const deadline = one.spec.startingDeadlineSeconds;
    const since = Math.max(one.lastScheduleTime ?? one.created, deadline ? now() - deadline * 1_000 : 0);
    const due = latestDue(one.spec.schedule, since, now());
    if (due === undefined) return;
    jobs.push({ name: `${one.name}-${due / 60_000}`, owner: one, started: now(), byController: true });
    one.lastScheduleTime = due;
    one.version = ++version;
  }

  const isOver = ({ started, owner }: Job) => now() >= started + owner.takes;

  function shown(one: CronJob) {
    return {
      metadata: {
        name: one.name,
        namespace: one.namespace,
        uid: one.uid,
        resourceVersion: String(one.version),
        creationTimestamp: rfc3339(one.created),
        labels: one.labels,
        annotations: one.annotations,
      },
      spec: one.spec,
      status: one.lastScheduleTime === undefined ? {} : { lastScheduleTime: rfc3339(one.lastScheduleTime) },
    };
  }

  function shownJob(job: Job) {
    return {
      metadata: {
        name: job.name,
        namespace: job.owner.namespace,
        uid: `job-${job.name}`,
        resourceVersion: String(version),
        creationTimestamp: rfc3339(job.started),
        ownerReferences: [{ kind: 'CronJob', name: job.owner.name, uid: job.owner.uid, controller: true }],
      },
      status: isOver(job) ? { conditions: [{ type: 'Complete', status: 'True' }], succeeded: 1 } : { active: 1 },
    };
  }

  function patch(one: CronJob, part: string | undefined, request: StandInRequest): StandInAnswer {
    const type = request.headers['content-type'] ?? '';
    if (type !== 'application/merge-patch+json')
      return failure(415, 'UnsupportedMediaType', `the body of the request was in an unknown format: ${type}`);
    const change = objectIn(request.body) as Change | undefined;
    if (!change) return failure(400, 'BadRequest', 'error decoding patch');
    const expected = change.metadata?.resourceVersion;
    if (expected !== undefined && expected !== String(one.version))
      return failure(
        409,
        'Conflict',
        `Operation cannot be fulfilled on cronjobs.batch "${one.name}": the object has been modified; please apply your changes to the latest version and try again`,
      );
    // Each of the two paths passes over what belongs to the other, and says nothing.
    if (part === 'status') {
      const time = change.status?.lastScheduleTime;
      if (typeof time === 'string' && !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(time))
        return failure(400, 'BadRequest', `parsing time ${JSON.stringify(time)}`);
      if (typeof time === 'string') one.lastScheduleTime = Date.parse(time);
    } else {
      const suspend = change.spec?.suspend;
      if (suspend !== undefined && typeof suspend !== 'boolean')
        return failure(422, 'Invalid', `CronJob.batch "${one.name}" is invalid: spec.suspend: Invalid value`);
      for (const [name, value] of Object.entries(change.metadata?.annotations ?? {})) {
        if (value === null) delete one.annotations[name];
        else one.annotations[name] = String(value);
      }
      if (suspend !== undefined) one.spec = { ...one.spec, suspend };
    }
    one.version = ++version;
    const answer = { status: 200, body: shown(one) };
    control(one);
    return answer;
  }

  function page(rows: () => readonly object[], url: URL): StandInAnswer {
    const limit = Math.min(Number(url.searchParams.get('limit') ?? LARGEST_PAGE) || LARGEST_PAGE, LARGEST_PAGE);
    const [id, offset] = (url.searchParams.get('continue') ?? '').split(':');
    const kept = id ? lists.get(id) : { rows: rows(), at: now() };
    if (!kept || now() - kept.at > seed['lists-kept-for'] * 1_000)
      return failure(410, 'Expired', 'The provided continue parameter is too old to display a consistent list result.');
    const start = Number(offset ?? 0);
    const more = start + limit < kept.rows.length;
    const name = id || String(++version);
    if (more) lists.set(name, kept);
    return {
      status: 200,
      body: {
        metadata: { resourceVersion: String(version), ...(more && { continue: `${name}:${start + limit}` }) },
        items: kept.rows.slice(start, start + limit),
      },
    };
  }

  function review(token: Token, request: StandInRequest): StandInAnswer {
    const spec = objectIn(request.body)?.spec as { resourceAttributes?: Attributes } | undefined;
    const { verb = '', resource = '', subresource, namespace = '' } = spec?.resourceAttributes ?? {};
    const wanted = subresource ? `${resource}/${subresource}` : resource;
    return {
      status: 201,
      body: { kind: 'SelfSubjectAccessReview', status: { allowed: allows(token, verb, wanted, namespace) } },
    };
  }

  function carryOut(token: Token, request: StandInRequest): StandInAnswer {
    const { method, url } = request;
    if (url.pathname === PATHS.review && method === 'POST') return review(token, request);
    const [, namespaceOfJobs] = PATHS.jobs.exec(url.pathname) ?? [];
    const [, namespaceOfCronJobs, name, part] = PATHS.cronjobs.exec(url.pathname) ?? [];
    const namespace = namespaceOfJobs ?? namespaceOfCronJobs;
    if (!namespace && routed.owns(url.pathname)) return routed.answer(token, request);
    if (!namespace) return failure(404, 'NotFound', 'the server could not find the requested resource');
    const resource = namespaceOfJobs ? 'jobs' : part ? `cronjobs/${part}` : 'cronjobs';
    const verb = method === 'PATCH' ? 'patch' : name ? 'get' : 'list';
    if (!allows(token, verb, resource, namespace))
      return failure(
        403,
        'Forbidden',
        `${resource.replace('/status', '')}.batch is forbidden: User "${token.user}" cannot ${verb} resource "${resource}" in API group "batch" in the namespace "${namespace}"`,
      );
    const own = all().filter((one) => one.namespace === namespace);
    if (namespaceOfJobs) {
      for (const one of own) control(one);
      return page(() => jobs.filter(({ owner }) => owner.namespace === namespace).map(shownJob), url);
    }
    if (!name) {
      const selected = selector(url.searchParams.get('labelSelector') ?? '');
      if (!selected) return failure(400, 'BadRequest', 'unable to parse requirement');
      return page(() => {
        for (const one of own) control(one);
        return own.filter(({ labels }) => selected(labels)).map(shown);
      }, url);
    }
    const one = own.find((each) => each.name === name);
    if (!one) return failure(404, 'NotFound', `cronjobs.batch "${name}" not found`);
    control(one);
    if (method === 'PATCH') return patch(one, part, request);
    return method === 'GET' ? { status: 200, body: shown(one) } : failure(405, 'MethodNotAllowed', 'not allowed');
  }

  return {
    name: 'Kubernetes',
    hosts: [seed.host],
    answer(request) {
      const bearer = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
      const token = seed.tokens.find((each) => each.token === bearer);
      if (bearer === undefined && !token)
        return failure(
          403,
          'Forbidden',
          `User "system:anonymous" cannot ${request.method.toLowerCase()} path "${request.url.pathname}"`,
        );
      return token ? carryOut(token, request) : failure(401, 'Unauthorized', 'Unauthorized');
    },
    state: () => {
      for (const one of all()) control(one);
      return {
        cronjobs: all().map(({ namespace, name, spec, annotations }) => ({
          name: `${namespace}/${name}`,
          now: spec.suspend ? 'suspended' : 'active',
          ...(Object.keys(annotations).length > 0 && { annotations: { ...annotations } }),
        })),
        'jobs started': jobs
          .filter(({ byController }) => byController)
          .map(({ owner, name }) => `${owner.namespace}/${name}`),
        ...routed.state(),
      };
    },
    leftovers: () => [
      ...all()
        .filter(({ annotations }) => Object.values(annotations).some((value) => value.includes(ANY_UNDO_MARK)))
        .map(
          ({ namespace, name, spec }) =>
            `CronJob ${namespace}/${name} is ${spec.suspend ? 'suspended' : 'active'} and carries a note`,
        ),
      ...routed.leftovers(),
    ],
  };
}

interface Change {
  readonly metadata?: { readonly resourceVersion?: string; readonly annotations?: Readonly<Record<string, unknown>> };
  readonly spec?: { readonly suspend?: unknown };
  readonly status?: { readonly lastScheduleTime?: unknown };
}

interface Attributes {
  readonly verb?: string;
  readonly resource?: string;
  readonly subresource?: string;
  readonly namespace?: string;
}
