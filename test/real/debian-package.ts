import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { Unavailable } from './rig.ts';

const run = promisify(execFile);
const TIMEOUT = 5 * 60_000;

/**
 * The path of a program from a Debian package, which is installed when we may.
 *
 * @throws Unavailable when it is not there and cannot be installed
 */
export async function fromDebianPackage(program: string, name: string): Promise<string> {
  if (existsSync(program)) return program;
  if (process.platform !== 'linux' || process.getuid?.() !== 0)
    throw new Unavailable(`${program} is not there, and only root can install it: apt-get install ${name}`);
  console.log(`Installing ${name}: apt-get install -y ${name}`);
  // Only the program is wanted: no service may be started from the package.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  try {
    await run('apt-get', ['install', '-y', '--no-install-recommends', name], { env, timeout: TIMEOUT });
  } catch (error) {
    const { stderr = '', message } = error as { stderr?: string; message: string };
    throw new Unavailable(`apt-get cannot install ${name}: ${stderr.trim().split('\n').at(-1) || message}`);
  }
  if (!existsSync(program)) throw new Unavailable(`the package ${name} does not bring ${program}`);
  return program;
}
