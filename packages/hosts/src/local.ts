import { mkdtempSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Host, type Outcome, Redaction, TaskError } from '@maintenance-tasks/core';
import { type Environment, given, leaveProcess } from './environment.ts';
import { environmentName, parseFlags } from './local-flags.ts';
import { helpText, type LocalDefinition } from './local-help.ts';
import { plainText } from './local-summary.ts';

/**
 * A terminal: inputs are flags, secrets come from the environment. Outputs go to standard output, everything that is
 * for the eye to standard error, so that a script can use the one and a person sees the other.
 * With `--help` it shows the help and ends the process.
 */
export function localHost(
  task: LocalDefinition,
  argv: readonly string[] = process.argv.slice(2),
  environment: Environment = process.env,
): Host {
  const flags = parseFlags(task.inputs, argv);
  if (flags.help) {
    writeSync(1, helpText(task, process.stdout.columns));
    process.exit(0);
  }
  const redaction = new Redaction();
  for (const secret of flags.refusedSecrets) redaction.add(secret);
  const paint = painter(environment);
  const show = (text: string) => process.stderr.write(`${redaction.clean(text)}\n`);
  const temporaryFolder = mkdtempSync(join(tmpdir(), 'maintenance-tasks-'));
  const outputs: Record<string, string> = {};
  const startedBy = environment.USER ?? environment.LOGNAME ?? environment.USERNAME;
  let resultsInTemporaryFolder = false;

  return {
    name: 'local',
    run: startedBy ? { startedBy } : {},
    workingFolder: process.cwd(),
    temporaryFolder,
    input: (name) => {
      const input = task.inputs[name];
      return given(input?.secret ? environment[environmentName(name, input)] : flags.values.get(name));
    },
    inputLabel: (name) => {
      const input = task.inputs[name];
      return input?.secret ? `${environmentName(name, input)} (environment)` : `--${name}`;
    },
    unknownInputs: () => flags.unknown.map((name) => redaction.clean(name)),
    inputProblems: () => flags.problems.map((problem) => redaction.clean(problem)),
    mask: (line) => void redaction.add(line),
    debug: (text) => {
      if (flags.debug) show(paint('dim', text));
    },
    info: show,
    warning: (text) => show(paint('yellow', `Warning: ${text}`)),
    startGroup: (title) => show(paint('bold', `▸ ${title}`)),
    endGroup: () => {},
    output: (name, value) => {
      outputs[name] = redaction.clean(value);
      process.stdout.write(`${name}=${oneLine(outputs[name])}\n`);
    },
    summary: (markdown) => {
      const clean = redaction.clean(markdown);
      if (flags.summaryFile) writeResult(flags.summaryFile, clean);
      else show(`\n${plainText(clean)}`);
    },
    testResults: (file, title) => {
      resultsInTemporaryFolder ||= resolve(file).startsWith(temporaryFolder);
      show(`${title}: the test results are in ${file}`);
    },
    identityToken: async () => {
      throw new TaskError('auth', {
        what: 'A terminal has no identity token of its own.',
        remedy: 'Give a client secret instead: AZURE_CLIENT_SECRET in the environment.',
      });
    },
    azureConnection: () => undefined,
    finish: (outcome) => {
      process.exitCode = exitCodeOf(outcome);
      if (flags.outputFile) writeResult(flags.outputFile, `${JSON.stringify(outputs, null, 2)}\n`);
      if (!outcome.ok) show(paint('red', `Error: ${outcome.message}`));
    },
    leave: () => {
      if (!resultsInTemporaryFolder) rmSync(temporaryFolder, { recursive: true, force: true });
      leaveProcess(Object.keys(outputs).length > 0 ? process.stdout : process.stderr);
    },
  };
}

function exitCodeOf(outcome: Outcome): number {
  if (outcome.ok) return 0;
  return outcome.kind === 'input' ? 2 : 1;
}

const COLOURS = { red: 31, yellow: 33, bold: 1, dim: 2 } as const;

function painter(environment: Environment): (colour: keyof typeof COLOURS, text: string) => string {
  // See no-color.org: any value that is not empty switches colours off.
  const coloured = process.stderr.isTTY && !environment.NO_COLOR && environment.TERM !== 'dumb';
  return (colour, text) => (coloured ? `\u001b[${COLOURS[colour]}m${text}\u001b[0m` : text);
}

/** A value that could break its line, or repaint the terminal, is quoted as JSON. */
function oneLine(value: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (!/[\u0000-\u001f\u007f-\u009f]/.test(value)) return value;
  return JSON.stringify(value).replace(
    /[\u007f-\u009f]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function writeResult(file: string, content: string): void {
  try {
    writeFileSync(file, content);
  } catch (cause) {
    throw new TaskError(
      'refused',
      {
        what: `${file} could not be written (${(cause as NodeJS.ErrnoException).code}).`,
        remedy: 'Give a file that can be written to.',
      },
      { cause },
    );
  }
}
