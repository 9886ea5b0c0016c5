import { azureInputName, type Input, type TaskDefinition } from '@maintenance-tasks/core';
import { pascalCase, titleOf } from './names.ts';

// The first agent that knows Node20_1. Older ones would pick no handler and fail with a riddle; a Node24 handler
// needs 4.265.1, and agents that do not know it pass it over.
const MINIMUM_AGENT = '3.232.1';

/** The metadata Azure Pipelines reads; its schema is tasks.schema.json in microsoft/azure-pipelines-task-lib. */
export function taskJson(task: TaskDefinition, version: string): string {
  const [Major, Minor, Patch] = version.split('.').map(Number);
  const definition = {
    $schema: 'https://raw.githubusercontent.com/Microsoft/azure-pipelines-task-lib/master/tasks.schema.json',
    id: task.azure.id,
    name: pascalCase(task.name),
    friendlyName: titleOf(task.name),
    description: task.summary,
    helpMarkDown: helpOf(task),
    category: task.azure.category,
    visibility: ['Build', 'Release'],
    runsOn: ['Agent', 'DeploymentGroup'],
    author: 'maintenance-tasks contributors',
    version: { Major, Minor, Patch },
    minimumAgentVersion: MINIMUM_AGENT,
    instanceNameFormat: instanceName(task),
    // Secrets are given as inputs; the variables some users set beside them shall be seen in the editor.
    showEnvironmentVariables: true,
    inputs: Object.entries(task.inputs).map(([name, input]) => inputOf(name, input)),
    outputVariables: Object.entries(task.outputs).map(([name, description]) => ({
      name: azureInputName(name),
      description,
    })),
    execution: { Node20_1: { target: 'dist/main.cjs' }, Node24: { target: 'dist/main.cjs' } },
  };
  return `${JSON.stringify(definition, null, 2)}\n`;
}

function inputOf(name: string, input: Input<unknown>): object {
  return {
    name: azureInputName(name),
    type: input.azureType ?? 'string',
    label: titleOf(name),
    required: input.required ?? false,
    ...(input.default !== undefined && { defaultValue: input.default }),
    ...(input.values && { options: Object.fromEntries(input.values.map((value) => [value, value])) }),
    helpMarkDown: inputHelp(name, input),
  };
}

function inputHelp(name: string, input: Input<unknown>): string {
  if (!input.secret) return input.describe;
  return `${input.describe} Give it as a secret variable: \`$(${secretName(name, input)})\`.`;
}

/** What the secret is called where pipelines keep theirs. */
export function secretName(name: string, input: Input<unknown>): string {
  return input.environment ?? name.replaceAll('-', '_').toUpperCase();
}

function helpOf(task: TaskDefinition): string {
  const needs = Object.entries(task.needs).map(([system, permissions]) => `${system}: ${permissions.join(', ')}`);
  return needs.length === 0 ? task.summary : `Permissions needed: ${needs.join('; ')}.`;
}

/** What the editor shows for a step; a choice that must be made tells most. */
function instanceName(task: TaskDefinition): string {
  const choice = Object.entries(task.inputs).find(([, input]) => input.values && input.required);
  return choice ? `${titleOf(task.name)}: $(${azureInputName(choice[0])})` : titleOf(task.name);
}
