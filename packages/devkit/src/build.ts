import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inParallel } from '@maintenance-tasks/core';
import type { OutputChunk } from 'rolldown';
import { licenseNotices } from './build/licenses.ts';
import { writeStamp } from './build/stamp.ts';
import { ROOT } from './tasks.ts';

/** What was built for one entry file. */
export interface Bundle {
  /** `actions/maintenance-page`: the folder that holds main.ts and dist. */
  readonly folder: string;
  readonly chunks: readonly OutputChunk[];
  /** What goes into dist, by name. */
  readonly files: ReadonlyMap<string, string>;
}

/** The folders that hold an entry file: one bundle each. */
export async function entryFolders(root = ROOT): Promise<string[]> {
  const found = ['actions', 'ado-tasks'].map(async (parent) => {
    const names = await readdir(join(root, parent)).catch(() => []);
    return names.map((name) => `${parent}/${name}`);
  });
  return [...(await Promise.all(found)).flat(), 'terminal']
    .filter((folder) => existsSync(join(root, folder, 'main.ts')))
    .sort();
}

/** Builds these bundles. Those that fail are named together, so that one broken task does not hide another. */
export async function buildAll(folders: readonly string[], root = ROOT): Promise<Bundle[]> {
  const failures: string[] = [];
  // The bundler uses all cores for one bundle already; two at once fill the gaps.
  const bundles = await inParallel(folders, 2, async (folder) => {
    const started = new Date();
    try {
      const built = await buildBundle(root, folder, join(root, folder, 'dist'));
      await writeStamp(root, built, started);
      return built;
    } catch (error) {
      failures.push(`${folder}: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
  });
  if (failures.length > 0) throw new Error(`These could not be built:\n${failures.join('\n')}`);
  return bundles.filter((bundle) => bundle !== undefined);
}

/** Bundles one entry file in memory: the same sources give the same bytes. */
export async function bundle(folder: string, root = ROOT): Promise<Bundle> {
  // Loaded late: telling whether something is to be built shall not load the bundler.
  const { build } = await import('rolldown');
  const { hostLibraries } = await import('./host-aliases.ts');
  const { lateBuiltins } = await import('./build/late-builtins.ts');
  const { output } = await build({
    cwd: root,
    input: { main: join(root, folder, 'main.ts') },
    write: false,
    platform: 'node',
    transform: { target: 'node20' },
    plugins: [hostLibraries, lateBuiltins],
    // What one task needs at once may well be loaded late by another.
    checks: { ineffectiveDynamicImport: false },
    logLevel: 'warn',
    onLog(level, log, handle) {
      if (level === 'warn') throw new Error(log.message);
      handle(level, log);
    },
    output: {
      format: 'cjs',
      entryFileNames: '[name].cjs',
      chunkFileNames: '[name]-[hash].cjs',
      // Names stay: a stack trace in a bug report must tell something, and shorter names save no time at start.
      minify: { compress: true, mangle: false, codegen: { removeWhitespace: true } },
      // licenses.txt has them.
      comments: false,
      sourcemap: false,
    },
  });
  const chunks = output.filter((item) => item.type === 'chunk');
  const files = new Map(chunks.map(({ fileName, code }) => [fileName, code]));
  files.set('licenses.txt', await licenseNotices(chunks.flatMap(({ moduleIds }) => moduleIds)));
  return { folder, chunks, files };
}

/** Bundles into a folder, which is replaced as a whole: a run that starts meanwhile finds the old or the new one. */
export async function buildBundle(root: string, folder: string, target: string): Promise<Bundle> {
  const built = await bundle(folder, root);
  const fresh = `${target}.${process.pid}`;
  await mkdir(fresh, { recursive: true });
  for (const [name, content] of built.files) await writeFile(join(fresh, name), content);
  await rm(target, { recursive: true, force: true });
  await rename(fresh, target);
  return built;
}

/** Modules that are parsed at every start: those of the entry and of all it loads without `import()`. */
export function modulesAtStart({ chunks }: Bundle): string[] {
  const byName = new Map(chunks.map((chunk) => [chunk.fileName, chunk]));
  const seen = new Set<OutputChunk>();
  const visit = (chunk: OutputChunk | undefined) => {
    if (!chunk || seen.has(chunk)) return;
    seen.add(chunk);
    for (const name of chunk.imports) visit(byName.get(name));
  };
  visit(chunks.find((chunk) => chunk.isEntry));
  return [...seen].flatMap((chunk) => chunk.moduleIds);
}
