import type { Inputs } from '@maintenance-tasks/core';

/** What the command line says. Names are without dashes. */
export interface Flags {
  /** Values by input; a flag given several times is several lines. */
  readonly values: ReadonlyMap<string, string>;
  readonly unknown: readonly string[];
  readonly problems: readonly string[];
  /** What was given for secrets: refused, and kept out of everything that is printed. */
  readonly refusedSecrets: readonly string[];
  readonly help: boolean;
  readonly debug: boolean;
  readonly summaryFile: string | undefined;
  readonly outputFile: string | undefined;
}

/** The flags every task has in a terminal, unless one of its inputs has that name. */
export const OWN_FLAGS = {
  help: { value: undefined, describe: 'Show this text.' },
  debug: { value: undefined, describe: 'Show what is sent and answered, and the stack of a bug.' },
  summary: { value: 'FILE', describe: 'Write the summary (Markdown) to the file instead of showing it.' },
  output: { value: 'FILE', describe: 'Write the outputs to the file, as JSON.' },
} as const;

/** The environment variable a secret comes from in a terminal. */
export function environmentName(name: string, input: Inputs[string]): string {
  return input.environment ?? name.toUpperCase().replaceAll('-', '_');
}

/** `--name value`, `--name=value`, and `--name` alone for true. */
export function parseFlags(inputs: Inputs, argv: readonly string[]): Flags {
  const values = new Map<string, string>();
  const own = new Map<string, string>();
  const unknown: string[] = [];
  const problems: string[] = [];
  const refusedSecrets: string[] = [];
  const rest = argv.map((argument) => (argument === '-h' ? '--help' : argument));

  /** The flag's value: behind the equals sign, or the next argument unless that is a flag itself. */
  const take = (attached: string | undefined, fits: (next: string) => boolean): string | undefined => {
    if (attached !== undefined) return attached;
    const next = rest[0];
    return next !== undefined && !next.startsWith('--') && fits(next) ? rest.shift() : undefined;
  };

  for (let argument = rest.shift(); argument !== undefined; argument = rest.shift()) {
    const match = /^--([^=]+)(?:=([\s\S]*))?$/.exec(argument);
    if (!match) {
      problems.push(`"${argument}" stands alone; inputs are given as --name value`);
      continue;
    }
    const [, name, attached] = match as unknown as [string, string, string | undefined];
    const input = Object.hasOwn(inputs, name) ? inputs[name] : undefined;
    if (input?.secret) {
      const refused = take(attached, () => true);
      if (refused) refusedSecrets.push(refused);
      problems.push(
        `--${name}: a secret is not taken from the command line, where every process of the machine can read it; put it into the environment as ${environmentName(name, input)}`,
      );
    } else if (input) {
      const isBoolean = input.kind === 'boolean';
      const value = take(attached, (next) => !isBoolean || /^(true|false)$/i.test(next)) ?? (isBoolean ? 'true' : '');
      if (value === '' && attached === undefined) problems.push(`--${name}: has no value`);
      const before = values.get(name);
      values.set(name, before === undefined ? value : `${before}\n${value}`);
    } else if (Object.hasOwn(OWN_FLAGS, name)) {
      const wantsValue = OWN_FLAGS[name as keyof typeof OWN_FLAGS].value !== undefined;
      const value = take(attached, () => wantsValue);
      if (wantsValue && !value) problems.push(`--${name}: has no value`);
      own.set(name, value ?? '');
    } else {
      take(attached, () => true);
      unknown.push(name);
    }
  }
  return {
    values,
    unknown,
    problems,
    refusedSecrets,
    help: own.has('help'),
    debug: own.has('debug'),
    summaryFile: own.get('summary') || undefined,
    outputFile: own.get('output') || undefined,
  };
}
