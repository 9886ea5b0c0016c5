import { execFileSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

export interface NodeVersion {
  readonly path: string;
  readonly version: string;
}

/** This Node, and a Node 20 where the machine has one: Azure's agents still run tasks on it. */
export function nodes(): NodeVersion[] {
  const found = [{ path: process.execPath, version: process.versions.node }];
  const twenty = (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, process.platform === 'win32' ? 'node.exe' : 'node'))
    .filter(isExecutable)
    .map((path) => ({ path, version: execFileSync(path, ['-p', 'process.versions.node']).toString().trim() }))
    .find(({ version }) => version.startsWith('20.'));
  if (twenty) found.push(twenty);
  else console.warn('No Node 20 is on the PATH: tried on this version only.');
  return found;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
