import { decodeUndoNote } from '@maintenance-tasks/core';
import type { VaultCertificate } from '@maintenance-tasks/services/key-vault/client';
import { describe, expect, it } from 'vitest';
import {
  isOurs,
  NOTE_TAG,
  type PlannedImport,
  planUpload,
  repeatedNames,
  type Standing,
  targetOf,
  type Uploaded,
} from './plan.ts';

const OURS = 'a'.repeat(40);
const THEIRS = 'b'.repeat(40);
const VERSION = '0123456789abcdef0123456789abcdef';

const uploaded: Uploaded = {
  vault: 'example-vault.vault.azure.net',
  thumbprint: OURS,
  expires: new Date('2027-02-20T00:00:00Z'),
  keyProperties: { kty: 'RSA', key_size: 2048 },
  session: 'mw-202611220230-k7qx',
};

function held(more: Partial<VaultCertificate> = {}): VaultCertificate {
  return {
    name: 'star',
    version: VERSION,
    thumbprint: THEIRS,
    enabled: true,
    expires: new Date('2026-12-01T00:00:00Z'),
    tags: {},
    policy: { secret_props: { contentType: 'application/x-pem-file' }, issuer: { name: 'Unknown' } },
    ...more,
  };
}

function plan(entry: string, standing: Partial<Standing>) {
  const standings = new Map([['star', { current: undefined, deleted: undefined, ...standing }]]);
  return planUpload([targetOf(entry)], standings, uploaded);
}

const onlyImport = (planned: ReturnType<typeof plan>) => planned.imports[0] as PlannedImport;
const asPfx = { secret_props: { contentType: 'application/x-pkcs12' } };
const tagsOf = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`tag-${index}`, 'x']));

describe('the plan of an upload', () => {
  it.each<[string, string, Partial<Standing>, string]>([
    ['imports what is not there, as PFX', 'star', {}, 'import pfx'],
    ['imports what is not there in the form asked', 'star=pem', {}, 'import pem'],
    ['imports over another certificate in its form', 'star', { current: held() }, 'import pem'],
    ['imports over another certificate in the form asked', 'star=pfx', { current: held() }, 'import pfx'],
    ['takes a certificate without content type for a PFX', 'star', { current: held({ policy: {} }) }, 'import pfx'],
    ['leaves the same certificate alone', 'star', { current: held({ thumbprint: OURS }) }, 'unchanged'],
    ['leaves it alone in the same form', 'star=pem', { current: held({ thumbprint: OURS }) }, 'unchanged'],
    ['imports the same certificate in another form', 'star=pfx', { current: held({ thumbprint: OURS }) }, 'import pfx'],
    ['leaves the same PFX alone', 'star', { current: held({ thumbprint: OURS, policy: asPfx }) }, 'unchanged'],
    ['imports over another certificate that is disabled', 'star', { current: held({ enabled: false }) }, 'import pem'],
    [
      'imports over a self-signed one',
      'star',
      { current: held({ policy: { ...asPfx, issuer: { name: 'Self' } } }) },
      'import pfx',
    ],
    ['imports with room for one more tag', 'star', { current: held({ tags: tagsOf(14) }) }, 'import pem'],
    [
      'imports when an earlier note makes room',
      'star',
      { current: held({ tags: { ...tagsOf(14), [NOTE_TAG]: 'x' } }) },
      'import pem',
    ],
  ])('%s', (_, entry, standing, expected) => {
    const { imports, unchanged, problems } = plan(entry, standing);
    expect(problems).toEqual([]);
    expect(imports[0] ? `import ${imports[0].form}` : unchanged[0] && 'unchanged').toBe(expected);
  });

  it.each<[string, Partial<Standing>, RegExp]>([
    [
      'the name of a deleted certificate',
      { deleted: { purgedOn: new Date('2027-01-02T00:00:00Z') } },
      /holds this name until 2027-01-02\. Recover it/,
    ],
    [
      'the name of a deleted certificate of unknown end',
      { deleted: { purgedOn: undefined } },
      /holds this name\. Recover it/,
    ],
    [
      'the same certificate when somebody disabled it',
      { current: held({ thumbprint: OURS, enabled: false }) },
      /somebody has disabled it/,
    ],
    [
      'what the vault renews itself',
      { current: held({ policy: { issuer: { name: 'GlobalSign' } } }) },
      /renews it with GlobalSign/,
    ],
    ['what has no room for the note', { current: held({ tags: tagsOf(15) }) }, /15 tags/],
  ])('refuses %s', (_, standing, problem) => {
    const { imports, unchanged, problems } = plan('star', standing);
    expect([imports, unchanged]).toEqual([[], []]);
    expect(problems).toEqual([expect.stringMatching(problem)]);
  });

  it('notes session, version and thumbprint before on the new version, and keeps other tags', () => {
    const { tags } = onlyImport(
      plan('star', { current: held({ tags: { owner: 'platform.lead@example.com', [NOTE_TAG]: 'older' } }) }),
    );
    expect(tags.owner).toBe('platform.lead@example.com');
    expect(decodeUndoNote(tags[NOTE_TAG])).toEqual({ session: uploaded.session, state: { v: VERSION, t: THEIRS } });
    expect(tags[NOTE_TAG]?.length).toBeLessThanOrEqual(256);
  });

  it('notes that there was nothing before', () => {
    expect(decodeUndoNote(onlyImport(plan('star', {})).tags[NOTE_TAG])).toEqual({
      session: uploaded.session,
      state: null,
    });
  });

  it('keeps from the policy what an import would take away, but no renewal', () => {
    const mail = { trigger: { days_before_expiry: 30 }, action: { action_type: 'EmailContacts' } };
    const renewal = { trigger: { lifetime_percentage: 80 }, action: { action_type: 'AutoRenew' } };
    const policy = { ...asPfx, key_props: { exportable: false, kty: 'EC' }, lifetime_actions: [mail, renewal] };
    expect(onlyImport(plan('star', { current: held({ policy }) })).policy).toEqual({
      key_props: { kty: 'RSA', key_size: 2048, exportable: false, reuse_key: false },
      secret_props: { contentType: 'application/x-pkcs12' },
      issuer: { name: 'Unknown' },
      lifetime_actions: [mail],
    });
  });

  it('tells how it stands and how it shall stand', () => {
    expect(onlyImport(plan('star=pfx', { current: held() })).change).toEqual({
      id: 'certificate:example-vault.vault.azure.net/star',
      what: 'star in example-vault.vault.azure.net',
      before: `${THEIRS} until 2026-12-01 (pem)`,
      after: `${OURS} until 2027-02-20 (pfx)`,
    });
  });

  it('knows its own version by certificate, form and note', () => {
    const planned = onlyImport(plan('star=pem', { current: held() }));
    const landed = held({ thumbprint: OURS, tags: planned.tags });
    expect(isOurs(landed, planned, uploaded)).toBe(true);
    expect(isOurs(held({ tags: planned.tags }), planned, uploaded)).toBe(false);
    expect(isOurs({ ...landed, tags: {} }, planned, uploaded)).toBe(false);
    expect(isOurs({ ...landed, policy: asPfx }, planned, uploaded)).toBe(false);
  });

  it('finds names that are there twice, in whatever form and case', () => {
    expect(repeatedNames(['a=pem', 'A=pfx', 'b'].map(targetOf))).toEqual(['a']);
  });
});
