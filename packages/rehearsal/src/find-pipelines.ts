import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { InputProblem } from '@maintenance-tasks/core';
import { readAzurePipeline } from './azure/pipeline.ts';
import { readCatalogue } from './catalogue.ts';
import { readGithubPipeline } from './github/pipeline.ts';
import type { HostName, Pipeline } from './plan.ts';

export interface Found {
  readonly pipelines: readonly Pipeline[];
  /** What a checkout brings: the repository as far as the rehearsal is concerned. */
  readonly source: string;
}

const NAMES: Readonly<Record<HostName, readonly string[]>> = {
  github: ['github.yml', 'github.yaml'],
  azure: ['azure.yml', 'azure.yaml', 'azure-pipelines.yml', 'azure-pipelines.yaml'],
};

/**
 * The pipelines at a path: a file, or a folder with a `github.yml` and an `azure.yml`.
 *
 * @throws InputProblem with every mistake of every file
 */
export function findPipelines(
  root: string,
  target: string,
  host: HostName | 'both',
  inputs: Readonly<Record<string, string>>,
): Found {
  const path = resolve(target);
  if (!existsSync(path)) throw new InputProblem(`there is no file or folder ${path}`);
  const hosts: readonly HostName[] = host === 'both' ? ['github', 'azure'] : [host];
  const files = statSync(path).isFile() ? [fileAt(path, host)] : hosts.flatMap((each) => fileIn(path, each) ?? []);
  if (files.length === 0) {
    throw new InputProblem(`${path} has no pipeline: looked for ${hosts.flatMap((each) => NAMES[each]).join(', ')}`);
  }
  const problems: string[] = [];
  const pipelines = files.flatMap(({ path: file, host: itsHost }) => {
    const shown = relative(process.cwd(), file) || basename(file);
    const text = readFileSync(file, 'utf8');
    const tasks = readCatalogue(root, itsHost);
    try {
      return [
        itsHost === 'github' ? readGithubPipeline(shown, text, tasks) : readAzurePipeline(shown, text, tasks, inputs),
      ];
    } catch (error) {
      if (!(error instanceof InputProblem)) throw error;
      problems.push(error.message);
      return [];
    }
  });
  if (problems.length > 0) throw new InputProblem(problems.join('\n'));
  return { pipelines, source: sourceOf(path) };
}

/** The folder that the pipelines' relative paths start from. */
export function sourceOf(path: string): string {
  const folder = statSync(path).isFile() ? dirname(path) : path;
  const workflows = join('.github', 'workflows');
  return folder.endsWith(workflows) ? resolve(folder, '../..') : folder;
}

function fileIn(folder: string, host: HostName): { path: string; host: HostName } | undefined {
  const name = NAMES[host].find((each) => existsSync(join(folder, each)));
  return name ? { path: join(folder, name), host } : undefined;
}

function fileAt(path: string, host: HostName | 'both'): { path: string; host: HostName } {
  if (host !== 'both') return { path, host };
  const text = readFileSync(path, 'utf8');
  // Only GitHub has `on:`, only Azure the others; a file with neither is told so by the reader.
  return { path, host: /^(?:on|"on"|'on')\s*:/m.test(text) ? 'github' : 'azure' };
}
