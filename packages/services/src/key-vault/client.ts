import { type Http, type HttpAnswer, type HttpRequest, TaskError } from '@maintenance-tasks/core';
import { type Challenge, readChallenge } from './challenge.ts';
import { vaultError, withoutVault } from './vault-error.ts';

export { vaultAddress } from './address.ts';
export type { Challenge } from './challenge.ts';

export type ContentType = 'application/x-pem-file' | 'application/x-pkcs12';

/** A version of a certificate as the vault holds it. */
export interface VaultCertificate {
  readonly name: string;
  readonly version: string;
  /** SHA-1 of the certificate, lower-case hex. */
  readonly thumbprint: string;
  readonly enabled: boolean;
  readonly expires: Date | undefined;
  readonly tags: Readonly<Record<string, string>>;
  readonly policy: CertificatePolicy;
}

/** The part of a policy that is read and sent; the rest is the vault's own. */
export interface CertificatePolicy {
  readonly secret_props?: { readonly contentType?: string };
  readonly key_props?: {
    readonly exportable?: boolean;
    readonly kty?: string;
    readonly key_size?: number;
    readonly crv?: string;
    readonly reuse_key?: boolean;
  };
  readonly issuer?: { readonly name?: string };
  readonly lifetime_actions?: readonly unknown[];
}

export interface CertificateImport {
  /** The PEM text as it is, or the PFX in base64. */
  readonly value: string;
  readonly pwd?: string;
  /** Always whole: without a content type the vault takes any text for a PFX. */
  readonly policy: CertificatePolicy & { readonly secret_props: { readonly contentType: ContentType } };
  readonly tags: Readonly<Record<string, string>>;
}

export interface KeyVault {
  readonly host: string;
  /** Address of the certificate without version: what App Gateway and App Service follow. */
  secretId(name: string): string;
  /** The current version; nothing when there is no such certificate. */
  certificate(name: string): Promise<VaultCertificate | undefined>;
  /** When a deleted certificate that still holds the name will be gone for good; nothing when there is none. */
  deletedCertificate(name: string): Promise<{ readonly purgedOn: Date | undefined } | undefined>;
  /** The names of all certificates. */
  certificateNames(): Promise<string[]>;
  /** Each import makes a new version that cannot be taken away: `landed` finds out whether a lost one was carried out. */
  importCertificate(
    name: string,
    content: CertificateImport,
    landed: () => Promise<VaultCertificate | undefined>,
  ): Promise<VaultCertificate>;
}

/** A token for what the vault asks; `rejected` is one it did not take. */
export type SignIn = (challenge: Challenge, rejected?: string) => Promise<string>;

const API_VERSION = '2025-07-01';
const SYSTEM = 'Azure Key Vault';

/** Certificates of one vault (learn.microsoft.com/rest/api/keyvault/certificates). */
export function keyVault(http: Http, address: URL, signIn: SignIn): KeyVault {
  const host = address.host;
  let challenge: Promise<Challenge> | undefined;

  function urlOf(path: string): URL {
    const url = new URL(path, address);
    // A page's own address comes with everything in it.
    if (!url.searchParams.has('api-version')) url.searchParams.set('api-version', API_VERSION);
    return url;
  }

  async function send(request: HttpRequest): Promise<HttpAnswer> {
    try {
      return await http.send(request);
    } catch (error) {
      throw withoutVault(error, host);
    }
  }

  /** A request without token and body: the answer says where to sign in. */
  async function askChallenge(): Promise<Challenge> {
    const doing = 'asked where to sign in';
    const answer = await send({ method: 'GET', url: urlOf('/certificates'), system: SYSTEM });
    const found = readChallenge(answer.headers['www-authenticate'], host);
    if (answer.status === 401 && found) return found;
    if (answer.status === 403) throw vaultError(answer, host, doing);
    throw new TaskError('remote', {
      what: `${host} answered ${answer.status} when ${doing}, and not as a key vault does.`,
      remedy: 'Check the name of the vault, and whether a proxy answers in its place.',
    });
  }

  async function token(rejected?: string): Promise<string> {
    challenge ??= askChallenge();
    return signIn(await challenge, rejected);
  }

  async function read(path: string, doing: string): Promise<HttpAnswer | undefined> {
    const url = urlOf(path);
    // The next page's address comes from outside; the token does not go with it to another host.
    if (url.host !== host) throw new Error(`${host} sent us on to ${url.host}`);
    const get = (bearer: string) =>
      send({ method: 'GET', url, headers: { authorization: `Bearer ${bearer}` }, system: SYSTEM });
    const first = await token();
    let answer = await get(first);
    if (answer.status === 401) answer = await get(await token(first));
    if (answer.status === 404) return undefined;
    if (answer.status !== 200) throw vaultError(answer, host, doing);
    return answer;
  }

  return {
    host,

    secretId: (name) => `https://${host}/secrets/${name}`,

    async certificate(name) {
      const answer = await read(`/certificates/${name}`, `reading ${name}`);
      return answer && readBundle(answer, name);
    },

    async deletedCertificate(name) {
      const answer = await read(`/deletedcertificates/${name}`, `looking for ${name} among the deleted ones`);
      if (!answer) return undefined;
      const { scheduledPurgeDate } = answer.json() as { scheduledPurgeDate?: number };
      return { purgedOn: scheduledPurgeDate === undefined ? undefined : new Date(scheduledPurgeDate * 1_000) };
    },

    async certificateNames() {
      const names: string[] = [];
      let path: string | null | undefined = '/certificates';
      while (path) {
        const answer: HttpAnswer | undefined = await read(path, 'listing the certificates');
        const page = (answer?.json() ?? {}) as { value?: { id?: string }[]; nextLink?: string | null };
        names.push(...(page.value ?? []).flatMap(({ id }) => nameAndVersion(id ?? '')?.name ?? []));
        path = page.nextLink;
      }
      return names;
    },

    async importCertificate(name, content, landed) {
      const bearer = await token();
      return http.write(
        {
          method: 'POST',
          url: urlOf(`/certificates/${name}/import`),
          headers: { authorization: `Bearer ${bearer}` },
          json: content,
          system: SYSTEM,
        },
        (answer) => {
          if (answer.status !== 200) throw vaultError(answer, host, `importing ${name}`);
          return readBundle(answer, name);
        },
        landed,
      );
    },
  };
}

interface Bundle {
  readonly id?: string;
  readonly x5t?: string;
  readonly attributes?: { readonly enabled?: boolean; readonly exp?: number };
  readonly tags?: Record<string, string> | null;
  readonly policy?: CertificatePolicy;
}

function readBundle(answer: HttpAnswer, name: string): VaultCertificate {
  const bundle = answer.json() as Bundle;
  const version = nameAndVersion(bundle.id ?? '')?.version;
  if (!version || !bundle.x5t) {
    throw new TaskError('remote', {
      what: `The vault holds ${name}, but no finished certificate in it.`,
      remedy: 'Look at it in the vault: a certificate request that was never completed has to be cancelled first.',
    });
  }
  return {
    name,
    version,
    thumbprint: Buffer.from(bundle.x5t, 'base64url').toString('hex'),
    enabled: bundle.attributes?.enabled ?? true,
    expires: bundle.attributes?.exp === undefined ? undefined : new Date(bundle.attributes.exp * 1_000),
    tags: bundle.tags ?? {},
    policy: bundle.policy ?? {},
  };
}

/** `https://VAULT/certificates/NAME/VERSION`; ids in lists have no version. */
function nameAndVersion(id: string): { name: string; version: string | undefined } | undefined {
  if (!URL.canParse(id)) return undefined;
  const [, kind, name, version] = new URL(id).pathname.split('/');
  return kind === 'certificates' && name ? { name, version } : undefined;
}
