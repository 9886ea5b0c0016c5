import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { type AnyContext, InputProblem } from '@maintenance-tasks/core';
import type { GivenCertificate } from './given.ts';
import { isKey, looksLikePem, openKey, type PemBlock, readPem, textOf, writePem } from './pem.ts';

/** All certificates and keys that were given, each once, in no particular order. */
export interface Material {
  readonly certificates: readonly X509Certificate[];
  readonly keys: readonly KeyObject[];
  /** The root certificates to trust; nothing stands for the public ones. */
  readonly roots: readonly X509Certificate[] | undefined;
}

/**
 * Reads what was given, in whatever form, and keeps keys and password out of everything that is shown.
 *
 * @throws InputProblem with one problem a line
 */
export async function readMaterial(
  context: Pick<AnyContext, 'keepSecret'>,
  given: GivenCertificate,
): Promise<Material> {
  if (given.password) context.keepSecret(given.password);
  const problems: string[] = [];
  const certificates: X509Certificate[] = [];
  const keys: KeyObject[] = [];
  for (const [what, bytes] of [
    ['certificate', given.certificate],
    ['key', given.key],
    ['chain', given.chain],
  ] as const) {
    if (!bytes) continue;
    try {
      const found = await readAny(context, bytes, given.password);
      certificates.push(...found.certificates);
      // A key beside a CA's certificate is not ours to send anywhere.
      if (what !== 'chain') keys.push(...found.keys);
    } catch (error) {
      if (!(error instanceof InputProblem)) throw error;
      problems.push(`${what}: ${error.message}.`);
    }
  }
  const roots = given.roots && readRoots(given.roots, problems);
  if (problems.length > 0) throw new InputProblem(problems.join('\n'));
  for (const key of keys) keepKeySecret(context, writePem('PRIVATE KEY', pkcs8(key)));
  return {
    certificates: distinct(certificates, ({ fingerprint256 }) => fingerprint256),
    keys: distinct(keys, publicHalf),
    roots,
  };
}

export function pkcs8(key: KeyObject): Buffer {
  return key.export({ type: 'pkcs8', format: 'der' });
}

interface Found {
  readonly certificates: readonly X509Certificate[];
  readonly keys: readonly KeyObject[];
}

async function readAny(
  context: Pick<AnyContext, 'keepSecret'>,
  bytes: Buffer,
  password: string | undefined,
): Promise<Found> {
  const binary = looksLikePem(bytes) ? bytes : (fromBase64(bytes) ?? bytes);
  if (looksLikePem(binary)) return fromPem(context, readPem(textOf(binary)), password);
  const { looksLikePfx, readPfx } = await import('./pfx.ts');
  if (looksLikePfx(binary)) {
    const { certificates, keys } = await readPfx(binary, password);
    return {
      certificates: certificates.map((der) => readCertificate(der)),
      keys: keys.map(keyFromPkcs8),
    };
  }
  const certificate = attempt(() => new X509Certificate(binary));
  if (certificate) return { certificates: [certificate], keys: [] };
  throw new InputProblem('it is neither PEM nor PFX');
}

function fromPem(
  context: Pick<AnyContext, 'keepSecret'>,
  blocks: readonly PemBlock[],
  password: string | undefined,
): Found {
  if (blocks.some(({ label }) => label === 'PKCS7' || label === 'CMS'))
    throw new InputProblem('it is a PKCS#7 file; `openssl pkcs7 -print_certs` makes PEM certificates of it');
  const keys = blocks.filter(isKey);
  for (const { label, bytes, encryption } of keys) keepKeySecret(context, writePem(label, bytes, encryption));
  return {
    certificates: blocks.filter(isCertificate).map(({ bytes }) => readCertificate(bytes)),
    keys: keys.map((block) => openKey(block, password)),
  };
}

function keyFromPkcs8(der: Buffer): KeyObject {
  const key = attempt(() => createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }));
  if (!key) throw new InputProblem('the private key in the PFX is of a kind that is not supported');
  return key;
}

function isCertificate({ label }: PemBlock): boolean {
  return label === 'CERTIFICATE' || label === 'X509 CERTIFICATE';
}

function readRoots(bytes: Buffer, problems: string[]): X509Certificate[] {
  const roots =
    attempt(() =>
      readPem(textOf(bytes))
        .filter(isCertificate)
        .map(({ bytes: der }) => readCertificate(der)),
    ) ?? [];
  if (roots.length === 0) problems.push('trusted-roots: it holds no certificate in PEM.');
  for (const root of roots) {
    if (root.subject === root.issuer) continue;
    problems.push(
      `trusted-roots: ${nameOf(root)} is no root certificate, as it is issued by another; it belongs into chain-file.`,
    );
  }
  return roots;
}

/** How people call a certificate: its common name, or its first DNS name. */
export function nameOf(certificate: X509Certificate): string {
  const commonName = /(?:^|\n)CN=(.*)/.exec(certificate.subject)?.[1];
  return commonName ?? dnsNames(certificate)[0] ?? certificate.subject.replaceAll('\n', ', ');
}

export function dnsNames(certificate: X509Certificate): string[] {
  return [...(certificate.subjectAltName ?? '').matchAll(/(?:^|, )DNS:([^,"]+)/g)].map(([, name]) => name as string);
}

/** Each line of it masks itself: logs are cleaned line by line. A certificate is public and is not masked. */
function keepKeySecret(context: Pick<AnyContext, 'keepSecret'>, pem: string): void {
  const lines = pem.split('\n').filter((line) => /^[A-Za-z0-9+/=]{16,}$/.test(line));
  for (const line of lines) context.keepSecret(line);
}

function fromBase64(bytes: Buffer): Buffer | undefined {
  const text = textOf(bytes).replace(/\s+/g, '');
  return /^[A-Za-z0-9+/]{40,}={0,2}$/.test(text) ? Buffer.from(text, 'base64') : undefined;
}

function readCertificate(der: Buffer): X509Certificate {
  const certificate = attempt(() => new X509Certificate(der));
  if (!certificate) throw new InputProblem('a certificate in it is damaged');
  return certificate;
}

function publicHalf(key: KeyObject): string {
  return createPublicKey(key).export({ type: 'spki', format: 'der' }).toString('base64');
}

function distinct<Item>(items: readonly Item[], idOf: (item: Item) => string): Item[] {
  return [...new Map(items.map((item) => [idOf(item), item])).values()];
}

/** Nothing where the work throws. */
export function attempt<Value>(work: () => Value): Value | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
