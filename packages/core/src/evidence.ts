// By `promises`, which Node loads when it is first used: node:fs/promises costs every start a millisecond.
import { promises as files } from 'node:fs';
import { join, resolve } from 'node:path';
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
 * Writes the record into the folder as `20261121T213000123-maintenance-page.json`, whole or not at all.
 *
 * @throws TaskError `refused` when the folder is a symbolic link: a checked-out repository must not choose where we write
 */
export async function writeEvidence(workingFolder: string, folder: string, record: EvidenceRecord): Promise<string> {
  const target = resolve(workingFolder, folder);
  const existing = await files.lstat(target).catch(() => undefined);
  if (existing?.isSymbolicLink()) {
    throw new TaskError('refused', {
      what: `The evidence folder ${target} is a symbolic link.`,
      remedy: 'Give a real folder as evidence.',
    });
  }
  const name = `${record.startedAt.replace(/[-:.Z]/g, '')}-${record.task}.json`;
  try {
    await files.mkdir(target, { recursive: true });
    const unfinished = join(target, `.${name}.${process.pid}`);
    await files.writeFile(unfinished, `${JSON.stringify(record, null, 2)}\n`, { flag: 'wx' });
    await files.rename(unfinished, join(target, name));
  } catch (cause) {
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
