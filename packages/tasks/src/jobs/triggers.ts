import { decodeUndoNote, encodeUndoNote, isDamaged, TaskError, type UndoNote } from '@maintenance-tasks/core';
import { createDataFactory, type DataFactory, type Trigger } from '@maintenance-tasks/services/data-factory/client';
import type { AzureAccess } from '@maintenance-tasks/services/entra-id/client';
import type { Context, Job, Scheduler } from './scheduler.ts';
import type { EntryOf } from './schema.ts';

/** Azure's own limit of a tag's value: https://learn.microsoft.com/azure/azure-resource-manager/management/tag-resources */
const LONGEST_TAG = 256;
const TAG = 'maintenance-tasks-jobs-';

/**
 * Triggers of one factory. A trigger that is started cannot be edited, so it has no room for a note while it matters:
 * the notes are tags of the factory, written before the first trigger is stopped and taken away after the last is started.
 */
export function triggers(context: Context, access: AzureAccess, entry: EntryOf<'data-factory'>): Scheduler {
  const factory = createDataFactory(context, access, {
    subscription: entry.subscription,
    resourceGroup: entry['resource-group'],
    factory: entry.factory,
  });
  const place = `${entry.subscription}/${entry['resource-group']}/${entry.factory}`.toLowerCase();

  async function read(keep: (trigger: Trigger, note: UndoNote | undefined) => boolean): Promise<Job[]> {
    const [all, noted] = await Promise.all([factory.triggers(), notesIn(factory)]);
    const notes = new Map(noted.flatMap(({ note, names }) => names.map((name) => [name, note] as const)));
    const jobs = all
      .filter((trigger) => keep(trigger, notes.get(trigger.name)))
      .map((trigger) => jobOf(trigger, notes.get(trigger.name)));
    return jobs;
  }

  const idOf = (name: string) => `data-factory ${place} ${name}`;

  const jobOf = (trigger: Trigger, note: UndoNote | undefined): Job => ({
    id: idOf(trigger.name),
    what: `trigger ${entry.factory}/${trigger.name}`,
    // Disabled is a state that only Azure itself sets; it is not ours to start, either.
    paused: trigger.state !== 'Started',
    stands: trigger.state,
    note,
    notedBeforehand: true,
    pause: () => factory.setState(trigger.name, 'Stopped'),
    resume: () => factory.setState(trigger.name, 'Started'),
    ...(trigger.type === 'TumblingWindowTrigger' && {
      hint: `The trigger ${entry.factory}/${trigger.name} is a tumbling window: it makes up all windows it missed once it is resumed.`,
    }),
  });

  async function named(): Promise<Job[]> {
    const found = await read(({ name }) => entry.triggers.includes(name));
    const missing = entry.triggers.filter((name) => !found.some(({ id }) => id === idOf(name)));
    if (missing.length === 0) return found;
    throw new TaskError('input', {
      what: `The data factory ${entry.factory} has no trigger ${missing.join(', ')}.`,
      remedy: 'Check the names; they are case-sensitive.',
    });
  }

  return {
    name: `Data Factory ${entry.factory}`,
    named,

    async marked(also) {
      const [jobs, torn] = await Promise.all([
        read(({ name }, note) => note !== undefined || also?.has(idOf(name)) === true),
        damagedIn(factory),
      ]);
      return [
        ...jobs,
        ...torn.map((tag) => unreadable(`${entry.factory}, tag ${tag.name}`, idOf(tag.name), tag.session)),
      ];
    },

    async remember(session, jobs) {
      const known = (await notesIn(factory))
        .filter(({ note }) => note.session === session)
        .flatMap(({ names }) => names);
      const fresh = jobs.map(({ id }) => nameIn(id)).filter((name) => !known.includes(name));
      if (fresh.length === 0) return;
      const taken = Object.keys(await factory.tags());
      const free = numbersBeside(taken);
      const tags = inTags(session, fresh).map((text) => [`${TAG}${free.next().value}`, text] as const);
      await factory.mergeTags(Object.fromEntries(tags));
    },

    async forget(session, jobs) {
      const done = new Set(jobs.map(({ id }) => nameIn(id)));
      const over: Record<string, string> = {};
      const shorter: Record<string, string> = {};
      for (const { tag, text, note, names } of await notesIn(factory)) {
        if (note.session !== session || !names.some((name) => done.has(name))) continue;
        const rest = names.filter((name) => !done.has(name));
        if (rest.length === 0) over[tag] = text;
        else shorter[tag] = encodeUndoNote({ session, state: rest }, LONGEST_TAG);
      }
      if (Object.keys(shorter).length > 0) await factory.mergeTags(shorter);
      if (Object.keys(over).length > 0) await factory.deleteTags(over);
    },

    async running() {
      const names = new Set(entry.triggers);
      const pipelines = (await factory.triggers())
        .filter(({ name }) => names.has(name))
        .flatMap((each) => each.pipelines);
      if (pipelines.length === 0) return [];
      const runs = await factory.running([...new Set(pipelines)]);
      return runs.map(({ pipeline, id, status }) => `pipeline ${entry.factory}/${pipeline} ${id} (${status})`);
    },
  };

  function nameIn(id: string): string {
    return id.slice(idOf('').length);
  }
}

interface Noted {
  readonly tag: string;
  readonly text: string;
  readonly note: UndoNote;
  readonly names: readonly string[];
}

async function notesIn(factory: DataFactory): Promise<Noted[]> {
  return Object.entries(await factory.tags()).flatMap(([tag, text]) => {
    const note = tag.startsWith(TAG) ? decodeUndoNote(text) : undefined;
    return note && !isDamaged(note) && Array.isArray(note.state)
      ? [{ tag, text, note, names: note.state.map(String) }]
      : [];
  });
}

async function damagedIn(factory: DataFactory): Promise<{ readonly name: string; readonly session: string }[]> {
  return Object.entries(await factory.tags()).flatMap(([name, text]) => {
    if (!name.startsWith(TAG)) return [];
    const note = decodeUndoNote(text);
    return note && !isDamaged(note) && Array.isArray(note.state) ? [] : [{ name, session: note?.session ?? 'unknown' }];
  });
}

/** A tag that lost what it remembered: nothing is resumed by it, and it must not be passed over. */
function unreadable(what: string, id: string, session: string): Job {
  const never = () => Promise.reject(new Error('nothing is known of it'));
  return {
    id: `${id} (tag)`,
    what: `the note on ${what}`,
    paused: true,
    stands: 'damaged',
    note: { session, damaged: true },
    notedBeforehand: true,
    pause: never,
    resume: never,
  };
}

/**
 * The names in as few notes as hold them.
 *
 * @throws TaskError `refused` for a name that does not fit into a tag
 */
export function inTags(session: string, names: readonly string[]): string[] {
  const texts: string[] = [];
  let open: string[] = [];
  for (const name of names) {
    if (open.length > 0 && !fits(session, [...open, name])) {
      texts.push(encodeUndoNote({ session, state: open }, LONGEST_TAG));
      open = [];
    }
    open.push(name);
  }
  if (open.length > 0) texts.push(encodeUndoNote({ session, state: open }, LONGEST_TAG));
  return texts;
}

function fits(session: string, names: readonly string[]): boolean {
  try {
    return encodeUndoNote({ session, state: names }, LONGEST_TAG).length <= LONGEST_TAG;
  } catch {
    return false;
  }
}

/** Tag names are the same whatever the case of their letters. */
function* numbersBeside(taken: readonly string[]): Generator<number, never> {
  const known = new Set(taken.map((name) => name.toLowerCase()));
  for (let number = 1; ; number++) if (!known.has(`${TAG}${number}`)) yield number;
}
