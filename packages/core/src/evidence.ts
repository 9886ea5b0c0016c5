// By `promises`, which Node loads when it is first used: node:fs/promises costs every start a millisecond.
import { promises as files } from 'node:fs';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import { messageOf, TaskError } from './errors.ts';
import type { ReportedChange, ReportTable } from './report.ts';

/** What one run of one task leaves behind for the record of the night. The same on every host. */
export interface EvidenceRecord {
  readonly format: 1;
  readonly session: string;
  readonly task: string;
  readonly outcome: 'succeeded' | 'failed' | 'dry-run';
  readonly startedAt: string;
  readonly endedAt: string;
  readonly changes: readonly ReportedChange[];
  readonly notes: readonly string[];
  readonly tables: readonly ReportTable[];
  readonly outputs: Readonly<Record<string, string>>;
  readonly calls: number;
  /** The failure's full text. */
  readonly error?: string;
  readonly run?: string;
}

/**
 * Writes the record into the folder as `20261121T213000123-maintenance-page-1f0c9a2e.json`, whole or not at all.
 * The random end keeps apart what the legs of a matrix write in the same instant.
 *
 * @throws TaskError `refused` when the folder, or one on the way to it, is a symbolic link: a checked-out repository must not choose where we write
 */
export async function writeEvidence(workingFolder: string, folder: string, record: EvidenceRecord): Promise<string> {
  const target = resolve(workingFolder, folder);
  await refuseLinks(workingFolder, target);
  const random = Buffer.from(crypto.getRandomValues(new Uint8Array(4))).toString('hex');
  const name = `${record.startedAt.replace(/[-:.Z]/g, '')}-${record.task}-${random}.json`;
  const unfinished = join(target, `.${name}.part`);
  try {
    await files.mkdir(target, { recursive: true });
    await files.writeFile(unfinished, `${JSON.stringify(record, null, 2)}\n`, { flag: 'wx' });
    await files.rename(unfinished, join(target, name));
  } catch (cause) {
    await files.rm(unfinished, { force: true }).catch(() => {});
    throw new TaskError(
      'refused',
      {
        what: `The evidence file could not be written to ${target}: ${messageOf(cause)}.`,
        remedy: 'Give a folder that can be written to as evidence.',
      },
      { cause },
    );
  }
  return join(target, name);
}

/**
 * Links above the working folder are the runner's business; those below it came with what was checked out.
 *
 * @throws TaskError `refused` when the folder, or one on the way to it, is a symbolic link
 */
export async function refuseLinks(workingFolder: string, target: string): Promise<void> {
  const base = resolve(workingFolder);
  const below = relative(base, target);
  const isBelow = below !== '' && !isAbsolute(below) && below.split(sep)[0] !== '..';
  const parts = isBelow ? below.split(sep).map((_, index, all) => join(base, ...all.slice(0, index + 1))) : [target];
  for (const part of parts) {
    const found = await files.lstat(part).catch(() => undefined);
    if (!found?.isSymbolicLink()) continue;
    throw new TaskError('refused', {
      what: `The evidence folder ${part} is a symbolic link.`,
      remedy: 'Give a real folder as evidence.',
    });
  }
}
