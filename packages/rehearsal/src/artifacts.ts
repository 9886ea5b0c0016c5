import { cpSync, existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { filesIn, globPattern } from './github/expressions.ts';
import type { JobFolders } from './host-play.ts';
import type { HostName } from './plan.ts';

export interface Moved {
  readonly exitCode: number;
  readonly said: string;
}

/** What jobs hand to each other: folders that outlive a job's workspace. Evidence travels this way. */
export class Artifacts {
  readonly #host: HostName;
  readonly #folder: string;

  constructor(host: HostName, folder: string) {
    this.#host = host;
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
  }

  upload(inputs: Readonly<Record<string, string>>, folders: JobFolders): Moved {
    const name = inputs.name || (this.#host === 'github' ? 'artifact' : 'drop');
    const target = join(this.#folder, name);
    const paths = (inputs.path ?? '')
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '');
    const found = paths.flatMap((path) => this.#found(resolve(folders.workspace, path)));
    if (found.length === 0) return this.#nothingFound(inputs, paths);
    // Both hosts refuse to change an artifact of the same run.
    if (existsSync(target) && inputs.overwrite !== 'true')
      return { exitCode: 1, said: `There is an artifact "${name}" in this run already.` };
    for (const { from, to } of found) copy(from, join(target, to));
    return { exitCode: 0, said: `Kept ${count(found.length)} as artifact "${name}".` };
  }

  #nothingFound(inputs: Readonly<Record<string, string>>, paths: readonly string[]): Moved {
    const said = `There are no files at ${paths.join(', ')}.`;
    if (this.#host === 'azure') return { exitCode: 1, said };
    return { exitCode: inputs['if-no-files-found'] === 'error' ? 1 : 0, said };
  }

  download(inputs: Readonly<Record<string, string>>, folders: JobFolders): Moved {
    const named = inputs.name || '';
    const all = readdirSync(this.#folder).sort();
    if (named && !all.includes(named))
      return {
        exitCode: 1,
        said: `There is no artifact "${named}" in this run${all.length > 0 ? `; there are ${all.join(', ')}` : ''}.`,
      };
    const pattern = this.#host === 'github' && inputs.pattern ? globPattern(inputs.pattern) : undefined;
    const chosen = all.filter((name) => (named ? name === named : !pattern || pattern.test(name)));
    let files = 0;
    for (const artifact of chosen) {
      for (const file of filesIn(join(this.#folder, artifact))) {
        const target = this.#target(inputs, folders, artifact, file);
        if (!target) continue;
        copy(join(this.#folder, artifact, file), target);
        files += 1;
      }
    }
    return {
      exitCode: 0,
      said: `Fetched ${count(files)} of ${chosen.length} ${chosen.length === 1 ? 'artifact' : 'artifacts'}.`,
    };
  }

  /** Where a file of an artifact goes; nothing when it is not asked for. */
  #target(
    inputs: Readonly<Record<string, string>>,
    folders: JobFolders,
    artifact: string,
    file: string,
  ): string | undefined {
    if (this.#host === 'github') {
      const flat = inputs.name || inputs['merge-multiple'] === 'true';
      return resolve(folders.workspace, inputs.path || '.', flat ? '' : artifact, file);
    }
    // Azure matches against the artifact's own paths, and with all artifacts their names come first.
    const path = inputs.name ? file : `${artifact}/${file}`;
    const patterns = (inputs.pattern || '**')
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '');
    if (!patterns.some((each) => globPattern(each).test(path))) return undefined;
    if (inputs.path) return resolve(inputs.task ? folders.workspace : folders.above, inputs.path, path);
    return inputs.task ? resolve(folders.above, path) : resolve(folders.above, artifact, file);
  }

  #found(path: string): { from: string; to: string }[] {
    if (existsSync(path)) {
      if (statSync(path).isFile()) return [{ from: path, to: basename(path) }];
      return filesIn(path).map((file) => ({ from: join(path, file), to: file }));
    }
    if (!/[*?]/.test(path)) return [];
    const root = path.slice(0, path.search(/[*?]/)).replace(/[^/]*$/, '');
    if (!existsSync(root)) return [];
    const pattern = globPattern(path.slice(root.length));
    return filesIn(root)
      .filter((file) => pattern.test(file))
      .map((file) => ({ from: join(root, file), to: file }));
  }
}

function copy(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to);
}

function count(files: number): string {
  return `${files} ${files === 1 ? 'file' : 'files'}`;
}
