import { type Change, encodeUndoNote } from '@maintenance-tasks/core';
import type { CertificatePolicy, ContentType, VaultCertificate } from '@maintenance-tasks/services/key-vault/client';

export type Form = 'pem' | 'pfx';

/** `star-example-com=pem`: a name in the vault and the form it is read in. */
export interface Target {
  readonly name: string;
  readonly form: Form | undefined;
}

/** How a name stands in the vault. */
export interface Standing {
  readonly current: VaultCertificate | undefined;
  /** A deleted certificate that still holds the name. */
  readonly deleted: { readonly purgedOn: Date | undefined } | undefined;
}

export interface PlannedImport {
  readonly name: string;
  readonly form: Form;
  readonly tags: Readonly<Record<string, string>>;
  readonly policy: CertificatePolicy & { readonly secret_props: { readonly contentType: ContentType } };
  readonly change: Change;
}

export interface Plan {
  readonly imports: readonly PlannedImport[];
  readonly unchanged: readonly VaultCertificate[];
  readonly problems: readonly string[];
}

/** What all stored copies have in common. */
export interface Uploaded {
  readonly vault: string;
  readonly thumbprint: string;
  readonly expires: Date;
  readonly keyProperties: NonNullable<CertificatePolicy['key_props']>;
  readonly session: string;
}

/** Carries the note of what stood before; a version is never taken away again, so the note is all there is to find it by. */
export const NOTE_TAG = 'maintenance-session';
/** learn.microsoft.com/azure/key-vault/general/about-keys-secrets-certificates, object tags. */
const LONGEST_TAG = 256;
const MOST_TAGS = 15;

const CONTENT_TYPES: Readonly<Record<Form, ContentType>> = {
  pem: 'application/x-pem-file',
  pfx: 'application/x-pkcs12',
};

/** What an entry looks like; the vault's names have letters, digits and dashes only. */
export const CERTIFICATE_NAME = /^[A-Za-z0-9-]{1,127}(=(pem|pfx))?$/;

export function targetOf(entry: string): Target {
  const [name = '', form] = entry.split('=');
  return { name, form: form === 'pem' || form === 'pfx' ? form : undefined };
}

/** Names given more than once: the second import would be one version too many. */
export function repeatedNames(targets: readonly Target[]): string[] {
  const names = targets.map(({ name }) => name.toLowerCase());
  return [...new Set(names.filter((name, index) => names.indexOf(name) !== index))];
}

/** Every import makes a version that stays for good, so only what is not there yet is imported. */
export function planUpload(
  targets: readonly Target[],
  standings: ReadonlyMap<string, Standing>,
  uploaded: Uploaded,
): Plan {
  const imports: PlannedImport[] = [];
  const unchanged: VaultCertificate[] = [];
  const problems: string[] = [];
  for (const target of targets) {
    const { current, deleted } = standings.get(target.name) ?? { current: undefined, deleted: undefined };
    const form = target.form ?? formOf(current) ?? 'pfx';
    const problem = deleted
      ? deletedProblem(target.name, deleted.purgedOn)
      : current && standingProblem(current, uploaded);
    if (problem) problems.push(problem);
    else if (current?.thumbprint === uploaded.thumbprint && formOf(current) === form) unchanged.push(current);
    else imports.push(plannedImport(target.name, form, current, uploaded));
  }
  return { imports, unchanged, problems };
}

export function formOf(current: VaultCertificate | undefined): Form | undefined {
  if (!current) return undefined;
  // What was imported without a policy is a PFX.
  return current.policy.secret_props?.contentType === CONTENT_TYPES.pem ? 'pem' : 'pfx';
}

/** Whether this version is the one that this session wanted to make. */
export function isOurs(version: VaultCertificate, planned: PlannedImport, uploaded: Uploaded): boolean {
  return (
    version.thumbprint === uploaded.thumbprint &&
    formOf(version) === planned.form &&
    version.tags[NOTE_TAG] === planned.tags[NOTE_TAG]
  );
}

function plannedImport(
  name: string,
  form: Form,
  current: VaultCertificate | undefined,
  uploaded: Uploaded,
): PlannedImport {
  const state = current ? { v: current.version, t: current.thumbprint } : null;
  const note = encodeUndoNote({ session: uploaded.session, state }, LONGEST_TAG);
  // A policy that is sent replaces the one there is: what it says beyond the key and its form is carried over.
  const contacts = (current?.policy.lifetime_actions ?? []).filter(isEmail);
  const exportable = current?.policy.key_props?.exportable ?? true;
  return {
    name,
    form,
    tags: { ...current?.tags, [NOTE_TAG]: note },
    policy: {
      key_props: { ...uploaded.keyProperties, exportable, reuse_key: false },
      secret_props: { contentType: CONTENT_TYPES[form] },
      issuer: { name: 'Unknown' },
      ...(contacts.length > 0 && { lifetime_actions: contacts }),
    },
    change: {
      id: changeId(uploaded.vault, name),
      what: `${name} in ${uploaded.vault}`,
      before: current ? shown(current.thumbprint, current.expires, formOf(current) as Form) : 'not there',
      after: shown(uploaded.thumbprint, uploaded.expires, form),
    },
  };
}

export function changeId(vault: string, name: string): string {
  return `certificate:${vault}/${name}`;
}

function shown(thumbprint: string, expires: Date | undefined, form: Form): string {
  return `${thumbprint}${expires ? ` until ${expires.toISOString().slice(0, 10)}` : ''} (${form})`;
}

/** An automatic renewal is of an issuer the vault knows, which ends with an import; only mails may stay. */
function isEmail(action: unknown): boolean {
  return (action as { action?: { action_type?: unknown } }).action?.action_type === 'EmailContacts';
}

function deletedProblem(name: string, purgedOn: Date | undefined): string {
  const until = purgedOn ? ` until ${purgedOn.toISOString().slice(0, 10)}` : '';
  return `${name}: a deleted certificate holds this name${until}. Recover it (az keyvault certificate recover), which this upload then gives a new version, or purge it where purge protection allows.`;
}

function standingProblem(current: VaultCertificate, uploaded: Uploaded): string | undefined {
  const issuer = current.policy.issuer?.name;
  if (issuer && issuer !== 'Unknown' && issuer !== 'Self')
    return `${current.name}: the vault itself renews it with ${issuer}, and an upload would end that. Set its issuer to Unknown first, or leave it to the vault.`;
  if (current.thumbprint === uploaded.thumbprint && !current.enabled)
    return `${current.name}: this very certificate is there already, and somebody has disabled it. Enable it in the vault, or find out why.`;
  if (Object.keys({ ...current.tags, [NOTE_TAG]: '' }).length > MOST_TAGS)
    return `${current.name}: it has ${MOST_TAGS} tags, which is all there is room for, and the note of this session needs one. Remove a tag.`;
  return undefined;
}
