import { type Document, LineCounter, parseDocument } from 'yaml';
import type { ZodType } from 'zod';
import { InputProblem } from './errors.ts';
import { nearest } from './nearest.ts';

/**
 * YAML text checked against a schema. Every problem is named with its line and column.
 *
 * @param file named before the position, as in `window.yaml:12:5`
 * @throws InputProblem with one problem a line
 */
export function parseYaml<Value>(text: string, schema: ZodType<Value>, file = 'line'): Value {
  const lines = new LineCounter();
  // Merge keys and aliases are refused beyond a bound by the library itself: a small file cannot blow up.
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: true,
    maxAliasCount: 100,
  } as never);
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${file}${file === 'line' ? ' ' : ':'}${line}:${col}`;
  };
  if (document.errors.length > 0) {
    throw new InputProblem(
      document.errors.map((error) => `${at(error.pos[0])}: ${firstLine(error.message)}`).join('\n'),
    );
  }
  const checked = schema.safeParse(document.toJS({ maxAliasCount: 100 }));
  if (checked.success) return checked.data;
  const problems = checked.error.issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys') {
      const known = keysAt(schema, issue.path);
      return issue.keys.map((key) => {
        const near = nearest(key, known);
        const place = at(offsetOf(document, [...issue.path, key], true));
        return `${place}: ${pathOf([...issue.path, key])}is not known${near ? `; did you mean "${near}"?` : known.length > 0 ? `; known are ${known.join(', ')}` : ''}`;
      });
    }
    return [`${at(offsetOf(document, issue.path, false))}: ${pathOf(issue.path)}${lowerFirst(issue.message)}`];
  });
  throw new InputProblem(problems.join('\n'));
}

function pathOf(path: readonly PropertyKey[]): string {
  return path.length === 0 ? '' : `${path.map(String).join('.')} `;
}

function firstLine(message: string): string {
  return message.split('\n')[0] as string;
}

function lowerFirst(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1);
}

/** Where a path stands in the text; the nearest parent that exists when it does not. */
function offsetOf(document: Document, path: readonly PropertyKey[], ofKey: boolean): number {
  for (let length = path.length; length >= 0; length--) {
    const part = path.slice(0, length) as (string | number)[];
    if (ofKey && length === path.length) {
      const parent = document.getIn(part.slice(0, -1), true) as
        | { items?: { key?: { value?: unknown; range?: number[] } }[] }
        | undefined;
      const pair = parent?.items?.find((item) => String(item.key?.value) === String(part.at(-1)));
      if (pair?.key?.range) return pair.key.range[0] as number;
    }
    const node = (length === 0 ? document.contents : document.getIn(part, true)) as
      | { range?: number[] }
      | null
      | undefined;
    if (node?.range) return node.range[0] as number;
  }
  return 0;
}

/** The keys the schema knows at a path, through optional, arrays and unions. */
function keysAt(schema: unknown, path: readonly PropertyKey[]): string[] {
  let level: Definition[] = definitionsOf(schema);
  for (const key of path) {
    level = level.flatMap((definition) => {
      if (definition.type === 'object') return definitionsOf(definition.shape?.[String(key)]);
      if (definition.type === 'array') return definitionsOf(definition.element);
      if (definition.type === 'record') return definitionsOf(definition.valueType);
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
  options?: unknown[];
}

function definitionsOf(schema: unknown): Definition[] {
  const definition = (schema as { _zod?: { def?: Definition } } | undefined)?._zod?.def;
  if (!definition) return [];
  if (definition.innerType) return definitionsOf(definition.innerType);
  if (definition.type === 'pipe') return definitionsOf(definition.in);
  if (definition.options) return definition.options.flatMap(definitionsOf);
  return [definition];
}
