import { InputProblem, nearest } from '@maintenance-tasks/core';
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type Scalar,
  type YAMLMap,
} from 'yaml';
import type { Place } from './plan.ts';

/** A pipeline file as text, read with the positions of all that is in it. Problems are collected, not thrown. */
export class PipelineYaml {
  readonly file: string;
  readonly #lines = new LineCounter();
  readonly #root: Node | null;
  readonly #problems: { offset: number; text: string }[] = [];

  constructor(file: string, text: string) {
    this.file = file;
    const document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false, uniqueKeys: true });
    for (const error of document.errors)
      this.#problems.push({ offset: error.pos[0], text: error.message.split('\n')[0] as string });
    this.#root = document.errors.length > 0 ? null : (document.contents as Node | null);
    if (this.#root === null && document.errors.length === 0)
      this.#problems.push({ offset: 0, text: 'the file is empty' });
    // What a document cannot say safely is refused before it is walked.
    this.#check(this.#root);
    this.throwProblems();
  }

  get root(): Node | null {
    return this.#root;
  }

  place(node: unknown): Place {
    const { line, col } = this.#lines.linePos(offsetOf(node));
    return { file: this.file, line, column: col };
  }

  problem(node: unknown, text: string): void {
    this.#problems.push({ offset: offsetOf(node), text });
  }

  /** @throws InputProblem with one line for each problem found so far, in the file's order */
  throwProblems(): void {
    if (this.#problems.length === 0) return;
    const lines = this.#problems
      .sort((a, b) => a.offset - b.offset)
      .map(({ offset, text }) => {
        const { line, col } = this.#lines.linePos(offset);
        return `${this.file}:${line}:${col}: ${text}`;
      });
    throw new InputProblem([...new Set(lines)].join('\n'));
  }

  /**
   * The entries of a mapping by key. A key that is not known is a problem, with the nearest known one;
   * one that the hosts know and the rehearsal does not is said to be that.
   */
  entries(
    node: unknown,
    what: string,
    known?: readonly string[],
    unsupported: readonly string[] = [],
  ): Map<string, Entry> {
    const entries = new Map<string, Entry>();
    if (node === null || node === undefined || (isScalar(node) && node.value === null)) return entries;
    if (!isMap(node)) {
      this.problem(node, `${what} must be a mapping of keys to values`);
      return entries;
    }
    for (const pair of (node as YAMLMap).items as Pair<Node, Node | null>[]) {
      const key = String((pair.key as Scalar).value ?? '');
      if (key.startsWith('${{'))
        this.problem(pair.key, 'template expressions as keys are not supported by the rehearsal');
      else if (unsupported.includes(key))
        this.problem(pair.key, `"${key}" of ${what} is not supported by the rehearsal`);
      else if (known && !known.includes(key)) {
        const near = nearest(key, [...known, ...unsupported]);
        this.problem(
          pair.key,
          `"${key}" is not known in ${what}${near ? `; did you mean "${near}"?` : `; known are ${known.join(', ')}`}`,
        );
      } else entries.set(key, { key: pair.key, value: pair.value ?? pair.key, empty: pair.value === null });
    }
    return entries;
  }

  /** A single value as it is written; nothing for an absent or empty one. */
  text(entry: Entry | undefined, what: string): string | undefined {
    if (!entry || entry.empty) return undefined;
    return this.scalar(entry.value, what);
  }

  scalar(node: unknown, what: string): string | undefined {
    if (!isScalar(node)) {
      this.problem(node, `${what} must be a single value`);
      return undefined;
    }
    if (node.value === null) return undefined;
    // `1.10` and `0777` mean their own text to both hosts, not the number that YAML reads.
    if (typeof node.value === 'number' && node.source !== undefined) return node.source;
    return String(node.value);
  }

  /** A list, or a single value that stands for a list of one. */
  texts(entry: Entry | undefined, what: string): string[] {
    if (!entry || entry.empty) return [];
    const items = isSeq(entry.value) ? entry.value.items : [entry.value];
    return items.flatMap((item) => this.scalar(item, `${what}, each entry of it,`) ?? []);
  }

  /** The nodes of a list. */
  items(entry: Entry | undefined, what: string): Node[] {
    if (!entry || entry.empty) return [];
    if (!isSeq(entry.value)) {
      this.problem(entry.value, `${what} must be a list`);
      return [];
    }
    return entry.value.items as Node[];
  }

  textMap(entry: Entry | undefined, what: string): Record<string, string> {
    if (!entry || entry.empty) return {};
    return Object.fromEntries(
      [...this.entries(entry.value, what)].map(([key, inner]) => [key, this.text(inner, `"${key}" of ${what}`) ?? '']),
    );
  }

  /** Plain data, where positions no longer matter. */
  data(entry: Entry | undefined): unknown {
    return entry && !entry.empty ? (entry.value as unknown as { toJSON(): unknown }).toJSON() : undefined;
  }

  #check(node: unknown): void {
    if (isAlias(node)) this.problem(node, 'anchors and aliases are not supported by the rehearsal; write it out');
    else if (isMap(node)) {
      for (const pair of node.items) {
        if (!isScalar(pair.key)) this.problem(pair.key, 'a key must be plain text');
        this.#check(pair.value);
      }
    } else if (isSeq(node)) for (const item of node.items) this.#check(item);
  }
}

export interface Entry {
  readonly key: Node;
  readonly value: Node;
  /** Nothing is written after the key. */
  readonly empty: boolean;
}

function offsetOf(node: unknown): number {
  return (node as { range?: readonly number[] } | undefined)?.range?.[0] ?? 0;
}
