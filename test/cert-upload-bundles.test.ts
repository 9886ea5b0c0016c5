import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundle } from '@maintenance-tasks/devkit/build';
import { type RehearsalProxy, startProxy } from '@maintenance-tasks/rehearsal/proxy';
import { entraIdStandIn } from '@maintenance-tasks/rehearsal/stand-ins/entra-id';
import { keyVaultStandIn } from '@maintenance-tasks/rehearsal/stand-ins/key-vault';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nodes, run } from './hosts/drive.ts';

const ROOT = join(import.meta.dirname, '..');
const FIXTURES = join(ROOT, 'packages/tasks/src/cert-upload/fixtures');
const TENANT = '11111111-1111-1111-1111-111111111111';
const CLIENT = '22222222-2222-2222-2222-222222222222';
const CONNECTION = '55555555-5555-5555-5555-555555555555';
const REQUEST_TOKEN = 'request-token-of-the-run';

/** What each host puts around a job whose identity may be exchanged for access to Azure. */
const HOSTS = {
  github: {
    inputs: { 'azure-tenant-id': TENANT, 'azure-client-id': CLIENT },
    environment: {
      ACTIONS_ID_TOKEN_REQUEST_URL: 'https://run.actions.githubusercontent.com/oidc/token?api-version=2.0',
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: REQUEST_TOKEN,
    },
    folder: 'actions/cert-upload',
    pipeline: { subject: 'repo:example/shop:environment:production' },
  },
  azure: {
    inputs: { 'azure-connection': CONNECTION },
    environment: {
      [`ENDPOINT_AUTH_SCHEME_${CONNECTION}`]: 'WorkloadIdentityFederation',
      [`ENDPOINT_AUTH_PARAMETER_${CONNECTION}_TENANTID`]: TENANT,
      [`ENDPOINT_AUTH_PARAMETER_${CONNECTION}_SERVICEPRINCIPALID`]: CLIENT,
      ENDPOINT_AUTH_PARAMETER_SYSTEMVSSCONNECTION_ACCESSTOKEN: REQUEST_TOKEN,
      SYSTEM_OIDCREQUESTURI: 'https://vstoken.dev.azure.com/example/_apis/distributedtask/hubs/build/oidctoken',
    },
    folder: 'ado-tasks/cert-upload',
    pipeline: {
      issuer: 'https://vstoken.dev.azure.com/example',
      subject: 'sc://example/shop/production',
      'service-connection': CONNECTION,
    },
  },
} as const;

let proxy: RehearsalProxy;
let built: string;
beforeAll(async () => {
  proxy = await startProxy({ standIns: [], now: () => new Date() });
  built = mkdtempSync(join(tmpdir(), 'cert-upload-'));
  for (const [host, { folder }] of Object.entries(HOSTS)) {
    mkdirSync(join(built, host));
    for (const [name, content] of (await bundle(folder)).files) writeFileSync(join(built, host, name), content);
  }
});
afterAll(async () => {
  rmSync(built, { recursive: true });
  await proxy.close();
});

describe.each(nodes())('the bundle on Node $version', ({ path: node }) => {
  test.each(['github', 'azure'] as const)(
    'signs in with the identity of a run on %s and stores an old PFX in both forms',
    async (host) => {
      const { inputs, environment, pipeline } = HOSTS[host];
      const world = { now: () => new Date() };
      const { issuer = 'https://token.actions.githubusercontent.com', subject } = pipeline as {
        issuer?: string;
        subject: string;
      };
      const vault = keyVaultStandIn(
        { vaults: [{ name: 'example-vault', tenant: TENANT, access: [{ application: CLIENT }] }] },
        world,
      );
      const applications = [{ id: CLIENT, federated: [{ issuer, subject }] }];
      const entra = entraIdStandIn(
        { tenants: [{ id: TENANT, applications }], pipelines: [{ 'request-token': REQUEST_TOKEN, ...pipeline }] },
        world,
      );
      proxy.use([vault, entra]);
      const start = {
        node,
        host,
        entry: join(built, host, 'main.cjs'),
        environment: { ...environment, HTTPS_PROXY: proxy.url, NODE_EXTRA_CA_CERTS: proxy.caFile },
        inputs: {
          'certificate-file': join(FIXTURES, 'rsa-legacy.pfx'),
          password: 'secret',
          trust: 'file',
          'trusted-roots': join(FIXTURES, 'root.pem'),
          vault: 'example-vault',
          certificates: 'www=pem\nwww-pfx=pfx',
          names: 'www.example.com',
          session: 'mw-209901010000-k7qx',
          ...inputs,
        },
      };
      const first = await run(start);
      expect(first.stdout + first.stderr).toContain('Verified: www-pfx in example-vault.vault.azure.net');
      expect(first.code).toBe(0);
      for (const name of ['www', 'www-pfx'])
        expect(vault.certificateOf('example-vault', name)?.certificate.match(/BEGIN/g)).toHaveLength(2);
      const again = await run(start);
      expect(again.stdout).toContain('Plan: nothing to change.');
      expect(proxy.calls.filter(({ path }) => path.includes('/import'))).toHaveLength(2);
    },
  );
});
