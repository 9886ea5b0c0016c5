/** Variables of the process, as `process.env` has them. */
export type Environment = Record<string, string | undefined>;

/**
 * Moves variables out of the environment, so that the programs a task starts do not inherit secrets.
 * The names are kept in upper case: hosts on Windows and on Linux write them differently.
 */
export function takeVariables(environment: Environment, prefixes: readonly string[]): ReadonlyMap<string, string> {
  const taken = new Map<string, string>();
  for (const [name, value] of Object.entries(environment)) {
    const key = name.toUpperCase();
    if (!prefixes.some((prefix) => key.startsWith(prefix))) continue;
    if (value !== undefined) taken.set(key, value);
    delete environment[name];
  }
  return taken;
}

/** Nothing for a variable that is unset, empty or blank: hosts hand over an input that was not given as any of them. */
export function given(value: string | undefined): string | undefined {
  return value === undefined || value.trim() === '' ? undefined : value;
}

/** Ends the process by the exit code set before, once the stream took all that was written to it. */
export function leaveProcess(stream: NodeJS.WriteStream): void {
  stream.write('', () => process.exit());
}
