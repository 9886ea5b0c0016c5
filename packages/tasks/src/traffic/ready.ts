import type { Kubernetes, ObjectMeta } from '@maintenance-tasks/services/kubernetes/client';
import type { Problem } from './site.ts';

interface Pod {
  readonly metadata: ObjectMeta & { readonly deletionTimestamp?: string };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

interface EndpointSlice {
  readonly endpoints?: readonly {
    readonly addresses?: readonly string[];
    /** What is left out means ready: https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/#conditions */
    readonly conditions?: { readonly ready?: boolean; readonly terminating?: boolean };
    readonly targetRef?: { readonly kind?: string; readonly name?: string };
  }[];
}

/** Names of the pods with all of these labels that are ready and not about to go. */
export async function readyPods(
  cluster: Kubernetes,
  namespace: string,
  labels: Readonly<Record<string, string>>,
): Promise<Set<string>> {
  const labelSelector = Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
  const names = await cluster.list<Pod, string>(`/api/v1/namespaces/${namespace}/pods`, { labelSelector }, (pod) => {
    const ready = pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True');
    return ready && !pod.metadata.deletionTimestamp ? pod.metadata.name : undefined;
  });
  return new Set(names);
}

/** What a Service leads to at the moment and is ready: names of pods, or addresses of what is no pod. */
export async function readyTargets(cluster: Kubernetes, namespace: string, service: string): Promise<Set<string>> {
  const labelSelector = `kubernetes.io/service-name=${service}`;
  const path = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`;
  const found = await cluster.list<EndpointSlice, string[]>(path, { labelSelector }, ({ endpoints = [] }) =>
    endpoints
      .filter(({ conditions }) => conditions?.ready !== false && conditions?.terminating !== true)
      .flatMap(({ targetRef, addresses = [] }) => (targetRef?.kind === 'Pod' ? (targetRef.name ?? []) : addresses)),
  );
  // A Service of two address families has a slice for each, with the same pods.
  return new Set(found.flat());
}

/** The Services among these that are not fit to get traffic, each as a problem. */
export async function tooFewReady(
  cluster: Kubernetes,
  namespace: string,
  services: Iterable<string>,
  minimum: number,
): Promise<Problem[]> {
  const problems: Problem[] = [];
  for (const service of new Set(services)) {
    const { size } = await readyTargets(cluster, namespace, service);
    if (size < minimum)
      problems.push({
        kind: 'refused',
        text: `The Service ${namespace}/${service} would get traffic with ${size} ready endpoints, and minimum-healthy is ${minimum}.`,
      });
  }
  return problems;
}
