import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AnyContext, defineTask } from '@maintenance-tasks/core';
import {
  type Authority,
  createAuthority,
  type IssuedCertificate,
  type KeyKind,
} from '@maintenance-tasks/rehearsal/certificates';
import type { CallStart, Fault } from '@maintenance-tasks/rehearsal/fault';
import { entraIdStandIn } from '@maintenance-tasks/rehearsal/stand-ins/entra-id';
import { keyVaultStandIn } from '@maintenance-tasks/rehearsal/stand-ins/key-vault';
import { pkcs8 } from '@maintenance-tasks/tasks/cert-upload/material';
import { writePfx } from '@maintenance-tasks/tasks/cert-upload/pfx';
import task from '@maintenance-tasks/tasks/cert-upload/task';
import { checkAccess, checkCertificate } from '@maintenance-tasks/tasks/cert-upload/upload';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type TaskRuns, taskRuns } from './in-process-run.ts';

const START = '2026-11-22T00:30:00Z';
const SESSION = 'mw-202611220230-k7qx';
const TENANT = '11111111-1111-1111-1111-111111111111';
const CLIENT = '22222222-2222-2222-2222-222222222222';
const SECRET = 'client~secret.value-1';
const KEYS: readonly KeyKind[] = ['rsa-2048', 'ec-p256', 'ec-p384'];

type VaultSeed = NonNullable<Parameters<typeof keyVaultStandIn>[0]['vaults']>[number];

interface SentImport {
  readonly path: string;
  readonly body: {
    readonly value: string;
    readonly pwd?: string;
    readonly policy: unknown;
    readonly tags: Record<string, string>;
  };
}

let runs: TaskRuns;
let vault: ReturnType<typeof keyVaultStandIn>;
let imports: SentImport[];
let root: Authority;
let issuing: Authority;
let renewed: Record<string, IssuedCertificate>;

beforeAll(async () => {
  runs = await taskRuns(START);
  root = createAuthority('Example Root');
  issuing = root.intermediate('Example Issuing CA');
  const ending = new Date('2027-02-20T00:00:00Z');
  renewed = Object.fromEntries(
    KEYS.map((key) => [key, issuing.issue({ names: ['*.example.com', 'example.com'], notAfter: ending, key })]),
  );
  writeFileSync(join(runs.workingFolder, 'root.pem'), root.certificate);
});
afterAll(() => runs.close());
beforeEach(() => world());

const OLD: NonNullable<VaultSeed['certificates']>[number] = {
  name: 'star-example-com',
  form: 'pem',
  names: ['*.example.com'],
  until: '2026-12-01T00:00:00Z',
  tags: { owner: 'platform.lead@example.com' },
};

function world(more: Partial<VaultSeed> = {}, fault: (call: CallStart) => Fault | undefined = () => undefined): void {
  runs.clock.set(START);
  imports = [];
  vault = keyVaultStandIn(
    {
      vaults: [
        { name: 'example-vault', tenant: TENANT, certificates: [OLD], access: [{ application: CLIENT }], ...more },
      ],
    },
    runs.clock,
  );
  const watched: typeof vault = {
    ...vault,
    answer(request) {
      if (request.method === 'POST')
        imports.push({ path: request.url.pathname, body: JSON.parse(request.body.toString()) as SentImport['body'] });
      return vault.answer(request);
    },
  };
  runs.use([watched, signIn()], { fault });
}

function signIn() {
  return entraIdStandIn({ tenants: [{ id: TENANT, applications: [{ id: CLIENT, secret: SECRET }] }] }, runs.clock);
}

const ACCESS = { 'azure-tenant-id': TENANT, 'azure-client-id': CLIENT, 'azure-client-secret': SECRET };
const TRUST = { trust: 'file', 'trusted-roots': 'root.pem' };
const BASE = { vault: 'example-vault', session: SESSION, evidence: 'evidence', ...TRUST, ...ACCESS };

function file(name: string, content: string | Buffer): string {
  writeFileSync(join(runs.workingFolder, name), content);
  return name;
}

const pemOf = ({ key, chain, certificate }: IssuedCertificate) => key + chain + certificate;
const derOf = (pem: string) =>
  (pem.match(/-----BEGIN[\s\S]*?-----END CERTIFICATE-----/g) ?? []).map((each) => new X509Certificate(each).raw);
const pfxOf = ({ key, chain, certificate }: IssuedCertificate, password: string) =>
  writePfx(derOf(certificate + chain), pkcs8(createPrivateKey(key)), password);
const thumbprint = (pem: string) => new X509Certificate(pem).fingerprint.replaceAll(':', '').toLowerCase();

const upload = (more: Record<string, string> = {}) =>
  runs.run(task, {
    certificate: pemOf(renewed['ec-p256'] as IssuedCertificate),
    certificates: 'star-example-com',
    names: 'www.example.com\nexample.com',
    ...BASE,
    ...more,
  });

const messageOf = async (more: Record<string, string> = {}) => {
  const { outcome } = await upload(more);
  return outcome.ok ? 'it succeeded' : `${outcome.kind}: ${outcome.message}`;
};
const stored = (name: string) => vault.certificateOf('example-vault', name);
const versionsOf = (name: string) =>
  (vault.state() as Record<string, { name: string; versions: unknown[] }[]>)['example-vault']?.find(
    (each) => each.name === name,
  )?.versions;

describe('cert-upload', () => {
  describe.each(KEYS)('with an %s key', (key) => {
    test.each(['pem', 'pfx'] as const)('stores what it was given as %s under several names, once', async (form) => {
      const given = renewed[key] as IssuedCertificate;
      const inputs = {
        ...BASE,
        ...(form === 'pem'
          ? { certificate: pemOf(given) }
          : { 'certificate-file': file('new.pfx', pfxOf(given, 'pfx-password-1')), password: 'pfx-password-1' }),
        certificates: 'star-example-com\nstar-prd-example-com=pem\nstar-example-com-pfx=pfx',
      };
      const first = await runs.run(task, inputs);
      expect(first.outcome).toEqual({ ok: true });
      const names = ['star-example-com', 'star-prd-example-com', 'star-example-com-pfx'];
      expect(first.outputs).toEqual({
        'secret-ids': names.map((name) => `https://example-vault.vault.azure.net/secrets/${name}`).join('\n'),
        thumbprint: thumbprint(given.certificate),
        expires: '2027-02-20T00:00:00.000Z',
        changed: names.join('\n'),
      });
      for (const name of names) {
        expect(stored(name)?.certificate).toBe(given.certificate + given.chain);
        expect(stored(name)?.key).toBe(given.key);
      }
      const again = await runs.run(task, inputs);
      expect(again.outcome).toEqual({ ok: true });
      expect(again.outputs.changed).toBe('');
      expect(imports).toHaveLength(3);
      expect(versionsOf('star-example-com')).toHaveLength(2);
    });
  });

  test('sends PEM with its content type, the key’s kind and the note of the version before', async () => {
    const before = stored('star-example-com');
    await upload();
    const given = renewed['ec-p256'] as IssuedCertificate;
    expect(imports).toEqual([
      {
        path: '/certificates/star-example-com/import',
        body: {
          value: given.certificate + given.chain + given.key,
          policy: {
            key_props: { kty: 'EC', crv: 'P-256', exportable: true, reuse_key: false },
            secret_props: { contentType: 'application/x-pem-file' },
            issuer: { name: 'Unknown' },
          },
          tags: { owner: 'platform.lead@example.com', 'maintenance-session': expect.any(String) },
        },
      },
    ]);
    const note = imports[0]?.body.tags['maintenance-session'] ?? '';
    expect(note.startsWith(`mt1|${SESSION}|{"v":"${before?.version}","t":"${before?.thumbprint}"}|`)).toBe(true);
    expect(note.length).toBeLessThanOrEqual(256);
  });

  test('sends PFX in base64 with a password of its own and its content type', async () => {
    await upload({ certificates: 'star-new=pfx', certificate: pemOf(renewed['rsa-2048'] as IssuedCertificate) });
    const { body } = imports[0] as SentImport;
    expect(body.pwd).toMatch(/^[\w-]{32}$/);
    expect(Buffer.from(body.value, 'base64')[0]).toBe(0x30);
    expect(body.policy).toEqual({
      key_props: { kty: 'RSA', key_size: 2048, exportable: true, reuse_key: false },
      secret_props: { contentType: 'application/x-pkcs12' },
      issuer: { name: 'Unknown' },
    });
    expect(body.tags['maintenance-session']).toContain(`mt1|${SESSION}|null|`);
  });

  test('changes nothing in a dry run', async () => {
    const { outcome, shown, outputs } = await upload({ 'dry-run': 'true' });
    expect(outcome).toEqual({ ok: true });
    expect(outputs.changed).toBe('');
    expect(shown).toMatch(
      /star-example-com in example-vault\.vault\.azure\.net: [0-9a-f]{40} until 2026-12-01 \(pem\) → [0-9a-f]{40} until 2027-02-20 \(pem\)/,
    );
    expect(imports).toEqual([]);
  });

  test('shows no line of the key, of the sent password or of a token anywhere', async () => {
    const given = renewed['rsa-2048'] as IssuedCertificate;
    const path = file('secret.pem', pemOf(given));
    const { shown, outcome } = await runs.run(task, {
      ...BASE,
      'certificate-file': path,
      certificates: 'star-example-com=pfx',
    });
    expect(outcome).toEqual({ ok: true });
    for (const line of given.key.split('\n').filter((each) => each.length > 20 && !each.startsWith('-')))
      expect(shown).not.toContain(line);
    expect(shown).not.toContain(SECRET);
    expect(shown).not.toContain(imports[0]?.body.pwd);
    expect(shown).not.toContain('eyJ');
    expect(readFileSync(join(runs.workingFolder, path), 'utf8')).toBe(pemOf(given));
  });

  test('shows nothing of what it sent when the vault quotes it in its refusal', async () => {
    let value = '';
    let pwd = '';
    const quoting: typeof vault = {
      ...vault,
      async answer(request) {
        if (request.method !== 'POST') return vault.answer(request);
        const sent = JSON.parse(request.body.toString()) as SentImport['body'];
        value = sent.value;
        pwd = sent.pwd ?? '';
        const quoted = pwd || value.slice(value.indexOf('-----BEGIN PRIVATE KEY-----')).replaceAll('\n', ' ');
        return { status: 400, body: { error: { code: 'BadParameter', message: `Cannot take ${quoted}` } } };
      },
    };
    for (const certificates of ['star-example-com=pfx', 'star-example-com=pem']) {
      runs.use([quoting, signIn()]);
      const { shown, outcome } = await upload({ certificates });
      expect(outcome).toMatchObject({ ok: false, kind: 'remote' });
      expect(shown).toContain('400 BadParameter: Cannot take');
      const parts = certificates.endsWith('pfx') ? [pwd] : (renewed['ec-p256']?.key.split('\n') ?? []);
      for (const part of parts.filter((each) => each.length > 20 && !each.startsWith('-')))
        expect(shown).not.toContain(part);
    }
  });

  test('does not import again when an import’s answer was lost', async () => {
    let lost = 0;
    world({}, ({ method, path }) =>
      method === 'POST' && path.includes('/import') && lost++ === 0 ? 'lost' : undefined,
    );
    expect((await upload()).outcome).toEqual({ ok: true });
    expect(versionsOf('star-example-com')).toHaveLength(2);
    expect(imports).toHaveLength(1);
  });

  test('imports again when the first one surely did not come through', async () => {
    let refused = 0;
    world({}, ({ path }) => (path.includes('/import') && refused++ === 0 ? 'reset' : undefined));
    expect((await upload()).outcome).toEqual({ ok: true });
    expect(versionsOf('star-example-com')).toHaveLength(2);
  });

  test.each([{ 'retry-after': 7 }, {}])('waits when the vault is asked too often (%o)', async (hint) => {
    world({ throttled: { calls: 2, ...hint } });
    const { outcome, shown } = await upload();
    expect(outcome).toEqual({ ok: true });
    expect(shown).toContain('Azure Key Vault answered 429');
    if ('retry-after' in hint) expect(shown).toContain('waiting 7 s');
  });

  test('imports when only the form differs', async () => {
    await upload();
    await upload({ certificates: 'star-example-com=pfx' });
    await upload({ certificates: 'star-example-com=pfx' });
    expect(imports).toHaveLength(2);
  });

  test('goes on after a crash between two imports with what is missing', async () => {
    world({}, ({ path }) => (path.includes('star-b/import') ? { status: 400 } : undefined));
    const certificates = 'star-example-com\nstar-b';
    expect(await messageOf({ certificates })).toMatch(/Changed and still standing: star-example-com/);
    runs.use([vault, signIn()]);
    const again = await upload({ certificates });
    expect(again.outputs.changed).toBe('star-b');
  });

  test('says what is wrong with the certificate, all at once, and asks no vault', async () => {
    const wrong = root.issue({
      names: ['www.example.org'],
      notAfter: new Date('2026-12-02T00:00:00Z'),
      key: 'rsa-1024',
    });
    const message = await messageOf({ certificate: pemOf(wrong) });
    expect(message).toMatch(/^refused: The certificate is not fit to be stored/);
    expect(message).toContain('only valid for 9 more days, and days-left asks for 30');
    expect(message).toContain('does not cover www.example.com, example.com; it covers www.example.org');
    expect(message).toContain('The RSA key has 1024 bits');
    expect(runs.calls()).toEqual([]);
  });

  test('names everything that does not fit together in what it was given', async () => {
    const message = await messageOf({
      'certificate-file': file('twice.pem', 'x'),
      'key-file': file('key.pem', 'x'),
      key: 'some key text',
      trust: 'public',
    });
    expect(message).toMatch(/^input: /);
    expect(message).toContain('certificate-file and certificate are both given; leave one out.');
    expect(message).toContain('key-file and key are both given; leave one out.');
    expect(message).toContain('trusted-roots is only used with trust: file');
    const bare = await runs.run(task, { vault: 'example-vault', certificates: 'a', session: SESSION, trust: 'file' });
    expect(bare.outcome.ok ? '' : bare.outcome.message).toMatch(
      /certificate-file or certificate is required\.\s+- trusted-roots is required for trust: file/,
    );
    expect(await messageOf({ certificates: 'star\nSTAR=pem' })).toMatch(
      /^input: .*certificates: star is there more than once/s,
    );
  });

  test('trusts no private CA unless it is given', async () => {
    const pem = pemOf(renewed['ec-p256'] as IssuedCertificate);
    const base = {
      certificate: pem,
      vault: 'example-vault',
      certificates: 'a',
      session: SESSION,
      evidence: 'e',
      ...ACCESS,
    };
    const { outcome } = await runs.run(task, base);
    expect(outcome.ok ? '' : outcome.message).toContain(
      'the certificate of Example Root, which issued Example Issuing CA, is missing',
    );
  });

  describe('is told by the vault', () => {
    test('that a deleted certificate holds the name', async () => {
      world({ certificates: [{ ...OLD, deleted: true }] });
      expect(await messageOf()).toMatch(
        /^refused: .*star-example-com: a deleted certificate holds this name until 2027-02-20\. Recover it/s,
      );
      expect(imports).toEqual([]);
    });

    test('that the credentials may not import', async () => {
      world({ access: [{ application: CLIENT, actions: ['read'] }] });
      expect(await messageOf()).toMatch(
        /^auth: The credentials may not do this .* Grant the action Microsoft\.KeyVault\/vaults\/certificates\/import\/action/,
      );
    });

    test('that its firewall keeps the runner out', async () => {
      world({ network: 'firewall' });
      expect(await messageOf()).toMatch(
        /^auth: The network rules of the vault .* keep this runner \(192\.0\.2\.10\) out/,
      );
      world({ network: 'private' });
      expect(await messageOf()).toMatch(/^auth: The network rules of the vault/);
    });

    test('that it belongs to another directory', async () => {
      world({ tenant: '33333333-3333-3333-3333-333333333333' });
      expect(await messageOf()).toMatch(
        /^auth: The resource belongs to the directory 33333333-.*credentials are of 11111111-/,
      );
    });

    test('that it renews the certificate itself', async () => {
      world({ certificates: [{ ...OLD, issuer: 'DigiCert' }] });
      expect(await messageOf()).toMatch(/^refused: .*the vault itself renews it with DigiCert/s);
    });
  });

  test('warns of a new name that looks like a slip', async () => {
    const { warnings } = await upload({ certificates: 'star-exmaple-com', 'dry-run': 'true' });
    expect(warnings).toEqual([
      'star-exmaple-com is new in example-vault.vault.azure.net, where there is star-example-com. Is that the one you mean?',
    ]);
  });

  test('signs in once more when the vault does not take the token', async () => {
    let refused = 0;
    world({}, ({ path, number }) =>
      number > 2 && /star-example-com\?/.test(path) && refused++ === 0 ? { status: 401 } : undefined,
    );
    expect((await upload()).outcome).toEqual({ ok: true });
    expect(runs.calls().filter((call) => call.includes('login.microsoftonline.com'))).toHaveLength(2);
  });

  test('does not pass over what somebody else imported after the plan', async () => {
    const { answer } = vault;
    const rival: typeof vault = {
      ...vault,
      async answer(request) {
        const first = await answer(request);
        // While the first of two is imported, somebody imports the second.
        if (request.url.pathname === '/certificates/star-example-com/import')
          await answer({ ...request, url: new URL(request.url.href.replace('star-example-com', 'star-b')) });
        return first;
      },
    };
    runs.use([rival, signIn()]);
    const message = await messageOf({ certificates: 'star-example-com\nstar-b' });
    expect(message).toMatch(
      /^conflict: star-b in .* held nothing when this was planned, and holds [0-9a-f]{40} \(version/,
    );
    expect(message).toMatch(/Changed and still standing: star-example-com/);
    expect(versionsOf('star-b')).toHaveLength(1);
  });

  test('says so when somebody else imports another certificate at the same moment', async () => {
    const theirs = pemOf(issuing.issue({ names: ['*.example.com'], notAfter: new Date('2027-03-01T00:00:00Z') }));
    const { answer } = vault;
    let again = false;
    const rival: typeof vault = {
      ...vault,
      async answer(request) {
        const first = await answer(request);
        if (request.method !== 'POST' || again) return first;
        again = true;
        const body = JSON.parse(request.body.toString()) as { policy: { key_props: object } };
        const value = theirs.replace(/(-----BEGIN PRIVATE[\s\S]*PRIVATE KEY-----\n)([\s\S]*)/, '$2$1');
        await answer({ ...request, body: Buffer.from(JSON.stringify({ value, policy: body.policy, tags: {} })) });
        return first;
      },
    };
    runs.use([rival, signIn()]);
    expect(await messageOf()).toMatch(
      /^conflict: star-example-com in .* was imported with the thumbprint [0-9a-f]{40} \(pem\), and holds [0-9a-f]{40} now\. Changed and still standing: star-example-com/,
    );
  });
});

describe('before the night', () => {
  const check = async (work: (context: AnyContext) => Promise<string[]>) => {
    let problems: string[] = [];
    const probe = defineTask({
      name: 'probe',
      azure: { id: '00000000-0000-0000-0000-000000000000', category: 'Utility' },
      summary: 'Asks one step function.',
      needs: {},
      mutates: false,
      inputs: {},
      outputs: {},
      async run(context) {
        problems = await work(context);
        return {};
      },
    });
    expect((await runs.run(probe, {})).outcome).toEqual({ ok: true });
    expect(imports).toEqual([]);
    return problems;
  };
  const access = { tenantId: TENANT, clientId: CLIENT, clientSecret: SECRET };
  const targets = { vault: 'example-vault', certificates: ['star-example-com=pem', 'star-new'], access };

  test('finds nothing wrong with a vault that can be read', async () => {
    expect(await check((context) => checkAccess(context, targets))).toEqual([]);
    expect(runs.calls().filter((call) => call.startsWith('POST'))).toEqual([
      expect.stringContaining('login.microsoftonline.com'),
    ]);
  });

  test.each<[string, Partial<VaultSeed>, object, RegExp]>([
    ['a role that is missing', { access: [] }, {}, /may not do this/],
    ['a wrong secret', {}, { access: { ...access, clientSecret: 'wrong-secret' } }, /AADSTS7000215/],
    [
      'a deleted certificate',
      { certificates: [{ ...OLD, deleted: true }] },
      {},
      /star-example-com in example-vault\.vault\.azure\.net is deleted/,
    ],
    ['a name that cannot be one', {}, { certificates: ['star.example.com'] }, /"star\.example\.com" is not a name/],
    ['an address that is no vault', {}, { vault: 'https://example.com' }, /is not the address of a vault/],
  ])('finds %s', async (_, seed, more, problem) => {
    world(seed);
    expect(await check((context) => checkAccess(context, { ...targets, ...more }))).toEqual([
      expect.stringMatching(problem),
    ]);
  });

  test('finds what is wrong with a certificate', async () => {
    const given = {
      certificate: Buffer.from(pemOf(renewed['ec-p256'] as IssuedCertificate)),
      roots: Buffer.from(root.certificate),
    };
    expect(await check((context) => checkCertificate(context, { ...given, names: [], daysLeft: 30 }))).toEqual([]);
    expect(
      await check((context) => checkCertificate(context, { ...given, names: ['example.org'], daysLeft: 30 })),
    ).toEqual([expect.stringMatching(/does not cover example\.org/)]);
    expect(runs.calls()).toEqual([]);
  });
});
