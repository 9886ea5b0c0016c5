import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { type AnyContext, messageOf, TaskError, type TlsIdentity } from '@maintenance-tasks/core';
import { type ExecCredential, runExecPlugin } from './exec-plugin.ts';
import { type KubeContext, type Material, readKubeconfig } from './kubeconfig.ts';

/** How to reach a cluster; with nothing given, as the pod that this runs in. */
export interface KubernetesAccess {
  /** Text of a kubeconfig. */
  readonly kubeconfig?: string | undefined;
  readonly kubeconfigFile?: string | undefined;
  readonly server?: string | undefined;
  readonly token?: string | undefined;
  readonly caFile?: string | undefined;
}

/** What of a task the access needs. */
export type AccessContext = Pick<AnyContext, 'http' | 'clock' | 'signal' | 'keepSecret' | 'workingFolder'>;

export interface Identity {
  readonly token?: string | undefined;
  readonly tls?: TlsIdentity | undefined;
}

/** A cluster, and who we are to it. */
export interface Cluster {
  readonly server: string;
  /** Kept for as long as it is good; `rejected` is one that the server did not accept. */
  identity(rejected?: Identity): Promise<Identity>;
}

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';
const REFRESH_EARLY = 60_000;

/**
 * The cluster that the access leads to. There is no silent fallback to ~/.kube/config or localhost: a window must not
 * change another cluster because a secret was not set.
 *
 * @param name context of the kubeconfig; the current one unless told
 * @throws TaskError `input` when what was given does not fit together or cannot be read
 */
export async function clusterOf(context: AccessContext, access: KubernetesAccess, name?: string): Promise<Cluster> {
  const given = [
    access.kubeconfig && 'kubeconfig',
    access.kubeconfigFile && 'kubeconfig-file',
    access.server && 'kubernetes-server',
  ].filter((each) => each);
  if (given.length > 1) throw unclear(`${given.join(' and ')} are given, and each names a cluster of its own`);
  if (!access.server && (access.token || access.caFile))
    throw unclear(`${access.token ? 'kubernetes-token' : 'kubernetes-ca-file'} is given without kubernetes-server`);
  if (access.server && !access.token) throw unclear('kubernetes-server is given without kubernetes-token');
  if (name !== undefined && !access.kubeconfig && !access.kubeconfigFile)
    throw unclear(`the context ${name} is named, and only a kubeconfig has contexts`);
  const kube = await contextOf(context, access, name);
  const cluster = createCluster(context, kube);
  return cluster;
}

async function contextOf(
  context: AccessContext,
  access: KubernetesAccess,
  name: string | undefined,
): Promise<KubeContext> {
  if (access.kubeconfig) return readKubeconfig(access.kubeconfig, { folder: context.workingFolder, context: name });
  if (access.kubeconfigFile) {
    const text = await contentOf({ file: access.kubeconfigFile });
    return readKubeconfig(text, { file: access.kubeconfigFile, folder: context.workingFolder, context: name });
  }
  if (access.server) {
    return {
      name: 'given',
      server: access.server,
      token: { text: access.token ?? '' },
      ...(access.caFile && { ca: { file: access.caFile } }),
    };
  }
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = '443' } = process.env;
  if (!host) {
    throw unclear('no cluster is given, and this does not run in a pod with a service account');
  }
  return {
    name: 'in cluster',
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    token: { file: `${SERVICE_ACCOUNT}/token` },
    ca: { file: `${SERVICE_ACCOUNT}/ca.crt` },
  };
}

async function createCluster(context: AccessContext, kube: KubeContext): Promise<Cluster> {
  const ca = kube.ca && (await contentOf(kube.ca));
  const cert = kube.clientCertificate && (await contentOf(kube.clientCertificate));
  const key = kube.clientKey && (await contentOf(kube.clientKey));
  if (key) context.keepSecret(key);
  const own = tlsOf(kube, { ca, cert, key });
  let kept: { readonly identity: Identity; readonly until: number } | undefined;
  let fetching: Promise<Identity> | undefined;

  async function fetchIdentity(): Promise<Identity> {
    if (!kube.exec) {
      // Read anew each time: the token of a service account is exchanged every hour.
      const token = kube.token && (await contentOf(kube.token)).trim();
      if (token) context.keepSecret(token);
      const rereads = kube.token !== undefined && 'file' in kube.token;
      kept = { identity: { token, tls: own }, until: rereads ? now() + REFRESH_EARLY : Number.POSITIVE_INFINITY };
      return kept.identity;
    }
    const given = await runExecPlugin(context, kube.exec, {
      server: kube.server,
      ca,
      tlsServerName: kube.tlsServerName,
    });
    if (given.token) context.keepSecret(given.token);
    if (given.key) context.keepSecret(given.key);
    kept = {
      identity: identityOf(given),
      until: (given.expires?.getTime() ?? Number.POSITIVE_INFINITY) - REFRESH_EARLY,
    };
    return kept.identity;
  }

  const now = () => context.clock.now().getTime();
  const identityOf = (given: ExecCredential): Identity => ({
    token: given.token,
    tls: given.cert ? tlsOf(kube, { ca, cert: given.cert, key: given.key }) : own,
  });
  return {
    server: kube.server.replace(/\/+$/, ''),
    async identity(rejected) {
      if (kept && kept.identity !== rejected && now() < kept.until) return kept.identity;
      // Many calls may find out at once that a new one is needed.
      fetching ??= fetchIdentity().finally(() => {
        fetching = undefined;
      });
      return fetching;
    },
  };
}

/** @throws TaskError `input` for what OpenSSL cannot read: otherwise it would fail at each connection, as if it were the network */
function tlsOf(
  kube: KubeContext,
  { ca, cert, key }: { readonly [part in 'ca' | 'cert' | 'key']?: string | undefined },
): TlsIdentity | undefined {
  if (!ca && !cert && !kube.tlsServerName) return undefined;
  const identity = {
    ...(ca && { ca }),
    ...(cert && key && { cert, key }),
    ...(kube.tlsServerName && { servername: kube.tlsServerName }),
  };
  if (ca && !/-----BEGIN CERTIFICATE-----/.test(ca)) throw unclear('the CA of the cluster is not a certificate in PEM');
  try {
    createSecureContext(identity);
  } catch {
    throw unclear('its CA, or the client certificate with its key, cannot be read, or do not belong together');
  }
  return identity;
}

async function contentOf(material: Material): Promise<string> {
  if ('text' in material) return material.text;
  return readFile(material.file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw unclear(
      error.code === 'ENOENT'
        ? `the file ${material.file} is not there`
        : `the file ${material.file} cannot be read: ${messageOf(error)}`,
    );
  });
}

function unclear(why: string): TaskError {
  return new TaskError('input', {
    what: `The access to Kubernetes cannot be used: ${why}.`,
    remedy:
      'Give one of kubeconfig, kubeconfig-file, or kubernetes-server with kubernetes-token; or run it in a pod of the cluster, with a service account.',
  });
}
