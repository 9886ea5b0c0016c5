import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface StepProcess {
  readonly command: string;
  readonly arguments: readonly string[];
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly milliseconds: number;
  readonly line: (text: string) => void;
  /** Told once, for whoever may have to end it. */
  readonly started?: (process: ChildProcess) => void;
}

export interface ProcessEnd {
  readonly exitCode: number;
  /** It was still running when its time was over. */
  readonly timedOut: boolean;
  readonly killed: boolean;
}

/** Runs one process to its end and hands over both of its streams line by line. */
export async function runProcess(options: StepProcess): Promise<ProcessEnd> {
  const child = spawn(options.command, options.arguments, {
    cwd: options.folder,
    env: { ...options.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  options.started?.(child);
  let timedOut = false;
  // As the hosts do: a polite signal first, the end some seconds later.
  const timers = [
    setTimeout(() => {
      timedOut = true;
      child.kill('SIGINT');
    }, options.milliseconds),
    setTimeout(() => child.kill('SIGKILL'), options.milliseconds + 10_000),
  ];
  const streams = [child.stdout, child.stderr].map((stream) => {
    const lines = createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY });
    lines.on('line', options.line);
    return new Promise<void>((resolve) => lines.on('close', resolve));
  });
  try {
    const ended = await new Promise<{ code: number | null; signal: string | null }>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code, signal) => resolve({ code, signal }));
    });
    await Promise.all(streams);
    return { exitCode: ended.code ?? 137, timedOut, killed: ended.signal !== null };
  } finally {
    for (const timer of timers) clearTimeout(timer);
  }
}
