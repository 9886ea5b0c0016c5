import { spawnSync } from 'node:child_process';
import { delimiter, join } from 'node:path';

export interface NodeVersion {
  readonly path: string;
  readonly version: string;
}

/** The Node this runs on, and the machine's own where that is a 20: Azure's agents still run tasks on it. */
export function nodes(): NodeVersion[] {
  const own = { path: process.execPath, version: process.versions.node };
  const others = (process.env.PATH ?? '').split(delimiter).flatMap((folder) => {
    const path = join(folder, 'node');
    const { stdout, status } = spawnSync(path, ['-p', 'process.versions.node'], { encoding: 'utf8' });
    return status === 0 ? [{ path, version: stdout.trim() }] : [];
  });
  const twenty = others.find(({ version }) => version.startsWith('20.'));
  return twenty ? [twenty, own] : [own];
}
