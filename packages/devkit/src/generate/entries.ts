import type { TaskDefinition } from '@maintenance-tasks/core';
import { generatedNote, sourceOf } from './names.ts';

/** What a host starts: one host, one task. */
export function entry(task: TaskDefinition, host: 'github' | 'azure', version: string): string {
  return `// ${generatedNote(sourceOf(task.name))}
import { runTask } from '@maintenance-tasks/core';
import { ${host}Host } from '@maintenance-tasks/hosts/${host}';
import task from '@maintenance-tasks/tasks/${task.name}/task';

void runTask(task, ${host}Host(), { version: '${version}' });
`;
}

/** Every task by name, loaded when it is run: the terminal has one entry for all. */
export function registry(tasks: readonly TaskDefinition[], version: string): string {
  const entries = tasks.map(
    (task) =>
      `  ${property(task.name)}: {\n    summary: ${string(task.summary)},\n    load: async () => (await import('./${task.name}/task.ts')).default,\n  },\n`,
  );
  return `// ${generatedNote('packages/tasks/src/*/task.ts')}
import type { TaskDefinition } from '@maintenance-tasks/core';

export interface RegisteredTask {
  readonly summary: string;
  load(): Promise<TaskDefinition>;
}

/** The release these tasks belong to. */
export const version = '${version}';

/** Every task by its name; loading is left until one is run. */
export const registry: Readonly<Record<string, RegisteredTask>> = {
${entries.join('')}};
`;
}

function property(name: string): string {
  return /^[a-z]+$/.test(name) ? name : string(name);
}

function string(value: string): string {
  return `'${value.replace(/[\\']/g, '\\$&')}'`;
}
