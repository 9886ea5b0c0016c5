import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';

interface Package {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly text: string;
}

/** The notices of every third-party package whose modules are in a bundle: most licences ask for that. */
export async function licenseNotices(moduleIds: Iterable<string>): Promise<string> {
  const folders = new Set<string>();
  for (const id of moduleIds) {
    const folder = packageFolder(id);
    if (folder) folders.add(folder);
  }
  const packages = await Promise.all([...folders].map(readPackage));
  packages.sort((a, b) => (`${a.name}@${a.version}` < `${b.name}@${b.version}` ? -1 : 1));
  const intro = 'This bundle contains the packages below, each under its own licence.\n';
  const rule = '-'.repeat(80);
  return [intro, ...packages.map((one) => `${one.name} ${one.version} (${one.license})\n\n${one.text}\n`)].join(
    `\n${rule}\n\n`,
  );
}

/** `…/node_modules/@scope/name` of a module below it. */
function packageFolder(moduleId: string): string | undefined {
  // Virtual modules of the bundler begin with a zero byte or have no path.
  const path = moduleId.replace(/^\0/, '').split('?')[0] as string;
  const parts = path.split(sep);
  const at = parts.lastIndexOf('node_modules');
  if (at < 0) return undefined;
  const scoped = parts[at + 1]?.startsWith('@');
  return parts.slice(0, at + (scoped ? 3 : 2)).join(sep);
}

async function readPackage(folder: string): Promise<Package> {
  const { name, version, license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as {
    name: string;
    version: string;
    license?: string;
  };
  const names = (await readdir(folder)).filter((file) => /^(licen[cs]e|copying|notice)(\.|-|$)/i.test(file)).sort();
  const texts = await Promise.all(names.map((file) => readFile(join(folder, file), 'utf8')));
  const text = texts.map((content) => content.replaceAll('\r\n', '\n').trim()).join('\n\n');
  return { name, version, license: license ?? 'see text', text: text || `Licence: ${license ?? 'not stated'}` };
}

/** For messages: the package a module belongs to, or nothing for our own. */
export function packageName(moduleId: string): string | undefined {
  const folder = packageFolder(moduleId);
  if (!folder) return undefined;
  const parent = dirname(folder).split(sep).at(-1) as string;
  const own = folder.split(sep).at(-1) as string;
  return parent.startsWith('@') ? `${parent}/${own}` : own;
}
