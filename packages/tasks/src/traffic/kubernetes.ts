import { TaskError } from '@maintenance-tasks/core';
import {
  createKubernetes,
  isConflict,
  type Kubernetes,
  type KubernetesAccess,
  type ObjectMeta,
} from '@maintenance-tasks/services/kubernetes/client';
import { noteOf, planReturn, planShift, type Shift, type ShiftPlan, type Values } from './kubernetes-plan.ts';
import type { TargetOf } from './schema.ts';
import { type Context, NOTHING_TO_DO, type Plan, type Problem, type Site, waitUntil } from './site.ts';

export type KubernetesTarget = TargetOf<'kubernetes-service' | 'kubernetes-ingress' | 'kubernetes-route'>;

export interface KubernetesObject {
  readonly metadata: ObjectMeta & { readonly generation?: number };
}

/** One kind of object that leads traffic, and what of it decides where. */
export interface Router<Item extends KubernetesObject> {
  /** `Service`, for messages. */
  readonly kind: string;
  readonly group: string;
  readonly resource: string;
  readonly name: string;
  readonly path: string;
  read(item: Item, keys: readonly string[]): Values;
  /** The part of a merge patch that sets the values. */
  write(item: Item, values: Values): { readonly annotations?: Values; readonly spec?: object };
  /** The values while drained, or why there are none. */
  wanted(item: Item): { readonly values: Values; readonly problems: readonly Problem[] };
  /** Why the traffic cannot go where the values lead it. */
  unready(item: Item, values: Values): Promise<readonly Problem[]>;
  /** What is still awaited once the values are set; nothing when it is done. */
  awaited(item: Item): Promise<string | undefined>;
  notes(item: Item): readonly string[];
}

export const ANNOTATION = 'maintenance-tasks/traffic';
const SYSTEM = 'Kubernetes';
const ATTEMPTS = 5;
const LOOK_EVERY = 2_000;

/** One object of a cluster; the note is an annotation, set by the same patch as what it remembers. */
export function kubernetesSite(context: Context, access: KubernetesAccess, target: KubernetesTarget): Site {
  let opened: Promise<{ cluster: Kubernetes; router: Router<KubernetesObject> }> | undefined;
  const open = () => {
    opened ??= (async () => {
      const cluster = await createKubernetes(context, access, target.context);
      return { cluster, router: await routerOf(cluster, target) };
    })();
    return opened;
  };

  async function found() {
    const { cluster, router } = await open();
    const item = await cluster.get<KubernetesObject>(router.path);
    return {
      cluster,
      router,
      item,
      what: `${router.kind} ${target.namespace}/${router.name}`,
      id: idOf(cluster, router),
    };
  }

  const idOf = (cluster: Kubernetes, router: Router<KubernetesObject>) =>
    `traffic:kubernetes:${cluster.host}:${router.resource}:${target.namespace}/${router.name}`;

  async function planned(plan: Planner, ready: boolean): Promise<Plan> {
    const { cluster, router, item, what, id } = await found();
    if (!item) return { ...NOTHING_TO_DO, problems: [absent(what, cluster)] };
    const first = plan(router, item, what);
    const problems = [...first.problems];
    if (problems.length === 0 && first.shift) problems.push(...(await router.unready(item, first.shift.values)));
    const { shift, state } = first;
    return {
      changes: shift ? [{ id, what, before: shift.before, after: shift.after }] : [],
      problems,
      drained: state === 'drained' ? [what] : [],
      leftAlone: ready && state === 'left alone' && problems.length === 0 ? [what] : [],
      notes: ready && shift ? router.notes(item) : [],
      async carryOut() {
        if (shift) await change(context, cluster, router, plan, what);
        if (shift) context.report.changed(id);
        if (shift || state === 'drained') await settle(context, cluster, router, what);
        if (shift) context.report.verified(id);
      },
    };
  }

  return {
    name: `${SYSTEM} ${target.namespace}`,

    planDrain: (session) =>
      planned((router, item, what) => {
        const { values, problems } = router.wanted(item);
        if (problems.length > 0) return { problems, state: 'left alone' };
        return planShift(what, (keys) => router.read(item, keys), textOf(item), values, session);
      }, true),

    planRollOut: (session) =>
      planned(
        (router, item, what) => planReturn(what, (keys) => router.read(item, keys), textOf(item), session),
        false,
      ),

    async standings() {
      const { router, item, what } = await found();
      const values = item && router.read(item, Object.keys(router.wanted(item).values));
      const stands = values && Object.entries(values).map(([key, value]) => `${key}: ${value ?? 'not set'}`);
      return [
        {
          system: SYSTEM,
          what,
          stands: stands?.join(', ') ?? 'not there',
          session: (item && noteOf(textOf(item))?.session) ?? '',
        },
      ];
    },

    async accessProblems() {
      const { cluster, router } = await open();
      const { group, resource, name } = router;
      const may = await cluster.may({ verb: 'patch', group, resource, namespace: target.namespace, name });
      return may
        ? []
        : [
            `The access to Kubernetes may not patch ${resource}${group ? ` (${group})` : ''} in the namespace ${target.namespace}.`,
          ];
    },
  };
}

type Planner = (router: Router<KubernetesObject>, item: KubernetesObject, what: string) => ShiftPlan;

async function routerOf(cluster: Kubernetes, target: KubernetesTarget): Promise<Router<KubernetesObject>> {
  switch (target.kind) {
    case 'kubernetes-service':
      return (await import('./kubernetes-service.ts')).serviceRouter(cluster, target) as Router<KubernetesObject>;
    case 'kubernetes-ingress':
      return (await import('./kubernetes-ingress.ts')).ingressRouter(cluster, target) as Router<KubernetesObject>;
    case 'kubernetes-route':
      return (await import('./kubernetes-route.ts')).routeRouter(cluster, target) as Router<KubernetesObject>;
  }
}

/** Plans on what stands at the moment, patches just that, and plans anew when somebody else was faster. */
async function change(
  context: Context,
  cluster: Kubernetes,
  router: Router<KubernetesObject>,
  plan: Planner,
  what: string,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const item = await cluster.get<KubernetesObject>(router.path);
    if (!item) throw meanwhile(what, [absent(what, cluster)]);
    const { problems, shift } = plan(router, item, what);
    if (problems.length > 0) throw meanwhile(what, problems);
    if (!shift) return;
    try {
      await cluster.patch<KubernetesObject>(router.path, patchOf(router, item, shift), (now) =>
        isCarriedOut(router, now, shift),
      );
      return;
    } catch (error) {
      if (!isConflict(error) || attempt === ATTEMPTS) throw error;
      context.log.info(`${what} was changed by somebody else at the same moment; reading it anew.`);
    }
  }
}

function patchOf(router: Router<KubernetesObject>, item: KubernetesObject, { values, note }: Shift): object {
  const { annotations, spec } = router.write(item, values);
  return {
    metadata: {
      resourceVersion: item.metadata.resourceVersion,
      annotations: { ...annotations, [ANNOTATION]: note },
    },
    ...(spec && { spec }),
  };
}

function isCarriedOut(router: Router<KubernetesObject>, now: KubernetesObject, { values, note }: Shift): boolean {
  const read = router.read(now, Object.keys(values));
  return Object.entries(values).every(([key, value]) => read[key] === value) && (textOf(now) ?? null) === note;
}

async function settle(
  context: Context,
  cluster: Kubernetes,
  router: Router<KubernetesObject>,
  what: string,
): Promise<void> {
  await waitUntil(context, LOOK_EVERY, async () => {
    const item = await cluster.get<KubernetesObject>(router.path);
    if (!item) throw meanwhile(what, [absent(what, cluster)]);
    return router.awaited(item);
  });
}

function textOf(item: KubernetesObject): string | undefined {
  return item.metadata.annotations?.[ANNOTATION];
}

function absent(what: string, cluster: Kubernetes): Problem {
  return { kind: 'input', text: `There is no ${what} in the cluster at ${cluster.host}.` };
}

function meanwhile(what: string, problems: readonly Problem[]): TaskError {
  return new TaskError('conflict', {
    what: `${what} was changed since the plan: ${problems.map(({ text }) => text).join(' ')}`,
    remedy: 'Look at it, then run the task again.',
  });
}
