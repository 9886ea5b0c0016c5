import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { ROOT } from '../tasks.ts';

/** What a bundle was made of: its own sources by path, and a hash over them and all else that decides its bytes. */
interface Stamp {
  readonly sources: readonly string[];
  readonly hash: string;
}

/** The lock file stands for every module of others. */
const COMMON = [
  'pnpm-lock.yaml',
  'packages/devkit/src/build.ts',
  'packages/devkit/src/host-aliases.ts',
  'packages/devkit/src/build/late-builtins.ts',
  'packages/devkit/src/build/licenses.ts',
];

/** Remembers what a bundle in `<folder>/dist` was made of. */
export async function writeStamp(
  root: string,
  bundle: { readonly folder: string; readonly chunks: readonly { readonly moduleIds: readonly string[] }[] },
  started: Date,
): Promise<void> {
  const modules = bundle.chunks.flatMap(({ moduleIds }) => moduleIds);
  const sources = modules
    .filter((id) => existsSync(id) && !id.includes('node_modules'))
    .map((id) => relative(root, id))
    .sort();
  const file = stampFile(root, bundle.folder);
  // Of a source that was saved meanwhile nobody knows which of its versions was read.
  const dates = await Promise.all(sources.map(async (source) => (await stat(join(root, source))).mtime));
  if (dates.some((date) => date >= started)) return rm(file, { force: true });
  const stamp: Stamp = { sources, hash: await hashOf(root, sources) };
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, JSON.stringify(stamp));
}

/** Those of the folders whose bundle is missing, or was made of something else than what is there now. */
export async function staleFolders(folders: readonly string[], root = ROOT): Promise<string[]> {
  const stale = await Promise.all(folders.map((folder) => isStale(root, folder)));
  return folders.filter((_, index) => stale[index]);
}

async function isStale(root: string, folder: string): Promise<boolean> {
  if (!existsSync(join(root, folder, 'dist/main.cjs'))) return true;
  try {
    const stamp = JSON.parse(await readFile(stampFile(root, folder), 'utf8')) as Stamp;
    return stamp.hash !== (await hashOf(root, stamp.sources));
  } catch {
    return true;
  }
}

/** Contents, not dates: a checkout sets dates of its own. */
async function hashOf(root: string, sources: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const file of [...COMMON, ...sources]) {
    hash.update(`${file}\0`);
    hash.update(await readFile(join(root, file)));
  }
  return hash.digest('hex');
}

function stampFile(root: string, folder: string): string {
  return join(root, 'dist/stamps', `${folder.replaceAll('/', '-')}.json`);
}
