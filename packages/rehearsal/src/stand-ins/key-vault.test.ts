import { createPrivateKey, type KeyObject } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createAuthority, type IssuedCertificate, pem } from '../certificates.ts';
import type { StandInAnswer } from '../stand-in.ts';
import { issueToken } from './azure-token.ts';
import { keyVaultStandIn } from './key-vault.ts';

const TENANT = '11111111-1111-1111-1111-111111111111';
const CLIENT = '22222222-2222-2222-2222-222222222222';
const HOST = 'example-vault.vault.azure.net';
const NOW = new Date('2026-11-22T00:30:00Z');
const world = { now: () => NOW };
const token = (claims: Record<string, string> = {}, at = NOW) =>
  issueToken({ aud: 'https://vault.azure.net', tid: TENANT, appid: CLIENT, ...claims }, at, 3_600);

type VaultSeed = NonNullable<Parameters<typeof keyVaultStandIn>[0]['vaults']>[number];

function vault(more: Partial<VaultSeed> = {}) {
  const actions: NonNullable<VaultSeed['access']>[number]['actions'] = ['read', 'import', 'delete', 'recover', 'purge'];
  const standIn = keyVaultStandIn(
    { vaults: [{ name: 'example-vault', tenant: TENANT, access: [{ application: CLIENT, actions }], ...more }] },
    world,
  );
  async function call(method: string, path: string, body?: unknown, bearer: string | undefined = token()) {
    const url = new URL(path, `https://${HOST}`);
    if (!url.search.includes('version')) url.searchParams.set('api-version', '2025-07-01');
    const answer: StandInAnswer = await standIn.answer({
      method,
      url,
      connectedTo: { host: HOST, port: 443 },
      headers: bearer ? { authorization: `Bearer ${bearer}` } : {},
      body: Buffer.from(body === undefined ? '' : JSON.stringify(body)),
    });
    return { status: answer.status, headers: answer.headers ?? {}, body: answer.body as Body };
  }
  return { ...standIn, call };
}

interface Body {
  readonly error: { readonly code: string; readonly message: string; readonly innererror?: { readonly code: string } };
  readonly value: readonly { readonly id: string }[];
  readonly nextLink: string | null;
  readonly id: string;
  readonly x5t: string;
}

const issuing = createAuthority('Example Root').intermediate('Example Issuing CA');
const issued = issuing.issue({ names: ['www.example.com'], key: 'rsa-2048' });
const wholePem = ({ certificate, chain, key }: IssuedCertificate) => certificate + chain + key;
const PEM_POLICY = { secret_props: { contentType: 'application/x-pem-file' } };
const importOf = (value: string, more: object = {}) => ({ value, policy: PEM_POLICY, ...more });

describe('the rehearsed vault', () => {
  it('asks those without a valid token to sign in, and tells where and for what', async () => {
    const { call } = vault();
    const late = token({}, new Date('2026-11-21T00:00:00Z'));
    const wrong = ['', 'x.y.z', late, token({ aud: 'https://management.azure.com' }), token({ tid: 'other' })];
    for (const bearer of wrong) {
      const { status, headers } = await call('GET', '/certificates', undefined, bearer);
      expect(status).toBe(401);
      expect(headers['www-authenticate']).toContain(
        `Bearer authorization="https://login.microsoftonline.com/${TENANT}", resource="https://vault.azure.net"`,
      );
    }
  });

  it('takes the version of its API under both spellings, and nothing without it', async () => {
    const { call } = vault();
    expect((await call('GET', '/certificates?api%2Dversion=7.4')).status).toBe(200);
    expect((await call('GET', '/certificates?version=7.4')).status).toBe(400);
  });

  it('takes PEM, keeps leaf, chain and key, and serves them', async () => {
    const standIn = vault();
    const { status, body } = await standIn.call(
      'POST',
      '/certificates/star/import',
      importOf(issued.chain + issued.key + issued.certificate),
    );
    expect(status).toBe(200);
    expect(body.id).toMatch(new RegExp(`^https://${HOST}/certificates/star/[0-9a-f]{32}$`));
    const served = standIn.certificateOf('example-vault', 'star');
    expect(served).toMatchObject({ certificate: issued.certificate + issued.chain, key: issued.key });
    expect(Buffer.from(body.x5t, 'base64url').toString('hex')).toBe(served?.thumbprint);
  });

  const key: KeyObject = createPrivateKey(issued.key);
  const certificates = issued.certificate + issued.chain;
  const exported = (type: 'pkcs1' | 'pkcs8', cipher = {}) =>
    key.export({ type, format: 'pem', ...cipher } as never) as unknown as string;
  it.each<[string, object]>([
    ['PEM without content type', { value: wholePem(issued) }],
    [
      'PEM with a PFX’s content type',
      { value: wholePem(issued), policy: { secret_props: { contentType: 'application/x-pkcs12' } } },
    ],
    ['PEM in base64', importOf(Buffer.from(wholePem(issued)).toString('base64'))],
    ['PEM with CRLF', importOf(wholePem(issued).replaceAll('\n', '\r\n'))],
    ['PEM with a stray CR between the blocks', importOf(`${issued.certificate}\r\n${issued.key}`)],
    ['a PKCS#1 key', importOf(certificates + exported('pkcs1'))],
    ['an encrypted key', importOf(certificates + exported('pkcs8', { cipher: 'aes-256-cbc', passphrase: 'x' }))],
    ['text between the blocks', importOf(`subject=CN = www.example.com\n${wholePem(issued)}`)],
    ['a certificate alone', importOf(certificates)],
    ['the key of another', importOf(certificates + issuing.issue({ names: ['a'] }).key)],
    [
      'an expired certificate',
      importOf(wholePem(issuing.issue({ names: ['a'], notAfter: new Date('2026-11-21T00:00:00Z') }))),
    ],
    ['a small RSA key', importOf(wholePem(issuing.issue({ names: ['a'], key: 'rsa-1024' })))],
    ['an Ed25519 key', importOf(wholePem(issuing.issue({ names: ['a'], key: 'ed25519' })))],
    ['a policy without content type', { value: wholePem(issued), policy: { key_props: { exportable: true } } }],
    [
      'a policy for another kind of key',
      { value: wholePem(issued), policy: { ...PEM_POLICY, key_props: { kty: 'EC' } } },
    ],
    ['a tag that is too long', importOf(wholePem(issued), { tags: { note: 'x'.repeat(257) } })],
    [
      'too many tags',
      importOf(wholePem(issued), { tags: Object.fromEntries(Array.from({ length: 16 }, (_, at) => [at, ''])) }),
    ],
    ['no value', { policy: PEM_POLICY }],
  ])('refuses %s', async (_, body) => {
    const standIn = vault();
    const answer = await standIn.call('POST', '/certificates/star/import', body);
    expect([answer.status, answer.body.error.code]).toEqual([400, 'BadParameter']);
    expect(standIn.certificateOf('example-vault', 'star')).toBeUndefined();
  });

  it('refuses names with other characters', async () => {
    expect((await vault().call('POST', '/certificates/star_example/import', importOf(wholePem(issued)))).status).toBe(
      400,
    );
  });

  it('makes a version of every import, the same or not', async () => {
    const { call } = vault();
    for (let time = 0; time < 3; time++) await call('POST', '/certificates/star/import', importOf(wholePem(issued)));
    expect((await call('GET', '/certificates/star/versions')).body.value).toHaveLength(3);
  });

  it('shows long lists in pages', async () => {
    const names = Array.from({ length: 30 }, (_, index) => ({ name: `c${index}`, names: ['www.example.com'] }));
    const { call } = vault({ certificates: names });
    const first = await call('GET', '/certificates');
    expect(first.body.value).toHaveLength(25);
    const second = await call('GET', first.body.nextLink ?? '');
    expect([second.body.value.length, second.body.nextLink]).toEqual([5, null]);
  });

  it('keeps the name of a deleted certificate until it is recovered or purged', async () => {
    const { call } = vault({ certificates: [{ name: 'star', names: ['www.example.com'] }] });
    await call('DELETE', '/certificates/star');
    expect((await call('GET', '/certificates/star')).body.error.code).toBe('CertificateNotFound');
    const refused = await call('POST', '/certificates/star/import', importOf(wholePem(issued)));
    expect([refused.status, refused.body.error.innererror?.code]).toEqual([409, 'ObjectIsDeletedButRecoverable']);
    expect((await call('GET', '/deletedcertificates/star')).status).toBe(200);
    await call('POST', '/deletedcertificates/star/recover');
    expect((await call('POST', '/certificates/star/import', importOf(wholePem(issued)))).status).toBe(200);
    await call('DELETE', '/certificates/star');
    await call('DELETE', '/deletedcertificates/star');
    expect((await call('POST', '/certificates/star/import', importOf(wholePem(issued)))).status).toBe(200);
  });

  it.each([
    ['firewall', 'ForbiddenByFirewall'],
    ['private', 'ForbiddenByConnection'],
  ] as const)('keeps callers out by its network rules (%s)', async (network, code) => {
    const { status, body } = await vault({ network }).call('GET', '/certificates/star');
    expect([status, body.error.innererror?.code]).toEqual([403, code]);
  });

  it('denies what no role grants', async () => {
    const { call } = vault({ access: [{ application: CLIENT, actions: ['read'] }] });
    expect((await call('GET', '/certificates')).status).toBe(200);
    const { status, body } = await call('POST', '/certificates/star/import', importOf(wholePem(issued)));
    expect([status, body.error.innererror?.code]).toEqual([403, 'ForbiddenByRbac']);
    expect(body.error.message).toContain("Action: 'Microsoft.KeyVault/vaults/certificates/import/action'");
  });

  it.each([undefined, 3])('is busy for some calls, with Retry-After %s', async (seconds) => {
    const { call } = vault({ throttled: { calls: 1, ...(seconds !== undefined && { 'retry-after': seconds }) } });
    const busy = await call('GET', '/certificates');
    expect([busy.status, busy.headers['retry-after']]).toEqual([429, seconds?.toString()]);
    expect((await call('GET', '/certificates')).status).toBe(200);
  });

  it('refuses what is no PFX, and what its password does not open', async () => {
    const policy = { secret_props: { contentType: 'application/x-pkcs12' } };
    const { call } = vault();
    const values = ['not base64!', Buffer.from('nonsense').toString('base64'), pem('X', Buffer.from('x'))];
    for (const value of values) {
      const { status, body } = await call('POST', '/certificates/star/import', { value, policy, pwd: 'x' });
      expect([status, body.error.code]).toEqual([400, 'BadParameter']);
    }
  });
});
