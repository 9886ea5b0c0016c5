import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import {
  ExpressionProblem,
  evaluate,
  type Functions,
  functionsIn,
  type Scope,
  splitExpressions,
  toData,
  type Value,
} from '../expressions.ts';

export type JobResult = 'success' | 'failure' | 'cancelled' | 'skipped';

/** The functions of `if:` that know how the run stands. */
export function statusFunctions(status: 'success' | 'failure' | 'cancelled'): Functions {
  return {
    success: { takes: [0, 0], call: () => status === 'success' },
    failure: { takes: [0, 0], call: () => status === 'failure' },
    cancelled: { takes: [0, 0], call: () => status === 'cancelled' },
    always: { takes: [0, 0], call: () => true },
  };
}

export const GITHUB_CONTEXTS = [
  'github',
  'env',
  'vars',
  'job',
  'jobs',
  'steps',
  'runner',
  'secrets',
  'strategy',
  'matrix',
  'needs',
  'inputs',
];

/** Those that need a workspace to look into. */
export function fileFunctions(workspace: string): Functions {
  return { hashFiles: { takes: [1, 255], call: (...patterns) => hashFiles(workspace, patterns.map(String)) } };
}

export const ALL_GITHUB_FUNCTIONS: Functions = { ...statusFunctions('success'), ...fileFunctions('.') };

/** Whether a condition holds. One that asks nothing about the run's state means `success() &&` itself. */
export function githubCondition(condition: string | undefined, scope: Scope): boolean {
  if (condition === undefined) return githubTruth(evaluate('success()', scope));
  const text = bare(condition);
  const asks = functionsIn(text);
  const own = ['success', 'failure', 'cancelled', 'always'].some((name) => asks.has(name));
  return githubTruth(evaluate(own ? text : `success() && (${text})`, scope));
}

/** The expression of an `if:`, which may stand without `${{ }}`. */
export function bare(condition: string): string {
  const parts = splitExpressions(condition, '${{', '}}');
  if (parts.length === 1 && parts[0]?.expression !== undefined) return parts[0].expression;
  if (parts.some(({ expression }) => expression !== undefined)) {
    // GitHub reads text around an expression as a string, which is always true: a trap, not a wish.
    throw new ExpressionProblem(
      `"${condition}" has text around \${{ }}, which makes the condition always true; put all of it inside`,
    );
  }
  return condition;
}

/** A text with its `${{ }}` filled in; one that is nothing else keeps its type. */
export function githubValue(text: string, scope: Scope): Value {
  const parts = splitExpressions(text, '${{', '}}');
  if (parts.length === 1 && parts[0]?.expression !== undefined) return evaluate(parts[0].expression, scope);
  return parts.map((part) => part.text ?? githubText(evaluate(part.expression as string, scope))).join('');
}

export function githubText(value: Value): string {
  return toData(value).coerceString();
}

export function githubTruth(value: Value): boolean {
  return value !== null && value !== false && value !== '' && value !== 0 && !Number.isNaN(value);
}

function hashFiles(workspace: string, patterns: readonly string[]): string {
  const wanted = patterns.map(globPattern);
  const files = filesIn(workspace).filter((file) => wanted.some((pattern) => pattern.test(file)));
  if (files.length === 0) return '';
  const total = createHash('sha256');
  for (const file of files.sort())
    total.update(
      createHash('sha256')
        .update(readFileSync(join(workspace, file)))
        .digest(),
    );
  return total.digest('hex');
}

/** A glob with `*`, `**` and `?` as a pattern over paths with slashes. */
export function globPattern(glob: string): RegExp {
  const source = glob
    .replace(/^\.\//, '')
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(
      /\*\*\/|\*\*|\*|\?/g,
      (mark) => ({ '**/': '(?:.*/)?', '**': '.*', '*': '[^/]*', '?': '[^/]' })[mark] as string,
    );
  return new RegExp(`^${source}$`);
}

/** Every file below a folder, as relative paths with slashes. */
export function filesIn(folder: string): string[] {
  return (readdirSync(folder, { recursive: true }) as string[])
    .map((file) => join(folder, file))
    .filter((file) => statSync(file).isFile())
    .map((file) => relative(folder, file).split(sep).join('/'));
}
