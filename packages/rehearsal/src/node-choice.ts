import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { InputProblem } from '@maintenance-tasks/core';
import type { HostName } from './plan.ts';
import type { NodeChoice } from './runner.ts';

/**
 * The Node that runs a host's tasks: GitHub's runner brings 24, Azure's agent runs 20 unless a server switch says
 * otherwise.
 *
 * @param wanted `20`, `24` or a path
 * @returns with a note where it is not what the host would use
 */
export async function chooseNode(
  host: HostName,
  wanted: string | undefined,
): Promise<{ node: NodeChoice; note: string | undefined }> {
  const major = wanted ?? (host === 'github' ? '24' : '20');
  if (!/^\d+$/.test(major)) {
    const version = await versionOf(major);
    if (!version) throw new InputProblem(`--node: ${major} is not a Node program`);
    return { node: { path: major, version }, note: undefined };
  }
  for (const path of candidates()) {
    const version = await versionOf(path);
    if (version?.startsWith(`${major}.`)) return { node: { path, version }, note: undefined };
  }
  if (wanted !== undefined) throw new InputProblem(`--node: there is no Node ${major} on this machine’s PATH`);
  const node = { path: process.execPath, version: process.versions.node };
  return {
    node,
    note: `There is no Node ${major} on the PATH, which ${host === 'github' ? 'GitHub’s runner' : 'Azure’s agent'} would use; the tasks run on Node ${node.version}.`,
  };
}

function candidates(): string[] {
  const name = process.platform === 'win32' ? 'node.exe' : 'node';
  const found = (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name));
  return [...new Set([process.execPath, ...found])].filter((path) => existsSync(path));
}

async function versionOf(path: string): Promise<string | undefined> {
  if (path === process.execPath) return process.versions.node;
  try {
    const { stdout } = await promisify(execFile)(path, ['--version'], { timeout: 10_000 });
    return /^v(\d+\.\d+\.\d+)/.exec(stdout.trim())?.[1];
  } catch {
    return undefined;
  }
}
