import type { Value } from './expressions.ts';
import { type Leg, ONLY_LEG } from './host-play.ts';

type Combination = Record<string, unknown>;

/**
 * The legs of a GitHub matrix: every combination of its lists, less `exclude`, with `include` added to those it fits
 * and as legs of its own where it fits none.
 *
 * @param fill evaluates a text with expressions in it
 */
export function matrixLegs(matrix: unknown, fill: (text: string) => Value): readonly Leg[] {
  if (matrix === undefined) return [ONLY_LEG];
  const filled = fillIn(matrix, fill) as Record<string, unknown>;
  const { include = [], exclude = [], ...lists } = filled as { include?: Combination[]; exclude?: Combination[] };
  let combinations: Combination[] = Object.keys(lists).length > 0 ? [{}] : [];
  for (const [name, values] of Object.entries(lists)) {
    if (!Array.isArray(values)) throw new Error(`"${name}" of a matrix must be a list`);
    combinations = combinations.flatMap((combination) =>
      values.map((value: unknown) => ({ ...combination, [name]: value })),
    );
  }
  combinations = combinations.filter(
    (combination) => !exclude.some((without) => fits(without, combination, Object.keys(without))),
  );
  const original = combinations.map((combination) => ({ ...combination }));
  for (const extra of include) {
    const shared = Object.keys(extra).filter((key) => key in lists);
    // Only values of the lists themselves decide: what an earlier include added may be overwritten.
    const matching = combinations.filter(
      (_, index) => index < original.length && fits(extra, original[index] as Combination, shared),
    );
    if (matching.length === 0) combinations.push({ ...extra });
    for (const combination of matching) Object.assign(combination, extra);
  }
  return combinations.map((values) => ({ suffix: ` (${Object.values(values).map(shown).join(', ')})`, values }));
}

function fits(wanted: Combination, combination: Combination, keys: readonly string[]): boolean {
  return keys.every((key) => JSON.stringify(wanted[key]) === JSON.stringify(combination[key]));
}

function shown(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function fillIn(node: unknown, fill: (text: string) => Value): unknown {
  if (typeof node === 'string') return node.includes('${{') ? fill(node) : node;
  if (Array.isArray(node)) return node.map((inner) => fillIn(inner, fill));
  if (node !== null && typeof node === 'object')
    return Object.fromEntries(Object.entries(node).map(([key, inner]) => [key, fillIn(inner, fill)]));
  return node;
}
