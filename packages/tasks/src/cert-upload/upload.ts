import { type AnyContext, inParallel, messageOf, nearest, TaskError } from '@maintenance-tasks/core';
import { type AzureAccess, azureToken } from '@maintenance-tasks/services/entra-id/client';
import {
  type KeyVault,
  keyVault,
  type VaultCertificate,
  vaultAddress,
} from '@maintenance-tasks/services/key-vault/client';
import { checkedCertificate, keyProperties, storedForm } from './certificate.ts';
import type { CheckedCertificate, Wishes } from './checks.ts';
import type { GivenCertificate } from './given.ts';
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
import { inputError, refused } from './refusal.ts';

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
      await refuseDrift(vault, planned, standings.get(planned.name)?.current);
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

/** The note on the new version names the one before; a version made since the plan would be passed over in silence. */
async function refuseDrift(
  vault: KeyVault,
  { name }: PlannedImport,
  planned: VaultCertificate | undefined,
): Promise<void> {
  const current = await vault.certificate(name);
  if (current?.version === planned?.version) return;
  const told = (version: VaultCertificate | undefined) =>
    version ? `${version.thumbprint} (version ${version.version})` : 'nothing';
  throw new TaskError('conflict', {
    what: `${name} in ${vault.host} held ${told(planned)} when this was planned, and holds ${told(current)} now: somebody else has imported one meanwhile.`,
    remedy: 'Agree with them on the certificate, then run the task again: it plans anew.',
  });
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

async function verifyOne(vault: KeyVault, planned: PlannedImport, uploaded: Uploaded): Promise<void> {
  const current = await vault.certificate(planned.name);
  if (current?.enabled && isOurs(current, planned, uploaded)) return;
  throw new TaskError('conflict', {
    what: `${planned.name} in ${vault.host} was imported with the thumbprint ${uploaded.thumbprint} (${planned.form}), and holds ${current ? `${current.thumbprint}${current.enabled ? '' : ', disabled'}` : 'nothing'} now.`,
    remedy: 'Somebody else may be importing the same certificate; agree with them, then run the task again.',
  });
}
