import type { Inputs, TaskDefinition } from '@maintenance-tasks/core';
import { stringify } from 'yaml';
import { generatedNote, sourceOf, titleOf } from './names.ts';

const BRANDING = {
  Deploy: { icon: 'tool', color: 'orange' },
  Utility: { icon: 'clipboard', color: 'gray-dark' },
  Test: { icon: 'check-circle', color: 'green' },
} as const;

/** The metadata GitHub reads: docs.github.com/actions/reference/workflows-and-actions/metadata-syntax. */
export function actionYml(task: TaskDefinition): string {
  const action = {
    name: titleOf(task.name),
    description: task.summary,
    branding: BRANDING[task.azure.category],
    ...(Object.keys(task.inputs).length > 0 && { inputs: inputsOf(task.inputs) }),
    ...(Object.keys(task.outputs).length > 0 && {
      outputs: Object.fromEntries(Object.entries(task.outputs).map(([name, description]) => [name, { description }])),
    }),
    runs: { using: 'node24', main: 'dist/main.cjs' },
  };
  return `# ${generatedNote(sourceOf(task.name))}\n${stringify(action, { lineWidth: 0, compat: 'yaml-1.1' })}`;
}

function inputsOf(inputs: Inputs): Record<string, object> {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, input]) => [
      name,
      {
        description: input.values ? `${input.describe} One of: ${input.values.join(', ')}.` : input.describe,
        required: input.required ?? false,
        ...(input.default !== undefined && { default: input.default }),
      },
    ]),
  );
}
