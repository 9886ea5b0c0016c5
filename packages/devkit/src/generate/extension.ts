import type { TaskDefinition } from '@maintenance-tasks/core';
import { pascalCase } from './names.ts';

/** The manifest of the Azure DevOps extension that carries all tasks: learn.microsoft.com/azure/devops/extend/develop/manifest. */
export function extensionManifest(tasks: readonly TaskDefinition[], version: string): string {
  const manifest = {
    manifestVersion: 1,
    id: 'maintenance-tasks',
    name: 'Maintenance tasks',
    publisher: 'maintenance-tasks',
    version,
    description: 'Pipeline tasks for planned maintenance windows.',
    categories: ['Azure Pipelines'],
    tags: ['maintenance', 'operations', 'release'],
    targets: [{ id: 'Microsoft.VisualStudio.Services' }],
    icons: { default: 'icon.png' },
    content: { details: { path: 'overview.md' }, license: { path: 'LICENSE' } },
    // main.ts stays out: an agent needs what is built and nothing else.
    files: tasks.flatMap(({ name }) =>
      ['task.json', 'icon.png', 'README.md', 'dist'].map((path) => ({ path: `${name}/${path}` })),
    ),
    contributions: tasks.map(({ name }) => ({
      id: name,
      type: 'ms.vss-distributed-task.task',
      targets: ['ms.vss-distributed-task.tasks'],
      properties: { name },
    })),
  };
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

/** The extension's page in the marketplace. */
export function extensionOverview(tasks: readonly TaskDefinition[], note: string): string {
  const lines = tasks.map((task) => `- \`${pascalCase(task.name)}\`: ${task.summary}`);
  return `<!-- ${note} -->

# Maintenance tasks

Pipeline tasks for planned maintenance windows: announce, suppress alerts, show a maintenance page, check, put everything back.

${lines.join('\n')}
`;
}
