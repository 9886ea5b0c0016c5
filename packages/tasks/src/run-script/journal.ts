import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { messageOf, refuseLinks, TaskError } from '@maintenance-tasks/core';

export type State = 'run' | 'undo';

/** One run of a script or its undo, noted before it starts: a runner that dies in between leaves it without an end. */
export interface Entry {
  readonly state: State;
  readonly startedAt: string;
  readonly outcome?: string;
}

export interface Journal {
  readonly entries: readonly Entry[];
  /** Notes the start, on disk before anything runs. */
  begin(state: State, startedAt: Date): Promise<void>;
  end(outcome: string): Promise<void>;
}

/**
 * What ran in this session before, by the evidence folder. It is known as far as that folder goes: hosts give each job
 * a folder of its own, and only what is downloaded from earlier jobs is there.
 */
export async function openJournal(
  workingFolder: string,
  evidence: string,
  { session, key }: { readonly session: string; readonly key: string },
): Promise<Journal> {
  const folder = resolve(workingFolder, evidence);
  await refuseLinks(workingFolder, folder);
  const path = join(folder, `run-script-${session}-${key}.mark`);
  let entries = await read(path);

  async function write(next: readonly Entry[]): Promise<void> {
    const unfinished = `${path}.part`;
    try {
      await mkdir(folder, { recursive: true });
      await writeFile(unfinished, `${JSON.stringify({ format: 1, session, entries: next })}\n`);
      await rename(unfinished, path);
    } catch (cause) {
      throw new TaskError(
        'refused',
        {
          what: `That the script runs could not be noted in ${folder}: ${messageOf(cause)}.`,
          remedy: 'Give a folder that can be written to as evidence.',
        },
        { cause },
      );
    }
    entries = next;
  }

  return {
    get entries() {
      return entries;
    },
    begin: (state, startedAt) => write([...entries, { state, startedAt: startedAt.toISOString() }]),
    end: (outcome) =>
      write(entries.map((entry, index) => (index === entries.length - 1 ? { ...entry, outcome } : entry))),
  };
}

/** @throws TaskError `refused` when the last thing that ran is what shall run now */
export function refuseRepetition(journal: Journal, state: State, shown: string): void {
  const last = journal.entries.at(-1);
  if (last?.state !== state) return;
  const how = last.outcome ?? 'its end was not noted: the runner may have died';
  throw new TaskError('refused', {
    what: `${shown} ${state === 'run' ? 'ran' : 'was undone'} in this session already, at ${last.startedAt} (${how}).`,
    state: 'Nothing was run.',
    remedy: 'Look whether it may run twice; if so, give again: true.',
  });
}

async function read(path: string): Promise<readonly Entry[]> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return [];
  try {
    const { entries } = JSON.parse(text) as { entries: Entry[] };
    return entries.filter(({ state, startedAt }) => state !== undefined && startedAt !== undefined);
  } catch {
    throw new TaskError('refused', {
      what: `${path} cannot be read: whether the script ran in this session is not known.`,
      state: 'Nothing was run.',
      remedy: 'Look at the evidence of this session. Delete the file if the script may run.',
    });
  }
}
