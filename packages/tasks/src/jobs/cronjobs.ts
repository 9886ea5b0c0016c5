import {
  type DamagedNote,
  decodeUndoNote,
  encodeUndoNote,
  inParallel,
  TaskError,
  type UndoNote,
} from '@maintenance-tasks/core';
import {
  createKubernetes,
  isConflict,
  type Kubernetes,
  type KubernetesAccess,
  type ObjectMeta,
} from '@maintenance-tasks/services/kubernetes/client';
import { AT_ONCE, type Context, type Job, type Scheduler } from './scheduler.ts';
import type { EntryOf } from './schema.ts';

/** Annotations of all objects together may have 256 KiB. */
const LONGEST_NOTE = 1_024;
const ANNOTATION = 'maintenance-tasks/jobs';
/** Beyond these one list of the namespace is cheaper than asking for each. */
const MOST_ASKED_BY_NAME = 25;
const ATTEMPTS = 5;

interface CronJob {
  readonly metadata: ObjectMeta;
  readonly spec: { readonly suspend?: boolean };
}

interface RunningJob {
  readonly metadata: ObjectMeta;
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

/** Of a CronJob what is needed, so that a thousand of them are small. */
interface Seen {
  readonly name: string;
  readonly uid: string;
  readonly version: string;
  readonly suspended: boolean;
  readonly text: string | undefined;
}

/** CronJobs of one namespace; the note is an annotation, set by the same patch as spec.suspend. */
export async function cronjobs(
  context: Context,
  access: KubernetesAccess,
  entry: EntryOf<'kubernetes'>,
): Promise<Scheduler> {
  const cluster = await createKubernetes(context, access, entry.context);
  const { namespace } = entry;
  const path = `/apis/batch/v1/namespaces/${namespace}/cronjobs`;
  const byName = entry.cronjobs && entry.cronjobs.length <= MOST_ASKED_BY_NAME ? entry.cronjobs : undefined;

  const list = (query: Record<string, string>, keep: (seen: Seen) => boolean) =>
    cluster.list<CronJob, Seen>(path, query, (item) => {
      const seen = seenOf(item);
      return keep(seen) ? seen : undefined;
    });

  async function namedSeen(): Promise<Seen[]> {
    if (entry.selector) {
      const found = await list({ labelSelector: entry.selector }, () => true);
      if (found.length === 0) throw absent(`no CronJob with the labels ${entry.selector}`, cluster, namespace);
      return found;
    }
    const names = entry.cronjobs ?? [];
    const found = byName ? await ask(byName) : await list({}, ({ name }) => names.includes(name));
    const missing = names.filter((name) => !found.some((seen) => seen.name === name));
    if (missing.length > 0) throw absent(`no CronJob ${missing.join(', ')}`, cluster, namespace);
    return found;
  }

  async function ask(names: readonly string[]): Promise<Seen[]> {
    const found = await inParallel(names, AT_ONCE, (name) => cluster.get<CronJob>(`${path}/${name}`));
    return found.flatMap((item) => (item ? [seenOf(item)] : []));
  }

  const jobOf = (seen: Seen): Job => {
    const shown = `${namespace}/${seen.name}`;
    return {
      id: idOf(cluster, namespace, seen.name),
      what: `CronJob ${shown}`,
      paused: seen.suspended,
      stands: seen.suspended ? 'suspended' : 'active',
      note: noteOf(seen),
      notedBeforehand: false,
      pause: (session) => suspend(cluster, path, seen, session),
      resume: () => resume(context, cluster, path, seen, entry.missed),
    };
  };

  return {
    name: `Kubernetes ${cluster.host}, namespace ${namespace}`,
    named: async () => (await namedSeen()).map(jobOf),

    async marked(also) {
      const wanted = (seen: Seen) =>
        noteOf(seen) !== undefined || also?.has(idOf(cluster, namespace, seen.name)) === true;
      // By the whole namespace, not by the selector: labels may have been changed meanwhile.
      const found = byName ? (await ask(byName)).filter(wanted) : await list({}, wanted);
      return found.map(jobOf);
    },

    async running() {
      const owners = new Map((await namedSeen()).map(({ uid, name }) => [uid, name]));
      return cluster.list<RunningJob, string>(`/apis/batch/v1/namespaces/${namespace}/jobs`, {}, (job) => {
        const owner = job.metadata.ownerReferences?.find(({ uid }) => owners.has(uid));
        if (!owner || isFinished(job)) return undefined;
        return `Job ${namespace}/${job.metadata.name} of the CronJob ${owners.get(owner.uid)}`;
      });
    },

    async denied() {
      const common = { group: 'batch', resource: 'cronjobs', namespace, ...(byName?.[0] && { name: byName[0] }) };
      const may = await cluster.may({ ...common, verb: 'patch' });
      const maySkip =
        entry.missed === 'latest' || (await cluster.may({ ...common, verb: 'patch', subresource: 'status' }));
      return [
        ...(may ? [] : [`The access to Kubernetes may not patch cronjobs (batch) in the namespace ${namespace}.`]),
        ...(maySkip
          ? []
          : [
              `The access to Kubernetes may not patch cronjobs/status (batch) in the namespace ${namespace}, which keeps missed runs from starting on resume; grant it, or write missed: latest.`,
            ]),
      ];
    },
  };
}

async function suspend(cluster: Kubernetes, path: string, seen: Seen, session: string): Promise<void> {
  const text = encodeUndoNote({ session, state: { suspend: false } }, LONGEST_NOTE);
  await changed<CronJob>(
    cluster,
    `${path}/${seen.name}`,
    seen,
    (resourceVersion) => ({
      metadata: { resourceVersion, annotations: { [ANNOTATION]: text } },
      spec: { suspend: true },
    }),
    (now) => now.spec.suspend === true && now.metadata.annotations?.[ANNOTATION] === text,
  );
}

/**
 * The controller starts the latest run that was missed since status.lastScheduleTime, for each CronJob and all at once
 * (kubernetes/kubernetes pkg/controller/cronjob/utils.go). A short startingDeadlineSeconds would keep it from that, and
 * would have to stay until the next regular run, however far away. Told that the last schedule is now, it has missed
 * nothing.
 */
async function resume(
  context: Context,
  cluster: Kubernetes,
  path: string,
  seen: Seen,
  missed: 'skip' | 'latest',
): Promise<void> {
  let current = seen;
  if (missed === 'skip' && seen.suspended) {
    const lastScheduleTime = `${context.clock.now().toISOString().slice(0, 19)}Z`;
    const told = await changed<CronJob & { readonly status?: { readonly lastScheduleTime?: string } }>(
      cluster,
      `${path}/${seen.name}/status`,
      seen,
      (resourceVersion) => ({ metadata: { resourceVersion }, status: { lastScheduleTime } }),
      (now) => now.status?.lastScheduleTime === lastScheduleTime,
    );
    current = seenOf(told);
  }
  await changed<CronJob>(
    cluster,
    `${path}/${seen.name}`,
    current,
    (resourceVersion) => ({
      metadata: { resourceVersion, annotations: { [ANNOTATION]: null } },
      ...(seen.suspended && { spec: { suspend: false } }),
    }),
    (now) => now.spec.suspend !== true && now.metadata.annotations?.[ANNOTATION] === undefined,
  );
}

/**
 * Patches what still stands as it was seen. The controller changes the object, too (its status, with every run): then
 * only the version is new, and the patch is sent again with that.
 */
async function changed<Item extends CronJob>(
  cluster: Kubernetes,
  path: string,
  seen: Seen,
  change: (resourceVersion: string) => object,
  landed: (now: Item) => boolean,
): Promise<Item> {
  let { version } = seen;
  for (let attempt = 1; ; attempt++) {
    try {
      return await cluster.patch<Item>(path, change(version), landed);
    } catch (error) {
      if (!isConflict(error) || attempt === ATTEMPTS) throw error;
      const now = await cluster.get<Item>(path);
      if (!now) throw drifted(seen, 'gone');
      const current = seenOf(now);
      if (current.suspended !== seen.suspended || current.text !== seen.text) throw drifted(seen, shownOf(current));
      version = current.version;
    }
  }
}

function drifted(seen: Seen, now: string): TaskError {
  return new TaskError('conflict', {
    what: `Was ${shownOf(seen)} when the plan was made, and is ${now} now.`,
    remedy: 'Somebody else changed it: look at it, then run the task again.',
  });
}

function shownOf({ suspended, text }: Seen): string {
  const session = decodeUndoNote(text)?.session;
  return `${suspended ? 'suspended' : 'active'}${session ? ` with a note of the session ${session}` : ''}`;
}

function seenOf({ metadata, spec }: CronJob): Seen {
  return {
    name: metadata.name,
    uid: metadata.uid,
    version: metadata.resourceVersion,
    suspended: spec.suspend === true,
    text: metadata.annotations?.[ANNOTATION],
  };
}

/** Whatever stands in our annotation is a note of ours, if only a damaged one. */
function noteOf({ text }: Seen): UndoNote | DamagedNote | undefined {
  return text === undefined ? undefined : (decodeUndoNote(text) ?? { session: 'unknown', damaged: true });
}

function isFinished({ status }: RunningJob): boolean {
  return (status?.conditions ?? []).some(
    ({ type, status: is }) => (type === 'Complete' || type === 'Failed') && is === 'True',
  );
}

function idOf(cluster: Kubernetes, namespace: string, name: string): string {
  return `kubernetes ${cluster.host} ${namespace}/${name}`;
}

function absent(what: string, cluster: Kubernetes, namespace: string): TaskError {
  return new TaskError('input', {
    what: `There is ${what} in the namespace ${namespace} of ${cluster.host}.`,
    remedy: 'Check the names, the namespace and the context.',
  });
}
