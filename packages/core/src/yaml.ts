import { type Alias, type Document, isAlias, isMap, LineCounter, parseDocument, visit } from 'yaml';
import type { ZodType } from 'zod';
import { InputProblem } from './errors.ts';
import { schemaProblems } from './schema-problem.ts';

/** Far more than a person writes, far less than what blows a small file up. */
const MOST_ALIASES = 100;

interface Problem {
  readonly offset: number;
  readonly text: string;
}

/**
 * YAML text checked against a schema. Every problem is named with its line and column, in the order of the text.
 *
 * @param file named before the position, as in `window.yaml:12:5`
 * @throws InputProblem with one problem a line
 */
export function parseYaml<Value>(text: string, schema: ZodType<Value>, file = 'line'): Value {
  const { document, value, refuse } = loaded(text, file);
  const checked = schema.safeParse(value);
  if (checked.success) return checked.data;
  refuse(
    schemaProblems(schema, value, checked.error.issues).map(({ path, ofKey, text: what }) => ({
      offset: offsetOf(document, path, ofKey),
      text: what,
    })),
  );
  throw new InputProblem('it does not have the form that is asked for');
}

/**
 * YAML text of a form that others define, as plain data.
 *
 * @throws InputProblem with one problem a line
 */
export function readYaml(text: string, file = 'line'): unknown {
  return loaded(text, file).value;
}

function loaded(text: string, file: string) {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const refuse = (problems: readonly Problem[]) => {
    if (problems.length === 0) return;
    const inOrder = [...problems].sort((a, b) => a.offset - b.offset);
    throw new InputProblem(
      inOrder
        .map(({ offset, text: what }) => {
          const { line, col } = lines.linePos(offset);
          return `${file}${file === 'line' ? ' ' : ':'}${Math.max(1, line)}:${Math.max(1, col)}: ${what}`;
        })
        .join('\n'),
    );
  };
  refuse(syntaxProblems(document));
  refuse(structureProblems(document));
  const value: unknown = document.toJS({ maxAliasCount: -1 });
  if (value === null) refuse([{ offset: 0, text: 'there is nothing in it' }]);
  return { document, value, refuse };
}

/** Warnings count as well: a tag that nobody knows is a mistake, and what it stands for would be guessed. */
function syntaxProblems(document: Document): Problem[] {
  // The parser tells of its own limits as if they were mistakes of the text, one for each bracket.
  if (document.errors.some(({ message }) => /call stack|stack overflow/i.test(message)))
    return [{ offset: 0, text: 'it is nested more deeply than any real file is' }];
  return [...document.errors, ...document.warnings].map(({ pos, code, message }) => ({
    offset: pos[0],
    text:
      code === 'MULTIPLE_DOCS'
        ? 'a second document begins here; there may be one only'
        : code === 'DUPLICATE_KEY'
          ? 'this key is there twice'
          : lowerFirst(message.split('\n')[0] as string),
  }));
}

/** What is YAML and yet no tree of plain data. The library would throw at some of it, or run out of memory. */
function structureProblems(document: Document): Problem[] {
  const problems: Problem[] = [];
  const sizes = new Map<unknown, number>();
  let aliases = 0;
  visit(document, {
    Alias(_key, alias: Alias, path) {
      aliases += 1;
      const target = alias.resolve(document);
      const offset = alias.range?.[0] ?? 0;
      if (!target) problems.push({ offset, text: `there is no anchor &${alias.source} before this` });
      else if (path.includes(target)) problems.push({ offset, text: `*${alias.source} contains itself` });
    },
    Pair(_key, pair) {
      const key = pair.key as { range?: number[] } | null;
      if (isMap(key) || isAlias(key) || (key && 'items' in key))
        problems.push({ offset: key.range?.[0] ?? 0, text: 'a key must be a plain word' });
    },
  });
  if (problems.length === 0 && (aliases > MOST_ALIASES || sizeOf(document.contents, document, sizes) > 100_000))
    problems.push({ offset: 0, text: 'it repeats itself by anchors more often than any real file does' });
  return problems;
}

/** Nodes that are left once every alias is written out. */
function sizeOf(node: unknown, document: Document, sizes: Map<unknown, number>): number {
  if (typeof node !== 'object' || node === null) return 1;
  const known = sizes.get(node);
  if (known !== undefined) return known;
  let size = 1;
  if (isAlias(node)) size = sizeOf(node.resolve(document), document, sizes);
  else if ('items' in node) for (const item of node.items as unknown[]) size += sizeOf(item, document, sizes);
  else if ('key' in node) size += sizeOf((node as { value?: unknown }).value, document, sizes);
  sizes.set(node, size);
  return size;
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
