import { type Clock, systemClock } from './clock.ts';
import { formatDuration } from './duration.ts';
import { InputProblem, messageOf, TaskError } from './errors.ts';
import { type EvidenceRecord, writeEvidence } from './evidence.ts';
import type { Host, Outcome } from './host.ts';
import { createHttp } from './http.ts';
import type { Inputs, ValuesOf } from './inputs.ts';
import { markdownTable, markdownText } from './markdown.ts';
import { nearest } from './nearest.ts';
import { Redaction, withoutHostCommands } from './redaction.ts';
import { Report } from './report.ts';
import type { Log, Outputs, TaskContext, TaskDefinition } from './task.ts';

const DEFAULT_DEADLINE = 15 * 60_000;
const PROGRESS_EVERY = 10_000;
// Hosts kill a step 7.5 to 10 s after the first signal; by then the last words must be out.
const LAST_WORDS_WITHIN = 4_000;

export interface RunOptions {
  readonly clock?: Clock;
  readonly version?: string;
}

/**
 * Runs a task on a host, from the first mask to the exit code. Never rejects: every failure, a bug included,
 * ends as one red annotation and a non-zero exit.
 */
export async function runTask<I extends Inputs, O extends Outputs>(
  task: TaskDefinition<I, O>,
  host: Host,
  options: RunOptions = {},
): Promise<void> {
  const redaction = new Redaction();
  const clean = (text: string) => withoutHostCommands(redaction.clean(text));
  const conclude = once((outcome: Outcome) =>
    host.finish(outcome.ok ? outcome : { ok: false, message: clean(outcome.message) }),
  );
  const bug = (error: unknown) => {
    // The stack is for a bug report; hosts show debug lines only when asked.
    if (error instanceof Error && error.stack) host.debug(clean(error.stack));
    conclude({ ok: false, message: bugText(task.name, error) });
  };
  // A callback that throws outside of any promise would otherwise leave the outcome to the host's library.
  const crash = (error: unknown) => {
    bug(error);
    exitSoon();
  };
  process.on('uncaughtException', crash);
  process.on('unhandledRejection', crash);
  try {
    maskSecrets(task, host, redaction);
    await runMasked(task, host, options, redaction, clean, conclude);
  } catch (error) {
    if (error instanceof TaskError) conclude({ ok: false, message: error.message });
    else bug(error);
  } finally {
    process.off('uncaughtException', crash);
    process.off('unhandledRejection', crash);
  }
}

async function runMasked<I extends Inputs, O extends Outputs>(
  task: TaskDefinition<I, O>,
  host: Host,
  options: RunOptions,
  redaction: Redaction,
  clean: (text: string) => string,
  conclude: (outcome: Outcome) => void,
): Promise<void> {
  const clock = options.clock ?? systemClock;
  const started = clock.now();
  const inputs = await parseInputs(task, host);
  const common = inputs as { session?: string; 'dry-run'?: boolean; deadline?: number; evidence?: string };
  const deadline = new Date(started.getTime() + (common.deadline ?? DEFAULT_DEADLINE));
  const log = createLog(host, clean);
  const report = new Report((line) => log.info(line));
  const stop = stopSignals(deadline.getTime() - started.getTime());
  const http = createHttp({
    clock,
    signal: stop.signal,
    deadline,
    userAgent: `maintenance-tasks/${options.version ?? '0'} (${task.name})`,
    debug: log.debug,
    info: log.info,
    environment: process.env,
  });
  const context: TaskContext<I> = {
    inputs,
    http,
    log,
    report,
    clock,
    signal: stop.signal,
    deadline,
    run: host.run,
    workingFolder: host.workingFolder,
    temporaryFolder: host.temporaryFolder,
    keepSecret: (value) => {
      for (const piece of redaction.add(value)) host.mask(piece);
    },
    identityToken: (audience, connection) => host.identityToken(audience, connection),
    azureConnection: (id) => host.azureConnection(id),
    testResults: (file, title) => host.testResults(file, clean(title)),
  };
  let outputs: Partial<Record<string, string>> = {};
  let failure: unknown;
  try {
    outputs = await Promise.race([task.run(context), stop.lastWords]);
  } catch (error) {
    failure =
      stop.signal.aborted && !(error instanceof TaskError && error.kind !== 'cancelled') ? stop.signal.reason : error;
  } finally {
    stop.dispose();
    http.close();
  }
  const message = failure === undefined ? undefined : clean(failureText(task.name, failure, report));
  for (const [name, value] of Object.entries(outputs)) {
    if (value !== undefined) host.output(name, redaction.clean(value));
  }
  const record = evidenceOf(task.name, common, report, {
    started,
    ended: clock.now(),
    outputs,
    calls: http.calls,
    message,
    run: host.run.url,
  });
  host.summary(clean(summaryOf(task.name, record)));
  let evidenceProblem: string | undefined;
  if (common.session && common.evidence) {
    const cleaned = JSON.parse(redaction.clean(JSON.stringify(record))) as EvidenceRecord;
    await writeEvidence(host.workingFolder, common.evidence, cleaned).catch((error: unknown) => {
      evidenceProblem = messageOf(error);
    });
  }
  if (failure !== undefined && !(failure instanceof TaskError) && failure instanceof Error && failure.stack)
    host.debug(clean(failure.stack));
  if (evidenceProblem && message === undefined)
    conclude({ ok: false, message: `${task.name} did its work, but: ${evidenceProblem}` });
  else conclude(message === undefined ? { ok: true } : { ok: false, message });
  if (failure !== undefined) exitSoon();
}

/** Before anything is parsed, and of inputs that will turn out wrong, too. */
function maskSecrets(task: TaskDefinition, host: Host, redaction: Redaction): void {
  for (const [name, input] of Object.entries(task.inputs)) {
    if (!input.secret) continue;
    const raw = host.input(name);
    if (raw === undefined) continue;
    for (const piece of redaction.add(raw)) host.mask(piece);
  }
}

/** @throws TaskError `input` with every problem of every input */
async function parseInputs<I extends Inputs>(task: TaskDefinition<I>, host: Host): Promise<ValuesOf<I>> {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, input] of Object.entries(task.inputs)) {
    const raw = host.input(name) ?? input.default;
    if (raw === undefined) {
      if (input.required) problems.push(`${name}: is required. ${input.describe}`);
      continue;
    }
    try {
      values[name] = await input.parse(raw, { workingFolder: host.workingFolder });
    } catch (error) {
      if (!(error instanceof InputProblem)) throw error;
      problems.push(...error.message.split('\n').map((line) => `${name}: ${line}`));
    }
  }
  const known = Object.keys(task.inputs);
  for (const unknown of host.unknownInputs?.(known) ?? []) {
    const near = nearest(unknown, known);
    problems.push(`${unknown}: is not an input of ${task.name}${near ? `; did you mean "${near}"?` : ''}`);
  }
  if (problems.length > 0) {
    throw new TaskError('input', {
      what: `${task.name} cannot start: ${problems.length === 1 ? 'one input is wrong' : `${problems.length} things are wrong with its inputs`}.\n${problems.map((line) => `  - ${line}`).join('\n')}\n`,
      state: 'Nothing was changed.',
      remedy: 'Correct all of them and run it again.',
    });
  }
  return values as ValuesOf<I>;
}

function createLog(host: Host, clean: (text: string) => string): Log {
  let lastProgress = 0;
  return {
    debug: (line) => host.debug(clean(line)),
    info: (line) => host.info(clean(line)),
    warning: (line) => host.warning(clean(line)),
    progress: (line) => {
      // Real time, not the task's clock: this is about the reader's patience.
      const now = performance.now();
      if (lastProgress !== 0 && now - lastProgress < PROGRESS_EVERY) return;
      lastProgress = now;
      host.info(clean(line));
    },
    group: async (title, work) => {
      host.startGroup(clean(title));
      try {
        return await work();
      } finally {
        host.endGroup();
      }
    },
  };
}

interface Stop {
  readonly signal: AbortSignal;
  /** Rejects some seconds after the signal was aborted: a task that does not heed it is left behind. */
  readonly lastWords: Promise<never>;
  dispose(): void;
}

function stopSignals(milliseconds: number): Stop {
  const controller = new AbortController();
  let giveUp: (reason: unknown) => void = () => {};
  const lastWords = new Promise<never>((_, reject) => {
    giveUp = reject;
  });
  lastWords.catch(() => {});
  let graceTimer: NodeJS.Timeout | undefined;
  const stop = (error: TaskError) => {
    if (controller.signal.aborted) return;
    controller.abort(error);
    graceTimer = setTimeout(() => giveUp(error), LAST_WORDS_WITHIN);
  };
  const deadlineTimer = setTimeout(
    () =>
      stop(
        new TaskError('timeout', {
          what: `The deadline of ${formatDuration(milliseconds)} was reached.`,
          remedy:
            'Run the task again (what is done is left as it is), give it a longer deadline, or run sweep to put everything of the session back.',
        }),
      ),
    // Longer timers would fire at once: 2^31 ms is what Node's timers hold.
    Math.min(milliseconds, 2_147_483_647),
  );
  const onSignal = (name: NodeJS.Signals) =>
    stop(
      new TaskError('cancelled', {
        what: `The run was cancelled (${name}).`,
        remedy: 'Run the task again to go on, or run sweep to put everything of the session back.',
      }),
    );
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    signal: controller.signal,
    lastWords,
    dispose() {
      clearTimeout(deadlineTimer);
      clearTimeout(graceTimer);
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
}

function failureText(name: string, failure: unknown, report: Report): string {
  if (!(failure instanceof TaskError)) return `${bugText(name, failure)} ${report.standing()}`;
  const { what, state, remedy } = failure.text;
  return [what, state ?? report.standing(), remedy].join(' ');
}

function bugText(name: string, error: unknown): string {
  return `${name} failed by a bug of its own: ${messageOf(error)}. Please report it with the debug log.`;
}

function evidenceOf(
  task: string,
  common: { session?: string; 'dry-run'?: boolean },
  report: Report,
  end: {
    started: Date;
    ended: Date;
    outputs: Partial<Record<string, string>>;
    calls: number;
    message: string | undefined;
    run: string | undefined;
  },
): EvidenceRecord {
  return {
    format: 1,
    session: common.session ?? '',
    task,
    outcome: end.message !== undefined ? 'failed' : common['dry-run'] ? 'dry-run' : 'succeeded',
    startedAt: end.started.toISOString(),
    endedAt: end.ended.toISOString(),
    changes: report.changes,
    notes: report.notes,
    tables: report.tables,
    outputs: Object.fromEntries(
      Object.entries(end.outputs).filter((entry): entry is [string, string] => entry[1] !== undefined),
    ),
    calls: end.calls,
    ...(end.message !== undefined && { error: end.message }),
    ...(end.run && { run: end.run }),
  };
}

const MARKS = { planned: 'planned', changed: 'changed', verified: 'changed, verified', undone: 'put back' } as const;
// GitHub drops a step's whole summary beyond 1 MiB; the evidence file has every row.
const MOST_ROWS = 500;

function summaryOf(name: string, record: EvidenceRecord): string {
  const title = { succeeded: 'succeeded', failed: 'failed', 'dry-run': 'dry run, nothing changed' }[record.outcome];
  const parts = [`### ${name}: ${title}`];
  if (record.error) parts.push(markdownText(record.error));
  if (record.changes.length > 0) {
    const rows = record.changes
      .slice(0, MOST_ROWS)
      .map(({ what, before, after, status }) => [what, before, after, MARKS[status]]);
    parts.push(markdownTable({ columns: ['What', 'Before', 'After', 'State'], rows }));
    if (record.changes.length > MOST_ROWS)
      parts.push(`${record.changes.length - MOST_ROWS} more are in the evidence file.`);
  }
  for (const table of record.tables)
    parts.push(`#### ${markdownText(table.title)}`, markdownTable({ ...table, rows: table.rows.slice(0, MOST_ROWS) }));
  if (record.notes.length > 0) parts.push(record.notes.map((note) => `- ${markdownText(note)}`).join('\n'));
  return `${parts.join('\n\n')}\n`;
}

/** Ends the process although something still runs in it, once what was printed is out. */
function exitSoon(): void {
  setTimeout(() => process.stdout.write('', () => process.exit(process.exitCode ?? 1)), 100).unref();
}

function once<A>(work: (argument: A) => void): (argument: A) => void {
  let done = false;
  return (argument) => {
    if (done) return;
    done = true;
    work(argument);
  };
}
