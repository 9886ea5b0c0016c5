import { parse } from 'yaml';
import * as z from 'zod';
import { problemsOf } from './problems.ts';

// docs.github.com/actions/reference/workflows-and-actions/metadata-syntax
const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_-]*$/;
const COLOURS = ['white', 'black', 'yellow', 'blue', 'green', 'orange', 'red', 'purple', 'gray-dark'];

const text = z.string().trim().min(1);
const identifier = z.string().regex(IDENTIFIER);

const actionInput = z
  .strictObject({
    description: text,
    required: z.boolean(),
    // A default that YAML reads as a boolean or a number reaches the action in a spelling of the runner's choice.
    default: z.string().optional(),
    deprecationMessage: text.optional(),
  })
  .refine((input) => !(input.required && input.default !== undefined), 'is required and has a default');

const actionYml = z
  .strictObject({
    name: text,
    description: text,
    author: text.optional(),
    branding: z.strictObject({ icon: z.string().regex(/^[a-z]+(-[a-z0-9]+)*$/), color: z.enum(COLOURS) }),
    inputs: z.record(identifier, actionInput).optional(),
    outputs: z.record(identifier, z.strictObject({ description: text })).optional(),
    // Node 20 is gone from the runner; paths are the action's own.
    runs: z.strictObject({ using: z.literal('node24'), main: z.string().regex(/^(?!.*\.\.)[\w][\w./-]*\.c?js$/) }),
  })
  .superRefine((action, context) => {
    // The runner reads inputs as INPUT_ variables in upper case.
    const names = Object.keys(action.inputs ?? {}).map((name) => name.toUpperCase());
    for (const name of names.filter((name, index) => names.indexOf(name) !== index))
      context.addIssue({ code: 'custom', path: ['inputs'], message: `${name} is there twice` });
  });

/** Every way in which a parsed action.yml breaks GitHub's rules, one sentence each. */
export function actionYmlProblems(action: unknown): string[] {
  return problemsOf(actionYml, action);
}

/** An action.yml as the runner reads it. */
export function parseActionYml(text: string): unknown {
  return parse(text, { version: '1.2' });
}
