import { createPrivateKey, type KeyObject, randomBytes, X509Certificate } from 'node:crypto';
import type { z } from 'zod';
import { type Authority, createAuthority, pem } from '../certificates.ts';
import type { StandIn, StandInAnswer, StandInRequest, StandInWorld } from '../stand-in.ts';
import { type Caller, callerOf } from './azure-token.ts';
import { objectIn } from './json-body.ts';
import { BadParameter, type Content, contentOfPem, contentOfPfx } from './key-vault-content.ts';
import { keyVaultSeedSchema, type VaultSeed } from './key-vault-seed.ts';

export { keyVaultSeedSchema };

/** The stand-in, and what it holds for those who serve it. */
export interface KeyVaultStandIn extends StandIn {
  /** The current version of a vault's certificate; PEM, the chain after the leaf. Read anew for each handshake. */
  certificateOf(vault: string, name: string): ServedCertificate | undefined;
}

export interface ServedCertificate {
  readonly certificate: string;
  readonly key: string;
  /** SHA-1, lower-case hex. */
  readonly thumbprint: string;
  readonly version: string;
}

const AUDIENCE = 'https://vault.azure.net';
const PAGE = 25;
const RETENTION_DAYS = 90;
const CONTENT_TYPES = ['application/x-pkcs12', 'application/x-pem-file'];

interface Version extends Content {
  readonly version: string;
  readonly created: number;
  readonly tags: Readonly<Record<string, string>>;
  readonly enabled: boolean;
}

interface Held {
  readonly name: string;
  /** Newest last. */
  versions: Version[];
  policy: Record<string, unknown>;
  deletedAt?: number;
}

interface Vault {
  readonly seed: VaultSeed;
  readonly held: Map<string, Held>;
  calls: number;
}

/** Azure Key Vault's certificates: learn.microsoft.com/rest/api/keyvault/certificates, api-version 2025-07-01. */
export function keyVaultStandIn(given: z.input<typeof keyVaultSeedSchema>, world: StandInWorld): KeyVaultStandIn {
  const seed = keyVaultSeedSchema.parse(given);
  const authority = createAuthority('Example Public CA').intermediate('Example Issuing CA');
  const seconds = () => Math.floor(world.now().getTime() / 1_000);
  const vaults = new Map<string, Vault>(
    seed.vaults.map((each) => [each.name, { seed: each, held: seeded(each, authority, seconds()), calls: 0 }]),
  );

  function importOne(vault: Vault, name: string, request: StandInRequest): StandInAnswer {
    const body = objectIn(request.body);
    if (!/^[0-9A-Za-z-]{1,127}$/.test(name)) return bad(`The request URI contains an invalid name: ${name}`);
    if (!body || typeof body.value !== 'string') return bad('Property  has invalid value');
    const known = vault.held.get(name.toLowerCase());
    if (known?.deletedAt !== undefined) return softDeleted(name);
    const policy = body.policy as Policy | undefined;
    const contentType = policy?.secret_props?.contentType;
    if (policy && !CONTENT_TYPES.includes(contentType ?? ''))
      return bad('Property policy has invalid value: secret_props.contentType is missing or unknown');
    const tags = (body.tags ?? {}) as Record<string, string>;
    const tagProblem = problemOfTags(tags);
    if (tagProblem) return bad(tagProblem);
    const content =
      contentType === 'application/x-pem-file'
        ? contentOfPem(body.value)
        : contentOfPfx(body.value, typeof body.pwd === 'string' ? body.pwd : '');
    const problem = problemOfContent(content, policy, world.now());
    if (problem) return bad(problem);
    const version: Version = { ...content, version: newVersion(), created: seconds(), tags, enabled: true };
    const held: Held = known ?? { name, versions: [], policy: {} };
    held.versions.push(version);
    held.policy = {
      issuer: { name: 'Unknown' },
      secret_props: { contentType: CONTENT_TYPES[0] },
      ...(body.policy as object),
    };
    vault.held.set(name.toLowerCase(), held);
    return { status: 200, body: bundle(vault, held, version) };
  }

  function certificates(vault: Vault, caller: Caller, path: readonly string[], request: StandInRequest): StandInAnswer {
    const [name = '', rest = ''] = path;
    const { method } = request;
    const needed = method === 'POST' ? 'import' : method === 'DELETE' ? 'delete' : 'read';
    const denied = deniedBy(vault, caller, needed);
    if (denied) return denied;
    if (name === '' && method === 'GET')
      return page(
        request.url,
        [...vault.held.values()]
          .filter(isThere)
          .map((held) => item(vault, held, held.versions.at(-1) as Version, false)),
      );
    if (method === 'POST' && rest === 'import') return importOne(vault, name, request);
    const held = vault.held.get(name.toLowerCase());
    if (!held || held.deletedAt !== undefined) return notFound(name);
    if (method === 'DELETE' && rest === '') {
      held.deletedAt = seconds();
      return { status: 200, body: deletedBundle(vault, held) };
    }
    if (method !== 'GET') return { status: 405, body: error('MethodNotAllowed', 'The method is not allowed.') };
    if (rest === 'versions')
      return page(
        request.url,
        held.versions.map((version) => item(vault, held, version, true)),
      );
    if (rest === 'policy') return { status: 200, body: held.policy };
    const version = rest === '' ? held.versions.at(-1) : held.versions.find((each) => each.version === rest);
    return version ? { status: 200, body: bundle(vault, held, version) } : notFound(`${name}/${rest}`);
  }

  function deleted(
    vault: Vault,
    caller: Caller,
    [name = '', action = '']: readonly string[],
    method: string,
  ): StandInAnswer {
    const needed = action === 'recover' ? 'recover' : method === 'DELETE' ? 'purge' : 'read';
    const denied = deniedBy(vault, caller, needed);
    if (denied) return denied;
    const held = vault.held.get(name.toLowerCase());
    if (held?.deletedAt === undefined) return notFound(name);
    if (method === 'POST' && action === 'recover') delete held.deletedAt;
    if (method === 'DELETE') {
      vault.held.delete(name.toLowerCase());
      return { status: 204 };
    }
    return {
      status: 200,
      body:
        held.deletedAt === undefined
          ? bundle(vault, held, held.versions.at(-1) as Version)
          : deletedBundle(vault, held),
    };
  }

  function answer(request: StandInRequest): StandInAnswer {
    const { url, headers } = request;
    const vault = vaults.get(url.hostname.split('.')[0] ?? '');
    if (!vault) return { status: 404, body: 'Not found' };
    const { seed: own } = vault;
    const caller = callerOf(headers.authorization, { audience: AUDIENCE, tenantId: own.tenant }, world.now());
    if (!caller) return challenge(own, headers.authorization !== undefined);
    // Some clients write the name of this parameter as api%2Dversion.
    if (!/^\d/.test(url.searchParams.get('api-version') ?? '')) return bad('api-version must be specified');
    if (own.network !== 'open') return keptOut(own);
    vault.calls += 1;
    if (own.throttled && vault.calls <= own.throttled.calls) return throttled(own.throttled['retry-after']);
    const [, kind, ...path] = url.pathname.split('/').filter((part, index) => index === 0 || part !== '');
    try {
      if (kind === 'certificates') return certificates(vault, caller, path, request);
      if (kind === 'deletedcertificates') return deleted(vault, caller, path, request.method);
    } catch (thrown) {
      if (thrown instanceof BadParameter) return bad(thrown.message);
      throw thrown;
    }
    return { status: 404, body: error('NotFound', 'The resource does not exist.') };
  }

  return {
    name: 'Azure Key Vault',
    hosts: seed.vaults.map((each) => hostOf(each)),
    answer,
    certificateOf(vaultName, name) {
      const held = vaults.get(vaultName)?.held.get(name.toLowerCase());
      const current = held?.deletedAt === undefined ? held?.versions.at(-1) : undefined;
      return current && served(current);
    },
    state: () => Object.fromEntries([...vaults].map(([name, { held }]) => [name, [...held.values()].map(shown)])),
    // A version cannot be taken away again: its tag tells where it came from, and stays with it.
    leftovers: () => [],
  };
}

function hostOf({ name }: VaultSeed): string {
  return `${name}.vault.azure.net`;
}

function seeded({ certificates }: VaultSeed, authority: Authority, created: number): Map<string, Held> {
  return new Map(
    certificates.map((each) => {
      const notAfter = each.until ? { notAfter: new Date(each.until) } : {};
      const made = each.pem ?? authority.issue({ names: each.names ?? ['www.example.com'], ...notAfter });
      const chain = made.chain.match(/-----BEGIN[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
      const version: Version = {
        version: newVersion(),
        created,
        tags: each.tags,
        enabled: each.enabled,
        leaf: new X509Certificate(made.certificate),
        chain: chain.map((part) => new X509Certificate(part)),
        key: createPrivateKey(made.key),
      };
      const policy = {
        issuer: { name: each.issuer },
        secret_props: { contentType: CONTENT_TYPES[each.form === 'pem' ? 1 : 0] },
        key_props: { exportable: true },
      };
      const held: Held = { name: each.name, versions: [version], policy, ...(each.deleted && { deletedAt: created }) };
      return [each.name.toLowerCase(), held];
    }),
  );
}

function newVersion(): string {
  return randomBytes(16).toString('hex');
}

interface Policy {
  readonly secret_props?: { readonly contentType?: string };
  readonly key_props?: { readonly kty?: string; readonly key_size?: number; readonly crv?: string };
  readonly issuer?: { readonly name?: string };
}

function problemOfTags(tags: Readonly<Record<string, string>>): string | undefined {
  const entries = Object.entries(tags);
  if (entries.length > 15) return 'Property tags has invalid value: at most 15 tags are allowed';
  const long = entries.find(([name, value]) => name.length > 256 || value.length > 256);
  return long && `Property tags has invalid value: ${long[0]} is longer than 256 characters`;
}

const CURVES: Readonly<Record<string, string>> = { prime256v1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521' };

function problemOfContent({ leaf, key }: Content, policy: Policy | undefined, now: Date): string | undefined {
  if (new Date(leaf.validTo) <= now) return 'The specified X.509 certificate has expired.';
  const { kty, size, crv } = keyKind(key);
  const { kty: askedKty = kty, key_size: askedSize = size, crv: askedCurve = crv } = policy?.key_props ?? {};
  if (kty === undefined || (kty === 'RSA' && ![2048, 3072, 4096].includes(size ?? 0)) || (kty === 'EC' && !crv))
    return 'The specified X.509 certificate content has an unsupported key type or key size.';
  if (askedKty !== kty || askedSize !== size || askedCurve !== crv)
    return 'Property policy has invalid value: key_props do not match the key of the certificate';
  return undefined;
}

function keyKind(key: KeyObject): { kty?: string; size?: number | undefined; crv?: string | undefined } {
  const details = key.asymmetricKeyDetails;
  if (key.asymmetricKeyType === 'rsa') return { kty: 'RSA', size: details?.modulusLength };
  if (key.asymmetricKeyType === 'ec') return { kty: 'EC', crv: CURVES[details?.namedCurve ?? ''] };
  return {};
}

function isThere(held: Held): boolean {
  return held.deletedAt === undefined;
}

function item(vault: Vault, { name }: Held, version: Version, withVersion: boolean) {
  const { leaf, enabled, tags, created } = version;
  return {
    id: `https://${hostOf(vault.seed)}/certificates/${name}${withVersion ? `/${version.version}` : ''}`,
    x5t: Buffer.from(leaf.fingerprint.replaceAll(':', ''), 'hex').toString('base64url'),
    attributes: {
      enabled,
      nbf: Math.floor(Date.parse(leaf.validFrom) / 1_000),
      exp: Math.floor(Date.parse(leaf.validTo) / 1_000),
      created,
      updated: created,
      recoveryLevel: 'Recoverable+Purgeable',
      recoverableDays: RETENTION_DAYS,
    },
    tags,
  };
}

function bundle(vault: Vault, held: Held, version: Version) {
  const base = `https://${hostOf(vault.seed)}`;
  return {
    ...item(vault, held, version, true),
    kid: `${base}/keys/${held.name}/${version.version}`,
    sid: `${base}/secrets/${held.name}/${version.version}`,
    cer: version.leaf.raw.toString('base64'),
    policy: { id: `${base}/certificates/${held.name}/policy`, ...held.policy },
  };
}

function deletedBundle(vault: Vault, held: Held) {
  const deletedDate = held.deletedAt ?? 0;
  return {
    ...bundle(vault, held, held.versions.at(-1) as Version),
    recoveryId: `https://${hostOf(vault.seed)}/deletedcertificates/${held.name}`,
    deletedDate,
    scheduledPurgeDate: deletedDate + RETENTION_DAYS * 86_400,
  };
}

function page(url: URL, items: readonly object[]): StandInAnswer {
  const from = Number(url.searchParams.get('$skiptoken') ?? 0);
  const size = Math.min(PAGE, Number(url.searchParams.get('maxresults') ?? PAGE));
  const next = new URL(url);
  next.searchParams.set('$skiptoken', String(from + size));
  return {
    status: 200,
    body: { value: items.slice(from, from + size), nextLink: from + size < items.length ? next.href : null },
  };
}

function challenge({ tenant }: VaultSeed, withToken: boolean): StandInAnswer {
  const reason = withToken ? ', error="invalid_token", error_description="The token is not valid for this vault."' : '';
  return {
    status: 401,
    headers: {
      'www-authenticate': `Bearer authorization="https://login.microsoftonline.com/${tenant}", resource="${AUDIENCE}"${reason}`,
    },
    body: error(
      'Unauthorized',
      withToken ? 'Error validating token.' : 'AKV10000: Request is missing a Bearer or PoP token.',
    ),
  };
}

function keptOut({ name, network }: VaultSeed): StandInAnswer {
  const firewall = network === 'firewall';
  const message = firewall
    ? `Client address is not authorized and caller is not a trusted service.\r\nClient address: 192.0.2.10\r\nCaller: appid=***\r\nVault: ${name};location=westeurope`
    : 'Public network access is disabled and request is not from a trusted service nor via an approved private link.\r\nCaller: appid=***';
  return { status: 403, body: error('Forbidden', message, firewall ? 'ForbiddenByFirewall' : 'ForbiddenByConnection') };
}

function deniedBy(
  { seed }: Vault,
  { clientId }: Caller,
  action: VaultSeed['access'][number]['actions'][number],
): StandInAnswer | undefined {
  if (seed.access.some(({ application, actions }) => application === clientId && actions.includes(action)))
    return undefined;
  const full = `Microsoft.KeyVault/vaults/certificates/${action}${action === 'read' || action === 'delete' ? '' : '/action'}`;
  const message = `Caller is not authorized to perform action on resource.\r\nIf role assignments, deny assignments or role definitions were changed recently, please observe propagation time.\r\nCaller: appid=${clientId};oid=00000000-0000-0000-0000-000000000000\r\nAction: '${full}'\r\nVault: ${seed.name};location=westeurope`;
  return { status: 403, body: error('Forbidden', message, 'ForbiddenByRbac') };
}

function throttled(retryAfter: number | undefined): StandInAnswer {
  return {
    status: 429,
    ...(retryAfter !== undefined && { headers: { 'retry-after': String(retryAfter) } }),
    body: error(
      'Throttled',
      'Request was not processed because too many requests were received. Reason: VaultRequestTypeLimitReached',
    ),
  };
}

function softDeleted(name: string): StandInAnswer {
  const message = `Certificate ${name} is currently in a deleted but recoverable state, and its name cannot be reused; in this state, the certificate can only be recovered or purged.`;
  return { status: 409, body: error('Conflict', message, 'ObjectIsDeletedButRecoverable') };
}

function notFound(name: string): StandInAnswer {
  return {
    status: 404,
    body: error('CertificateNotFound', `A certificate with (name/id) ${name} was not found in this key vault.`),
  };
}

function bad(message: string): StandInAnswer {
  return { status: 400, body: error('BadParameter', message) };
}

function error(code: string, message: string, inner?: string) {
  return { error: { code, message, ...(inner && { innererror: { code: inner } }) } };
}

function served({ leaf, chain, key, version }: Version): ServedCertificate {
  return {
    certificate: [leaf, ...chain].map(({ raw }) => pem('CERTIFICATE', raw)).join(''),
    key: key.export({ type: 'pkcs8', format: 'pem' }) as string,
    thumbprint: leaf.fingerprint.replaceAll(':', '').toLowerCase(),
    version,
  };
}

function shown({ name, versions, policy, deletedAt }: Held) {
  return {
    name,
    ...(deletedAt !== undefined && { deleted: new Date(deletedAt * 1_000).toISOString() }),
    contentType: (policy as Policy).secret_props?.contentType,
    versions: versions.map(({ version, leaf, chain, tags, enabled }) => ({
      version,
      thumbprint: leaf.fingerprint.replaceAll(':', '').toLowerCase(),
      expires: new Date(leaf.validTo).toISOString(),
      chainLength: chain.length,
      enabled,
      tags,
    })),
  };
}
