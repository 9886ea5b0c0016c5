import { readdir, readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { type EvidenceRecord, messageOf } from '@maintenance-tasks/core';

export interface CollectedEvidence {
  readonly records: readonly EvidenceRecord[];
  readonly unreadable: readonly string[];
}

/** The session's records anywhere below the folder: hosts unpack what earlier jobs kept in different depths. */
export async function collectEvidence(
  workingFolder: string,
  folder: string,
  session: string,
): Promise<CollectedEvidence> {
  const root = resolve(workingFolder, folder);
  const names = await readdir(root, { recursive: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const records = new Map<string, EvidenceRecord>();
  const unreadable: string[] = [];
  for (const name of names.filter((each) => each.endsWith('.json')).sort()) {
    try {
      const record = JSON.parse(await readFile(join(root, name), 'utf8')) as Partial<EvidenceRecord>;
      if (
        record.format !== 1 ||
        record.session !== session ||
        typeof record.task !== 'string' ||
        !Array.isArray(record.changes)
      )
        continue;
      // The same file may have come with more than one artifact.
      records.set(basename(name), record as EvidenceRecord);
    } catch (error) {
      unreadable.push(`${name}: ${messageOf(error)}`);
    }
  }
  const inOrder = [...records.values()].sort((a, b) => a.startedAt.localeCompare(b.startedAt));
  return { records: inOrder, unreadable };
}
