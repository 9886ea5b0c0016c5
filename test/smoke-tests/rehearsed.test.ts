import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildBundle } from '@maintenance-tasks/devkit/build';
import { createAuthority } from '@maintenance-tasks/rehearsal/certificates';
import { type RehearsalProxy, startProxy } from '@maintenance-tasks/rehearsal/proxy';
import type { StandIn } from '@maintenance-tasks/rehearsal/stand-in';
import { cloudflareStandIn } from '@maintenance-tasks/rehearsal/stand-ins/cloudflare';
import { type DnsStandIn, dnsStandIn } from '@maintenance-tasks/rehearsal/stand-ins/dns';
import { websiteStandIn } from '@maintenance-tasks/rehearsal/stand-ins/website';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nodes } from '../nodes.ts';

const root = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'smoke-tests-'));
const now = () => new Date();
const authority = createAuthority('Example Company CA');
const vaultCertificate = authority.issue({
  names: ['www.example.com'],
  notAfter: new Date(Date.now() + 9.5 * 86_400_000),
});

let proxy: RehearsalProxy;
let dns: DnsStandIn;

beforeAll(async () => {
  await buildBundle(root, 'actions/smoke-tests', join(folder, 'dist'));
  proxy = await startProxy({ standIns: [], now, authority });
  dns = await dnsStandIn({}, (name) =>
    name === 'www.example.com' ? [{ type: 'CNAME', content: 'origin.example.net', proxied: true }] : [],
  );
});

afterAll(async () => {
  await Promise.all([proxy.close(), dns.close()]);
  rmSync(folder, { recursive: true, force: true });
});

/** The shop, with its public name leading to that host. */
function world(content: string): StandIn[] {
  const cloudflare = cloudflareStandIn(
    { zones: [{ name: 'example.com', records: [{ name: 'www', type: 'CNAME', content, proxied: true }] }] },
    { now },
  );
  const website = websiteStandIn(
    {
      sites: [
        {
          host: 'www.example.com',
          origins: ['203.0.113.10', 'origin.example.net'],
          version: '2.1',
          'vault-certificate': { vault: 'shop', name: 'www' },
        },
      ],
      ports: [{ host: 'mail.example.com', port: 25, greeting: '220 mail.example.com ESMTP\r\n' }],
    },
    { now },
    {
      recordsOf: cloudflare.recordsOf,
      lastPurgeOf: cloudflare.lastPurgeOf,
      certificateOf: () => ({
        certificate: vaultCertificate.certificate + vaultCertificate.chain,
        key: vaultCertificate.key,
      }),
    },
  );
  return [cloudflare, website];
}

interface Outcome {
  readonly code: number;
  readonly log: string;
  readonly outputs: string;
  readonly summary: string;
}

let runs = 0;

/** The built bundle in a process of its own, as GitHub starts it behind a company's proxy. */
async function run(
  node: string,
  inputs: Record<string, string>,
  environment: Record<string, string> = {},
): Promise<Outcome> {
  const place = join(folder, `run-${++runs}`);
  mkdirSync(place);
  const files = { GITHUB_OUTPUT: join(place, 'output'), GITHUB_STEP_SUMMARY: join(place, 'summary') };
  for (const file of Object.values(files)) writeFileSync(file, '');
  const given = Object.entries(inputs).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]);
  const environmentOfRun = {
    PATH: process.env.PATH ?? '',
    GITHUB_ACTIONS: 'true',
    GITHUB_WORKSPACE: place,
    RUNNER_TEMP: place,
    HTTPS_PROXY: proxy.url,
    HTTP_PROXY: proxy.url,
    NODE_EXTRA_CA_CERTS: proxy.caFile,
    REHEARSAL_DNS: dns.address,
    ...files,
    ...Object.fromEntries(given),
    ...environment,
  };
  const preload = join(root, 'packages/rehearsal/src/preload.cjs');
  const { code, log } = await new Promise<{ code: number; log: string }>((resolve) => {
    execFile(
      node,
      ['--require', preload, join(folder, 'dist/main.cjs')],
      { cwd: place, env: environmentOfRun, timeout: 20_000 },
      (error, stdout, stderr) => resolve({ code: error ? Number(error.code ?? 137) : 0, log: stdout + stderr }),
    );
  });
  return {
    code,
    log,
    outputs: readFileSync(files.GITHUB_OUTPUT, 'utf8'),
    summary: readFileSync(files.GITHUB_STEP_SUMMARY, 'utf8'),
  };
}

const back = `
- kind: http
  name: shop is back
  url: https://www.example.com/
  expect: {not-maintenance-page: We will be back soon, body: {contains: [Example Shop]}, headers: {x-version: '2.1'}}
`;
const behind = `
- kind: http
  name: shop behind the page
  url: https://www.example.com/health
  via: 203.0.113.10
  expect: {json: [{path: 'checks[0].state', equals: up}], not-maintenance-page: We will be back soon}
- kind: http
  name: shop behind the page without TLS
  url: http://www.example.com/health
  via: origin.example.net
- {kind: tls, name: certificate of the servers, host: www.example.com, via: 203.0.113.10, expect: {min-days-left: 9, issuer-contains: Example Company CA}}
- {kind: tls, name: certificate of the edge, host: www.example.com, expect: {min-days-left: 30}}
- {kind: tcp, name: mail, host: mail.example.com, port: 25, expect: {banner: ^220 mail}}
- {kind: dns, name: name, record: www.example.com, type: A, expect: {answers: [104.16.0.1]}}
- {kind: dns, name: name at its server, record: www.example.com, type: A, servers: [192.0.2.53]}
`;
const plain = `
- {kind: http, name: shop without TLS, url: 'http://www.example.com/health', expect: {headers: {x-version: '2.1'}}}
`;
const page = `
- {kind: http, name: page, url: 'https://www.example.com/', expect: {maintenance-page: We will be back soon}}
`;

describe.each(nodes())('smoke-tests on Node $version, behind a proxy with its own CA', ({ path: node }) => {
  it('proves that the site is back', async () => {
    proxy.use(world('origin.example.net'));
    const { code, log, outputs } = await run(node, { checks: back + behind + plain });
    expect(log).not.toContain('FAILED');
    expect(code).toBe(0);
    expect(outputs).toMatch(/passed<<(.*)\r?\n9\r?\n\1/);
    expect(proxy.calls.every(({ system }) => system === 'Website')).toBe(true);
  });

  it('asks the servers behind the maintenance page, and proves that the page stands', async () => {
    proxy.use(world('maintenance.example.com'));
    const { code, log } = await run(node, { checks: page + behind });
    expect(log).not.toContain('FAILED');
    expect(code).toBe(0);
  });

  it('fails while the page still stands, and tells what it found', async () => {
    proxy.use(world('maintenance.example.com'));
    const { code, log, outputs, summary } = await run(node, {
      checks: back + behind,
      'junit-file': 'reports/smoke.xml',
    });
    const found =
      'shop is back (expected status 2xx, got 503; expected a header x-version, got none; expected the site itself, got the maintenance page (status 503, Retry-After: "3600", its text "We will be back soon"); expected the body to contain "Example Shop", got a body that begins';
    expect(code).toBe(1);
    expect(log).toContain(`1 of 8 checks failed: ${found}`);
    expect(summary).toContain('| shop is back | FAILED |');
    expect(outputs).toMatch(/failed-checks<<(.*)\r?\nshop is back\r?\n\1/);
    expect(outputs).toMatch(/junit-file<<(.*)\r?\n.*\/reports\/smoke\.xml\r?\n\1/);
  });

  it('only warns about checks that are no gate', async () => {
    proxy.use(world('maintenance.example.com'));
    const { code, log } = await run(node, { checks: back.replace('kind: http', 'kind: http\n  severity: warn') });
    expect(code).toBe(0);
    expect(log).toMatch(/^::warning.*1 check did not pass: shop is back/m);
  });

  it('keeps secrets from the log, the summary and the JUnit file even when a server echoes them', async () => {
    const secret = 'v3ry-s3cret-token';
    const echo: StandIn = {
      name: 'Echo',
      hosts: ['echo.example.com'],
      answer: ({ headers }) => ({ status: 500, body: `you sent ${headers.authorization}` }),
      state: () => ({}),
      leftovers: () => [],
    };
    proxy.use([echo]);
    const checks = `- {kind: http, name: echo, url: 'https://echo.example.com/', auth: {bearer-from: PROBE_TOKEN}, expect: {body: {contains: [fine]}}}`;
    const { code, log, summary } = await run(node, { checks, 'junit-file': 'smoke.xml' }, { PROBE_TOKEN: secret });
    const junit = readFileSync(join(folder, `run-${runs}`, 'smoke.xml'), 'utf8');
    expect(code).toBe(1);
    expect(junit).toContain('you sent Bearer ***');
    expect(log.replace(`::add-mask::${secret}`, '') + summary + junit).not.toContain(secret);
  });

  it('says that the proxy lets nobody through to a host', async () => {
    proxy.use(world('origin.example.net'));
    const checks = '- {kind: tcp, name: other, host: other.example.org, port: 443}';
    const { code, log } = await run(node, { checks });
    expect(code).toBe(1);
    expect(log).toMatch(/other \(expected an answer, got none: the proxy .* answered 403: it does not allow this host/);
  });

  it.each([
    [{}, 'Neither checks nor checks-file is given.'],
    [{ checks: page, 'checks-file': 'checks.yaml' }, 'checks.yaml'],
    [{ checks: page, tags: 'slow' }, 'No check has the tag slow'],
    [{ checks: '[]' }, 'must hold at least one check'],
  ])('refuses %j', async (inputs, words) => {
    proxy.use([]);
    const { code, log } = await run(node, inputs as Record<string, string>);
    expect(code).toBe(1);
    expect(log).toContain(words);
    expect(proxy.calls).toEqual([]);
  });
});
