import { nearest, runTask } from '@maintenance-tasks/core';
import { localHost } from '@maintenance-tasks/hosts/local';
import { registry, version } from '@maintenance-tasks/tasks/registry';

void main(process.argv.slice(2));

async function main([name, ...flags]: string[]): Promise<void> {
  const registered = Object.hasOwn(registry, name ?? '') ? registry[name as string] : undefined;
  if (registered) {
    const task = await registered.load();
    await runTask(task, localHost(task, flags), { version });
  } else if (name === '--help' || name === '-h') {
    process.stdout.write(overview());
  } else {
    process.stderr.write(name === undefined ? overview() : unknownTask(name));
    process.exitCode = 2;
  }
}

function overview(): string {
  const width = Math.max(...Object.keys(registry).map((name) => name.length));
  const tasks = Object.entries(registry).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}\n`);
  return `Usage: npm run task -- <task> --name value …\n\n${tasks.join('')}\nnpm run task -- <task> --help shows what a task takes.\n`;
}

function unknownTask(name: string): string {
  const near = nearest(name, Object.keys(registry));
  return `There is no task "${name}"${near ? `; did you mean "${near}"?` : ''}. Known are: ${Object.keys(registry).join(', ')}.\n`;
}
