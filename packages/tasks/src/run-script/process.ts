import { type ChildProcess, spawn } from 'node:child_process';
import { createLines } from './lines.ts';

/** Between asking a script to end and killing it; a task's own last words go out after 3.5 s. */
const GRACE = 2_000;
/** How long output is waited for when the script ended, but something it started still holds it. */
const OUTPUT_WITHIN = 1_000;
const LAST_LINES = 40;

export interface ProcessRun {
  readonly command: string;
  readonly arguments: readonly string[];
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Milliseconds. */
  readonly timeout: number;
  readonly signal: AbortSignal;
  clean(text: string): string;
  line(text: string): void;
}

export interface ProcessEnd {
  /** Nothing when a signal ended it. */
  readonly exitCode: number | undefined;
  readonly endedBy: NodeJS.Signals | undefined;
  readonly stopped: 'timeout' | 'cancelled' | undefined;
  readonly milliseconds: number;
  readonly lastLines: readonly string[];
  /** Something that the script started went on after it. */
  readonly leftRunning: boolean;
}

/**
 * Runs a program to its end, its output line by line. At the timeout or a cancel it is ended with everything it
 * started: a group of its own is what signals reach all of.
 *
 * @throws the error of a program that cannot be started
 */
export function runProcess(run: ProcessRun): Promise<ProcessEnd> {
  const started = performance.now();
  const lastLines: string[] = [];
  const hear = (line: string) => {
    lastLines.push(line);
    if (lastLines.length > LAST_LINES) lastLines.shift();
    run.line(line);
  };
  return new Promise((resolve, reject) => {
    const child = spawn(run.command, [...run.arguments], {
      cwd: run.folder,
      env: run.environment,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: process.platform !== 'win32',
      windowsHide: true,
    });
    const streams = [child.stdout, child.stderr].map((stream) => {
      const lines = createLines(run.clean, hear);
      stream.setEncoding('utf8').on('data', (text: string) => lines.push(text));
      return { stream, lines };
    });
    let stopped: ProcessEnd['stopped'];
    let killTimer: NodeJS.Timeout | undefined;
    const stop = (why: NonNullable<ProcessEnd['stopped']>) => {
      if (stopped) return;
      stopped = why;
      endGroup(child, 'SIGTERM');
      killTimer = setTimeout(() => endGroup(child, 'SIGKILL'), GRACE);
    };
    const onAbort = () => stop('cancelled');
    // Whoever asks twice to end does not wait for the second signal to the script.
    const onExit = () => endGroup(child, 'SIGKILL');
    process.on('exit', onExit);
    const timer = setTimeout(() => stop('timeout'), Math.min(run.timeout, 2_147_483_647));
    run.signal.addEventListener('abort', onAbort);
    if (run.signal.aborted) onAbort();

    let outputTimer: NodeJS.Timeout | undefined;
    let leftRunning = false;
    child.on('exit', () => {
      clearTimeout(timer);
      // What a stopped script started may ignore the first signal, and outlives it.
      if (stopped) setTimeout(() => endGroup(child, 'SIGKILL'), 100);
      outputTimer = setTimeout(() => {
        leftRunning = true;
        for (const { stream } of streams) stream.destroy();
      }, OUTPUT_WITHIN);
    });
    const dispose = () => {
      for (const each of [timer, killTimer, outputTimer]) clearTimeout(each);
      run.signal.removeEventListener('abort', onAbort);
      process.off('exit', onExit);
    };
    child.on('error', (error) => {
      // Of a child that runs, this is only about a signal that did not reach it.
      if (child.pid !== undefined) return;
      dispose();
      reject(error);
    });
    child.on('close', (code, signal) => {
      dispose();
      for (const { lines } of streams) lines.end();
      resolve({
        exitCode: code ?? undefined,
        endedBy: signal ?? undefined,
        stopped,
        milliseconds: performance.now() - started,
        lastLines,
        leftRunning,
      });
    });
  });
}

function endGroup(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (child.pid === undefined) return;
  if (process.platform === 'win32') {
    // Windows knows no signals; /T takes the processes it started with it.
    spawn('taskkill', ['/PID', String(child.pid), '/T', '/F'], { stdio: 'ignore', windowsHide: true }).on('error', () =>
      child.kill(),
    );
    return;
  }
  try {
    process.kill(-child.pid, signal);
  } catch {
    // Nobody of the group is left.
  }
}
