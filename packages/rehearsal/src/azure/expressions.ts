import { evaluate, type Functions, type Scope, splitExpressions, type Value } from '../expressions.ts';

export type AzureResult = 'Succeeded' | 'SucceededWithIssues' | 'Failed' | 'Canceled' | 'Skipped';

const any = [1, 255] as const;
const two = [2, 2] as const;
const one = [1, 1] as const;

/** The functions of Azure Pipelines (learn.microsoft.com/azure/devops/pipelines/process/expressions). */
const PLAIN: Functions = {
  eq: { takes: two, call: (a, b) => same(a, b) },
  ne: { takes: two, call: (a, b) => !same(a, b) },
  gt: { takes: two, call: (a, b) => order(a, b) > 0 },
  ge: { takes: two, call: (a, b) => order(a, b) >= 0 },
  lt: { takes: two, call: (a, b) => order(a, b) < 0 },
  le: { takes: two, call: (a, b) => order(a, b) <= 0 },
  and: { takes: [2, 255], call: (...all) => all.every(azureTruth) },
  or: { takes: [2, 255], call: (...all) => all.some(azureTruth) },
  xor: { takes: two, call: (a, b) => azureTruth(a) !== azureTruth(b) },
  not: { takes: one, call: (a) => !azureTruth(a) },
  in: { takes: any, call: (wanted, ...all) => all.some((each) => same(wanted, each)) },
  notIn: { takes: any, call: (wanted, ...all) => !all.some((each) => same(wanted, each)) },
  contains: { takes: two, call: (a, b) => lower(a).includes(lower(b)) },
  containsValue: { takes: two, call: (a, b) => valuesOf(a).some((each) => same(each, b)) },
  startsWith: { takes: two, call: (a, b) => lower(a).startsWith(lower(b)) },
  endsWith: { takes: two, call: (a, b) => lower(a).endsWith(lower(b)) },
  coalesce: { takes: [2, 255], call: (...all) => all.find((each) => each !== null && each !== '') ?? null },
  iif: { takes: [3, 3], call: (test, yes, no) => (azureTruth(test) ? yes : no) },
  join: {
    takes: two,
    call: (separator, list) => (Array.isArray(list) ? list.map(azureText).join(azureText(separator)) : azureText(list)),
  },
  length: {
    takes: one,
    call: (value) => (typeof value === 'string' || Array.isArray(value) ? value.length : valuesOf(value).length),
  },
  lower: { takes: one, call: lower },
  upper: { takes: one, call: (value) => azureText(value).toUpperCase() },
  trim: { takes: one, call: (value) => azureText(value).trim() },
  replace: { takes: [3, 3], call: (text, from, to) => azureText(text).replaceAll(azureText(from), azureText(to)) },
  split: { takes: two, call: (text, by) => azureText(text).split(azureText(by)) },
  convertToJson: { takes: one, call: (value) => JSON.stringify(value) },
};

export interface AzureState {
  readonly canceled: boolean;
  /** Results of what this stage, job or step depends on, by name. */
  readonly results: Readonly<Record<string, AzureResult>>;
}

/** All functions, those included that know how the run stands. */
export function azureFunctions(state: AzureState): Functions {
  const asked = (names: Value[]) =>
    names.length > 0 ? names.map((name) => state.results[azureText(name)] ?? 'Skipped') : Object.values(state.results);
  const good = (result: AzureResult) => result === 'Succeeded' || result === 'SucceededWithIssues';
  return {
    ...PLAIN,
    succeeded: { takes: [0, 255], call: (...names) => !state.canceled && asked(names).every(good) },
    failed: { takes: [0, 255], call: (...names) => asked(names).includes('Failed') },
    succeededOrFailed: {
      takes: [0, 255],
      call: (...names) => !state.canceled && asked(names).every((result) => good(result) || result === 'Failed'),
    },
    always: { takes: [0, 0], call: () => true },
    canceled: { takes: [0, 0], call: () => state.canceled },
  };
}

export const ALL_AZURE_FUNCTIONS = azureFunctions({ canceled: false, results: {} });

/** A condition; without one everything before must have succeeded. */
export function azureCondition(condition: string | undefined, scope: Scope): boolean {
  return azureTruth(evaluate(condition ?? 'succeeded()', scope));
}

/** `$[ … ]` as the whole of a variable's value, else the text as it is. */
export function runtimeValue(text: string, scope: Scope): string {
  const match = /^\s*\$\[([\s\S]*)\]\s*$/.exec(text);
  return match ? azureText(evaluate((match[1] as string).trim(), scope)) : text;
}

/** `${{ }}`, filled in before the run starts. */
export function templateValue(text: string, scope: Scope): Value {
  const parts = splitExpressions(text, '${{', '}}');
  if (parts.length === 1 && parts[0]?.expression !== undefined) return evaluate(parts[0].expression, scope);
  return parts.map((part) => part.text ?? azureText(evaluate(part.expression as string, scope))).join('');
}

/** `$(name)`; what nobody defined stays as it stands, as on the real agent. Values may name further variables. */
export function expandMacros(text: string, variable: (name: string) => string | undefined, depth = 0): string {
  return text.replace(/\$\(([A-Za-z_][\w.:-]*)\)/g, (macro, name: string) => {
    const value = variable(name);
    if (value === undefined) return macro;
    return depth < 10 ? expandMacros(value, variable, depth + 1) : value;
  });
}

export function azureText(value: Value): string {
  if (value === null) return '';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** Any text but the empty one is true, "false" included: so the documentation has it. */
export function azureTruth(value: Value): boolean {
  return value !== null && value !== false && value !== '' && value !== 0;
}

/** The right side is read as the kind the left side has; texts are compared without regard to case. */
function same(a: Value, b: Value): boolean {
  if (a === null) return b === null || b === '';
  if (typeof a === 'boolean') return a === (typeof b === 'string' ? b.toLowerCase() === 'true' : azureTruth(b));
  if (typeof a === 'number') return a === Number(azureText(b));
  if (typeof a === 'string') return lower(a) === lower(b);
  return JSON.stringify(a) === JSON.stringify(b);
}

function order(a: Value, b: Value): number {
  if (typeof a === 'number') return a - Number(azureText(b));
  return lower(a) < lower(b) ? -1 : lower(a) > lower(b) ? 1 : 0;
}

function lower(value: Value): string {
  return azureText(value).toLowerCase();
}

function valuesOf(value: Value): readonly Value[] {
  if (Array.isArray(value)) return value as Value[];
  return value !== null && typeof value === 'object' ? Object.values(value as Record<string, Value>) : [];
}
