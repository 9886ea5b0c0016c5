import { type ExecFileException, execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { TaskError } from '@maintenance-tasks/core';
import type { SignInContext } from './client.ts';

const TIMEOUT = 60_000;

/** A token of whoever is signed in to the Azure CLI on this machine. */
export async function cliToken(
  context: Pick<SignInContext, 'signal' | 'clock'>,
  scope: string,
  tenantId: string | undefined,
): Promise<{ value: string; seconds: number }> {
  const [command, ...before] = azureCli(process.platform, process.env.PATH ?? '');
  const parameters = ['account', 'get-access-token', '--scope', scope, '--output', 'json', '--only-show-errors'];
  if (tenantId) parameters.push('--tenant', tenantId);
  const printed = await run(command, [...before, ...parameters], context.signal);
  const token = readPrinted(printed);
  if (!token) {
    throw new TaskError('remote', {
      what: 'The Azure CLI printed something else than an access token.',
      remedy:
        'Run `az account get-access-token` by hand and look at what it says; an update of the Azure CLI may help.',
    });
  }
  const ends = token.expiresOn === undefined ? undefined : token.expiresOn * 1_000 - context.clock.now().getTime();
  return { value: token.value, seconds: Math.max(0, (ends ?? 0) / 1_000) };
}

/**
 * How to start the Azure CLI without a shell. On Windows it is a batch file, which Node refuses to start without one
 * (CVE-2024-27980); that file only starts the Python beside it, and so do we.
 */
export function azureCli(platform: NodeJS.Platform, path: string): [string, ...string[]] {
  if (platform !== 'win32') return ['az'];
  const folder = path.split(delimiter).find((entry) => entry !== '' && existsSync(join(entry, 'az.cmd')));
  return folder ? [join(folder, '..', 'python.exe'), '-IBm', 'azure.cli'] : ['az'];
}

function run(command: string, parameters: readonly string[], signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(command, [...parameters], { signal, timeout: TIMEOUT, windowsHide: true }, (error, stdout, stderr) => {
      if (!error) resolve(stdout);
      else reject(signal.aborted ? signal.reason : cliError(error, stderr));
    });
  });
}

function cliError(error: ExecFileException, stderr: string): TaskError {
  if (error.code === 'ENOENT') {
    return new TaskError('auth', {
      what: 'No access to Azure was given, and there is no Azure CLI on this machine whose sign-in could be used.',
      remedy:
        'Give azure-connection (on Azure Pipelines) or azure-tenant-id and azure-client-id; in a terminal, `az login` is enough.',
    });
  }
  if (/az login/.test(stderr)) {
    return new TaskError('auth', {
      what: 'No access to Azure was given, and nobody is signed in to the Azure CLI, or the sign-in has ended.',
      remedy: 'Run `az login`, or give azure-tenant-id and azure-client-id.',
    });
  }
  const said = stderr.trim().split(/\r?\n/)[0];
  return new TaskError('auth', {
    what: `The Azure CLI gave no access token${said ? `: ${said}` : '.'}`,
    remedy: 'Run `az account get-access-token` by hand and look at what it says.',
  });
}

function readPrinted(text: string): { value: string; expiresOn: number | undefined } | undefined {
  try {
    const body = JSON.parse(text) as { accessToken?: unknown; expires_on?: unknown };
    if (typeof body.accessToken !== 'string') return undefined;
    // `expires_on` is in seconds of UTC; `expiresOn` beside it is local time without a zone.
    return { value: body.accessToken, expiresOn: typeof body.expires_on === 'number' ? body.expires_on : undefined };
  } catch {
    return undefined;
  }
}
