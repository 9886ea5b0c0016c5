import { dirname, resolve } from 'node:path';
import { messageOf, TaskError } from '@maintenance-tasks/core';

/** A PEM or a token that stands in the kubeconfig itself, or in a file beside it. */
export type Material = { readonly text: string } | { readonly file: string };

/** A program that gives out credentials: https://kubernetes.io/docs/reference/access-authn-authz/authentication/ (exec). */
export interface ExecPlugin {
  readonly apiVersion: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly provideClusterInfo: boolean;
}

/** One context of a kubeconfig: where the cluster is, and who asks. */
export interface KubeContext {
  readonly name: string;
  readonly server: string;
  readonly ca?: Material;
  readonly tlsServerName?: string;
  readonly token?: Material;
  readonly clientCertificate?: Material;
  readonly clientKey?: Material;
  readonly exec?: ExecPlugin;
}

type Mapping = Readonly<Record<string, unknown>>;

/**
 * The context of that name, else the current one.
 *
 * @param file where it was read: its relative paths begin there
 * @throws TaskError `input` with all that is wrong or not supported
 */
export async function readKubeconfig(
  text: string,
  given: { readonly file?: string | undefined; readonly folder: string; readonly context?: string | undefined },
): Promise<KubeContext> {
  const folder = given.file ? dirname(given.file) : given.folder;
  const shown = given.file ?? 'kubeconfig';
  const config = mapping(await parsed(text, shown));
  const name = given.context ?? textOf(config, 'current-context');
  if (!name) {
    throw wrong(shown, ['it has no current-context, and no context is named']);
  }
  const context = named(config, 'contexts', 'context', name);
  if (!context) {
    const known = list(config.contexts).map((entry) => textOf(entry, 'name'));
    throw wrong(shown, [`it has no context ${name}; it has ${known.join(', ') || 'none at all'}`]);
  }
  const cluster = named(config, 'clusters', 'cluster', textOf(context, 'cluster') ?? '');
  const user = named(config, 'users', 'user', textOf(context, 'user') ?? '');
  const problems = [
    ...(cluster ? problemsOfCluster(cluster) : [`the context ${name} names a cluster that is not there`]),
    ...(user ? problemsOfUser(user) : [`the context ${name} names a user that is not there`]),
  ];
  if (problems.length > 0 || !cluster || !user) throw wrong(shown, problems);
  const material = (from: Mapping, dataKey: string, fileKey: string) => materialOf(from, dataKey, fileKey, folder);
  const token = textOf(user, 'tokenFile')
    ? { file: resolve(folder, textOf(user, 'tokenFile') as string) }
    : textOf(user, 'token') && { text: textOf(user, 'token') as string };
  const ca = material(cluster, 'certificate-authority-data', 'certificate-authority');
  const clientCertificate = material(user, 'client-certificate-data', 'client-certificate');
  const clientKey = material(user, 'client-key-data', 'client-key');
  const tlsServerName = textOf(cluster, 'tls-server-name');
  const exec = user.exec ? execOf(mapping(user.exec), given.file && folder) : undefined;
  return {
    name,
    server: textOf(cluster, 'server') as string,
    ...(ca && { ca }),
    ...(tlsServerName && { tlsServerName }),
    ...(token && { token }),
    ...(clientCertificate && { clientCertificate }),
    ...(clientKey && { clientKey }),
    ...(exec && { exec }),
  };
}

async function parsed(text: string, shown: string): Promise<unknown> {
  const { readYaml } = await import('@maintenance-tasks/core/yaml');
  try {
    return readYaml(text, shown);
  } catch (error) {
    throw wrong(shown, [messageOf(error)]);
  }
}

function problemsOfCluster(cluster: Mapping): string[] {
  const problems: string[] = [];
  const server = textOf(cluster, 'server') ?? '';
  if (!URL.canParse(server) || !/^https:\/\/[^@?#]+$/.test(server))
    problems.push('the server of its cluster is not an https address; credentials are not sent in the clear');
  if (cluster['insecure-skip-tls-verify'] === true)
    problems.push(
      'insecure-skip-tls-verify is on, which would hand the credentials to whoever answers; give the CA as certificate-authority-data',
    );
  if (cluster['proxy-url'])
    problems.push('proxy-url is not supported; name the proxy in HTTPS_PROXY of the runner instead');
  return problems;
}

/** What is passed over in silence would sign in as somebody else, or as nobody. */
function problemsOfUser(user: Mapping): string[] {
  const problems: string[] = [];
  if (user.username || user.password)
    problems.push('a user with a password is not supported: Kubernetes itself does not know them since 1.19');
  if (user['auth-provider'])
    problems.push('auth-provider is not supported: Kubernetes replaced it by exec plugins in 1.26');
  if (user.as || user['as-groups'] || user['as-uid'] || user['as-user-extra'])
    problems.push('acting as somebody else (as, as-groups) is not supported');
  const certificate = user['client-certificate-data'] ?? user['client-certificate'];
  const key = user['client-key-data'] ?? user['client-key'];
  if ((certificate === undefined) !== (key === undefined))
    problems.push('a client certificate and its key are needed together');
  if (user.exec) problems.push(...problemsOfExec(mapping(user.exec)));
  else if (!certificate && !user.token && !user.tokenFile) problems.push('its user has no credentials');
  return problems;
}

const EXEC_VERSION = /^client\.authentication\.k8s\.io\/v1(beta1)?$/;

function problemsOfExec(exec: Mapping): string[] {
  const problems: string[] = [];
  if (!textOf(exec, 'command')) problems.push('its exec plugin has no command');
  if (!EXEC_VERSION.test(textOf(exec, 'apiVersion') ?? ''))
    problems.push('its exec plugin speaks neither client.authentication.k8s.io/v1 nor v1beta1');
  if (exec.interactiveMode === 'Always')
    problems.push('its exec plugin asks a person (interactiveMode: Always), and there is none');
  return problems;
}

function execOf(exec: Mapping, folder: string | undefined): ExecPlugin {
  const command = textOf(exec, 'command') as string;
  return {
    apiVersion: textOf(exec, 'apiVersion') as string,
    // A path with a slash is the kubeconfig's neighbour; a bare name is looked up in PATH.
    command: folder && /[\\/]/.test(command) ? resolve(folder, command) : command,
    args: list(exec.args).map(String),
    env: Object.fromEntries(list(exec.env).map((entry) => [textOf(entry, 'name') ?? '', textOf(entry, 'value') ?? ''])),
    provideClusterInfo: exec.provideClusterInfo === true,
  };
}

/** Data goes before a file, as everywhere in Kubernetes. */
function materialOf(from: Mapping, dataKey: string, fileKey: string, folder: string): Material | undefined {
  const data = textOf(from, dataKey);
  if (data) return { text: Buffer.from(data, 'base64').toString('utf8') };
  const file = textOf(from, fileKey);
  return file ? { file: resolve(folder, file) } : undefined;
}

function named(config: Mapping, key: string, inner: string, name: string): Mapping | undefined {
  const entry = list(config[key]).find((each) => textOf(each, 'name') === name);
  return entry === undefined ? undefined : mapping(mapping(entry)[inner]);
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function mapping(value: unknown): Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Mapping) : {};
}

function textOf(from: unknown, key: string): string | undefined {
  const value = mapping(from)[key];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function wrong(shown: string, problems: readonly string[]): TaskError {
  return new TaskError('input', {
    what: `The kubeconfig (${shown}) cannot be used: ${problems.join('; ')}.`,
    remedy: 'Correct it; `kubectl --kubeconfig … auth whoami` shows whether it works at all.',
  });
}
