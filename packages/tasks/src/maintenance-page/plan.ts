import { encodeUndoNote, TaskError } from '@maintenance-tasks/core';
import {
  type Batch,
  type DnsRecord,
  limitsOf,
  type NewRecord,
  type RecordPatch,
  type Zone,
} from '@maintenance-tasks/services/cloudflare/client';
import { type FormerRecord, formerOf, keptFormer, packState, significant } from './former-state.ts';
import { typeOf } from './host-name.ts';
import {
  changedProblem,
  damagedProblem,
  lostNoteProblem,
  type Problem,
  plainProblems,
  takenProblem,
  zoneProblems,
} from './problems.ts';
import { addressesOf, type Name, type Noted, shown, standingOf } from './standing.ts';

/** An address record as it must stand after a change; what is left out may be anything. */
export type Aim = Pick<FormerRecord, 'type' | 'content' | 'comment'> & Partial<FormerRecord>;

/** The change of one name, carried out whole or not at all. */
export interface NameChange {
  readonly host: string;
  readonly zone: Zone;
  readonly before: string;
  readonly after: string;
  readonly batch: Batch;
  readonly aims: readonly Aim[];
}

export interface ShowPlan {
  readonly problems: readonly Problem[];
  readonly changes: readonly NameChange[];
  /** Hosts that show this page of this session already. */
  readonly already: readonly string[];
}

export interface RemovePlan {
  readonly problems: readonly Problem[];
  readonly changes: readonly NameChange[];
  /** Hosts that are left as they are, and why. */
  readonly left: readonly { readonly host: string; readonly why: string; readonly showing: boolean }[];
}

/** What it takes to show the page on every name; with any problem of any of them, no change at all. */
export function planShow(names: readonly Name[], target: string, session: string): ShowPlan {
  const problems: Problem[] = [...new Map(names.map(({ zone }) => [zone.id, zone])).values()].flatMap(zoneProblems);
  const changes: NameChange[] = [];
  const already: string[] = [];
  for (const name of names) {
    const standing = standingOf(name);
    if (standing.kind === 'page' && standing.session === session && standing.state.target === target) {
      already.push(name.host);
      continue;
    }
    const found = standing.kind === 'plain' ? plainProblems(name, target) : [takenProblem(name, standing, session)];
    problems.push(...found);
    if (found.length > 0) continue;
    try {
      changes.push(showChange(name, target, session));
    } catch (error) {
      if (!(error instanceof TaskError)) throw error;
      problems.push({ text: `${name.host}: ${error.text.what} ${error.text.remedy}` });
    }
  }
  return { problems, changes: problems.length > 0 ? [] : changes, already };
}

/**
 * What it takes to give every name back that carries the session's note.
 *
 * @param target what the page was, where known: it tells a page that lost its note from somebody else's record
 */
export function planRemove(names: readonly Name[], session: string, target?: string): RemovePlan {
  const problems: Problem[] = [];
  const changes: NameChange[] = [];
  const left: { host: string; why: string; showing: boolean }[] = [];
  for (const name of names) {
    const standing = standingOf(name);
    const addresses = addressesOf(name.records);
    const { host } = name;
    if (standing.kind === 'plain' && addresses.some(({ content }) => content === target)) {
      problems.push(lostNoteProblem(name));
    } else if (standing.kind === 'plain') {
      left.push({ host, showing: false, why: `carries nothing of this session; it stands at ${shown(addresses)}` });
    } else if (standing.session !== session && (standing.kind !== 'damaged' || standing.session !== 'unknown')) {
      left.push({ host, showing: true, why: `carries the page of session ${standing.session}, not of this one` });
    } else if (standing.kind === 'damaged') {
      problems.push(damagedProblem(name, standing.record));
    } else if (standing.kind === 'changed') {
      problems.push(changedProblem(name, standing));
    } else {
      changes.push(standing.kind === 'page' ? giveBackChange(name, standing) : noteRemoval(name, standing));
    }
  }
  return { problems, changes, left };
}

/** As few batches as the plan's limit allows, each name whole in one of them. */
export function batchesOf(changes: readonly NameChange[]): readonly (readonly NameChange[])[] {
  const batches: NameChange[][] = [];
  let room = 0;
  for (const change of changes) {
    const size = sizeOf(change.batch);
    if (batches.length === 0 || size > room) {
      batches.push([]);
      room = limitsOf(change.zone).changesABatch;
    }
    batches.at(-1)?.push(change);
    room -= size;
  }
  return batches;
}

export function merged(changes: readonly NameChange[]): Batch {
  return {
    deletes: changes.flatMap(({ batch }) => batch.deletes),
    patches: changes.flatMap(({ batch }) => batch.patches),
    posts: changes.flatMap(({ batch }) => batch.posts),
  };
}

/** Whether the name's address records are exactly those aimed at. */
export function standsAs(records: readonly DnsRecord[], aims: readonly Aim[]): boolean {
  const open = [...addressesOf(records)];
  for (const aim of aims) {
    const index = open.findIndex((record) => meets(record, aim));
    if (index < 0) return false;
    open.splice(index, 1);
  }
  return open.length === 0;
}

function meets(record: DnsRecord, aim: Aim): boolean {
  return (
    record.type === aim.type &&
    record.content === aim.content &&
    record.proxied === true &&
    // The API takes both null and "" for a comment that is not there.
    (record.comment ?? '') === (aim.comment ?? '') &&
    (aim.tags === undefined || sorted(record.tags ?? []) === sorted(aim.tags)) &&
    (aim.settings === undefined || sortedEntries(significant(record.settings)) === sortedEntries(aim.settings))
  );
}

function showChange(name: Name, target: string, session: string): NameChange {
  const { host, zone } = name;
  const addresses = addressesOf(name.records);
  const limits = limitsOf(zone);
  const type = typeOf(target);
  const kept = addresses.find((record) => record.type === type);
  const state = { target, formers: addresses.map(formerOf) };
  const comment = encodeUndoNote({ session, state: packState(state, zone.name) }, limits.commentLength);
  const page = { type, content: target, proxied: true, comment };
  const batch = {
    deletes: addresses.filter((record) => record !== kept).map(({ id }) => ({ id })),
    patches: kept ? [{ id: kept.id, content: target, proxied: true, comment }] : [],
    posts: kept ? [] : [{ ...page, name: host, ttl: 1 }],
  };
  if (sizeOf(batch) > limits.changesABatch) {
    throw new TaskError('refused', {
      what: `It has ${addresses.length} address records, and Cloudflare changes at most ${limits.changesABatch} at once.`,
      remedy: 'Use fewer records for this name.',
    });
  }
  return { host, zone, before: shown(addresses), after: shown([page]), batch, aims: [page] };
}

function giveBackChange(name: Name, { state, record }: Noted): NameChange {
  const { host, zone } = name;
  const kept = keptFormer(state);
  const others = state.formers.filter((former) => former !== kept);
  const patches: RecordPatch[] = kept
    ? [{ id: record.id, content: kept.content, proxied: true, comment: kept.comment }]
    : [];
  return {
    host,
    zone,
    before: shown([record]),
    after: shown(state.formers),
    batch: { deletes: kept ? [] : [{ id: record.id }], patches, posts: others.map((former) => recordOf(former, host)) },
    aims: [...(kept ? [aimOfKept(kept)] : []), ...others],
  };
}

/** Who put the records back by hand decided about the other comments, too: only the note itself goes. */
function noteRemoval(name: Name, { state, record }: Noted): NameChange {
  const addresses = addressesOf(name.records);
  const former = state.formers.find(({ type, content }) => type === record.type && content === record.content);
  const comment = former?.comment ?? null;
  return {
    host: name.host,
    zone: name.zone,
    before: `${shown(addresses)}, put back by hand, with the note of the session`,
    after: `${shown(addresses)}, without the note`,
    batch: { deletes: [], patches: [{ id: record.id, comment }], posts: [] },
    aims: addresses.map((address) => ({
      type: typeOf(address.content),
      content: address.content,
      comment: address === record ? comment : (address.comment ?? null),
    })),
  };
}

function aimOfKept({ type, content, comment }: FormerRecord): Aim {
  return { type, content, comment };
}

function recordOf(former: FormerRecord, name: string): NewRecord {
  const { type, content, comment, tags, settings, ttl } = former;
  return {
    type,
    name,
    content,
    proxied: true,
    ttl,
    ...(comment !== null && { comment }),
    // Even an empty list of tags is refused where the plan has none.
    ...(tags.length > 0 && { tags }),
    ...(Object.keys(settings).length > 0 && { settings }),
  };
}

function sizeOf({ deletes, patches, posts }: Batch): number {
  return deletes.length + patches.length + posts.length;
}

function sorted(values: readonly string[]): string {
  return JSON.stringify([...values].sort());
}

function sortedEntries(settings: Readonly<Record<string, unknown>>): string {
  return sorted(Object.entries(settings).map((entry) => JSON.stringify(entry)));
}
