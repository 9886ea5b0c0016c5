const [command = '', ...options] = process.argv.slice(2);

/** The repository's own commands; npm's names for them are in bootstrap.mjs. */
const COMMANDS: Readonly<Record<string, (options: readonly string[]) => Promise<number>>> = {
  generate: async (options) => (await import('./generate/command.ts')).generateCommand(options),
  build: async (options) => (await import('./build/command.ts')).buildCommand(options),
  vsix: async () => (await import('./vsix.ts')).vsixCommand(),
  check: async (options) => (await import('./check.ts')).checkCommand(options),
  bench: async (options) => (await import('./bench.ts')).benchCommand(options),
};

const run = COMMANDS[command];
if (run) process.exitCode = await run(options);
else {
  console.error(`There is no command "${command}". Known are: ${Object.keys(COMMANDS).join(', ')}.`);
  process.exitCode = 2;
}
