import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { TaskDefinition } from '@maintenance-tasks/core';

export const ROOT = resolve(import.meta.dirname, '../../..');

/** Every task of the repository, by name: the folders of packages/tasks/src that hold a task.ts. */
export async function loadTasks(root = ROOT): Promise<TaskDefinition[]> {
  const tasks = await Promise.all((await taskNames(root)).map((name) => loadTask(root, name)));
  for (const [index, task] of tasks.entries()) {
    const twin = tasks.slice(0, index).find((other) => other.azure.id === task.azure.id);
    if (twin) throw new Error(`${task.name} and ${twin.name} have the same azure.id`);
  }
  return tasks;
}

export async function taskNames(root = ROOT): Promise<string[]> {
  const folder = join(root, 'packages/tasks/src');
  const entries = await readdir(folder, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory() && existsSync(join(folder, entry.name, 'task.ts')))
    .map((entry) => entry.name)
    .sort();
}

async function loadTask(root: string, name: string): Promise<TaskDefinition> {
  const file = `packages/tasks/src/${name}/task.ts`;
  const module = (await import(pathToFileURL(join(root, file)).href)) as { default?: TaskDefinition };
  const task = module.default;
  if (!task || typeof task.run !== 'function') throw new Error(`${file} has no task as its default export`);
  if (task.name !== name) throw new Error(`${file}: the task is named "${task.name}", its folder "${name}"`);
  return task;
}

/** The root package's version: that of everything that is released. */
export async function releaseVersion(root = ROOT): Promise<string> {
  return (JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string }).version;
}
