import { type KeyObject, randomBytes, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type AnyContext, InputProblem } from '@maintenance-tasks/core';
import type { CertificatePolicy } from '@maintenance-tasks/services/key-vault/client';
import { type CheckedCertificate, CURVES, examine, type Wishes } from './checks.ts';
import type { GivenCertificate } from './given.ts';
import { attempt, dnsNames, nameOf, pkcs8, readMaterial } from './material.ts';
import { writePem } from './pem.ts';
import type { Form } from './plan.ts';
import { inputError, refused } from './refusal.ts';

/**
 * Reads what was given, puts it in order and shows it.
 *
 * @throws TaskError `input` when it cannot be read, `refused` with everything that is wrong with it
 */
export async function checkedCertificate(
  context: AnyContext,
  given: GivenCertificate & Wishes,
): Promise<CheckedCertificate> {
  const material = await readMaterial(context, given).catch((error: unknown) => {
    throw error instanceof InputProblem ? inputError(error.message) : error;
  });
  const roots = material.roots ?? (await publicRoots());
  const { problems, certificate, unused } = examine(material, roots, given, context.clock.now());
  if (problems.length > 0 || !certificate) throw refused('The certificate is not fit to be stored', problems);
  for (const each of unused) context.log.info(`Not part of the chain, left out: ${nameOf(each)}.`);
  const { leaf, chain, expires } = certificate;
  context.report.table({
    title: 'Certificate',
    columns: ['Subject', 'DNS names', 'Valid until', 'Thumbprint', 'Chain'],
    rows: [
      [
        nameOf(leaf),
        dnsNames(leaf).join(', '),
        expires.toISOString(),
        certificate.thumbprint,
        chain.map(nameOf).join(' → ') || 'directly below the root',
      ],
    ],
  });
  return certificate;
}

/** As the vault takes it; a PFX comes with a password that is used this once. */
export async function storedForm(
  context: AnyContext,
  { leaf, chain, key }: CheckedCertificate,
  form: Form,
): Promise<{ value: string; pwd?: string }> {
  const certificates = [leaf, ...chain].map(({ raw }) => raw);
  if (form === 'pem') {
    // Exactly this and nothing else: the vault refuses other key formats, CRLF and text between the blocks.
    const parts = certificates.map((raw) => writePem('CERTIFICATE', raw));
    return { value: [...parts, writePem('PRIVATE KEY', pkcs8(key))].join('') };
  }
  const { writePfx } = await import('./pfx.ts');
  const pwd = randomBytes(24).toString('base64url');
  context.keepSecret(pwd);
  return { value: writePfx(certificates, pkcs8(key), pwd).toString('base64'), pwd };
}

/** The key as a policy describes it. */
export function keyProperties(key: KeyObject): NonNullable<CertificatePolicy['key_props']> {
  const details = key.asymmetricKeyDetails;
  if (key.asymmetricKeyType === 'rsa') return { kty: 'RSA', key_size: details?.modulusLength ?? 0 };
  return { kty: 'EC', crv: CURVES[details?.namedCurve ?? ''] ?? '' };
}

/**
 * What Node trusts on this runner: its own roots, and those its owner added in NODE_EXTRA_CA_CERTS. Node tells of the
 * latter only from version 22.15 on (https://nodejs.org/api/tls.html#tlsgetcacertificatestype), so the file is read.
 */
async function publicRoots(): Promise<X509Certificate[]> {
  const { rootCertificates } = await import('node:tls');
  const added = process.env.NODE_EXTRA_CA_CERTS;
  // Node, too, goes on without a file that it cannot read.
  const text = added ? await readFile(added, 'utf8').catch(() => '') : '';
  const extra = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return [...rootCertificates, ...extra].flatMap((pem) => attempt(() => new X509Certificate(pem)) ?? []);
}
