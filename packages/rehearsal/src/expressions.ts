import { Evaluator, Lexer, Parser } from '@actions/expressions';
import {
  BooleanData,
  Array as DataArray,
  Dictionary,
  type ExpressionData,
  Kind,
  Null,
  NumberData,
  StringData,
} from '@actions/expressions/data/index';
import { ExpressionError } from '@actions/expressions/errors';
import type { FunctionDefinition } from '@actions/expressions/funcs/info';
import { TokenType } from '@actions/expressions/lexer';
import { messageOf, nearest } from '@maintenance-tasks/core';

/** What an expression may hold or yield on either host. */
export type Value = string | number | boolean | null | readonly Value[] | { readonly [key: string]: Value };

export interface ExpressionFunction {
  /** Fewest and most arguments. */
  readonly takes: readonly [number, number];
  call(...given: Value[]): Value;
}

export type Functions = Readonly<Record<string, ExpressionFunction>>;

export interface Scope {
  readonly contexts: Readonly<Record<string, Value>>;
  readonly functions: Functions;
}

/** Why an expression cannot be evaluated, in words for the pipeline's author. */
export class ExpressionProblem extends Error {}

const BUILT_IN = ['contains', 'startsWith', 'endsWith', 'format', 'join', 'toJSON', 'fromJSON'];

/**
 * Evaluates one expression, without the `${{ }}` around it. Both hosts share the grammar; what differs are the
 * functions, and those of the scope go before the built-in ones.
 *
 * @throws ExpressionProblem
 */
export function evaluate(text: string, scope: Scope): Value {
  const names = Object.keys(scope.contexts);
  const functions = definitionsOf(scope.functions);
  try {
    const parsed = new Parser(new Lexer(text).lex().tokens, names, functions).parse();
    const contexts = new Dictionary(
      ...Object.entries(scope.contexts).map(([key, value]) => ({ key, value: toData(value) })),
    );
    return fromData(
      new Evaluator(parsed, contexts, new Map(functions.map((each) => [each.name.toLowerCase(), each]))).evaluate(),
    );
  } catch (error) {
    throw new ExpressionProblem(problemIn(text, error, scope));
  }
}

/** Whether the text is an expression at all: its grammar, its functions and the names at the start of each path. */
export function problemOf(text: string, contexts: readonly string[], functions: Functions): string | undefined {
  try {
    new Parser(new Lexer(text).lex().tokens, [...contexts], definitionsOf(functions)).parse();
    return undefined;
  } catch (error) {
    return problemIn(text, error, { contexts: Object.fromEntries(contexts.map((name) => [name, null])), functions });
  }
}

/** Lower-case names of the functions that are called in the expression. */
export function functionsIn(text: string): Set<string> {
  const { tokens } = new Lexer(text).lex();
  return new Set(
    tokens
      .filter((token, index) => token.type === TokenType.IDENTIFIER && tokens[index + 1]?.type === TokenType.LEFT_PAREN)
      .map((token) => token.lexeme.toLowerCase()),
  );
}

/** The text between and within expression marks, such as `${{` and `}}`; quotes may hold the closing mark. */
export function splitExpressions(text: string, open: string, close: string): { text?: string; expression?: string }[] {
  const parts: { text?: string; expression?: string }[] = [];
  let from = 0;
  for (let start = text.indexOf(open); start >= 0; start = text.indexOf(open, from)) {
    let end = start + open.length;
    for (let quoted = false; end < text.length; end++) {
      if (text[end] === "'") quoted = !quoted;
      else if (!quoted && text.startsWith(close, end)) break;
    }
    if (end >= text.length) throw new ExpressionProblem(`"${text.slice(start)}" is not closed with ${close}`);
    if (start > from) parts.push({ text: text.slice(from, start) });
    parts.push({ expression: text.slice(start + open.length, end).trim() });
    from = end + close.length;
  }
  if (from < text.length) parts.push({ text: text.slice(from) });
  return parts;
}

export function toData(value: Value): ExpressionData {
  if (value === null) return new Null();
  if (typeof value === 'string') return new StringData(value);
  if (typeof value === 'number') return new NumberData(value);
  if (typeof value === 'boolean') return new BooleanData(value);
  if (Array.isArray(value)) return new DataArray(...(value as Value[]).map(toData));
  return new Dictionary(...Object.entries(value).map(([key, inner]) => ({ key, value: toData(inner) })));
}

function fromData(data: ExpressionData | undefined): Value {
  // The library leaves a context it was not given undefined.
  if (data === undefined || data.kind === Kind.Null) return null;
  if (data instanceof StringData || data instanceof NumberData || data instanceof BooleanData) return data.value;
  if (data instanceof DataArray) return data.values().map(fromData);
  return Object.fromEntries((data as Dictionary).pairs().map(({ key, value }) => [key, fromData(value)]));
}

function definitionsOf(functions: Functions): FunctionDefinition[] {
  return Object.entries(functions).map(([name, { takes, call }]) => ({
    name,
    minArgs: takes[0],
    maxArgs: takes[1],
    call: (...given) => toData(call(...given.map(fromData))),
  }));
}

function problemIn(text: string, error: unknown, scope: Scope): string {
  const message = messageOf(error);
  if (!(error instanceof ExpressionError)) return `${message} in "${text}"`;
  const word = /'([^']+)'/.exec(message)?.[1] ?? '';
  const known = /function/i.test(message)
    ? [...Object.keys(scope.functions), ...BUILT_IN]
    : Object.keys(scope.contexts);
  const near = nearest(word, known);
  return `${message} in "${text}"${near && near !== word ? `; did you mean "${near}"?` : ''}`;
}
