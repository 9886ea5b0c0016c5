import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, relative, resolve } from 'node:path';
import { messageOf, TaskError, type YamlFile } from '@maintenance-tasks/core';
import type { MaintenanceWindow } from './schema.ts';

/**
 * The digest of what is approved: the window file's content and the files it names (smoke tests and scripts). Comments and layout of the
 * window file do not count, so that a corrected typo in a comment does not ask for a new approval.
 */
export async function planDigest(file: YamlFile<MaintenanceWindow>): Promise<string> {
  const hash = createHash('sha256').update(canonical(file.content));
  const { changes, 'smoke-tests': smokeTests } = file.content;
  const named = [smokeTests, ...changes.map(({ script }) => script)].filter((name) => name !== undefined);
  for (const name of new Set(named)) hash.update(`\0${name}\0`).update(await readNamed(file.path, name));
  return hash.digest('hex');
}

/** @throws TaskError `input` when it cannot be read or lies outside the window file's folder */
async function readNamed(windowFile: string, name: string): Promise<Buffer> {
  const folder = dirname(windowFile);
  const path = resolve(folder, name);
  const inside = relative(folder, path);
  if (inside.startsWith('..'))
    throw unusable(name, 'lies outside the folder of the window file', 'Put it beside the window file.');
  return readFile(path).catch((error: unknown) => {
    throw unusable(
      name,
      `cannot be read: ${messageOf(error)}`,
      'Put it beside the window file, or take it out of there.',
    );
  });
}

function unusable(name: string, why: string, remedy: string): TaskError {
  return new TaskError('input', {
    what: `The file ${name} that the window file names ${why}.`,
    state: 'Nothing was changed.',
    remedy,
  });
}

/** JSON with sorted keys: the same content gives the same text. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).filter(([, each]) => each !== undefined);
    return `{${entries
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, each]) => `${JSON.stringify(key)}:${canonical(each)}`)
      .join(',')}}`;
  }
  return JSON.stringify(value);
}
