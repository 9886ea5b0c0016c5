import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, rmdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { TaskDefinition } from '@maintenance-tasks/core';
import type { ZodType } from 'zod';
import { actionYml } from './generate/action-yml.ts';
import { entry, registry } from './generate/entries.ts';
import { extensionManifest, extensionOverview } from './generate/extension.ts';
import { icon } from './generate/icon.ts';
import { generatedNote } from './generate/names.ts';
import { readme } from './generate/readme.ts';
import { taskJson } from './generate/task-json.ts';
import { loadTasks, ROOT, releaseVersion } from './tasks.ts';

/** Content by path from the root, with slashes. */
export type GeneratedFiles = ReadonlyMap<string, string | Buffer>;

/** Folders in which every file is generated or built: another file there belongs to a task that is gone. */
const WHOLLY_GENERATED = ['actions', 'ado-tasks'];
const WINDOW_SCHEMA_SOURCE = 'packages/tasks/src/window/schema.ts';

/** Everything that is written from the tasks' definitions. Pure: the same tasks give the same bytes. */
export function filesOf(tasks: readonly TaskDefinition[], version: string, license: string): GeneratedFiles {
  const files = new Map<string, string | Buffer>();
  for (const task of tasks) {
    const [action, ado] = [`actions/${task.name}`, `ado-tasks/${task.name}`];
    files.set(`${action}/action.yml`, actionYml(task));
    files.set(`${action}/README.md`, readme(task, 'github', version));
    files.set(`${action}/main.ts`, entry(task, 'github', version));
    files.set(`${ado}/task.json`, taskJson(task, version));
    files.set(`${ado}/README.md`, readme(task, 'azure', version));
    files.set(`${ado}/icon.png`, icon(task.azure.category, 2));
    files.set(`${ado}/main.ts`, entry(task, 'azure', version));
  }
  files.set('packages/tasks/src/registry.ts', registry(tasks, version));
  files.set('ado-tasks/vss-extension.json', extensionManifest(tasks, version));
  files.set('ado-tasks/overview.md', extensionOverview(tasks, generatedNote('packages/tasks/src/*/task.ts')));
  files.set('ado-tasks/icon.png', icon('Deploy', 8));
  files.set('ado-tasks/LICENSE', license);
  return files;
}

/** What generation would write into this checkout. */
export async function filesOfCheckout(root = ROOT): Promise<GeneratedFiles> {
  const license = await readFile(join(root, 'LICENSE'), 'utf8');
  const tasks = await loadTasks(root);
  for (const task of tasks) await mustKeepItsId(root, task);
  const files = filesOf(tasks, await releaseVersion(root), license);
  return new Map([...files, ['maintenance-window.schema.json', await windowSchema(root)]]);
}

/** The paths that `npm run generate` would write, or remove because nothing stands for them any more. */
export async function outOfStep(files: GeneratedFiles, root = ROOT): Promise<{ write: string[]; remove: string[] }> {
  const write: string[] = [];
  for (const [path, content] of files) {
    const present = await readFile(join(root, path)).catch(() => undefined);
    if (!present?.equals(Buffer.from(content))) write.push(path);
  }
  const present = (await Promise.all(WHOLLY_GENERATED.map((folder) => filesBelow(root, folder)))).flat();
  return { write: write.sort(), remove: present.filter((path) => !files.has(path)).sort() };
}

/** Brings the checkout in step; returns what was written and removed. */
export async function generate(root = ROOT): Promise<{ write: string[]; remove: string[] }> {
  const files = await filesOfCheckout(root);
  const different = await outOfStep(files, root);
  for (const path of different.write) {
    await mkdir(join(root, dirname(path)), { recursive: true });
    await writeFile(join(root, path), files.get(path) as string | Buffer);
  }
  for (const path of different.remove) await removeFile(root, path);
  return different;
}

/** Azure DevOps knows an installed task by its id alone: with another one it would be another task. */
async function mustKeepItsId(root: string, task: TaskDefinition): Promise<void> {
  const file = `ado-tasks/${task.name}/task.json`;
  const present = await readFile(join(root, file), 'utf8').catch(() => undefined);
  if (present === undefined) return;
  const { id } = JSON.parse(present) as { id: string };
  if (id !== task.azure.id)
    throw new Error(`${task.name}: azure.id is ${task.azure.id} and ${file} has ${id}; a task's id never changes`);
}

/** The JSON Schema of the window file: editors complete and check it by this. */
async function windowSchema(root: string): Promise<string> {
  const file = join(root, WINDOW_SCHEMA_SOURCE);
  if (!existsSync(file)) throw new Error(`${WINDOW_SCHEMA_SOURCE} is not there: the window file has no schema`);
  const { toJSONSchema } = await import('zod');
  const module = (await import(pathToFileURL(file).href)) as { windowSchema?: ZodType };
  if (!module.windowSchema) throw new Error(`${WINDOW_SCHEMA_SOURCE} does not export windowSchema`);
  // As it is written by people, with what has a default left out.
  const { $schema, ...schema } = toJSONSchema(module.windowSchema, { io: 'input', reused: 'inline' });
  const $comment = generatedNote(WINDOW_SCHEMA_SOURCE);
  return `${JSON.stringify({ $schema, $comment, title: 'Maintenance window', ...schema }, null, 2)}\n`;
}

/** Files below a folder, without what is built. */
async function filesBelow(root: string, folder: string): Promise<string[]> {
  const entries = await readdir(join(root, folder), { withFileTypes: true }).catch(() => []);
  const found = entries
    .filter(({ name }) => name !== 'dist' && name !== 'node_modules')
    .map((item) => {
      const path = `${folder}/${item.name}`;
      return item.isDirectory() ? filesBelow(root, path) : [path];
    });
  return (await Promise.all(found)).flat();
}

async function removeFile(root: string, path: string): Promise<void> {
  await rm(join(root, path));
  const folder = dirname(join(root, path));
  const left = await readdir(folder);
  if (left.every((name) => name === 'dist')) {
    await rm(join(folder, 'dist'), { recursive: true, force: true });
    await rmdir(folder);
  }
}
