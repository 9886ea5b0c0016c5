import { lstat, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { messageOf, TaskError, type UndoNote } from '@maintenance-tasks/core';

/** One file: what one run was about to pause, or had resumed. */
interface Entry {
  readonly format: 1;
  readonly session: string;
  /** Later ones overrule earlier ones; clocks of several machines would not tell which is later. */
  readonly number: number;
  readonly event: 'paused' | 'resumed';
  readonly jobs: readonly string[];
}

/**
 * The memory of schedulers that have no room for a note (GitHub, Rundeck, commands): files in the session's evidence
 * folder, which pipelines carry from stage to stage anyway. Written before the change, so that a run that dies
 * leaves too much in it rather than too little.
 */
export interface Journal {
  /** Who holds which job paused, by the jobs' ids. */
  notes(): Promise<Map<string, UndoNote>>;
  write(session: string, event: 'paused' | 'resumed', jobs: readonly string[]): Promise<void>;
}

const NAME = /^jobs-journal-[a-z0-9-]+\.json$/;

/** @param folder relative to the working folder, as the input evidence names it */
export function openJournal(workingFolder: string, folder: string): Journal {
  const root = resolve(workingFolder, folder);

  /** Anywhere below: hosts unpack what earlier jobs kept in different depths. */
  async function entries(): Promise<Entry[]> {
    const names = await readdir(root, { recursive: true }).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    });
    const files = names.filter((name) => NAME.test(name.split(/[\\/]/).at(-1) ?? ''));
    const read = await Promise.all(files.map(async (name) => readEntry(join(root, name))));
    return read.sort((a, b) => a.number - b.number);
  }

  return {
    async notes() {
      const notes = new Map<string, UndoNote>();
      for (const { session, event, jobs } of await entries()) {
        for (const id of jobs) {
          if (event === 'paused') notes.set(id, { session, state: 'active' });
          else if (notes.get(id)?.session === session) notes.delete(id);
        }
      }
      return notes;
    },

    async write(session, event, jobs) {
      if (jobs.length === 0) return;
      const number = Math.max(0, ...(await entries()).map((entry) => entry.number)) + 1;
      const random = Buffer.from(crypto.getRandomValues(new Uint8Array(4))).toString('hex');
      const name = `jobs-journal-${session}-${random}.json`;
      const entry: Entry = { format: 1, session, number, event, jobs };
      await store(root, name, `${JSON.stringify(entry, null, 2)}\n`);
    },
  };
}

async function readEntry(path: string): Promise<Entry> {
  try {
    const entry = JSON.parse(await readFile(path, 'utf8')) as Partial<Entry>;
    const isWhole =
      entry.format === 1 &&
      typeof entry.session === 'string' &&
      typeof entry.number === 'number' &&
      (entry.event === 'paused' || entry.event === 'resumed') &&
      Array.isArray(entry.jobs);
    if (isWhole) return entry as Entry;
  } catch (error) {
    throw unusable(path, messageOf(error));
  }
  throw unusable(path, 'it is no journal');
}

async function store(root: string, name: string, text: string): Promise<void> {
  const unfinished = join(root, `.${name}.part`);
  // A checked-out repository must not choose where we write.
  const found = await lstat(root).catch(() => undefined);
  if (found?.isSymbolicLink()) throw unusable(root, 'the evidence folder is a symbolic link');
  try {
    await mkdir(root, { recursive: true });
    await writeFile(unfinished, text, { flag: 'wx' });
    await rename(unfinished, join(root, name));
  } catch (error) {
    await rm(unfinished, { force: true }).catch(() => {});
    throw unusable(join(root, name), messageOf(error));
  }
}

function unusable(path: string, why: string): TaskError {
  return new TaskError('refused', {
    what: `The session’s journal ${path}, which remembers the paused jobs, cannot be used: ${why}.`,
    remedy: 'Look at the evidence folder; where the journal is lost, resume these jobs by hand.',
  });
}
