import { join } from 'node:path';
import type { TaskDefinition } from '@maintenance-tasks/core';
import { parseYaml } from '@maintenance-tasks/core/yaml';
import { createAuthority } from '@maintenance-tasks/rehearsal/certificates';
import { startProxy } from '@maintenance-tasks/rehearsal/proxy';
import type { Conversation, StandIn, StandInRequest } from '@maintenance-tasks/rehearsal/stand-in';
import { registry } from '@maintenance-tasks/tasks/registry';
import { planDigest } from '@maintenance-tasks/tasks/window/digest';
import { windowSchema } from '@maintenance-tasks/tasks/window/schema';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Ended, nodes, run } from './hosts/drive.ts';

const ROOT = join(import.meta.dirname, '..');
const SESSION = 'mw-209901010000-cnry';
const minute = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString().slice(0, 16);
const WINDOW = `name: Canary
window: { starts: ${minute(-1)}, ends: ${minute(20)}, time-zone: UTC }
roster:
  - { name: release.manager@example.com, roles: [release-manager] }
  - { name: platform.lead@example.com, roles: [approver] }
page: { hosts: [www.example.com], target: maintenance.example.net }
suppress:
  - { system: pingdom, checks: [1] }
  - { system: datadog, scope: "env:prod" }
  - { system: alertmanager, url: https://alerts.example.com, matchers: [severity="x"] }
  - { system: new-relic, account: 1, conditions: [{ attribute: policyName, operator: EQUALS, values: [x] }] }
  - { system: pagerduty, services: [PSHOP1], from: release.manager@example.com }
  - { system: azure-monitor, subscription: 44444444-4444-4444-8444-444444444444, resource-group: x, scopes: [/subscriptions/44444444-4444-4444-8444-444444444444] }
  - { system: statuspage, page: examplepage, components: [shop1], deliver-notifications: false }
channels:
  - { kind: slack, channel: C0123456789 }
  - { kind: slack-webhook }
  - { kind: teams }
  - { kind: webhook }
  - { kind: email, from: a@example.com, to: [b@example.com], host: smtp.example.com, user: maintenance }
certificates: [{ vault: example-vault, certificates: [star] }]
`;
const CHECKS = '- { kind: http, name: shop, url: "https://www.example.com/", auth: { bearer-from: SHOP_TOKEN } }';

const AZURE_APPLICATION = { 'azure-tenant-id': 'tenant', 'azure-client-id': 'client' };

/** What each task is asked, so that it comes as far as talking to the outside. A task that is missing here fails. */
const INPUTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'cert-upload': {
    vault: 'example-vault',
    certificates: 'star=pem',
    trust: 'file',
    'trusted-roots': 'roots.pem',
    'azure-tenant-id': 'tenant',
    'azure-client-id': 'client',
  },
  'finish-maintenance': { 'window-file': 'window.yaml', 'smoke-tests': 'success', ...AZURE_APPLICATION },
  'ip-allowlist': {
    state: 'add',
    account: '0123456789abcdef0123456789abcdef',
    list: 'maintenance_access',
    addresses: '203.0.113.7',
    hosts: 'www.example.com',
    for: '1h',
  },
  jobs: {
    state: 'pause',
    'kubernetes-server': 'https://k8s.example.com:6443',
    'azure-tenant-id': 'tenant',
    'azure-client-id': 'client',
    jobs: `- { kind: kubernetes, namespace: shop, cronjobs: [nightly] }
- { kind: data-factory, subscription: 44444444-4444-4444-8444-444444444444, resource-group: x, factory: y, triggers: [z] }
- { kind: azure-devops, organization: example-org, project: platform, pipelines: [1] }
- { kind: github, repository: example-org/shop, workflows: [nightly.yml] }
- { kind: rundeck, url: "https://rundeck.example.com", project: x, jobs: [44444444-4444-4444-8444-444444444444] }`,
  },
  'maintenance-page': { state: 'on', hosts: 'www.example.com', target: 'maintenance.example.net' },
  'monitoring-suppression': {
    state: 'on',
    for: '1h',
    ...AZURE_APPLICATION,
    systems: /^suppress:\n((?: {2}- .*\n)+)/m.exec(WINDOW)?.[1] ?? '',
  },
  notify: {
    event: 'starting',
    channels: /^channels:\n((?: {2}- .*\n)+)/m.exec(WINDOW)?.[1] ?? '',
  },
  'pre-maintenance': {
    'window-file': 'window.yaml',
    'check-only': 'true',
    'azure-tenant-id': 'tenant',
    'azure-client-id': 'client',
  },
  'run-pipeline': { host: 'github', repository: 'example-org/gateway', pipeline: 'deploy.yml', tag: 'v1.0' },
  'run-script': {
    script: 'call.sh',
    irreversible: 'true',
    'ok-exit-codes': '0\n22',
    environment: 'HTTPS_PROXY\nNODE_EXTRA_CA_CERTS',
    'secret-environment': 'SHOP_TOKEN',
  },
  'smoke-tests': { checks: CHECKS },
  'starting-maintenance': { 'window-file': 'window.yaml', ...AZURE_APPLICATION },
  sweep: {
    'alertmanager-urls': 'https://alerts.example.com',
    'new-relic-accounts': '1',
    'statuspage-pages': 'examplepage',
    'azure-monitor-groups': '/subscriptions/44444444-4444-4444-8444-444444444444/resourceGroups/x',
    ...AZURE_APPLICATION,
  },
  ticket: {
    system: 'jira',
    ticket: 'PLAT-1353',
    address: 'https://example.atlassian.net',
    visibility: 'internal',
    event: 'commencing',
    'jira-user': 'release.manager@example.com',
  },
  traffic: {
    state: 'drain',
    'kubernetes-server': 'https://k8s.example.com:6443',
    ...AZURE_APPLICATION,
    targets: `- { kind: application-gateway, subscription: 44444444-4444-4444-8444-444444444444, resource-group: x, gateway: y, pool: z, members: [10.0.0.1] }
- { kind: kubernetes-service, namespace: shop, service: shop, selector: { version: green } }`,
  },
};

/** A careless script: it says its secret itself, and everything that the other side says. */
const SCRIPT = `echo "with $SHOP_TOKEN" >&2
curl -sS --cacert "$NODE_EXTRA_CA_CERTS" -H "Authorization: Bearer $SHOP_TOKEN" https://www.example.com/
printf %s "$SHOP_TOKEN" | base64
`;

// A quote, a backslash and a percent sign: each way to write them elsewhere (JSON, URL) must be cleaned, too.
const PART = 'c4n4ry';
function canary(name: string): string {
  const secret = `${PART}-${name}-"q\\b%z`;
  if (name === 'certificate' || name === 'key')
    return `-----BEGIN PRIVATE KEY-----\n${secret}-1\n${secret}-2\n-----END PRIVATE KEY-----`;
  if (name === 'slack-webhook') return `https://hooks.slack.com/services/T0/B0/${PART}-${name}`;
  if (name === 'teams-webhook') return `https://prod-1.westeurope.logic.azure.com/workflows/x?sig=${PART}-${name}%2Fx`;
  if (name === 'webhook-url') return `https://hooks.example.com/${PART}-${name}`;
  if (/token|key$/.test(name)) return `${PART}-${name}-q.b_z`;
  return secret;
}

/** Where a secret may be sent; everywhere else it is a leak. */
const GOES_TO: Readonly<Record<string, RegExp>> = {
  'cloudflare-token': /^api\.cloudflare\.com$/,
  'pingdom-token': /^api\.pingdom\.com$/,
  'datadog-api-key': /^api\.datadoghq\.com$/,
  'datadog-app-key': /^api\.datadoghq\.com$/,
  'alertmanager-password': /^alerts\.example\.com$/,
  'new-relic-key': /^api\.newrelic\.com$/,
  'pagerduty-token': /^api\.pagerduty\.com$/,
  'statuspage-key': /^api\.statuspage\.io$/,
  'kubernetes-token': /^k8s\.example\.com$/,
  'rundeck-token': /^rundeck\.example\.com$/,
  'azure-client-secret': /^login\.microsoftonline\.com$/,
  'github-token': /^api\.github\.com$/,
  'smtp-password': /^smtp\.example\.com$/,
  'jira-token': /^example\.atlassian\.net$/,
  'azure-devops-token': /^dev\.azure\.com$/,
  'slack-token': /^slack\.com$/,
  'slack-webhook': /^hooks\.slack\.com$/,
  'teams-webhook': /logic\.azure\.com$/,
  'webhook-url': /^hooks\.example\.com$/,
  shop: /^www\.example\.com$/,
};

/** The worst of all systems: it refuses, and says everything it was told again in every field an error can have. */
function echo(status: number, seen: { host: string; text: string }[]): StandIn {
  return {
    name: 'Echo',
    hosts: [/./],
    answer: (request: StandInRequest) => {
      const text = `${request.method} ${request.url.href} ${JSON.stringify(request.headers)} ${request.body.toString()}`;
      seen.push({ host: request.url.hostname, text });
      const error = { code: text, statusdesc: text, errormessage: text, message: text, innererror: { code: text } };
      const body = {
        ok: false,
        success: false,
        error,
        errors: [error, text],
        error_description: text,
        message: text,
        result: null,
      };
      // Key Vault tells where to sign in by refusing the first request.
      const headers = {
        'www-authenticate':
          'Bearer authorization="https://login.microsoftonline.com/tenant", resource="https://vault.azure.net"',
      };
      return { status, headers, body };
    },
    connection: ({ host, port }) => (port === 587 ? (conversation) => echoMail(conversation, host, seen) : undefined),
    state: () => ({}),
    leftovers: () => [],
  };
}

/** A mail server that encrypts, and refuses every sign-in by saying it again, decoded, too. */
function echoMail(conversation: Conversation, host: string, seen: { host: string; text: string }[]): void {
  const hear = (socket: Conversation['socket']) => {
    socket.on('data', (chunk: Buffer) => {
      const line = chunk.toString().trim();
      if (/^EHLO/.test(line)) return void socket.write('250-STARTTLS\r\n250 AUTH PLAIN\r\n');
      if (/^STARTTLS/.test(line)) {
        socket.write('220 Go on\r\n');
        socket.removeAllListeners('data');
        return void hear(conversation.encrypt());
      }
      const text = `${line} ${Buffer.from(line.split(' ').at(-1) ?? '', 'base64')}`;
      seen.push({ host, text });
      return void socket.write(`535 ${text}\r\n`);
    });
    socket.resume();
  };
  hear(conversation.socket);
  conversation.socket.write('220 Echo\r\n');
}

const authority = createAuthority('Canary CA');
const issued = authority.issue({ names: ['www.example.com'] });
const KEY_LINES = issued.key.split('\n').filter((line) => line.length > 20 && !line.startsWith('-'));
const FILES = { 'window.yaml': WINDOW, 'roots.pem': authority.certificate, 'call.sh': SCRIPT };
const DIGEST = await planDigest({ path: '/window.yaml', text: WINDOW, content: parseYaml(WINDOW, windowSchema) });

const seen: { host: string; text: string }[] = [];
let proxy: Awaited<ReturnType<typeof startProxy>>;
beforeAll(async () => {
  proxy = await startProxy({ standIns: [], now: () => new Date() });
});
afterAll(() => proxy.close());

const tasks: TaskDefinition[] = await Promise.all(Object.values(registry).map(({ load }) => load()));

describe.each(nodes())('on Node $version', ({ path: node }) => {
  describe.each(['github', 'azure', 'local'] as const)('on the host %s, debugging', (host) => {
    test.each(tasks.map((task) => [task.name, task] as const))(
      '%s shows no secret to anybody it is not for',
      async (name, task) => {
        const inputs = INPUTS[name];
        expect(inputs, `${name} needs its inputs in this test`).toBeDefined();
        for (const status of [401, 403, 200]) {
          proxy.use([echo(status, seen)]);
          seen.length = 0;
          const ended = await runTask(node, host, task, inputs ?? {});
          expect(seen.length, `It did not come as far as talking to anybody:\n${ended.stdout}`).toBeGreaterThan(0);
          expect(leaksIn(ended)).toEqual([]);
          expect(strayed()).toEqual([]);
        }
      },
    );
  });
});

function runTask(
  node: string,
  host: 'github' | 'azure' | 'local',
  task: TaskDefinition,
  given: Readonly<Record<string, string>>,
): Promise<Ended> {
  const secrets = Object.entries(task.inputs).filter(([, input]) => input.secret);
  const values: Record<string, string> = {
    ...given,
    ...('session' in task.inputs && { session: SESSION }),
    deadline: '20s',
  };
  for (const [name] of secrets) values[name] = canary(name);
  if ('certificate' in values) values.certificate = `${issued.certificate}${issued.key}`;
  // Only one of the two may be given.
  if ('key' in values) delete values.key;
  if ('kubernetes-server' in values) delete values.kubeconfig;
  if ('digest' in task.inputs) values.digest = DIGEST;
  const entry = { github: `actions/${task.name}`, azure: `ado-tasks/${task.name}`, local: 'terminal' }[host];
  const environment: Record<string, string> = {
    HTTPS_PROXY: proxy.url,
    NODE_EXTRA_CA_CERTS: proxy.caFile,
    SHOP_TOKEN: canary('shop-token'),
    ACTIONS_ID_TOKEN_REQUEST_URL: 'https://token.example.com/oidc?x=1',
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: canary('oidc-token'),
  };
  if (host !== 'local')
    return run({
      node,
      host,
      entry: join(ROOT, entry, 'dist/main.cjs'),
      inputs: values,
      environment,
      debug: true,
      files: FILES,
    });
  for (const [name, input] of secrets)
    environment[input.environment ?? name.toUpperCase().replaceAll('-', '_')] = values[name] as string;
  const flags = Object.entries(values)
    .filter(([name]) => !task.inputs[name]?.secret)
    .map(([name, value]) => `--${name}=${value}`);
  return run({
    node,
    host,
    entry: join(ROOT, entry, 'dist/main.cjs'),
    inputs: {},
    environment,
    debug: false,
    flags: [task.name, ...flags, '--debug'],
    files: FILES,
  });
}

/** Lines of streams and files that hold a canary, apart from the commands by which a host is told what to mask. */
function leaksIn({ stdout, stderr, files }: Ended): string[] {
  const texts = { stdout, stderr, ...files };
  return Object.entries(texts).flatMap(([where, text]) =>
    text
      .split('\n')
      .filter(
        (line) =>
          [PART, ...KEY_LINES].some((secret) => line.includes(secret)) &&
          !/^(::add-mask::|##vso\[task\.setsecret\])/.test(line),
      )
      .map((line) => `${where}: ${line.slice(0, 400)}`),
  );
}

function strayed(): string[] {
  return seen.flatMap(({ host, text }) =>
    Object.keys(GOES_TO)
      .filter((name) => text.includes(`${PART}-${name}`) && !(GOES_TO[name] as RegExp).test(host))
      .map((name) => `${name} was sent to ${host}`),
  );
}
