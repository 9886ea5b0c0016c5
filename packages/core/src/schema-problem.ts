import type { ZodType, z } from 'zod';
import { nearest } from './nearest.ts';

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

/** What is wrong at one place of some data, in words that name the place. */
export interface SchemaProblem {
  readonly path: Path;
  /** It is about the key at the end of the path, not about what stands there. */
  readonly ofKey: boolean;
  readonly text: string;
}

const KINDS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
  null: 'empty',
};

/** The schema library's findings as sentences; its own speak of types that are not YAML's. */
export function schemaProblems(schema: ZodType, data: unknown, issues: readonly Issue[]): SchemaProblem[] {
  return issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(schema, data, issue.path, key));
    if (issue.code === 'invalid_union' && issue.errors.length > 0) {
      const branch = meantBranch(issue.errors);
      const below = branch.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }) as Issue);
      return schemaProblems(schema, data, below);
    }
    return [
      { path: issue.path, ofKey: false, text: `${pathOf(issue.path)}${sentenceOf(issue, valueAt(data, issue.path))}` },
    ];
  });
}

function unknownKey(schema: ZodType, data: unknown, parent: Path, key: string): SchemaProblem {
  const path = [...parent, key];
  const known = keysAt(schema, data, parent).filter((each) => each !== key);
  const near = nearest(key, known);
  const hint = near ? `; did you mean "${near}"?` : known.length > 0 ? `; known are ${known.join(', ')}` : '';
  return { path, ofKey: true, text: `${pathOf(path)}is not known${hint}` };
}

/** Of the alternatives the one that fits in kind and has the fewest problems; all of them when none does. */
function meantBranch(branches: readonly (readonly Issue[])[]): readonly Issue[] {
  const fitting = branches.filter(
    (issues) => !issues.some(({ path, code }) => path.length === 0 && code === 'invalid_type'),
  );
  const [best] = [...fitting].sort((a, b) => a.length - b.length);
  if (best) return best;
  const expected = branches.flatMap((issues) =>
    issues.flatMap((issue) => ('expected' in issue ? [String(issue.expected)] : [])),
  );
  return [{ ...(branches[0]?.[0] as Issue), message: mustBe(expected.map(kindOf)) } as Issue];
}

function sentenceOf(issue: Issue, value: unknown): string {
  const isOwnWords = !/^(Invalid (input|option|discriminator)|Too (small|big):)/.test(issue.message);
  if (value === undefined) return isOwnWords ? lowerFirst(issue.message) : 'is missing';
  if (isOwnWords)
    return `${lowerFirst(issue.message)}${issue.message.startsWith('must be') && issue.code === 'invalid_type' ? `, not ${shown(value)}` : ''}`;
  if (issue.code === 'too_small') return bound('at least', issue.minimum, issue.origin);
  if (issue.code === 'too_big') return bound('at most', issue.maximum, issue.origin);
  if (issue.code === 'invalid_type') return `${mustBe([kindOf(issue.expected)])}, not ${shown(value)}`;
  const options =
    issue.code === 'invalid_value' ? issue.values : 'options' in issue ? (issue.options as unknown[]) : [];
  if (options.length === 0) return lowerFirst(issue.message);
  const near = typeof value === 'string' ? nearest(value, options.map(String)) : undefined;
  return `${mustBe(options.map((option) => JSON.stringify(option)))}, not ${shown(value)}${near ? `; did you mean "${near}"?` : ''}`;
}

function bound(words: string, amount: number | bigint, origin: string): string {
  if (origin === 'string') return `must have ${words} ${amount} characters`;
  return origin === 'array' ? `must have ${words} ${amount} entries` : `must be ${words} ${amount}`;
}

function mustBe(alternatives: readonly string[]): string {
  const different = [...new Set(alternatives)];
  const last = different.pop();
  return `must be ${different.length > 0 ? `${different.join(', ')} or ${last}` : last}`;
}

function kindOf(expected: string): string {
  return KINDS[expected] ?? expected;
}

function shown(value: unknown): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  const text = JSON.stringify(value);
  return text.length > 40 ? `${text.slice(0, 38)}…"` : text;
}

function pathOf(path: Path): string {
  return path.length === 0 ? '' : `${path.map(String).join('.')} `;
}

function lowerFirst(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1);
}

function valueAt(data: unknown, path: Path): unknown {
  return path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown> | null | undefined)?.[key], data);
}

/** The keys the schema knows at a path: of alternatives told apart by a word, those of the one that is there. */
function keysAt(schema: unknown, data: unknown, path: Path): string[] {
  let level = definitionsOf(schema, data);
  let value = data;
  for (const key of path) {
    value = valueAt(value, [key]);
    const inner = value;
    level = level.flatMap((definition) => {
      if (definition.type === 'object') return definitionsOf(definition.shape?.[String(key)], inner);
      if (definition.type === 'array') return definitionsOf(definition.element, inner);
      if (definition.type === 'record') return definitionsOf(definition.valueType, inner);
      return [];
    });
  }
  return [...new Set(level.flatMap((definition) => Object.keys(definition.shape ?? {})))];
}

interface Definition {
  type: string;
  shape?: Record<string, unknown>;
  element?: unknown;
  valueType?: unknown;
  innerType?: unknown;
  in?: unknown;
  out?: unknown;
  getter?: () => unknown;
  options?: unknown[];
  discriminator?: string;
}

function definitionsOf(schema: unknown, value: unknown): Definition[] {
  const definition = (schema as { _zod?: { def?: Definition } } | undefined)?._zod?.def;
  if (!definition) return [];
  if (definition.innerType) return definitionsOf(definition.innerType, value);
  if (definition.getter) return definitionsOf(definition.getter(), value);
  if (definition.type === 'pipe')
    return [...definitionsOf(definition.in, value), ...definitionsOf(definition.out, value)];
  if (definition.options) {
    const { discriminator: word, options } = definition;
    const meant = word && options.filter((option) => accepts(option, word, valueAt(value, [word])));
    return (meant && meant.length > 0 ? meant : options).flatMap((option) => definitionsOf(option, value));
  }
  return [definition];
}

function accepts(option: unknown, word: string, value: unknown): boolean {
  return definitionsOf(option, undefined).some((definition) =>
    (definition.shape?.[word] as { _zod?: { values?: Set<unknown> } } | undefined)?._zod?.values?.has(value),
  );
}
