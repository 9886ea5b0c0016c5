import { decodeUndoNote, encodeUndoNote, isDamaged, TaskError } from '@maintenance-tasks/core';
import {
  createStatuspage,
  type ScheduledMaintenance,
  type StatuspageComponent,
} from '@maintenance-tasks/services/statuspage/client';
import { type EntryOf, type MonitoringKind, ownOf, sorted, suppressionOf } from '../monitoring.ts';
import { fingerprint } from '../plan.ts';

const KEY = 'maintenance-tasks';
const DURING = 'under_maintenance';
const USUAL = 'operational';
/** Statuspage does not say how much metadata may hold; this is room for about two hundred components. */
const LONGEST_NOTE = 8_000;

/** What the note remembers besides the session. */
interface Remembered {
  readonly for: number;
  /** Whether subscribers are told at the end, as they were at the start. */
  readonly notify: boolean;
  /** How each component stood before. */
  readonly was: Readonly<Record<string, string>>;
}

export const statuspage: MonitoringKind<EntryOf<'statuspage'>> = {
  accountName: ({ page }) => `statuspage ${page}`,
  coverage: ({ components }) => coverage(components),
  exact: true,
  notice: (entry) => `everybody can see it, its subscribers are ${entry['deliver-notifications'] ? '' : 'not '}mailed`,
  open(context, name, { page }, { statuspageKey: key = '' }) {
    const client = createStatuspage(context.http, context.clock, { page, key });
    const find = async () => {
      const now = context.clock.now().getTime();
      return (await client.maintenances()).flatMap((one) => {
        // Statuspage completes a maintenance some moments after its end.
        if (one.status === 'completed' || (one.ends !== undefined && one.ends.getTime() <= now)) return [];
        const { id, status, starts, ends, components } = one;
        const found = { id, pending: status === 'scheduled', begins: starts, ends, covers: coverage(components) };
        return suppressionOf(noteIn(one), found, (state) => (state as Partial<Remembered> | null)?.for);
      });
    };
    return {
      name,
      find,
      async problems({ components }) {
        const known = new Set((await client.components()).map(({ id }) => id));
        const unknown = components.filter((id) => !known.has(id));
        return unknown.length === 0 ? [] : [`Statuspage has no component ${unknown.join(', ')} on the page ${page}.`];
      },
      async create(entry, session, ends) {
        const covers = coverage(entry.components);
        const was = statusOf(await client.components(), entry.components);
        const unusual = Object.entries(was).filter(([, status]) => status !== USUAL);
        for (const [id, status] of unusual)
          context.log.warning(
            `${name}: component ${id} is ${status} now. It becomes so again when this task ends the maintenance; should it end by itself, Statuspage makes it ${USUAL}.`,
          );
        const notify = entry['deliver-notifications'];
        const state: Remembered = { for: fingerprint(covers), notify, was };
        const maintenance = {
          title: entry.title,
          text: entry.text,
          starts: context.clock.now(),
          ends,
          components: sorted(entry.components),
          metadata: { [KEY]: { note: encodeUndoNote({ session, state }, LONGEST_NOTE) } },
          notify,
        };
        await client.create(maintenance, async () => ownOf(await find(), session, covers)?.id);
      },
      async end({ id }) {
        const maintenance = (await client.maintenances()).find((one) => one.id === id);
        if (!maintenance) return;
        const { was, notify } = rememberedIn(maintenance, name);
        refuseDrift(name, await client.components(), was);
        const over = async () => (await find()).every((other) => other.id !== id);
        await client.complete({ id, components: was, notify }, over);
        const now = statusOf(await client.components(), Object.keys(was));
        const wrong = Object.entries(was).filter(([component, status]) => (now[component] ?? status) !== status);
        if (wrong.length === 0) return;
        throw new TaskError('conflict', {
          what: `${name}: ${wrong.map(([component, status]) => `component ${component} shall be ${status} again and is ${now[component]}`).join('; ')}.`,
          remedy: 'Look at the page’s components in Statuspage, and set them there.',
        });
      },
    };
  },
};

function coverage(components: readonly string[]): string {
  return `components ${sorted(components).join(', ')}`;
}

function statusOf(known: readonly StatuspageComponent[], ids: readonly string[]): Record<string, string> {
  return Object.fromEntries(known.filter(({ id }) => ids.includes(id)).map(({ id, status }) => [id, status]));
}

function noteIn({ metadata }: ScheduledMaintenance): string {
  const own = metadata[KEY] as { readonly note?: unknown } | null | undefined;
  return typeof own?.note === 'string' ? own.note : '';
}

/** @throws TaskError `conflict` when nobody knows any more how things stood */
function rememberedIn(maintenance: ScheduledMaintenance, name: string): Remembered {
  const note = decodeUndoNote(noteIn(maintenance));
  if (note && !isDamaged(note)) return note.state as Remembered;
  throw new TaskError('conflict', {
    what: `${name}: the note in the metadata of ${maintenance.id}, which remembers how the components stood, was changed.`,
    remedy: 'Complete the maintenance in Statuspage, and set its components there.',
  });
}

/** @throws TaskError `conflict` when somebody gave a component another status meanwhile */
function refuseDrift(name: string, components: readonly StatuspageComponent[], was: Remembered['was']): void {
  const drifted = components.filter(({ id, status }) => {
    const former = was[id];
    return former !== undefined && status !== DURING && status !== former;
  });
  if (drifted.length === 0) return;
  throw new TaskError('conflict', {
    what: `${name}: somebody changed ${drifted.map((one) => `component ${one.id}, which was ${was[one.id]} before and ${DURING} since, to ${one.status}`).join('; ')}.`,
    remedy: `Decide who is right. Set it to ${DURING} in Statuspage and run the task again, or complete the maintenance there.`,
  });
}
