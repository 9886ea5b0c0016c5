import { messageOf } from '@maintenance-tasks/core';
import { parse } from 'yaml';

interface Wanted {
  readonly path: string;
  readonly correlationInput: string;
  readonly inputs: readonly string[];
}

/** What of a workflow file keeps it from being started with these inputs, or its run from being found again. */
export function workflowProblems(text: string, { path, correlationInput, inputs }: Wanted): string[] {
  let workflow: unknown;
  try {
    workflow = parse(text);
  } catch (error) {
    return [`${path} is not YAML: ${messageOf(error).split('\n')[0]}`];
  }
  const on = fieldOf(workflow, 'on');
  const triggers = typeof on === 'string' ? [on] : Array.isArray(on) ? on : Object.keys(recordOf(on));
  if (!triggers.includes('workflow_dispatch')) return [`${path} has no trigger workflow_dispatch.`];
  const declared = recordOf(fieldOf(fieldOf(on, 'workflow_dispatch'), 'inputs'));
  const unknown = inputs.filter((name) => !(name in declared));
  const missing = Object.entries(declared).filter(
    ([name, input]) =>
      name !== correlationInput &&
      !inputs.includes(name) &&
      fieldOf(input, 'required') === true &&
      fieldOf(input, 'default') === undefined,
  );
  return [
    ...(unknown.length > 0 ? [`${path} has no input ${unknown.join(', ')}.`] : []),
    ...(missing.length > 0 ? [`${path} requires the input ${missing.map(([name]) => name).join(', ')}.`] : []),
    ...correlationProblems(path, correlationInput, declared, fieldOf(workflow, 'run-name')),
    ...(inputs.includes(correlationInput) ? [`${correlationInput} is given its value by this task.`] : []),
  ];
}

/**
 * GitHub shows a run's inputs nowhere in its API; what it does show is the run's name
 * (`display_title`, https://docs.github.com/en/rest/actions/workflow-runs).
 */
function correlationProblems(path: string, input: string, declared: object, runName: unknown): string[] {
  const advice = `Declare it under on.workflow_dispatch.inputs ({ required: false, type: string }) and show it by run-name: "… \${{ inputs.${input} }}".`;
  if (!(input in declared))
    return [`${path} has no input ${input}, by which its run is found again instead of started twice. ${advice}`];
  const shows = new RegExp(`\\binputs(\\.${input}(?![\\w-])|\\[\\s*['"]${input}['"]\\s*\\])`);
  if (typeof runName === 'string' && shows.test(runName)) return [];
  return [`${path} does not show its input ${input} in run-name, so that its run could not be found again. ${advice}`];
}

function fieldOf(value: unknown, name: string): unknown {
  return recordOf(value)[name];
}

function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}
