import * as z from 'zod';
import { problemsOf } from './problems.ts';

// What Azure takes, from tasks.schema.json (microsoft/azure-pipelines-task-lib) and the agent's own sources;
// tfx only warns, and a task that breaks a rule is refused at upload or, worse, at its first run.
const CATEGORIES = ['Build', 'Deploy', 'Package', 'Utility', 'Test', 'Tool'];
const INPUT_NAME = /^[A-Za-z][A-Za-z0-9]*$/;
const INPUT_TYPE =
  /^(string|boolean|multiLine|pickList|radio|filePath|secureFile|int|connectedService:[A-Za-z0-9]+(,[A-Za-z0-9]+)*)$/;
// A handler's first agent: an older one would pick none of the handlers.
const FIRST_AGENT: Readonly<Record<string, string>> = { Node20_1: '3.232.1', Node24: '4.265.1' };
const REMOVED_HANDLERS = ['Node', 'Node10', 'Node16', 'PowerShell'];

const text = z.string().trim().min(1);
const whole = z.int().min(0);
const agentVersion = z.string().regex(/^\d+\.\d+\.\d+$/);

const taskInput = z
  .strictObject({
    name: z.string().regex(INPUT_NAME),
    type: z.string().regex(INPUT_TYPE),
    label: text.max(80),
    required: z.boolean(),
    defaultValue: z.string().optional(),
    options: z.record(z.string(), text).optional(),
    helpMarkDown: text,
  })
  .superRefine((input, context) => {
    const say = (message: string) => context.addIssue({ code: 'custom', message });
    const choices = Object.keys(input.options ?? {});
    const chosen = input.type === 'pickList' || input.type === 'radio';
    if (input.required && input.defaultValue !== undefined) say('is required and has a default');
    if (chosen && choices.length === 0) say(`is a ${input.type} without options`);
    if (!chosen && input.options) say(`has options and is a ${input.type}`);
    if (chosen && input.defaultValue !== undefined && !choices.includes(input.defaultValue))
      say('its default is not one of its options');
    if (input.type === 'boolean' && !/^(true|false)?$/.test(input.defaultValue ?? ''))
      say('its default is neither true nor false');
  });

const handler = z.strictObject({
  // Relative and within the task: the agent joins it to the folder it unpacked.
  target: z.string().regex(/^(?!.*\.\.)[A-Za-z0-9_][A-Za-z0-9_./-]*\.c?js$/),
});

const taskJson = z
  .strictObject({
    $schema: z.url().optional(),
    id: z.guid(),
    name: z.string().regex(/^[A-Za-z0-9\-_.]+$/),
    friendlyName: text.max(40),
    description: text,
    helpMarkDown: z.string(),
    category: z.enum(CATEGORIES),
    visibility: z.array(z.enum(['Build', 'Release'])).min(1),
    runsOn: z.array(z.enum(['Agent', 'MachineGroup', 'DeploymentGroup', 'Server'])).min(1),
    author: text,
    version: z.strictObject({ Major: whole, Minor: whole, Patch: whole }),
    minimumAgentVersion: agentVersion,
    instanceNameFormat: text,
    showEnvironmentVariables: z.boolean(),
    inputs: z.array(taskInput),
    outputVariables: z.array(z.strictObject({ name: z.string().regex(INPUT_NAME), description: text })),
    execution: z.record(z.string(), handler),
  })
  .superRefine((task, context) => {
    const say = (path: PropertyKey, message: string) => context.addIssue({ code: 'custom', path: [path], message });
    // Inputs become INPUT_ variables in upper case: two that differ by case only would be one.
    for (const name of doubles(task.inputs.map((input) => input.name.toUpperCase())))
      say('inputs', `${name} is there twice`);
    for (const name of doubles(task.outputVariables.map((output) => output.name.toUpperCase())))
      say('outputVariables', `${name} is there twice`);
    for (const [, name] of task.instanceNameFormat.matchAll(/\$\(([^)]*)\)/g)) {
      if (!task.inputs.some((input) => input.name === name)) say('instanceNameFormat', `$(${name}) is not an input`);
    }
    const handlers = Object.keys(task.execution);
    if (handlers.length === 0) say('execution', 'has no handler');
    for (const name of handlers) {
      if (REMOVED_HANDLERS.includes(name)) say('execution', `agents no longer have ${name}`);
      else if (!FIRST_AGENT[name]) say('execution', `${name} is not a handler known here`);
    }
    const first = handlers.map((name) => FIRST_AGENT[name] ?? '0.0.0').sort(byVersion)[0] ?? '0.0.0';
    if (byVersion(task.minimumAgentVersion, first) < 0)
      say(
        'minimumAgentVersion',
        `${task.minimumAgentVersion} is older than ${first}, the first agent with a handler of this task`,
      );
  });

/** Every way in which a parsed task.json breaks Azure's rules, one sentence each. */
export function taskJsonProblems(task: unknown): string[] {
  return problemsOf(taskJson, task);
}

function doubles(names: readonly string[]): string[] {
  return [...new Set(names.filter((name, index) => names.indexOf(name) !== index))];
}

function byVersion(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number)) as [number[], number[]];
  const at = left.findIndex((part, index) => part !== right[index]);
  return at < 0 ? 0 : (left[at] as number) - (right[at] ?? 0);
}
