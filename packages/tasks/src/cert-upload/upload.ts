import type { KeyObject } from 'node:crypto';
import { randomBytes, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type AnyContext, InputProblem, inParallel, messageOf, nearest, TaskError } from '@maintenance-tasks/core';
import { type AzureAccess, azureToken } from '@maintenance-tasks/services/entra-id/client';
import { type KeyVault, keyVault, vaultAddress } from '@maintenance-tasks/services/key-vault/client';
import { type CheckedCertificate, CURVES, examine, type Wishes } from './checks.ts';
import type { GivenCertificate } from './given.ts';
import { dnsNames, nameOf, pkcs8, readMaterial } from './material.ts';
import { writePem } from './pem.ts';
import {
  CERTIFICATE_NAME,
  isOurs,
  type PlannedImport,
  planUpload,
  repeatedNames,
  type Standing,
  type Target,
  targetOf,
  type Uploaded,
} from './plan.ts';

export interface VaultTargets {
  /** Name or address of the vault. */
  readonly vault: string;
  /** `name`, `name=pem` or `name=pfx`. */
  readonly certificates: readonly string[];
  readonly access: AzureAccess;
}

export interface Upload extends GivenCertificate, Wishes, VaultTargets {
  readonly session: string;
  readonly dryRun: boolean;
}

export interface UploadResult {
  /** Without version, in the order of the names given. */
  readonly secretIds: readonly string[];
  readonly thumbprint: string;
  readonly expires: Date;
  /** Names that received a new version. */
  readonly changed: readonly string[];
}

/**
 * Checks the certificate and stores it under each of the names that do not hold it yet.
 *
 * @throws TaskError `refused` with everything that is wrong with the certificate or in the way in the vault
 */
export async function uploadCertificate(context: AnyContext, upload: Upload): Promise<UploadResult> {
  const targets = targetsOf(upload);
  const vault = openVault(context, upload);
  const certificate = await checkedCertificate(context, upload);
  const uploaded: Uploaded = {
    vault: vault.host,
    thumbprint: certificate.thumbprint,
    expires: certificate.expires,
    keyProperties: keyProperties(certificate.key),
    session: upload.session,
  };
  const standings = await readStandings(vault, targets);
  const { imports, unchanged, problems } = planUpload(targets, standings, uploaded);
  if (problems.length > 0) throw refused(`The certificate cannot be stored in ${vault.host}`, problems);
  await warnOfNewNames(context, vault, imports, standings);
  for (const { name } of unchanged) context.log.info(`${name} holds this certificate already.`);
  context.report.plan(imports.map(({ change }) => change));
  if (!upload.dryRun) {
    for (const planned of imports) {
      await importOne(context, vault, certificate, planned, uploaded);
      context.report.changed(planned.change.id);
      await verifyOne(vault, planned, uploaded);
      context.report.verified(planned.change.id);
    }
  }
  return {
    secretIds: targets.map(({ name }) => vault.secretId(name)),
    thumbprint: certificate.thumbprint,
    expires: certificate.expires,
    changed: upload.dryRun ? [] : imports.map(({ name }) => name),
  };
}

/** What is wrong with a certificate, without looking at any vault; nothing when all is well. */
export async function checkCertificate(context: AnyContext, given: GivenCertificate & Wishes): Promise<string[]> {
  try {
    await checkedCertificate(context, given);
    return [];
  } catch (error) {
    if (error instanceof TaskError) return [error.message];
    throw error;
  }
}

/** Whether the vault can be reached and its certificates read, without changing anything: one sentence a problem. */
export async function checkAccess(
  context: AnyContext,
  { vault: given, certificates, access }: VaultTargets,
): Promise<string[]> {
  try {
    const vault = openVault(context, { vault: given, access });
    const standings = await readStandings(vault, targetsOf({ certificates }));
    return [...standings].flatMap(([name, { deleted }]) =>
      deleted
        ? [`${name} in ${vault.host} is deleted, and its name cannot be used until it is recovered or purged.`]
        : [],
    );
  } catch (error) {
    if (error instanceof TaskError) return [error.message];
    throw error;
  }
}

function openVault(context: AnyContext, { vault, access }: Pick<VaultTargets, 'vault' | 'access'>): KeyVault {
  return keyVault(context.http, addressOf(vault), ({ scope, ...directory }, rejected) =>
    azureToken(context, access, scope, { directory, rejected }),
  );
}

function addressOf(vault: string): URL {
  try {
    return vaultAddress(vault);
  } catch (error) {
    throw inputError(`vault: ${messageOf(error)}.`);
  }
}

function targetsOf({ certificates }: Pick<VaultTargets, 'certificates'>): Target[] {
  const strange = certificates.filter((entry) => !CERTIFICATE_NAME.test(entry));
  if (strange.length > 0)
    throw inputError(
      strange
        .map((entry) => `certificates: "${entry}" is not a name, with =pem or =pfx after it if need be.`)
        .join('\n'),
    );
  const targets = certificates.map(targetOf);
  const repeated = repeatedNames(targets);
  if (repeated.length > 0) throw inputError(`certificates: ${repeated.join(', ')} is there more than once.`);
  return targets;
}

async function checkedCertificate(context: AnyContext, given: GivenCertificate & Wishes): Promise<CheckedCertificate> {
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
  return [...rootCertificates, ...extra].map((pem) => new X509Certificate(pem));
}

async function readStandings(vault: KeyVault, targets: readonly Target[]): Promise<Map<string, Standing>> {
  const entries = await inParallel(targets, 4, async ({ name }): Promise<[string, Standing]> => {
    const current = await vault.certificate(name);
    return [name, { current, deleted: current ? undefined : await vault.deletedCertificate(name) }];
  });
  return new Map(entries);
}

/** A new name stays for good: a slip of the pen should be seen before, by whoever reads the dry run. */
async function warnOfNewNames(
  context: AnyContext,
  vault: KeyVault,
  imports: readonly PlannedImport[],
  standings: ReadonlyMap<string, Standing>,
): Promise<void> {
  const fresh = imports.filter(({ name }) => !standings.get(name)?.current);
  if (fresh.length === 0) return;
  const known = await vault.certificateNames().catch((error: unknown) => {
    // Only a courtesy: whoever may not list may still import.
    if (error instanceof TaskError && error.kind === 'auth') return [];
    throw error;
  });
  for (const { name } of fresh) {
    const near = nearest(
      name,
      known.filter((each) => each !== name),
    );
    if (near) context.log.warning(`${name} is new in ${vault.host}, where there is ${near}. Is that the one you mean?`);
  }
}

async function importOne(
  context: AnyContext,
  vault: KeyVault,
  certificate: CheckedCertificate,
  planned: PlannedImport,
  uploaded: Uploaded,
): Promise<void> {
  await vault.importCertificate(
    planned.name,
    { ...(await storedForm(context, certificate, planned.form)), policy: planned.policy, tags: planned.tags },
    async () => {
      const current = await vault.certificate(planned.name);
      return current && isOurs(current, planned, uploaded) ? current : undefined;
    },
  );
}

async function storedForm(
  context: AnyContext,
  { leaf, chain, key }: CheckedCertificate,
  form: 'pem' | 'pfx',
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

async function verifyOne(vault: KeyVault, planned: PlannedImport, uploaded: Uploaded): Promise<void> {
  const current = await vault.certificate(planned.name);
  if (current?.enabled && isOurs(current, planned, uploaded)) return;
  throw new TaskError('conflict', {
    what: `${planned.name} in ${vault.host} was imported with the thumbprint ${uploaded.thumbprint} (${planned.form}), and holds ${current ? `${current.thumbprint}${current.enabled ? '' : ', disabled'}` : 'nothing'} now.`,
    remedy: 'Somebody else may be importing the same certificate; agree with them, then run the task again.',
  });
}

function keyProperties(key: KeyObject): Uploaded['keyProperties'] {
  const details = key.asymmetricKeyDetails;
  if (key.asymmetricKeyType === 'rsa') return { kty: 'RSA', key_size: details?.modulusLength ?? 0 };
  return { kty: 'EC', crv: CURVES[details?.namedCurve ?? ''] ?? '' };
}

function inputError(problems: string): TaskError {
  return new TaskError('input', {
    what: `cert-upload cannot use what it was given.\n${asList(problems.split('\n'))}\n`,
    remedy: 'Correct it and run it again.',
  });
}

function refused(what: string, problems: readonly string[]): TaskError {
  return new TaskError('refused', {
    what: `${what}:\n${asList(problems)}\n`,
    remedy: 'Correct all of it and run the task again.',
  });
}

function asList(lines: readonly string[]): string {
  return lines.map((line) => `  - ${line}`).join('\n');
}
