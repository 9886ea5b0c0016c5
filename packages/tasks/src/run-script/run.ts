import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { basename, relative, resolve } from 'node:path';
import { promisify } from 'node:util';
import { type AnyContext, formatDuration, messageOf, TaskError } from '@maintenance-tasks/core';
import { type Journal, openJournal, refuseRepetition, type State } from './journal.ts';
import {
  environmentOf,
  type Interpreter,
  interpretersOf,
  type Script,
  type Shell,
  scriptKey,
  shownCommand,
  verdictOf,
} from './plan.ts';
import { type ProcessEnd, runProcess } from './process.ts';

type Context = Pick<AnyContext, 'log' | 'report' | 'clock' | 'signal' | 'keepSecret' | 'clean' | 'workingFolder'>;

export interface ScriptArguments {
  readonly state: State;
  readonly script: Script;
  readonly undo: Script | undefined;
  readonly irreversible: boolean;
  readonly shell: Shell;
  readonly again: boolean;
  /** Milliseconds. */
  readonly timeout: number;
  readonly environment: readonly string[];
  readonly secretEnvironment: readonly string[];
  readonly workingFolder: string | undefined;
  readonly okExitCodes: readonly number[];
  readonly warnExitCodes: readonly number[];
  /** Folder, where it is noted that the script ran. */
  readonly evidence: string;
  readonly session: string;
  readonly dryRun: boolean;
}

interface Found extends Interpreter {
  readonly version: string;
}

/** Runs a script, or its undo script, once in a session, and keeps what it needs to be proven later. */
export async function runScript(context: Context, given: ScriptArguments): Promise<Record<string, string>> {
  requireUndo(given);
  const script = given.state === 'undo' && given.undo ? given.undo : given.script;
  const shown = shownCommand(script);
  const environment = requireEnvironment(context, given);
  const folder = await requireFolder(context, given.workingFolder);
  const interpreter = await findInterpreter(context, script.path, given, environment);
  const sha256 = createHash('sha256')
    .update(await readFile(script.path))
    .digest('hex');
  const key = scriptKey(relative(context.workingFolder, given.script.path), given.script.arguments);
  const journal = await openJournal(context.workingFolder, given.evidence, { session: given.session, key });
  if (!given.again) refuseRepetition(journal, given.state, shownCommand(given.script));
  if (given.state === 'undo' && journal.entries.length === 0)
    context.log.warning(
      `No run of ${basename(given.script.path)} is noted in ${given.evidence}; it is undone all the same.`,
    );

  const id = `script:${given.state}:${key}`;
  context.report.plan([
    {
      id,
      what: shown,
      before: journal.entries.length === 0 ? 'not run in this session' : `run ${journal.entries.length} times before`,
      after: `${given.state === 'undo' ? 'undone' : 'run'} by ${interpreter.command} ${interpreter.version}${undoInWords(given)}`,
    },
  ]);
  if (given.dryRun) return { outcome: '', sha256 };

  await journal.begin(given.state, context.clock.now());
  const ended = await context.log.group(`Output of ${shown}`, () =>
    runProcess({
      command: interpreter.command,
      arguments: [...interpreter.before, script.path, ...script.arguments],
      folder,
      environment: { ...environment, MAINTENANCE_SESSION: given.session },
      timeout: given.timeout,
      signal: context.signal,
      clean: context.clean,
      line: (line) => context.log.info(line),
    }),
  );
  // Whatever its exit code says, it ran.
  context.report.changed(id);
  return conclude(context, given, { script, shown, interpreter, sha256, ended, journal });
}

/** @throws TaskError `refused` for a script that nothing takes back and nobody said so of */
function requireUndo({ script, undo, irreversible, state, okExitCodes, warnExitCodes }: ScriptArguments): void {
  const name = basename(script.path);
  const refused = (kind: 'refused' | 'input', what: string, remedy: string) =>
    new TaskError(kind, { what, state: 'Nothing was run.', remedy });
  if (!undo && !irreversible)
    throw refused(
      'refused',
      `${name} has no undo script.`,
      'Give undo, or irreversible: true if nothing takes back what it does and whoever approves the night knows it.',
    );
  if (undo && irreversible)
    throw refused('input', `${name} is said to be irreversible and has an undo script.`, 'Give one of the two.');
  if (state === 'undo' && !undo)
    throw refused('refused', `${name} is irreversible: there is nothing to undo it with.`, 'Take it back by hand.');
  const both = okExitCodes.filter((code) => warnExitCodes.includes(code));
  if (both.length > 0)
    throw refused('input', `Exit code ${both.join(', ')} is in ok-exit-codes and warn-exit-codes.`, 'Give it once.');
}

/** Secrets among it are masked before anything else happens. */
function requireEnvironment(context: Context, given: ScriptArguments): Record<string, string> {
  const secrets = environmentOf(given.secretEnvironment, process.env, process.platform);
  for (const name of given.secretEnvironment) {
    const value = secrets.values[name];
    if (value !== undefined) context.keepSecret(value);
  }
  const plain = environmentOf(given.environment, process.env, process.platform);
  const problems = [...plain.problems, ...secrets.problems];
  if (problems.length === 0) return { ...plain.values, ...secrets.values };
  throw new TaskError('input', {
    what: `The script’s environment is not complete: ${problems.join('; ')}.`,
    state: 'Nothing was run.',
    remedy: 'Set the variables for this step (env), or take their names out of environment and secret-environment.',
  });
}

async function requireFolder(context: Context, given: string | undefined): Promise<string> {
  const folder = resolve(context.workingFolder, given ?? '.');
  const found = await stat(folder).catch(() => undefined);
  if (found?.isDirectory()) return folder;
  throw new TaskError('input', {
    what: `The working folder ${folder} is not there.`,
    state: 'Nothing was run.',
    remedy: 'Correct working-folder; it is relative to that of the pipeline.',
  });
}

const VERSION_WITHIN = 20_000;
const runFile = promisify(execFile);

/** @throws TaskError `refused` when none of the programs that could run it is installed */
async function findInterpreter(
  { signal }: Context,
  path: string,
  { shell }: ScriptArguments,
  environment: Record<string, string>,
): Promise<Found> {
  const candidates = interpretersOf(path, shell, process.platform);
  const options = { env: environment, timeout: VERSION_WITHIN, signal, windowsHide: true };
  for (const candidate of candidates) {
    try {
      const { stdout } = await runFile(candidate.command, [...candidate.versionArguments], options);
      return { ...candidate, version: versionIn(stdout) };
    } catch (error) {
      signal.throwIfAborted();
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') continue;
      throw new TaskError('refused', {
        what: `${candidate.command} does not tell its version: ${messageOf(error).split('\n')[0]}.`,
        state: 'Nothing was run.',
        remedy: 'Look at its installation on the runner.',
      });
    }
  }
  throw new TaskError('refused', {
    what: `${candidates.map(({ command }) => command).join(' and ')} ${candidates.length > 1 ? 'are' : 'is'} not installed on this runner, and ${basename(path)} needs it.`,
    state: 'Nothing was run.',
    remedy: 'Install it, or run this step on a runner that has it.',
  });
}

function versionIn(text: string): string {
  return /\d+(\.\d+)+[^\s(,]*/.exec(text)?.[0] ?? text.trim().split('\n')[0]?.slice(0, 60) ?? '';
}

function undoInWords({ state, undo, irreversible }: ScriptArguments): string {
  if (state === 'undo') return '';
  return irreversible ? ', irreversible' : `, undone by ${undo ? shownCommand(undo) : 'nothing'}`;
}

interface Concluded {
  readonly script: Script;
  readonly shown: string;
  readonly interpreter: Found;
  readonly sha256: string;
  readonly ended: ProcessEnd;
  readonly journal: Journal;
}

async function conclude(context: Context, given: ScriptArguments, run: Concluded): Promise<Record<string, string>> {
  const { ended, shown, sha256 } = run;
  const took = formatDuration(ended.milliseconds);
  const verdict =
    ended.stopped || ended.exitCode === undefined
      ? 'failed'
      : verdictOf(ended.exitCode, given.okExitCodes, given.warnExitCodes);
  const outcome = ended.stopped ? 'stopped' : verdict;
  showEnd(context, given, run, took);
  // Of a run that was cancelled, too, as far as there is time.
  await run.journal.end(ended.exitCode === undefined ? outcome : `${outcome}, exit code ${ended.exitCode}`);
  if (ended.leftRunning && !ended.stopped)
    context.log.warning(
      `${shown} ended and left something running that still holds its output; what that prints is not shown.`,
    );
  const outputs = {
    outcome,
    'exit-code': ended.exitCode === undefined || ended.stopped ? '' : String(ended.exitCode),
    sha256,
    seconds: String(Math.round(ended.milliseconds / 1_000)),
  };
  if (verdict === 'succeeded') {
    context.log.info(`${shown} ended well (exit code ${ended.exitCode}) after ${took}.`);
    return outputs;
  }
  if (verdict === 'warned') {
    context.log.warning(`${shown} ended with exit code ${ended.exitCode}, which means success with a warning.`);
    return outputs;
  }
  throw failureOf(context, given, run, took, outputs);
}

function showEnd(
  context: Context,
  given: ScriptArguments,
  { script, shown, interpreter, sha256, ended }: Concluded,
  took: string,
) {
  const { exitCode, endedBy, stopped } = ended;
  const end = stopped === 'timeout' ? 'stopped at its timeout' : stopped ? 'stopped by a cancel' : undefined;
  const rows = [
    ['Script', relative(context.workingFolder, script.path)],
    ['SHA-256', sha256],
    ['Arguments', script.arguments.join(' ')],
    ['Interpreter', `${interpreter.command} ${interpreter.version}`],
    ['Environment', [...given.environment, ...given.secretEnvironment.map((name) => `${name} (secret)`)].join(', ')],
    ['Undo', given.irreversible ? 'irreversible' : given.undo ? shownCommand(given.undo) : ''],
    ['End', end ?? (exitCode === undefined ? `ended by ${endedBy ?? 'nobody knows what'}` : `exit code ${exitCode}`)],
    ['Duration', took],
  ];
  context.report.table({ title: shown, columns: ['What', 'Value'], rows });
  if (ended.lastLines.length > 0)
    context.report.table({ title: 'Last lines', columns: ['Output'], rows: ended.lastLines.map((line) => [line]) });
}

function failureOf(
  { signal }: Context,
  given: ScriptArguments,
  { shown, ended }: Concluded,
  took: string,
  outputs: Readonly<Record<string, string>>,
): TaskError {
  const state = `It ran for ${took} and may have changed things; its last lines are in the evidence.`;
  const remedy =
    given.state === 'undo'
      ? 'Look how far it came, mend the cause, and undo again with again: true; or take the rest back by hand.'
      : given.irreversible
        ? 'Look how far it came and go on from there by hand; nothing takes back what it did. With again: true it runs once more.'
        : 'Look how far it came. Run this step with state: undo to take it back, or mend the cause and run it with again: true.';
  const reason: unknown = signal.reason;
  if (ended.stopped === 'cancelled' && reason instanceof TaskError)
    return new TaskError(
      reason.kind,
      { what: `${reason.text.what} ${shown} was stopped.`, state, remedy },
      { outputs },
    );
  if (ended.stopped === 'timeout')
    return new TaskError(
      'timeout',
      { what: `${shown} had not ended after ${formatDuration(given.timeout)} and was stopped.`, state, remedy },
      { outputs },
    );
  const how = ended.exitCode === undefined ? `was ended by ${ended.endedBy}` : `ended with exit code ${ended.exitCode}`;
  return new TaskError('remote', { what: `${shown} ${how}.`, state, remedy }, { outputs });
}
