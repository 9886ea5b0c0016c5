import { decodeUndoNote, encodeUndoNote, inParallel, isDamaged, TaskError } from '@maintenance-tasks/core';
import { authorizationOf } from '@maintenance-tasks/services/azure-devops/authorization';
import { createAzureDevOps } from '@maintenance-tasks/services/azure-devops/client';
import {
  createDefinitions,
  type Definition,
  type Definitions,
} from '@maintenance-tasks/services/azure-devops/definitions';
import { AT_ONCE, type Context, type Job, type Scheduler } from './scheduler.ts';
import type { EntryOf } from './schema.ts';

/** How long a description may be is not documented; what was tried by others is this. */
const LONGEST_DESCRIPTION = 2_048;
const INTRODUCTION = 'Paused for planned maintenance, resumed by it:';
const ATTEMPTS = 5;

/** Pipelines of one project; the note stands at the end of the description, stored with the queue status in one revision. */
export function pipelines(context: Context, token: string, entry: EntryOf<'azure-devops'>): Scheduler {
  const project = `${entry.organization}/${entry.project}`;
  const options = { apiUrl: entry['api-url'], authorization: authorizationOf(token, context.keepSecret), project };
  const definitions = createDefinitions(context.http, options);
  const azure = createAzureDevOps(context.http, options);
  const pausedStatus = entry.meanwhile === 'queue' ? 'paused' : 'disabled';
  let ids: readonly number[] | undefined;

  /** Each by its id, or its name, of which there may be one in several folders. */
  async function resolved(): Promise<readonly number[]> {
    if (ids) return ids;
    const found = await inParallel(entry.pipelines, AT_ONCE, async (given) =>
      typeof given === 'number' ? given : ((await azure.pipeline(given))?.id ?? given),
    );
    const missing = found.filter((id) => typeof id === 'string');
    if (missing.length > 0) throw absent(project, missing);
    ids = [...new Set(found as number[])];
    return ids;
  }

  async function read(): Promise<Definition[]> {
    const known = await resolved();
    const found = await inParallel(known, AT_ONCE, (id) => definitions.definition(id));
    const missing = known.filter((_, index) => found[index] === undefined);
    if (missing.length > 0) throw absent(project, missing.map(String));
    return found as Definition[];
  }

  const idOf = (id: number) => `azure-devops ${project} ${id}`;

  const jobOf = (definition: Definition): Job => ({
    id: idOf(definition.id),
    what: `pipeline ${project} ${definition.name} (${definition.id})`,
    paused: statusOf(definition) !== 'enabled',
    stands: statusOf(definition),
    note: decodeUndoNote(definition.description),
    notedBeforehand: false,
    pause: (session) =>
      store(
        definitions,
        definition,
        (now) => pausedAs(now, pausedStatus, session),
        (now) => statusOf(now) === pausedStatus && decodeUndoNote(now.description)?.session === session,
      ),
    resume: () =>
      store(
        definitions,
        definition,
        resumed,
        (now) => statusOf(now) === 'enabled' && decodeUndoNote(now.description) === undefined,
      ),
    ...(pausedStatus === 'paused' && {
      hint: `Runs of the pipeline ${project} ${definition.name} queue up while it is paused, and all start at once on resume.`,
    }),
  });

  return {
    name: `Azure DevOps ${project}`,
    named: async () => (await read()).map(jobOf),
    marked: async (also) => (await read()).map(jobOf).filter(({ id, note }) => note !== undefined || also?.has(id)),
    running: async () => definitions.running(await resolved()),
  };
}

/** The definition as it shall be stored; all that is not ours goes back as it came. */
export function pausedAs(definition: Definition, queueStatus: 'paused' | 'disabled', session: string): Definition {
  const { description } = definition;
  const state = { queueStatus: statusOf(definition), ...(description === undefined && { bare: true }) };
  const text = description ? `${description}\n${INTRODUCTION} ` : `${INTRODUCTION} `;
  const note = encodeUndoNote({ session, state }, LONGEST_DESCRIPTION - text.length);
  return { ...definition, queueStatus, description: text + note };
}

/** The definition as it stood before; what was written into the description meanwhile stays there. */
export function resumed(definition: Definition): Definition {
  const note = decodeUndoNote(definition.description);
  if (!note || isDamaged(note)) throw new Error('resumed without a note');
  const { bare } = note.state as { readonly bare?: boolean };
  const { description = '', ...rest } = definition;
  const start = description.indexOf(INTRODUCTION);
  const end = /mt1\|[^|]*\|[^|]*\|[0-9a-z]+/.exec(description);
  const before = description.slice(0, start < 0 ? (end?.index ?? 0) : start).replace(/\n$/, '');
  const after = end ? description.slice(end.index + end[0].length) : '';
  const text = `${before}${after}`;
  return { ...rest, queueStatus: 'enabled', ...((!bare || text !== '') && { description: text }) } as Definition;
}

/** Stores what still stands as it was seen; a revision that changed something else is taken over. */
async function store(
  definitions: Definitions,
  seen: Definition,
  change: (now: Definition) => Definition,
  landed: (now: Definition) => boolean,
): Promise<void> {
  let current = seen;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    if (await definitions.store(change(current), landed)) return;
    const now = await definitions.definition(seen.id);
    const isAsSeen = now && statusOf(now) === statusOf(seen) && sessionOf(now) === sessionOf(seen);
    if (!isAsSeen) {
      throw new TaskError('conflict', {
        what: `Was ${shownOf(seen)} when the plan was made, and is ${now ? shownOf(now) : 'gone'} now.`,
        remedy: 'Somebody else changed it: look at its history, then run the task again.',
      });
    }
    current = now;
  }
  throw new TaskError('conflict', {
    what: `Was stored by somebody else ${ATTEMPTS} times while this run tried to.`,
    remedy: 'Look at its history, then run the task again.',
  });
}

function statusOf({ queueStatus }: Definition): 'enabled' | 'paused' | 'disabled' {
  return queueStatus ?? 'enabled';
}

function sessionOf({ description }: Definition): string | undefined {
  return decodeUndoNote(description)?.session;
}

function shownOf(definition: Definition): string {
  const session = sessionOf(definition);
  return `${statusOf(definition)}${session ? ` with a note of the session ${session}` : ''} (revision ${definition.revision})`;
}

function absent(project: string, missing: readonly (string | number)[]): TaskError {
  return new TaskError('input', {
    what: `The project ${project} has no pipeline ${missing.join(', ')} that azure-devops-token can see.`,
    remedy: 'Check the ids and names.',
  });
}
