import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from './tasks.ts';

export interface Measure {
  /** Calls to the outside. */
  readonly calls: number;
  readonly milliseconds: number;
  readonly peakMiB: number;
}

/**
 * Runs the built action once, as a process of its own.
 *
 * @param calls the proxy's list, which grows while the action runs
 * @param environment inputs as GitHub gives them, and how the outside is reached
 * @throws Error with what it said when it fails
 */
export async function measuredRun(
  task: string,
  calls: readonly unknown[],
  environment: Readonly<Record<string, string>>,
  folder: string,
): Promise<Measure> {
  const meter = join(folder, 'meter.cjs');
  // Only the process itself knows its peak; it tells by a stream of its own.
  await writeFile(
    meter,
    `process.on('exit', () => require('fs').writeSync(3, String(process.resourceUsage().maxRSS)));`,
  );
  const before = calls.length;
  const started = performance.now();
  const child = spawn(process.execPath, [join(ROOT, `actions/${task}/dist/main.cjs`)], {
    cwd: folder,
    env: { ...environment, NODE_OPTIONS: `--require ${JSON.stringify(meter)}` },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  let said = '';
  let kilobytes = '';
  child.stdout?.on('data', (chunk: Buffer) => (said += chunk));
  child.stderr?.on('data', (chunk: Buffer) => (said += chunk));
  child.stdio[3]?.on('data', (chunk: Buffer) => (kilobytes += chunk));
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  if (code !== 0) throw new Error(`${task} ended with ${code}:\n${said.slice(-2_000)}`);
  return {
    calls: calls.length - before,
    milliseconds: Math.round(performance.now() - started),
    peakMiB: Math.round(Number(kilobytes) / 1_024),
  };
}
