import {
  ANY_UNDO_MARK,
  type AnyContext,
  decodeUndoNote,
  encodeUndoNote,
  isDamaged,
  type UndoNote,
} from '@maintenance-tasks/core';
import type { MonitoringCredentials } from './credentials.ts';
import { fingerprint, type Suppression } from './plan.ts';
import type { SuppressedSystem } from './schema.ts';

export type Context = Pick<
  AnyContext,
  'http' | 'log' | 'report' | 'clock' | 'signal' | 'keepSecret' | 'identityToken' | 'azureConnection'
>;

export type EntryOf<Kind extends SuppressedSystem['system']> = Extract<SuppressedSystem, { readonly system: Kind }>;

/** One account of one monitoring system. Several entries of `systems` may be in the same one. */
export interface Monitoring<Entry extends SuppressedSystem = SuppressedSystem> {
  /** As outputs and messages name it: `pingdom`, `datadog datadoghq.eu`, `alertmanager alerts.example.com`. */
  readonly name: string;
  /** Everything in force, or about to be, that carries any session's mark. */
  find(): Promise<Suppression[]>;
  /** What of an entry does not exist there, one sentence each; reads only. */
  problems(entry: Entry): Promise<string[]>;
  /** Silences an entry from now on. */
  create(entry: Entry, session: string, ends: Date): Promise<void>;
  end(suppression: Suppression): Promise<void>;
  /** Alerts that went out all the same since then, where the system tells; nothing where the access does not allow it. */
  missed?(since: Date, entries: readonly Entry[]): Promise<MissedAlert[] | undefined>;
}

/** An alert that went out although the window was on. */
export interface MissedAlert {
  readonly alert: string;
  readonly at: Date;
  /** What in the window file would have caught it. */
  readonly suggestion: string;
}

/** What there is to know of one kind of monitoring system; everything else is the same for all. */
export interface MonitoringKind<Entry extends SuppressedSystem = SuppressedSystem> {
  /** The account that an entry is in. */
  accountName(entry: Entry): string;
  /** What an entry covers, in the words of its system and in one fixed order. */
  coverage(entry: Entry): string;
  /** The system gives back what it covers as it was given; Datadog may write a search its own way. */
  readonly exact: boolean;
  /** What else happens when an entry is silenced that those who approve it must know. */
  notice?(entry: Entry): string;
  open(context: Context, name: string, entry: Entry, credentials: MonitoringCredentials): Monitoring<Entry>;
}

// Pingdom does not say how long a description may be; the note without its sentence has about 60 characters.
const LONGEST_NOTE = 120;

/** By what any later run finds a suppression again. */
export function noteOf(session: string, covers: string): string {
  return encodeUndoNote({ session, state: fingerprint(covers) }, LONGEST_NOTE);
}

/** What a person sees in the other system's list, and by which any later run finds it again. */
export function markedText(session: string, covers: string): string {
  return `Planned maintenance ${session}: silenced by a pipeline, ends by itself. ${noteOf(session, covers)}`;
}

type Found = Omit<Suppression, 'session' | 'madeFor'>;

/** What is found under a text, if that carries a mark; `madeFor` reads the note's state where that is not the number alone. */
export function suppressionOf(
  text: string,
  found: Found,
  madeFor: (state: unknown) => unknown = (state) => state,
): Suppression[] {
  const note = text.includes(ANY_UNDO_MARK) ? decodeUndoNote(text) : undefined;
  if (!note) return [];
  const number = isDamaged(note) ? undefined : madeFor((note as UndoNote).state);
  return [{ ...found, session: note.session, madeFor: typeof number === 'number' ? number : undefined }];
}

/** The session's suppression that was made for this. */
export function ownOf(found: readonly Suppression[], session: string, covers: string): Suppression | undefined {
  return found.find((one) => one.session === session && one.madeFor === fingerprint(covers));
}

/** Each once, in one fixed order. */
export function sorted(texts: readonly string[]): string[] {
  return [...new Set(texts)].sort();
}
