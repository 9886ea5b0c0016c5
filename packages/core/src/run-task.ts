import { type Clock, systemClock } from './clock.ts';
import { InputProblem, messageOf, TaskError } from './errors.ts';
import { writeEvidence } from './evidence.ts';
import type { FailureKind, Host, Outcome } from './host.ts';
import { createHttp } from './http.ts';
import type { Inputs, ValuesOf } from './inputs.ts';
import { nearest } from './nearest.ts';
import { Redaction, withoutHostCommands } from './redaction.ts';
import { Report } from './report.ts';
import { recordOf, summaryOf } from './run-record.ts';
import { listenForStop, type Stop } from './stop.ts';
import type { Log, Outputs, TaskContext, TaskDefinition } from './task.ts';

const DEFAULT_DEADLINE = 15 * 60_000;
const PROGRESS_EVERY = 10_000;

export interface RunOptions {
  readonly clock?: Clock;
  readonly version?: string;
}

/** What every part of a run needs to speak. */
interface Run {
  readonly host: Host;
  readonly clock: Clock;
  readonly version: string;
  readonly stop: Stop;
  readonly redaction: Redaction;
  /** Without secrets and host commands. */
  clean(text: string): string;
  keepSecret(value: string): void;
  conclude(outcome: Outcome): void;
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
  // Secrets again after control characters are gone: those in between could have hidden one.
  const clean = (text: string) => redaction.clean(withoutHostCommands(redaction.clean(text)));
  let said: Outcome | undefined;
  const conclude = (outcome: Outcome) => {
    if (said?.ok === false) return;
    said = outcome;
    host.finish(outcome.ok ? outcome : { ...outcome, message: clean(outcome.message) });
  };
  const stop = listenForStop();
  const run: Run = {
    host,
    clock: options.clock ?? systemClock,
    version: options.version ?? '0',
    stop,
    redaction,
    clean,
    conclude,
    keepSecret: (value) => {
      // Azure's agent refuses a mask of several lines, and shows it while doing so.
      for (const piece of redaction.add(value)) if (!/[\r\n]/.test(piece)) host.mask(piece);
    },
  };
  const fail = (error: unknown) => {
    showStack(run, error);
    conclude(failure(error, error instanceof TaskError ? error.message : bugText(task.name, error)));
  };
  // A callback that throws outside of any promise would otherwise leave the outcome to Node or the host's library.
  const crash = (error: unknown) => (said ? fail(error) : stop.crash(error));
  process.on('uncaughtException', crash);
  process.on('unhandledRejection', crash);
  try {
    maskSecrets(task, run);
    await runMasked(task, run);
  } catch (error) {
    fail(error);
  } finally {
    stop.dispose();
    if (host.leave) {
      host.leave();
    } else {
      process.off('uncaughtException', crash);
      process.off('unhandledRejection', crash);
    }
  }
}

async function runMasked<I extends Inputs, O extends Outputs>(task: TaskDefinition<I, O>, run: Run): Promise<void> {
  const { host, clock, stop, redaction, clean } = run;
  const started = clock.now();
  const inputs = await Promise.race([parseInputs(task, host), stop.lastWords]);
  const common: { session?: string; 'dry-run'?: boolean; deadline?: number; evidence?: string } = { ...inputs };
  const milliseconds = common.deadline ?? DEFAULT_DEADLINE;
  const deadline = new Date(started.getTime() + milliseconds);
  const log = createLog(host, clean);
  const report = new Report((line) => log.info(line));
  const http = createHttp({
    clock,
    signal: stop.signal,
    deadline,
    userAgent: `maintenance-tasks/${run.version} (${task.name})`,
    clean: (text) => redaction.clean(text),
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
    openSession: (id) => {
      common.session = id;
    },
    keepSecret: run.keepSecret,
    clean: (text) => redaction.clean(text),
    identityToken: async (audience, connection) => {
      const token = await host.identityToken(audience, connection);
      run.keepSecret(token);
      return token;
    },
    azureConnection: (id) => {
      const connection = host.azureConnection(id);
      if (connection?.clientSecret) run.keepSecret(connection.clientSecret);
      return connection;
    },
    testResults: (file, title) => host.testResults(file, clean(title)),
  };
  let outputs: Partial<Record<string, string>> = {};
  let thrown: { error: unknown } | undefined;
  stop.startDeadline(milliseconds);
  try {
    stop.signal.throwIfAborted();
    outputs = await Promise.race([task.run(context), stop.lastWords]);
    // A rejection that nobody awaited is announced only after this turn of the event loop.
    await new Promise((resolve) => setImmediate(resolve));
    stop.throwIfCrashed();
  } catch (error) {
    thrown = { error: stop.signal.aborted && !(error instanceof TaskError) ? stop.signal.reason : error };
    outputs = thrown.error instanceof TaskError ? thrown.error.outputs : {};
  } finally {
    http.close();
  }
  const message = thrown && clean(failureText(task.name, thrown.error, report));
  for (const [name, value] of Object.entries(outputs)) {
    if (value !== undefined) host.output(name, redaction.clean(value));
  }
  const record = redaction.cleanAll(
    recordOf({
      task: task.name,
      session: common.session,
      dryRun: common['dry-run'] === true,
      report,
      started,
      ended: clock.now(),
      outputs,
      calls: http.calls,
      message,
      run: host.run.url,
    }),
  );
  host.summary(clean(summaryOf(record)));
  let evidenceProblem: string | undefined;
  if (common.session && common.evidence) {
    await writeEvidence(host.workingFolder, common.evidence, record).catch((error: unknown) => {
      evidenceProblem = messageOf(error);
    });
  }
  if (!thrown) stop.throwIfCrashed();
  if (thrown) {
    if (evidenceProblem) log.warning(evidenceProblem);
    showStack(run, thrown.error);
    run.conclude(failure(thrown.error, message as string));
  } else if (evidenceProblem) {
    run.conclude({ ok: false, kind: 'refused', message: `${task.name} did its work, but: ${evidenceProblem}` });
  } else {
    run.conclude({ ok: true });
  }
}

/** Before anything is parsed, and of inputs that will turn out wrong, too. */
function maskSecrets(task: TaskDefinition, run: Run): void {
  for (const [name, input] of Object.entries(task.inputs)) {
    const raw = input.secret ? run.host.input(name) : undefined;
    if (raw !== undefined) run.keepSecret(raw);
  }
}

/** @throws TaskError `input` with every problem of every input */
async function parseInputs<I extends Inputs>(task: TaskDefinition<I>, host: Host): Promise<ValuesOf<I>> {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, input] of Object.entries(task.inputs)) {
    const label = host.inputLabel?.(name) ?? name;
    const given = host.input(name);
    // An expression that came out empty often leaves white space behind.
    const raw = given?.trim() ? given : input.default;
    if (raw === undefined) {
      if (input.required) problems.push(`${label}: is required. ${input.describe}`);
      continue;
    }
    try {
      values[name] = await input.parse(raw, { workingFolder: host.workingFolder });
    } catch (error) {
      if (!(error instanceof InputProblem)) throw error;
      problems.push(...error.message.split('\n').map((line) => `${label}: ${line}`));
    }
  }
  problems.push(...(host.inputProblems?.() ?? []));
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

function failureText(name: string, error: unknown, report: Report): string {
  if (!(error instanceof TaskError)) return `${bugText(name, error)} ${report.standing()}`;
  const { what, unsure, state, remedy } = error.text;
  return [what, unsure, state ?? report.standing(unsure !== undefined), remedy].filter((part) => part).join(' ');
}

function bugText(name: string, error: unknown): string {
  return `${name} failed by a bug of its own: ${messageOf(error)}. Please report it with the debug log.`;
}

function failure(error: unknown, message: string): Outcome {
  const kind: FailureKind = error instanceof TaskError ? error.kind : 'bug';
  return { ok: false, kind, message };
}

/** The stack is for a bug report; hosts show debug lines only when asked. */
function showStack(run: Run, error: unknown): void {
  if (error instanceof Error && !(error instanceof TaskError) && error.stack) run.host.debug(run.clean(error.stack));
}
