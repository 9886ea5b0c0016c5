import { spawn } from 'node:child_process';
import { formatDuration, parseDuration, TaskError } from '@maintenance-tasks/core';
import { openJournal } from './journal.ts';
import type { Context, Job, Scheduler } from './scheduler.ts';
import type { EntryOf } from './schema.ts';

/** What programs need to start at all, on any of the systems that runners have. */
const ALWAYS = [
  'PATH',
  'HOME',
  'USERPROFILE',
  'SystemRoot',
  'windir',
  'TEMP',
  'TMP',
  'TMPDIR',
  'LANG',
  'PSModulePath',
  'APPDATA',
  'LOCALAPPDATA',
  'ProgramData',
  'ProgramFiles',
  'COMSPEC',
  'PATHEXT',
];
const LARGEST_OUTPUT = 1_048_576;
/** Whoever does not heed the first signal gets the second. */
const GRACE = 5_000;

/** A job that is paused and resumed by commands of the user's own; what this session paused stands in its journal. */
export function commandJob(context: Context, evidence: string, entry: EntryOf<'command'>): Scheduler {
  const journal = openJournal(context.workingFolder, evidence);
  const id = `command ${entry.name}`;
  const run = (which: 'status' | 'pause' | 'resume' | 'running') => runCommand(context, entry, which);

  async function named(): Promise<Job[]> {
    const said = await run('status');
    const last = said.at(-1);
    if (last !== 'active' && last !== 'paused') {
      throw new TaskError('remote', {
        what: `The status command of ${entry.name} must end with the line active or paused, and ${last === undefined ? 'printed nothing' : 'printed something else'}.`,
        remedy: 'Run it by hand and look at what it prints.',
      });
    }
    return [
      {
        id,
        what: `job ${entry.name}`,
        paused: last === 'paused',
        stands: last,
        note: (await journal.notes()).get(id),
        notedBeforehand: true,
        pause: async () => void (await run('pause')),
        resume: async () => void (await run('resume')),
      },
    ];
  }

  return {
    name: `command ${entry.name}`,
    named,
    marked: async (also) => (await named()).filter(({ note }) => note !== undefined || also?.has(id)),
    remember: (session) => journal.write(session, 'paused', [id]),
    forget: (session, jobs) =>
      journal.write(
        session,
        'resumed',
        jobs.map((job) => job.id),
      ),
    running: async () => (entry.running ? (await run('running')).map((line) => `${entry.name}: ${line}`) : []),
  };
}

/**
 * Runs one of the commands: a program with its arguments, no shell. What it prints goes to the log; its standard output
 * is returned, line by line, without blank ones.
 *
 * @throws TaskError `remote` when it cannot be started, fails, or takes too long
 */
async function runCommand(
  context: Context,
  entry: EntryOf<'command'>,
  which: 'status' | 'pause' | 'resume' | 'running',
): Promise<string[]> {
  const [program = '', ...parameters] = entry[which] ?? [];
  const timeout = parseDuration(entry.timeout) as number;
  const names = new Set([...ALWAYS, ...entry.environment]);
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => names.has(name)));
  const failed = (why: string) =>
    new TaskError('remote', {
      what: `The ${which} command of ${entry.name} (${program}) ${why}.`,
      remedy: 'Look at what it printed, and run it by hand; then run the task again.',
    });
  context.signal.throwIfAborted();
  return context.log.group(`${entry.name}: ${which}`, async () => {
    const child = spawn(program, parameters, {
      cwd: context.workingFolder,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      windowsHide: true,
    });
    let output = '';
    let late = false;
    const end = () => {
      child.kill();
      setTimeout(() => child.kill('SIGKILL'), GRACE).unref();
    };
    const timer = setTimeout(() => {
      late = true;
      end();
    }, timeout);
    context.signal.addEventListener('abort', end, { once: true });
    let errors = '';
    // As text: a letter may come in two pieces.
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      if (output.length < LARGEST_OUTPUT) output += chunk;
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      if (errors.length < LARGEST_OUTPUT) errors += chunk;
    });
    try {
      const code = await new Promise<number | NodeJS.Signals | null>((resolve, reject) => {
        child.on('error', (error: NodeJS.ErrnoException) =>
          reject(
            failed(
              error.code === 'ENOENT' ? 'is not a program of this machine' : `could not be started (${error.code})`,
            ),
          ),
        );
        child.on('close', (status, signal) => resolve(status ?? signal));
      });
      for (const line of linesOf(errors)) context.log.info(line);
      const lines = linesOf(output);
      for (const line of lines) context.log.info(line);
      context.signal.throwIfAborted();
      if (late) throw failed(`did not end within ${formatDuration(timeout)}`);
      if (code !== 0) throw failed(`ended with ${code}`);
      return lines;
    } finally {
      clearTimeout(timer);
      context.signal.removeEventListener('abort', end);
    }
  });
}

function linesOf(text: string): string[] {
  return text
    .split(/\r\n|\r|\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
}
