import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { staleFolders, writeStamp } from './stamp.ts';

const FOLDER = 'actions/door-sign';
const SOURCES = ['actions/door-sign/main.ts', 'packages/tasks/src/door-sign/task.ts'];
const COMMON = ['build.ts', 'host-aliases.ts', 'build/late-builtins.ts', 'build/licenses.ts'];

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'stamp-'));
  const files = [...SOURCES, ...COMMON.map((file) => `packages/devkit/src/${file}`), 'pnpm-lock.yaml'];
  for (const file of [...files, `${FOLDER}/dist/main.cjs`]) put(file, 'first');
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

function put(file: string, content: string): void {
  mkdirSync(join(root, dirname(file)), { recursive: true });
  writeFileSync(join(root, file), content);
  const longAgo = new Date('2026-01-01T00:00:00Z');
  utimesSync(join(root, file), longAgo, longAgo);
}

const stamped = () => {
  const moduleIds = [...SOURCES.map((file) => join(root, file)), join(root, 'node_modules/yaml/index.js'), '\0virtual'];
  return writeStamp(root, { folder: FOLDER, chunks: [{ moduleIds }] }, new Date());
};

describe('a built bundle', () => {
  it('is stale before it was ever built', async () => {
    expect(await staleFolders([FOLDER], root)).toEqual([FOLDER]);
  });

  it('stays as it is while nothing changes but dates', async () => {
    await stamped();
    for (const file of SOURCES) utimesSync(join(root, file), new Date(), new Date());
    expect(await staleFolders([FOLDER], root)).toEqual([]);
  });

  it.each([...SOURCES, 'pnpm-lock.yaml', 'packages/devkit/src/build.ts'])('is stale when %s changes', async (file) => {
    await stamped();
    put(file, 'second');
    expect(await staleFolders([FOLDER], root)).toEqual([FOLDER]);
  });

  it('is stale when a source is gone', async () => {
    await stamped();
    rmSync(join(root, SOURCES[1] as string));
    expect(await staleFolders([FOLDER], root)).toEqual([FOLDER]);
  });

  it('is stale when the bundle itself is gone', async () => {
    await stamped();
    rmSync(join(root, FOLDER, 'dist'), { recursive: true });
    expect(await staleFolders([FOLDER], root)).toEqual([FOLDER]);
  });

  it('is stale when a source was saved while it was built', async () => {
    const soon = new Date(Date.now() + 60_000);
    utimesSync(join(root, SOURCES[0] as string), soon, soon);
    await stamped();
    expect(await staleFolders([FOLDER], root)).toEqual([FOLDER]);
  });
});
