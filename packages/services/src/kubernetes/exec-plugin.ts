import { type ExecFileException, execFile } from 'node:child_process';
import { type AnyContext, TaskError } from '@maintenance-tasks/core';
import type { ExecPlugin } from './kubeconfig.ts';

const TIMEOUT = 60_000;
const LARGEST_OUTPUT = 1_048_576;

/** What a plugin gave out. */
export interface ExecCredential {
  readonly token?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly expires?: Date;
}

/** What of the cluster a plugin may be told. */
export interface ClusterInfo {
  readonly server: string;
  readonly ca?: string | undefined;
  readonly tlsServerName?: string | undefined;
}

/**
 * Asks the program that the kubeconfig names. Its output is a secret as a whole and shown nowhere.
 *
 * @throws TaskError `auth` when it cannot be started, fails, or prints something else
 */
export async function runExecPlugin(
  context: Pick<AnyContext, 'signal'>,
  plugin: ExecPlugin,
  cluster: ClusterInfo,
): Promise<ExecCredential> {
  const spec = {
    interactive: false,
    ...(plugin.provideClusterInfo && {
      cluster: {
        server: cluster.server,
        ...(cluster.tlsServerName && { 'tls-server-name': cluster.tlsServerName }),
        ...(cluster.ca && { 'certificate-authority-data': Buffer.from(cluster.ca).toString('base64') }),
      },
    }),
  };
  const info = JSON.stringify({ apiVersion: plugin.apiVersion, kind: 'ExecCredential', spec });
  const environment = { ...process.env, ...plugin.env, KUBERNETES_EXEC_INFO: info };
  return readCredential(await printed(context.signal, plugin, environment), plugin);
}

function printed(signal: AbortSignal, plugin: ExecPlugin, env: NodeJS.ProcessEnv): Promise<string> {
  const options = { signal, env, timeout: TIMEOUT, maxBuffer: LARGEST_OUTPUT, windowsHide: true };
  return new Promise((resolve, reject) => {
    const child = execFile(plugin.command, [...plugin.args], options, (error, stdout) => {
      if (!error) resolve(stdout);
      else reject(signal.aborted ? signal.reason : failed(plugin, error));
    });
    // Nobody is there to answer a question; one that waits for input must fail at once.
    child.stdin?.end();
  });
}

/** What it wrote to its error stream is left out: tools write tokens there when they are asked to be talkative. */
function failed(plugin: ExecPlugin, error: ExecFileException): TaskError {
  const why =
    error.code === 'ENOENT'
      ? 'there is no such program on this machine'
      : error.killed
        ? `it did not end within ${TIMEOUT / 1_000} s`
        : `it ended with ${error.code ?? error.signal}`;
  return new TaskError('auth', {
    what: `The program ${plugin.command}, by which the kubeconfig signs in, gave no credentials: ${why}.`,
    remedy: `Install it on the runner, or run it by hand and look at what it says; a service account’s token needs no program.`,
  });
}

function readCredential(text: string, plugin: ExecPlugin): ExecCredential {
  const refuse = (why: string) =>
    new TaskError('auth', {
      what: `The program ${plugin.command}, by which the kubeconfig signs in, ${why}.`,
      remedy: 'Run it by hand and look at what it prints; an update of it may help.',
    });
  let body: { apiVersion?: unknown; kind?: unknown; status?: Record<string, unknown> };
  try {
    body = JSON.parse(text) as typeof body;
  } catch {
    throw refuse('printed something else than an ExecCredential');
  }
  if (body?.kind !== 'ExecCredential') throw refuse('printed something else than an ExecCredential');
  if (body.apiVersion !== plugin.apiVersion)
    throw refuse(`speaks another version than the kubeconfig asks for (${plugin.apiVersion})`);
  const { token, clientCertificateData: cert, clientKeyData: key, expirationTimestamp } = body.status ?? {};
  const isCertificate = typeof cert === 'string' && typeof key === 'string';
  if (typeof token !== 'string' && !isCertificate) throw refuse('gave neither a token nor a certificate with its key');
  const expires = typeof expirationTimestamp === 'string' ? new Date(expirationTimestamp) : undefined;
  return {
    ...(typeof token === 'string' && { token }),
    ...(isCertificate && { cert, key }),
    ...(expires && !Number.isNaN(expires.getTime()) && { expires }),
  };
}
