import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseYaml } from '@maintenance-tasks/core/yaml';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { planDigest } from './digest.ts';
import { windowSchema } from './schema.ts';

const TEXT = `name: Monthly
window: { starts: 2026-11-21 18:00, ends: 2026-11-22 06:00, time-zone: UTC }
roster:
  - { name: release.manager@example.com, roles: [release-manager] }
  - { name: platform.lead@example.com, roles: [approver] }
smoke-tests: checks.yaml
`;

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'digest-'));
  await writeFile(join(folder, 'checks.yaml'), '- one');
});

afterEach(() => rm(folder, { recursive: true }));

function digestOf(text: string): Promise<string> {
  return planDigest({ path: join(folder, 'window.yaml'), text, content: parseYaml(text, windowSchema) });
}

test('stays the same when only comments, order or layout change', async () => {
  const [first, ...rest] = TEXT.trimEnd().split('\n');
  const reordered = `# agreed on Monday\n${rest.join('\n')}\n\n${first}\n`;
  expect(await digestOf(reordered)).toBe(await digestOf(TEXT));
});

test('changes with the content', async () => {
  expect(await digestOf(TEXT.replace('06:00', '06:01'))).not.toBe(await digestOf(TEXT));
});

test('changes with the smoke tests that the window file names', async () => {
  const before = await digestOf(TEXT);
  await writeFile(join(folder, 'checks.yaml'), '- two');
  expect(await digestOf(TEXT)).not.toBe(before);
});

test('changes with the scripts that its changes name', async () => {
  const text = `${TEXT}changes: [{ ticket: PLAT-1, what: Patches, script: patch.ps1 }]\n`;
  await writeFile(join(folder, 'patch.ps1'), 'one');
  const before = await digestOf(text);
  await writeFile(join(folder, 'patch.ps1'), 'two');
  expect(await digestOf(text)).not.toBe(before);
});

test('refuses a named file that is missing, and one outside of the folder', async () => {
  await expect(digestOf(TEXT.replace('checks.yaml', 'other.yaml'))).rejects.toThrow(/cannot be read/);
  await expect(digestOf(TEXT.replace('checks.yaml', '../other.yaml'))).rejects.toThrow(/outside the folder/);
});
