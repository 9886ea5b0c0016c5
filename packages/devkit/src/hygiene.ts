import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Source } from './boundaries.ts';
import { ROOT } from './tasks.ts';

/** What no committed file may hold. */
const RULES: readonly { readonly files: RegExp; readonly pattern: RegExp; readonly problem: string }[] = [
  {
    files: /./,
    pattern: /\bhttps?:\/\/[^\s/"']*\b(registry|artifactory|nexus|verdaccio)\b[^\s/"']*/,
    problem: 'names a package registry; whose it is, is for each machine to say',
  },
  {
    files: /^pnpm-lock\.yaml$/,
    pattern: /https?:\/\//,
    problem: 'holds an address: packages come from the registry each machine has',
  },
  {
    files: /./,
    pattern: /(^|[\s"'`(=:])\/(home\/(?!runner\b|vsts\b)|root\/|Users\/|work\/)[\w.-]+|\b[A-Z]:\\\\?Users\\/,
    // runner and vsts are whose home it is on every hosted GitHub and Azure machine.
    problem: 'holds a path of somebody’s machine',
  },
  {
    files: /\.test\.ts$/,
    pattern: /\b(it|test|describe)(\.\w+)*\.(only|skip|todo|fails)\b/,
    problem: 'leaves tests out',
  },
  { files: /\.[cm]?[jt]s$/, pattern: /\b(TOD[O]|FIXM[E])\b/, problem: 'puts off what is to be done' },
  { files: /./, pattern: /^(<{7}|>{7}) /m, problem: 'holds an unfinished merge' },
];

const NOT_COMMITTED = ['node_modules', 'dist', '.git', '.rehearsal', 'maintenance-evidence', 'coverage'];

/** Every line of a committed text that should not be there, as `file:line: why`. */
export function hygieneProblems(files: readonly Source[]): string[] {
  return files.flatMap(({ path, text }) =>
    RULES.filter((rule) => rule.files.test(path) && rule.pattern.test(text)).map((rule) => {
      const line = text.split('\n').findIndex((content) => rule.pattern.test(content)) + 1;
      return `${path}:${line}: ${rule.problem}`;
    }),
  );
}

/** Every text file of the checkout that could be committed. */
export async function committedTexts(root = ROOT, folder = ''): Promise<Source[]> {
  const entries = await readdir(join(root, folder), { withFileTypes: true });
  const found = entries
    .filter(({ name }) => !NOT_COMMITTED.includes(name))
    .map(async (entry): Promise<Source[]> => {
      const path = folder ? `${folder}/${entry.name}` : entry.name;
      if (entry.isDirectory()) return committedTexts(root, path);
      if (!entry.isFile()) return [];
      const content = await readFile(join(root, path));
      return content.includes(0) ? [] : [{ path, text: content.toString('utf8') }];
    });
  return (await Promise.all(found)).flat();
}
