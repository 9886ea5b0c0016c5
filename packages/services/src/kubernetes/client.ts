import { type HttpAnswer, type HttpRequest, TaskError } from '@maintenance-tasks/core';
import { type AccessContext, clusterOf, type Identity, type KubernetesAccess } from './access.ts';
import { statusError } from './status.ts';

export type { KubernetesAccess } from './access.ts';

const SYSTEM = 'Kubernetes';
/** As kubectl's own chunks. */
const PAGE = 500;
const MOST_RESTARTS = 3;
/** In the object's managedFields, so that people find who changed it. */
const MANAGER = 'fieldManager=maintenance-tasks';

/** What every object has, as far as tasks look at it. */
export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid: string;
  /** Changes with every change of the object; sent back, it makes a write fail that others came before. */
  readonly resourceVersion: string;
  readonly creationTimestamp: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly { readonly kind: string; readonly name: string; readonly uid: string }[];
}

export interface Permission {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
}

export interface Kubernetes {
  /** Host of the API server, for messages. */
  readonly host: string;
  /** Nothing when there is no such object. */
  get<Item>(path: string): Promise<Item | undefined>;
  /**
   * Reads a list page by page and keeps of each item what `keep` returns, so that memory does not grow with the objects.
   *
   * @param query `labelSelector`, `fieldSelector`
   */
  list<Item, Kept>(
    path: string,
    query: Readonly<Record<string, string>>,
    keep: (item: Item) => Kept | undefined,
  ): Promise<Kept[]>;
  /**
   * Changes an object by a JSON merge patch (RFC 7386). With `metadata.resourceVersion` in it, it fails with a TaskError
   * `conflict` when somebody else was faster. `landed` tells by the object whether a patch whose answer was lost was
   * carried out.
   */
  patch<Item>(path: string, change: object, landed: (now: Item) => boolean): Promise<Item>;
  /** Creates an object; `landed` finds it when the answer was lost. */
  create<Item>(path: string, item: object, landed: () => Promise<Item | undefined>): Promise<Item>;
  /** Whether we may do that; asked of the cluster itself, which allows everybody to ask about themselves. */
  may(permission: Permission): Promise<boolean>;
}

/**
 * A client of one cluster's API, for any kind of object.
 *
 * @param name context of the kubeconfig; the current one unless told
 * @throws TaskError `input` when the access cannot be used
 */
export async function createKubernetes(
  context: AccessContext,
  access: KubernetesAccess,
  name?: string,
): Promise<Kubernetes> {
  const { http } = context;
  const cluster = await clusterOf(context, access, name);
  const { host } = new URL(cluster.server);

  const requestAs = (
    identity: Identity,
    request: Pick<HttpRequest, 'method' | 'json' | 'repeatable'>,
    path: string,
  ) => ({
    system: SYSTEM,
    ...request,
    url: `${cluster.server}${path}`,
    headers: {
      ...(identity.token && { authorization: `Bearer ${identity.token}` }),
      ...(request.method === 'PATCH' && { 'content-type': 'application/merge-patch+json' }),
    },
    ...(identity.tls && { tls: identity.tls }),
  });

  /** A token may end between two calls: once, a new one is asked for. What was refused was not carried out. */
  async function signedIn(work: (identity: Identity) => Promise<HttpAnswer>): Promise<HttpAnswer> {
    const identity = await cluster.identity();
    const answer = await work(identity);
    if (answer.status !== 401) return answer;
    const renewed = await cluster.identity(identity);
    return renewed.token === identity.token && renewed.tls === identity.tls ? answer : work(renewed);
  }

  const ask = (path: string) => signedIn((identity) => http.send(requestAs(identity, { method: 'GET' }, path)));

  /** Sends what must not be carried out twice. */
  async function write<Item>(
    method: 'POST' | 'PATCH',
    path: string,
    json: object,
    landed: () => Promise<Item | undefined>,
  ): Promise<Item> {
    let found: Item | undefined;
    const answer = await signedIn((identity) =>
      http.write<HttpAnswer>(
        requestAs(identity, { method, json }, path),
        (given) => given,
        async () => {
          found = await landed();
          return found === undefined ? undefined : LANDED;
        },
      ),
    );
    if (found !== undefined) return found;
    return accepted(answer, path).json() as Item;
  }

  function accepted(answer: HttpAnswer, path: string): HttpAnswer {
    if (answer.status >= 200 && answer.status < 300) return answer;
    throw statusError(answer, host, path);
  }

  async function get<Item>(path: string): Promise<Item | undefined> {
    const answer = await ask(path);
    return answer.status === 404 ? undefined : (accepted(answer, path).json() as Item);
  }

  return {
    host,
    get,

    async list<Item, Kept>(
      path: string,
      query: Readonly<Record<string, string>>,
      keep: (item: Item) => Kept | undefined,
    ) {
      for (let restarts = 0; ; restarts++) {
        const kept: Kept[] = [];
        let next: string | undefined = '';
        while (next !== undefined) {
          const parameters = new URLSearchParams({ ...query, limit: String(PAGE), ...(next && { continue: next }) });
          const answer = await ask(`${path}?${parameters}`);
          // The snapshot that pages are read from is kept for minutes only; half of two lists is no list.
          if (answer.status === 410 && restarts < MOST_RESTARTS) break;
          const page = accepted(answer, path).json() as Page<Item>;
          for (const item of page.items ?? []) {
            const one = keep(item);
            if (one !== undefined) kept.push(one);
          }
          next = page.metadata?.continue || undefined;
        }
        if (next === undefined) return kept;
      }
    },

    patch: <Item>(path: string, change: object, landed: (now: Item) => boolean) =>
      write<Item>('PATCH', `${path}?${MANAGER}`, change, async () => {
        const now = await get<Item>(path);
        return now !== undefined && landed(now) ? now : undefined;
      }),

    create: (path, item, landed) => write('POST', `${path}?${MANAGER}`, item, landed),

    async may({ verb, group, resource, subresource, namespace, name: object }) {
      const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
      const resourceAttributes = { verb, group, resource, subresource, namespace, name: object };
      const json = {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectAccessReview',
        spec: { resourceAttributes },
      };
      // It creates nothing, in spite of its method.
      const answer = await signedIn((identity) =>
        http.send(requestAs(identity, { method: 'POST', json, repeatable: true }, path)),
      );
      return (accepted(answer, path).json() as { status?: { allowed?: boolean } }).status?.allowed === true;
    },
  };
}

interface Page<Item> {
  readonly metadata?: { readonly continue?: string };
  readonly items?: readonly Item[];
}

/** Stands for the answer that was lost. */
const LANDED: HttpAnswer = { status: 200, headers: {}, text: '', json: () => undefined, quote: String };

/** Whether somebody else's change came first: what was read is old. */
export function isConflict(error: unknown): boolean {
  return error instanceof TaskError && error.kind === 'conflict';
}
