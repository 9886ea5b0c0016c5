import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { unzipSync, type Zippable, zipSync } from 'fflate';
import { ROOT, releaseVersion } from './tasks.ts';

/** `npm run vsix`: the Azure DevOps extension with every task, from what is built. */
export async function vsixCommand(): Promise<number> {
  const file = `dist/maintenance-tasks-${await releaseVersion()}.vsix`;
  const content = await buildVsix();
  await mkdir(join(ROOT, 'dist'), { recursive: true });
  await writeFile(join(ROOT, file), content);
  console.log(`${sha256(content)}  ${file} (${Math.round(content.length / 1_024)} KB)`);
  return 0;
}

/** The extension's bytes: the same for the same files, on any day and in any time zone. */
export async function buildVsix(root = ROOT): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'vsix-'));
  try {
    const packed = join(folder, 'packed.vsix');
    await packWithTfx(join(root, 'ado-tasks'), packed);
    return repacked(await readFile(packed));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export function sha256(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

async function packWithTfx(folder: string, output: string): Promise<void> {
  const tfx = createRequire(import.meta.url).resolve('tfx-cli/_build/tfx-cli.js');
  const options = ['--root', folder, '--manifests', 'vss-extension.json', '--output-path', output];
  await promisify(execFile)(process.execPath, [tfx, 'extension', 'create', ...options, '--no-prompt', '--no-color']);
}

/** tfx packs files in the order and with the dates it finds them. */
function repacked(zip: Uint8Array): Buffer {
  const files = unzipSync(zip);
  // Zip knows no time zone: the parts of this local date are what is written.
  const mtime = new Date(1980, 0, 1);
  const sorted: Zippable = {};
  for (const name of Object.keys(files).sort(byOpcOrder)) sorted[name] = [files[name] as Uint8Array, { mtime }];
  return Buffer.from(zipSync(sorted, { level: 9 }));
}

/** Readers of the format may stop looking for its two own parts when they do not come first. */
function byOpcOrder(a: string, b: string): number {
  const rank = (name: string) => ['[Content_Types].xml', 'extension.vsixmanifest'].indexOf(name) >>> 0;
  return rank(a) - rank(b) || (a < b ? -1 : 1);
}
