import type { z } from 'zod';
import type { dataFactorySeed } from '../stand-ins/data-factory.ts';
import type { kubernetesSeed } from '../stand-ins/kubernetes.ts';
import type { rundeckSeed } from '../stand-ins/rundeck.ts';
import type { Known, Note } from './assume.ts';
import { routedNamespaces } from './traffic.ts';

type Kubernetes = z.input<typeof kubernetesSeed>;
type DataFactory = z.input<typeof dataFactorySeed>;
type Rundeck = z.input<typeof rundeckSeed>;

/** A cluster that knows every token that is for one, those that stand in a kubeconfig included. */
export function kubernetesOf(known: Known, note: Note, written: Kubernetes | undefined): Kubernetes[] {
  const { madeUp } = known;
  const inFiles = (madeUp.byKind.kubeconfig ?? []).flatMap((text) => /token: (\S+)/.exec(text)?.[1] ?? []);
  const tokens = [...(madeUp.byKind['kubernetes-token'] ?? []), ...inFiles].map((token) => ({ token }));
  if (tokens.length === 0 && !written) return [];
  const given = written?.tokens ?? [];
  const fresh = tokens.filter(({ token }) => !given.some((each) => each.token === token));
  const namespaces = { ...withCronJobs(routedNamespaces(known, note), known, note), ...written?.namespaces };
  return [{ ...written, namespaces, ...(given.length + fresh.length > 0 && { tokens: [...given, ...fresh] }) }];
}

type Namespaces = NonNullable<Kubernetes['namespaces']>;

/** The CronJobs that the window names, all of them active. */
function withCronJobs(namespaces: Namespaces, { window, file }: Known, note: Note): Namespaces {
  const all = { ...namespaces };
  for (const entry of window?.jobs ?? []) {
    if (entry.kind !== 'kubernetes' || !entry.cronjobs) continue;
    const cronjobs = entry.cronjobs.map((name) => ({ name }));
    all[entry.namespace] = {
      ...all[entry.namespace],
      cronjobs: [...(all[entry.namespace]?.cronjobs ?? []), ...cronjobs],
    };
    if (!file.systems.kubernetes?.namespaces?.[entry.namespace])
      note(`the namespace ${entry.namespace} has the CronJobs ${entry.cronjobs.join(', ')}, which run every hour.`);
  }
  return all;
}

/** Which triggers a factory has only the rehearsal file can say. */
export function dataFactoryOf(_known: Known, _note: Note, written: DataFactory | undefined): DataFactory[] {
  return written ? [written] : [];
}

export function rundeckOf({ madeUp }: Known, _note: Note, written: Rundeck | undefined): Rundeck[] {
  const [token] = madeUp.byKind['rundeck-token'] ?? [];
  return token || written ? [{ ...(token && { token }), ...written }] : [];
}
