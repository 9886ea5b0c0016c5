import { createHash } from 'node:crypto';
import { basename, extname } from 'node:path';
import { TaskError } from '@maintenance-tasks/core';

export type Shell = 'by-ending' | 'pwsh' | 'powershell' | 'bash' | 'node';

export interface Script {
  readonly path: string;
  readonly arguments: readonly string[];
}

/** A program that may run the script; the first that is installed does. */
export interface Interpreter {
  readonly command: string;
  readonly versionArguments: readonly string[];
  /** What comes before the script's path. */
  readonly before: readonly string[];
}

const ENDINGS: Readonly<Record<string, Exclude<Shell, 'by-ending'>>> = {
  '.ps1': 'pwsh',
  '.sh': 'bash',
  '.js': 'node',
  '.mjs': 'node',
  '.cjs': 'node',
};

/**
 * What may run the script, in the order to try.
 *
 * @throws TaskError `input` for an ending that tells nothing, or a shell that is not on this system
 */
export function interpretersOf(path: string, shell: Shell, platform: NodeJS.Platform): readonly Interpreter[] {
  const kind = shell === 'by-ending' ? ENDINGS[extname(path).toLowerCase()] : shell;
  if (kind === undefined) {
    throw new TaskError('input', {
      what: `What runs ${basename(path)} cannot be told by its ending.`,
      state: 'Nothing was run.',
      remedy: `Give shell, or end the file in ${Object.keys(ENDINGS).join(', ')}.`,
    });
  }
  if (kind === 'bash') return [{ command: 'bash', versionArguments: ['--version'], before: ['--noprofile', '--norc'] }];
  if (kind === 'node') {
    const node = { versionArguments: ['--version'], before: [] };
    // A runner's own Node is not on the path.
    return [
      { ...node, command: 'node' },
      { ...node, command: process.execPath },
    ];
  }
  const onWindows = platform === 'win32';
  if (kind === 'powershell' && !onWindows) {
    throw new TaskError('input', {
      what: 'Windows PowerShell is on Windows only.',
      state: 'Nothing was run.',
      remedy: 'Run this step on a Windows runner, or the script with shell: pwsh.',
    });
  }
  // With -File everything after the path goes to the script as it is; -Command would read it as code. A policy is known
  // on Windows only. https://learn.microsoft.com/powershell/module/microsoft.powershell.core/about/about_pwsh
  const before = [
    '-NoLogo',
    '-NoProfile',
    '-NonInteractive',
    ...(onWindows ? ['-ExecutionPolicy', 'RemoteSigned'] : []),
    '-File',
  ];
  const windowsPowerShell = {
    command: 'powershell.exe',
    versionArguments: ['-NoProfile', '-NonInteractive', '-Command', '$PSVersionTable.PSVersion.ToString()'],
    before,
  };
  if (kind === 'powershell') return [windowsPowerShell];
  const pwsh = { command: 'pwsh', versionArguments: ['--version'], before };
  return onWindows ? [pwsh, windowsPowerShell] : [pwsh];
}

const BASICS_POSIX = /^(PATH|HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|LC_[A-Z]+|TZ|TMPDIR)$/;
const BASICS_WINDOWS =
  /^(PATH|PATHEXT|SYSTEMROOT|SYSTEMDRIVE|WINDIR|COMSPEC|OS|TEMP|TMP|USERPROFILE|HOMEDRIVE|HOMEPATH|USERNAME|USERDOMAIN|COMPUTERNAME|APPDATA|LOCALAPPDATA|PROGRAMDATA|ALLUSERSPROFILE|PROGRAMFILES|PROGRAMFILES\(X86\)|PROGRAMW6432|COMMONPROGRAMFILES|PSMODULEPATH|PROCESSOR_ARCHITECTURE|NUMBER_OF_PROCESSORS)$/i;

export interface ScriptEnvironment {
  readonly values: Readonly<Record<string, string>>;
  readonly problems: readonly string[];
}

/** What a program needs to be found and to start, and what the step names; the step's own secrets are not handed on. */
export function environmentOf(
  names: readonly string[],
  environment: Readonly<NodeJS.ProcessEnv>,
  platform: NodeJS.Platform,
): ScriptEnvironment {
  const onWindows = platform === 'win32';
  const basics = onWindows ? BASICS_WINDOWS : BASICS_POSIX;
  const values: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment))
    if (value !== undefined && basics.test(name)) values[name] = value;
  const problems: string[] = [];
  for (const name of names) {
    const value = onWindows ? withoutCase(environment, name) : environment[name];
    // These are this step's inputs as the host hands them over.
    if (/^INPUT_/i.test(name)) problems.push(`${name} is an input of this step; give the script a variable of its own`);
    else if (!value) problems.push(`the variable ${name} is not set`);
    else values[name] = value;
  }
  return { values, problems };
}

function withoutCase(environment: Readonly<NodeJS.ProcessEnv>, name: string): string | undefined {
  return Object.entries(environment).find(([other]) => other.toLowerCase() === name.toLowerCase())?.[1];
}

export type Verdict = 'succeeded' | 'warned' | 'failed';

export function verdictOf(exitCode: number, ok: readonly number[], warn: readonly number[]): Verdict {
  if (ok.includes(exitCode)) return 'succeeded';
  return warn.includes(exitCode) ? 'warned' : 'failed';
}

/** The same for the same script with the same arguments, wherever the checkout is. */
export function scriptKey(relativePath: string, parameters: readonly string[]): string {
  const text = JSON.stringify([relativePath.replaceAll('\\', '/'), ...parameters]);
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}

/** A command as a person reads it; nothing runs it from here. */
export function shownCommand({ path, arguments: parameters }: Script): string {
  const shown = parameters.map((each) => (/^[\w@%+=:,./\\-]+$/.test(each) ? each : JSON.stringify(each)));
  return [basename(path), ...shown].join(' ');
}
