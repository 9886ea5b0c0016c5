import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { messageOf } from '@maintenance-tasks/core';
import type { MaintenanceWindow } from '../window/schema.ts';

type Tool = MaintenanceWindow['tools'][number];

export interface ToolVersion {
  readonly name: string;
  readonly wanted: string;
  /** Absent when the program could not be asked. */
  readonly found?: string;
  readonly problem?: string;
}

const run = promisify(execFile);
const LONGEST = 20_000;
// What a program needs to be found and to start. The step's secrets are in the environment too and are not handed on.
const PASSED_ON = ['PATH', 'HOME', 'USERPROFILE', 'SYSTEMROOT', 'TEMP', 'TMP', 'TMPDIR', 'PATHEXT', 'LANG'];

/** Asks each program for its version by running it; an apply with the wrong one is found out in mid-window otherwise. */
export async function toolVersions(tools: readonly Tool[], signal: AbortSignal): Promise<ToolVersion[]> {
  const { satisfies, coerce, valid } = await import('semver');
  return Promise.all(
    tools.map(async (tool) => {
      const asked = { name: tool.name, wanted: tool.version };
      const answer = await versionText(tool, signal);
      if ('problem' in answer) return { ...asked, problem: answer.problem };
      const written = /\d+\.\d+(\.\d+(-[0-9A-Za-z.-]+)?)?/.exec(answer.text)?.[0];
      const found = written && (valid(written) ?? coerce(written)?.version);
      if (!found) return { ...asked, problem: `${tool.name} ${tool.arguments.join(' ')} printed no version` };
      if (satisfies(found, tool.version, { includePrerelease: true })) return { ...asked, found };
      return {
        ...asked,
        found,
        problem: `${tool.name} is ${found} and must be ${tool.version}. Install that version on the runner, or change the window file`,
      };
    }),
  );
}

async function versionText(tool: Tool, signal: AbortSignal): Promise<{ text: string } | { problem: string }> {
  const env = Object.fromEntries(
    PASSED_ON.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  );
  try {
    const { stdout, stderr } = await run(tool.name, tool.arguments, {
      timeout: LONGEST,
      signal,
      env,
      windowsHide: true,
      maxBuffer: 1_048_576,
    });
    return { text: `${stdout}\n${stderr}` };
  } catch (error) {
    signal.throwIfAborted();
    const { code, killed } = error as NodeJS.ErrnoException & { killed?: boolean };
    if (code === 'ENOENT') return { problem: `${tool.name} is not installed on the runner. Install ${tool.version}` };
    if (killed) return { problem: `${tool.name} ${tool.arguments.join(' ')} did not end within ${LONGEST / 1_000} s` };
    if (typeof code === 'number')
      return { problem: `${tool.name} ${tool.arguments.join(' ')} ended with exit code ${code}` };
    return { problem: `${tool.name} cannot be run: ${messageOf(error)}` };
  }
}
