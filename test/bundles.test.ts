import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Bundle, bundle, entryFolders, modulesAtStart } from '@maintenance-tasks/devkit/build';
import { packageName } from '@maintenance-tasks/devkit/build/licenses';
import { sha256 } from '@maintenance-tasks/devkit/vsix';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nodes } from './nodes.ts';

const ROOT = join(import.meta.dirname, '..');
const folders = await entryFolders();
const ofHosts = folders.filter((folder) => folder !== 'terminal');

/** What every start may parse of others: the part of the host's own library that speaks to the host. */
const AT_START = { actions: ['@actions/core'], 'ado-tasks': ['azure-pipelines-task-lib'], terminal: [] };

let temporary: string;
const bundles = new Map<string, Bundle>();

beforeAll(async () => {
  temporary = mkdtempSync(join(tmpdir(), 'bundles-'));
  for (const folder of folders) {
    const built = await bundle(folder);
    bundles.set(folder, built);
    write(built, join(temporary, folder));
  }
}, 120_000);

afterAll(() => rmSync(temporary, { recursive: true, force: true }));

describe.each(folders)('the bundle of %s', (folder) => {
  const built = () => bundles.get(folder) as Bundle;

  it('parses nothing of others at its start but the host’s own library', () => {
    const packages = new Set(
      modulesAtStart(built())
        .map(packageName)
        .filter((name) => name !== undefined),
    );
    expect([...packages]).toEqual(AT_START[folder.split('/')[0] as keyof typeof AT_START]);
  });

  it('has the licence of every package that is in it', () => {
    const notices = built().files.get('licenses.txt') as string;
    const ids = built().chunks.flatMap(({ moduleIds }) => moduleIds);
    for (const name of new Set(ids.map(packageName).filter((name) => name !== undefined)))
      expect(notices).toMatch(new RegExp(`^${name.replaceAll('/', '\\/')} \\d+\\.\\d+\\.\\d+ \\(`, 'm'));
  });

  it('tells nothing of the machine it was built on', () => {
    for (const [name, content] of built().files) {
      expect(content.includes(ROOT), name).toBe(false);
      expect(content, name).not.toContain('sourceMappingURL');
    }
  });
});

describe.each(nodes())('on Node $version', ({ path }) => {
  it.each(ofHosts)('%s starts and ends at a wrong input with exit code 1', (folder) => {
    const { status, stdout, stderr } = spawnSync(path, [join(temporary, folder, 'main.cjs')], {
      env: { INPUT_DEADLINE: 'never', RUNNER_TEMP: temporary, AGENT_TEMPDIRECTORY: temporary },
      encoding: 'utf8',
    });
    expect(stdout).toContain('deadline: "never" is not a duration');
    expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
  });

  it('the terminal program lists the tasks, and helps with one', () => {
    const run = (...args: string[]) =>
      spawnSync(path, [join(temporary, 'terminal/main.cjs'), ...args], { encoding: 'utf8' });
    expect(run('--help')).toMatchObject({ status: 0, stdout: expect.stringContaining('maintenance-page') });
    expect(run('maintenance-page', '--help')).toMatchObject({ status: 0, stdout: expect.stringContaining('--state') });
    expect(run()).toMatchObject({ status: 2, stdout: '' });
    expect(run('maintenance-pge')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('did you mean "maintenance-page"?'),
    });
    expect(run('maintenance-page', '--deadline', 'never')).toMatchObject({ status: 2 });
  });
});

describe('a build', () => {
  const folder = ofHosts[0] as string;

  it('gives the same bytes again', async () => {
    expect(hashesOf(await bundle(folder))).toEqual(hashesOf(bundles.get(folder) as Bundle));
  });

  it('gives the same bytes in another checkout', async () => {
    const root = join(temporary, 'another/checkout');
    copyCheckout(root);
    const elsewhere = await bundle(folder, root);
    expect(elsewhere.chunks.flatMap(({ moduleIds }) => moduleIds).some((id) => id.startsWith(root))).toBe(true);
    expect(hashesOf(elsewhere)).toEqual(hashesOf(bundles.get(folder) as Bundle));
  });
});

/** Short enough to be shown when they differ. */
function hashesOf({ files }: Bundle): Record<string, string> {
  return Object.fromEntries([...files].map(([name, content]) => [name, sha256(Buffer.from(content))]));
}

function write({ files }: Bundle, folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, content] of files) writeFileSync(join(folder, name), content);
}

/** Our own sources copied, everything of others by links to where it is. */
function copyCheckout(root: string): void {
  for (const folder of ['actions', 'ado-tasks']) cpSync(join(ROOT, folder), join(root, folder), { recursive: true });
  mkdirSync(join(root, 'node_modules/@maintenance-tasks'), { recursive: true });
  for (const name of readdirSync(join(ROOT, 'packages'))) {
    const [from, to] = [join(ROOT, 'packages', name), join(root, 'packages', name)];
    cpSync(join(from, 'src'), join(to, 'src'), { recursive: true });
    cpSync(join(from, 'package.json'), join(to, 'package.json'));
    symlinkSync(to, join(root, 'node_modules/@maintenance-tasks', name));
    mkdirSync(join(to, 'node_modules'));
    for (const other of readdirSync(join(from, 'node_modules'))) {
      if (other !== '@maintenance-tasks')
        symlinkSync(join(from, 'node_modules', other), join(to, 'node_modules', other));
    }
  }
}
