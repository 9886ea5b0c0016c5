// By `promises`, which Node loads when it is first used: node:fs/promises costs every start a millisecond.
import { promises as files } from 'node:fs';
import { resolve } from 'node:path';
import type { ZodType } from 'zod';
import { parseDuration } from './duration.ts';
import { InputProblem, messageOf } from './errors.ts';

/** Where a value is read: relative paths are the pipeline's working folder's. */
export interface ParseContext {
  readonly workingFolder: string;
}

interface Options {
  readonly describe: string;
  readonly required?: true;
  /** As a user would write it: it takes the same way through the parser as a given value. */
  readonly default?: string;
  /** Shown in the READMEs. */
  readonly example?: string;
}

/** `Present` is true when a value is certain: the input is required or has a default. */
export interface Input<Value, Present extends boolean = boolean> extends Options {
  readonly kind: string;
  /** The value itself must never be shown. */
  readonly secret: boolean;
  /** For a terminal, where a secret comes from the environment: its usual name. */
  readonly environment?: string;
  readonly values?: readonly string[];
  /** Other than `string` in Azure's task.json: `boolean`, `pickList`, `multiLine`, `connectedService:AzureRM` … */
  readonly azureType?: string;
  parse(raw: string, context: ParseContext): Value | Promise<Value>;
  /** Only for inference. */
  readonly present?: Present;
}

export type Inputs = Readonly<Record<string, Input<unknown>>>;

export type ValueOf<I> =
  I extends Input<infer Value, infer Present> ? (Present extends true ? Value : Value | undefined) : never;

export type ValuesOf<I extends Inputs> = { readonly [Name in keyof I]: ValueOf<I[Name]> };

type PresenceOf<O> = O extends { required: true } ? true : O extends { default: string } ? true : false;

interface Kind<Value> {
  kind: string;
  secret?: boolean;
  environment?: string;
  values?: readonly string[];
  azureType?: string;
  parse(raw: string, context: ParseContext): Value | Promise<Value>;
}

function input<Value, const O extends Options>(options: O, kind: Kind<Value>): Input<Value, PresenceOf<O>> {
  return { secret: false, ...options, ...kind };
}

/** One line of text; `pattern` with the words for what it asks. */
export function text<const O extends Options & { pattern?: RegExp; patternMeans?: string; azureType?: string }>(
  options: O,
) {
  const { pattern, patternMeans, azureType, ...rest } = options;
  return input<string, O>(rest as unknown as O, {
    kind: 'text',
    ...(azureType && { azureType }),
    parse: (raw) => {
      const value = raw.trim();
      if (/[\r\n]/.test(value)) throw new InputProblem('must be one line');
      if (pattern && !pattern.test(value))
        throw new InputProblem(`"${value}" is not ${patternMeans ?? `of the form ${pattern}`}`);
      return value;
    },
  });
}

/** A secret value, possibly of several lines. Masked before anything else is looked at. */
export function secret<const O extends Options & { environment?: string }>(options: O) {
  return input<string, O>(options, {
    kind: 'secret',
    secret: true,
    ...(options.environment && { environment: options.environment }),
    parse: (raw) => {
      if (raw.trim() === '') throw new InputProblem('is empty');
      // Azure leaves the text of an undefined variable standing; sent on, it would only look like a wrong token.
      if (/^\$\([A-Za-z0-9_.-]+\)$/.test(raw.trim()))
        throw new InputProblem('is the name of a variable that was not set');
      return raw.trim();
    },
  });
}

const LARGEST_SECRET_FILE = 1_048_576;

/** A file with a secret in it, read whole: a key, a PFX. */
export function secretFile<const O extends Options>(options: O) {
  return input<Buffer, O>(options, {
    kind: 'secret file',
    azureType: 'filePath',
    parse: async (raw, context) => {
      const path = resolve(context.workingFolder, raw.trim());
      const found = await files.stat(path).catch((error: NodeJS.ErrnoException) => unreadable(path, error));
      if (!found.isFile()) throw new InputProblem(`${path} is not a file`);
      if (found.size > LARGEST_SECRET_FILE) throw new InputProblem(`${path} is larger than 1 MiB`);
      return files.readFile(path).catch((error: NodeJS.ErrnoException) => unreadable(path, error));
    },
  });
}

export function choice<const V extends string, const O extends Options>(values: readonly V[], options: O) {
  return input<V, O>(options, {
    kind: 'choice',
    values,
    azureType: 'pickList',
    parse: (raw) => {
      const value = values.find((candidate) => candidate === raw.trim());
      if (value === undefined) throw new InputProblem(`"${raw.trim()}" is not one of ${values.join(', ')}`);
      return value;
    },
  });
}

/** Strict: a typo is a problem, never false. */
export function boolean<const O extends Options>(options: O) {
  return input<boolean, O>(options, {
    kind: 'boolean',
    azureType: 'boolean',
    parse: (raw) => {
      const value = raw.trim();
      if (/^(true|True|TRUE)$/.test(value)) return true;
      if (/^(false|False|FALSE)$/.test(value)) return false;
      throw new InputProblem(`"${value}" is neither true nor false`);
    },
  });
}

export function integer<const O extends Options & { min?: number; max?: number }>(options: O) {
  const { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER } = options;
  return input<number, O>(options, {
    kind: 'integer',
    parse: (raw) => {
      const value = Number(raw.trim());
      if (!/^-?\d+$/.test(raw.trim()) || !Number.isSafeInteger(value))
        throw new InputProblem(`"${raw.trim()}" is not a whole number`);
      if (value < min) throw new InputProblem(`${value} is less than ${min}`);
      if (value > max) throw new InputProblem(`${value} is more than ${max}`);
      return value;
    },
  });
}

/** Milliseconds, written as `90s`, `15m`, `2h`, `1h30m`, `7d`. */
export function duration<const O extends Options>(options: O) {
  return input<number, O>(options, {
    kind: 'duration',
    parse: (raw) => {
      const value = parseDuration(raw.trim());
      if (value === undefined)
        throw new InputProblem(`"${raw.trim()}" is not a duration such as 90s, 15m, 2h or 1h30m`);
      return value;
    },
  });
}

/** One entry a line, in the order given, each once unless it is `repeatable`; blank lines are nothing. */
export function list<const O extends Options & { pattern?: RegExp; patternMeans?: string; repeatable?: true }>(
  options: O,
) {
  const { pattern, patternMeans, repeatable, ...rest } = options;
  return input<readonly string[], O>(rest as unknown as O, {
    kind: 'list',
    azureType: 'multiLine',
    parse: (raw) => {
      const entries = linesOf(raw);
      const problems = entries
        .filter((entry) => pattern && !pattern.test(entry))
        .map(
          (entry) =>
            `"${entry}" is not ${patternMeans ?? `of the form ${pattern}`}${entry.includes(',') ? '; write one a line, without commas' : ''}`,
        );
      const again = repeatable ? [] : entries.filter((entry, index) => entries.indexOf(entry) !== index);
      for (const entry of new Set(again)) {
        problems.push(`"${entry}" is there twice`);
      }
      if (problems.length > 0) throw new InputProblem(problems.join('\n'));
      return entries;
    },
  });
}

/** `name: value` or `name=value`, one a line. */
export function map<const O extends Options>(options: O) {
  return input<Readonly<Record<string, string>>, O>(options, {
    kind: 'map',
    azureType: 'multiLine',
    parse: (raw) => {
      const entries = new Map<string, string>();
      const problems: string[] = [];
      for (const line of linesOf(raw)) {
        const match = /^([^\s:=]+)\s*[:=]\s*(.*)$/.exec(line);
        if (!match) problems.push(`"${line}" is not of the form name: value`);
        else if (entries.has(match[1] as string)) problems.push(`"${match[1]}" is there twice`);
        else entries.set(match[1] as string, match[2] as string);
      }
      if (problems.length > 0) throw new InputProblem(problems.join('\n'));
      return Object.fromEntries(entries);
    },
  });
}

/** The absolute path of a file that exists and can be read. */
export function filePath<const O extends Options>(options: O) {
  return input<string, O>(options, {
    kind: 'file path',
    azureType: 'filePath',
    parse: async (raw, context) => {
      const path = resolve(context.workingFolder, raw.trim());
      const found = await files.stat(path).catch((error: NodeJS.ErrnoException) => unreadable(path, error));
      if (!found.isFile()) throw new InputProblem(`${path} is not a file`);
      return path;
    },
  });
}

/** A schema that is loaded only when there is something to check: its library costs every step its start otherwise. */
export type SchemaSource<Value> = () => Promise<ZodType<Value>>;

/** YAML written into the input itself. */
export function yaml<Value, const O extends Options>(schema: SchemaSource<Value>, options: O) {
  return input<Value, O>(options, {
    kind: 'YAML',
    azureType: 'multiLine',
    parse: async (raw) => {
      const { parseYaml } = await import('./yaml.ts');
      return parseYaml(raw, await schema());
    },
  });
}

/** What a YAML file holds, and where it was read: messages about its content name the file. */
export interface YamlFile<Value> {
  readonly path: string;
  readonly text: string;
  readonly content: Value;
}

export function yamlFile<Value, const O extends Options>(schema: SchemaSource<Value>, options: O) {
  return input<YamlFile<Value>, O>(options, {
    kind: 'YAML file',
    azureType: 'filePath',
    parse: async (raw, context) => {
      const path = resolve(context.workingFolder, raw.trim());
      const content = await files
        .readFile(path, 'utf8')
        .catch((error: NodeJS.ErrnoException) => unreadable(path, error));
      const { parseYaml } = await import('./yaml.ts');
      return { path, text: content, content: parseYaml(content, await schema(), raw.trim()) };
    },
  });
}

function linesOf(raw: string): string[] {
  return raw
    .split(/\r\n|\r|\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

function unreadable(path: string, error: NodeJS.ErrnoException): never {
  if (error.code === 'ENOENT') throw new InputProblem(`there is no file ${path}`);
  if (error.code === 'EACCES') throw new InputProblem(`${path} may not be read by this user`);
  if (error.code === 'EISDIR') throw new InputProblem(`${path} is a folder`);
  throw new InputProblem(`${path} cannot be read: ${messageOf(error)}`);
}
