import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { TaskError } from './errors.ts';
import { type EvidenceRecord, writeEvidence } from './evidence.ts';

const RECORD: EvidenceRecord = {
  format: 1,
  session: 'mw-202611220600-k7qx',
  task: 'maintenance-page',
  outcome: 'succeeded',
  startedAt: '2026-11-21T21:30:00.123Z',
  endedAt: '2026-11-21T21:30:07.000Z',
  changes: [],
  notes: ['Zürich'],
  tables: [],
  outputs: { changed: 'www.example.com' },
  calls: 5,
};

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'evidence-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('a record is written whole, under its time and task, into a folder that need not exist', async () => {
  const path = await writeEvidence(folder, 'night/evidence', RECORD);
  expect(path).toMatch(/night.evidence.20261121T213000123-maintenance-page-[0-9a-f]{8}\.json$/);
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(RECORD);
  expect(readdirSync(join(folder, 'night/evidence'))).toHaveLength(1);
});

test('tasks that run in parallel in the same instant do not overwrite each other', async () => {
  await Promise.all(Array.from({ length: 20 }, () => writeEvidence(folder, 'evidence', RECORD)));
  expect(readdirSync(join(folder, 'evidence'))).toHaveLength(20);
});

test.each([
  ['the folder itself', 'link'],
  ['a folder on the way to it', 'link/evidence'],
])('a symbolic link in the place of %s is refused', async (_, path) => {
  const elsewhere = mkdtempSync(join(tmpdir(), 'elsewhere-'));
  try {
    symlinkSync(elsewhere, join(folder, 'link'));
    const written = writeEvidence(folder, path, RECORD);
    await expect(written).rejects.toThrow(/evidence folder .*link is a symbolic link/);
    await expect(written).rejects.toBeInstanceOf(TaskError);
    expect(readdirSync(elsewhere)).toEqual([]);
  } finally {
    rmSync(elsewhere, { recursive: true });
  }
});

test('a working folder that is itself reached by a link is fine', async () => {
  const real = join(folder, 'real');
  mkdirSync(real);
  symlinkSync(real, join(folder, 'work'));
  await writeEvidence(join(folder, 'work'), 'evidence', RECORD);
  expect(readdirSync(join(real, 'evidence'))).toHaveLength(1);
});

test('a file in the place of the folder is a clear error', async () => {
  writeFileSync(join(folder, 'evidence'), '');
  await expect(writeEvidence(folder, 'evidence', RECORD)).rejects.toThrow(
    /could not be written to .*evidence: .*\. Give a folder that can be written to/,
  );
});

test('a half-written file is not left behind', async () => {
  const endless = {
    ...RECORD,
    get notes(): string[] {
      throw new Error('no notes');
    },
  };
  await expect(writeEvidence(folder, 'evidence', endless)).rejects.toThrow('no notes');
  expect(readdirSync(join(folder, 'evidence'))).toEqual([]);
});
