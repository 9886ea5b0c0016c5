import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { createHttp, systemClock } from '@maintenance-tasks/core';
import { CLIENT_AUTH, createAuthority } from '@maintenance-tasks/rehearsal/certificates';
import { createKubernetes, type KubernetesAccess } from '@maintenance-tasks/services/kubernetes/client';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

const authority = createAuthority('Cluster CA');
const folder = mkdtempSync(join(tmpdir(), 'kubernetes-'));
const seen: {
  authorization: string | undefined;
  caller: string | undefined;
  path: string;
  type: string | undefined;
}[] = [];
const accepted = new Set(['token-1', 'plugin-1', 'plugin-2']);
const secrets: string[] = [];
const open = new Set<Socket>();
let server: Server;
let url = '';

beforeAll(async () => {
  const { certificate: cert, key } = authority.issue({ names: ['127.0.0.1', 'api.cluster.internal'] });
  server = createServer(
    { cert, key, ca: authority.certificate, requestCert: true, rejectUnauthorized: false },
    (request, response) => {
      const { authorization } = request.headers;
      const caller = (request.socket as TLSSocket).getPeerCertificate().subject?.CN;
      seen.push({
        authorization,
        caller: caller as string,
        path: request.url ?? '',
        type: request.headers['content-type'],
      });
      const isKnown = caller !== undefined || accepted.has(authorization?.slice(7) ?? '');
      response.writeHead(isKnown ? 200 : 401, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify(
          isKnown
            ? { kind: 'Namespace', metadata: { name: 'shop' } }
            : { kind: 'Status', status: 'Failure', reason: 'Unauthorized', message: 'Unauthorized', code: 401 },
        ),
      );
    },
  );
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  seen.length = 0;
  accepted.add('plugin-1');
});
afterAll(() => {
  for (const socket of open) socket.destroy();
  server.close();
  rmSync(folder, { recursive: true });
});

function context() {
  return {
    clock: systemClock,
    signal: new AbortController().signal,
    workingFolder: folder,
    keepSecret: (value: string) => void secrets.push(value),
    http: createHttp({
      clock: systemClock,
      signal: new AbortController().signal,
      deadline: new Date(Date.now() + 60_000),
      userAgent: 'maintenance-tasks/test',
      debug: () => {},
      info: () => {},
      environment: {},
    }),
  };
}

const base64 = (text: string) => Buffer.from(text).toString('base64');
const CA = { 'certificate-authority-data': base64(authority.certificate) };

function kubeconfig(user: object, cluster: object = CA, more: object = {}): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'prod',
    contexts: [
      { name: 'prod', context: { cluster: 'prod', user: 'pipeline' } },
      { name: 'broken', context: { cluster: 'gone', user: 'gone' } },
    ],
    clusters: [{ name: 'prod', cluster: { server: url, ...cluster } }],
    users: [{ name: 'pipeline', user }],
    ...more,
  });
}

async function ask(access: KubernetesAccess, name?: string): Promise<unknown> {
  const kubernetes = await createKubernetes(context(), access, name);
  return kubernetes.get('/api/v1/namespaces/shop');
}

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** A program that gives out another token each time, as one whose tokens end soon. */
function plugin(status: string, after = ''): string {
  const path = file(
    'plugin.mjs',
    `#!${process.execPath}
import { appendFileSync, readFileSync } from 'node:fs';
appendFileSync(${JSON.stringify(join(folder, 'calls'))}, JSON.stringify([process.argv.slice(2), process.env.PLUGIN, process.env.KUBERNETES_EXEC_INFO]) + '\\n');
const n = readFileSync(${JSON.stringify(join(folder, 'calls'))}, 'utf8').trim().split('\\n').length;
console.error('a word with plugin-' + n);
console.log(JSON.stringify({ apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status: ${status} }));
${after}`,
  );
  chmodSync(path, 0o755);
  rmSync(join(folder, 'calls'), { force: true });
  return path;
}
const execOf = (command: string, more: object = {}) => ({
  exec: {
    apiVersion: 'client.authentication.k8s.io/v1',
    command,
    args: ['get-token', '--cluster', 'a b'],
    env: [{ name: 'PLUGIN', value: 'yes' }],
    interactiveMode: 'Never',
    ...more,
  },
});

describe('a cluster', () => {
  test('is reached by the text of a kubeconfig, its token kept secret', async () => {
    expect(await ask({ kubeconfig: kubeconfig({ token: 'token-1' }) })).toMatchObject({ metadata: { name: 'shop' } });
    expect(seen[0]).toMatchObject({ authorization: 'Bearer token-1', path: '/api/v1/namespaces/shop' });
    expect(secrets).toContain('token-1');
  });

  test('is reached by a kubeconfig whose files lie beside it', async () => {
    file('ca.pem', authority.certificate);
    file('token', 'token-1\n');
    const kubeconfigFile = file('config', kubeconfig({ tokenFile: 'token' }, { 'certificate-authority': 'ca.pem' }));
    expect(await ask({ kubeconfigFile })).toBeDefined();
    expect(seen[0]?.authorization).toBe('Bearer token-1');
  });

  test('is reached by server, token and CA', async () => {
    expect(await ask({ server: url, token: 'token-1', caFile: file('ca.pem', authority.certificate) })).toBeDefined();
  });

  test('knows us by a client certificate, and is checked for the name it is told to have', async () => {
    const { certificate, key } = authority.issue({ names: ['pipeline'], usages: [CLIENT_AUTH] });
    const user = { 'client-certificate-data': base64(certificate), 'client-key-data': base64(key) };
    await ask({ kubeconfig: kubeconfig(user, { ...CA, 'tls-server-name': 'api.cluster.internal' }) });
    expect(seen[0]).toMatchObject({ caller: 'pipeline', authorization: undefined });
    const wrong = kubeconfig(user, { ...CA, 'tls-server-name': 'other.cluster.internal' });
    await expect(ask({ kubeconfig: wrong })).rejects.toThrow('its certificate is for other names');
  });

  test('is asked as the plugin says, which gets its arguments as they are and is told of the cluster', async () => {
    const command = plugin('{ token: "plugin-" + n }');
    await ask({ kubeconfig: kubeconfig(execOf(command, { provideClusterInfo: true })) });
    expect(seen[0]?.authorization).toBe('Bearer plugin-1');
    const [args, variable, info] = JSON.parse(readFileSync(join(folder, 'calls'), 'utf8')) as [
      string[],
      string,
      string,
    ];
    expect(args).toEqual(['get-token', '--cluster', 'a b']);
    expect(variable).toBe('yes');
    expect(JSON.parse(info)).toMatchObject({
      kind: 'ExecCredential',
      spec: { interactive: false, cluster: { server: url, ...CA } },
    });
  });

  test('is asked with a new token of the plugin when it refuses the first, and the plugin not at each call', async () => {
    const kubernetes = await createKubernetes(context(), {
      kubeconfig: kubeconfig(execOf(plugin('{ token: "plugin-" + n }'))),
    });
    await Promise.all([kubernetes.get('/a'), kubernetes.get('/b')]);
    accepted.delete('plugin-1');
    expect(await kubernetes.get('/c')).toBeDefined();
    expect(seen.map(({ authorization }) => authorization)).toEqual([
      'Bearer plugin-1',
      'Bearer plugin-1',
      'Bearer plugin-1',
      'Bearer plugin-2',
    ]);
  });

  test.each([
    ['{}', 'neither a token nor a certificate'],
    ['null', 'neither a token nor a certificate'],
  ])('is not asked when the plugin gives %s', async (status, why) => {
    await expect(ask({ kubeconfig: kubeconfig(execOf(plugin(status))) })).rejects.toThrow(why);
    expect(seen).toEqual([]);
  });

  test('is not asked when the plugin fails, is not there, or asks a person; and what it said is not told', async () => {
    const failing = await ask({ kubeconfig: kubeconfig(execOf(plugin('{}', 'process.exit(7);'))) }).catch(String);
    expect(failing).toContain('gave no credentials: it ended with 7');
    expect(failing).not.toContain('plugin-1');
    const absent = kubeconfig(execOf('no-such-program'));
    await expect(ask({ kubeconfig: absent })).rejects.toThrow('there is no such program on this machine');
    const asking = kubeconfig(execOf('x', { interactiveMode: 'Always' }));
    await expect(ask({ kubeconfig: asking })).rejects.toThrow('interactiveMode: Always');
  });

  test('is refused by its own words, and nothing else of its answer', async () => {
    const refused = ask({ kubeconfig: kubeconfig({ token: 'wrong' }) });
    await expect(refused).rejects.toMatchObject({ kind: 'auth' });
    await expect(refused).rejects.toThrow(/answered 401 Unauthorized: Unauthorized \(\/api\/v1\/namespaces\/shop\)\./);
  });
});

describe('a kubeconfig is refused, with all that is wrong,', () => {
  test.each([
    [
      'TLS is not checked',
      () => kubeconfig({ token: 't' }, { 'insecure-skip-tls-verify': true }),
      'insecure-skip-tls-verify',
    ],
    [
      'the server is not https',
      () => kubeconfig({ token: 't' }, { server: 'http://127.0.0.1:8001' }),
      'not an https address',
    ],
    ['it acts as somebody else', () => kubeconfig({ token: 't', as: 'admin' }), 'acting as somebody else'],
    ['it has a password', () => kubeconfig({ username: 'u', password: 'p' }), 'does not know them since 1.19'],
    ['it has an auth-provider', () => kubeconfig({ 'auth-provider': { name: 'azure' } }), 'exec plugins'],
    ['it has a proxy', () => kubeconfig({ token: 't' }, { ...CA, 'proxy-url': 'http://p' }), 'HTTPS_PROXY'],
    ['a certificate has no key', () => kubeconfig({ 'client-certificate-data': 'eA==' }), 'needed together'],
    ['the user has nothing', () => kubeconfig({}), 'no credentials'],
    [
      'the CA is no certificate',
      () => kubeconfig({ token: 't' }, { 'certificate-authority-data': 'eA==' }),
      'not a certificate in PEM',
    ],
    ['the CA is not there', () => kubeconfig({ token: 't' }, { 'certificate-authority': 'gone.pem' }), 'is not there'],
    ['it is not YAML', () => 'a: [', 'kubeconfig'],
  ])('when %s', async (_, text, why) => {
    await expect(ask({ kubeconfig: text() })).rejects.toMatchObject({ kind: 'input' });
    await expect(ask({ kubeconfig: text() })).rejects.toThrow(why);
    expect(seen).toEqual([]);
  });

  test('when the context is not there, naming those that are', async () => {
    await expect(ask({ kubeconfig: kubeconfig({ token: 't' }) }, 'stage')).rejects.toThrow('it has prod, broken');
    await expect(ask({ kubeconfig: kubeconfig({ token: 't' }) }, 'broken')).rejects.toThrow(
      /cluster that is not there.*user that is not there/,
    );
  });

  test('when another access is given beside it, or none at all', async () => {
    await expect(ask({ kubeconfig: kubeconfig({}), server: url, token: 't' })).rejects.toThrow(
      'kubeconfig and kubernetes-server',
    );
    await expect(ask({ server: url })).rejects.toThrow('without kubernetes-token');
    await expect(ask({ token: 't' })).rejects.toThrow('without kubernetes-server');
    await expect(ask({})).rejects.toThrow('does not run in a pod');
    await expect(ask({ server: url, token: 't' }, 'prod')).rejects.toThrow('only a kubeconfig has contexts');
  });
});
