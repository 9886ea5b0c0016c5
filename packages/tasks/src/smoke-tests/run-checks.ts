import { type AnyContext, formatDuration, TaskError } from '@maintenance-tasks/core';
import { connectionProblem } from '@maintenance-tasks/core/connection-error';
import { evaluateDns } from './evaluate-dns.ts';
import { evaluateHttp } from './evaluate-http.ts';
import { evaluateTcp } from './evaluate-tcp.ts';
import { evaluateTls } from './evaluate-tls.ts';
import { type PlannedCheck, planChecks } from './plan.ts';
import { probeDns } from './probe-dns.ts';
import { probeHttp } from './probe-http.ts';
import { probeTcp } from './probe-tcp.ts';
import { probeTls } from './probe-tls.ts';
import type { SmokeCheck } from './schema.ts';
import { slots } from './slots.ts';
import type { Try } from './try.ts';

export interface ChecksToRun {
  readonly checks: readonly SmokeCheck[];
  /** Where to connect instead of asking DNS, by host. */
  readonly via: Readonly<Record<string, string>>;
  /** Only checks with one of these tags; all when empty. */
  readonly tags: readonly string[];
  /** How many are under way at once. */
  readonly concurrency: number;
}

export interface CheckResult {
  readonly name: string;
  readonly kind: SmokeCheck['kind'];
  readonly target: string;
  readonly gate: boolean;
  readonly passed: boolean;
  /** What was expected and what was found instead, on one line; empty for a check that passed. */
  readonly problem: string;
  readonly tries: number;
  /** Milliseconds from its first try to its last. */
  readonly duration: number;
  /** It failed only because the time was up. */
  readonly unfinished: boolean;
}

type ChecksContext = Pick<AnyContext, 'clock' | 'deadline' | 'signal' | 'log' | 'keepSecret'>;

const PROGRESS_EVERY = 10_000;
// What is left of the deadline for the report of what was found.
const LAST_SECONDS = 5_000;

/**
 * Runs the checks side by side, each until it passed or failed for good, and never beyond the context's deadline:
 * what is not done by then has failed. Results are in the order of the checks.
 *
 * @throws TaskError `refused` when there is nothing to check, `input` when a secret is missing
 */
export async function runChecks(context: ChecksContext, toRun: ChecksToRun): Promise<CheckResult[]> {
  const plan = planChecks({ ...toRun, environment: process.env });
  for (const value of plan.secrets) context.keepSecret(value);
  if (plan.problems.length > 0) {
    throw new TaskError(plan.checks.length === 0 ? 'refused' : 'input', {
      what: plan.problems.join(' '),
      state: 'Nothing was checked.',
      remedy: 'Correct it and run the checks again.',
    });
  }
  const left = context.deadline.getTime() - context.clock.now().getTime();
  const budget = startBudget(left - Math.min(LAST_SECONDS, left / 10), context.signal);
  const tally: Tally = { done: 0, failing: new Set() };
  const progress = setInterval(() => {
    const until = formatDuration(budget.left());
    context.log.progress(`${tally.done} of ${plan.checks.length} checks, ${tally.failing.size} failing, ${until} left`);
  }, PROGRESS_EVERY);
  const take = slots(toRun.concurrency);
  try {
    const results = await Promise.all(
      plan.checks.map((planned) => runCheck(planned, { context, budget, tally, take })),
    );
    context.signal.throwIfAborted();
    return results;
  } finally {
    clearInterval(progress);
    budget.end();
  }
}

interface Tally {
  done: number;
  readonly failing: Set<PlannedCheck>;
}

interface Running {
  readonly context: ChecksContext;
  readonly budget: Budget;
  readonly tally: Tally;
  readonly take: () => Promise<() => void>;
}

async function runCheck(planned: PlannedCheck, running: Running): Promise<CheckResult> {
  const { budget, tally, context } = running;
  let tries = 0;
  let failures = 0;
  let row = 0;
  let problem = '';
  let found: string;
  let started: number | undefined;
  while (!budget.signal.aborted) {
    // The slot is free while a check waits for its next try, so that failing ones do not hold up the others.
    const release = await running.take();
    try {
      if (budget.signal.aborted) break;
      started ??= performance.now();
      tries += 1;
      found = await tryOnce(planned, budget, context);
    } finally {
      release();
    }
    // A try that was cut short has not failed: it might have passed. What an earlier one found tells more.
    if (found !== '' && budget.signal.aborted) {
      problem ||= found;
      break;
    }
    problem = found;
    if (problem === '') tally.failing.delete(planned);
    else tally.failing.add(planned);
    row = problem === '' ? row + 1 : 0;
    failures += problem === '' ? 0 : 1;
    if (row >= planned.consecutive || failures >= planned.attempts) break;
    // A wait that outlasts the time left would only put off the bad news.
    if (planned.interval >= budget.left()) break;
    if (problem !== '') context.log.debug(`${planned.check.name}: try ${tries}: ${problem}`);
    await context.clock.sleep(planned.interval, budget.signal).catch(() => {});
  }
  tally.done += 1;
  const passed = row >= planned.consecutive;
  const unfinished = !passed && failures < planned.attempts;
  return {
    name: planned.check.name,
    kind: planned.check.kind,
    target: planned.target,
    gate: planned.gate,
    passed,
    problem: passed ? '' : finalProblem({ problem, unfinished, tries, row, consecutive: planned.consecutive }),
    tries,
    duration: started === undefined ? 0 : Math.round(performance.now() - started),
    unfinished,
  };
}

function finalProblem(end: {
  problem: string;
  unfinished: boolean;
  tries: number;
  row: number;
  consecutive: number;
}): string {
  if (end.tries === 0) return 'expected an answer, got none: it was not tried before the time was up';
  if (end.problem === '')
    return `expected ${end.consecutive} successes in a row, got ${end.row} before the time was up`;
  const tries = end.tries === 1 ? '' : ` (after ${end.tries} tries)`;
  return `${end.problem}${tries}${end.unfinished ? '; there was no time for another try' : ''}`;
}

/** The problem, on one line; empty when all is as expected. */
async function tryOnce(planned: PlannedCheck, budget: Budget, { clock }: ChecksContext): Promise<string> {
  const left = budget.left();
  const controller = new AbortController();
  const current: Try = { signal: controller.signal, stage: 'starting' };
  // Where less time is left than the check has, the end of the budget ends it.
  const timer = planned.timeout < left ? setTimeout(() => controller.abort(), planned.timeout) : undefined;
  const stop = budget.onEnd(() => controller.abort());
  // A probe that does not heed the signal (a name lookup cannot be stopped) is left behind.
  const gaveUp = new Promise<never>((_, reject) =>
    controller.signal.addEventListener('abort', () => reject(controller.signal.reason as Error), { once: true }),
  );
  gaveUp.catch(() => {});
  try {
    const problems = await Promise.race([problemsOf(planned, current, clock.now()), gaveUp]);
    return problems.join('; ');
  } catch (error) {
    if (!controller.signal.aborted)
      return `expected an answer, got none: ${connectionProblem(error)}`.replace(/\s+/g, ' ');
    const timeout = Math.min(planned.timeout, left);
    const time = timeout < 2_000 ? `${Math.round(timeout)} ms` : formatDuration(timeout);
    return `expected an answer within ${time}, got none: still ${current.stage}`;
  } finally {
    clearTimeout(timer);
    stop();
  }
}

async function problemsOf(planned: PlannedCheck, current: Try, now: Date): Promise<string[]> {
  const { check } = planned;
  switch (check.kind) {
    case 'http':
      return evaluateHttp(check, await probeHttp({ ...planned, check }, current));
    case 'tls':
      return evaluateTls(check, await probeTls({ ...planned, check }, current), now);
    case 'dns':
      return evaluateDns(check, await probeDns({ ...planned, check }, current));
    case 'tcp':
      return evaluateTcp(
        check,
        await probeTcp({ ...planned, check }, current, (banner) => evaluateTcp(check, banner).length === 0),
      );
  }
}

interface Budget {
  readonly signal: AbortSignal;
  /** Milliseconds. */
  left(): number;
  /** Calls back at the end; the returned function takes that back. */
  onEnd(work: () => void): () => void;
  end(): void;
}

/** The time of all checks together; it ends with the run's own signal, too. */
function startBudget(milliseconds: number, outer: AbortSignal): Budget {
  const controller = new AbortController();
  const endsAt = performance.now() + milliseconds;
  // One list instead of a listener on the signal for every try of a thousand checks.
  const atEnd = new Set<() => void>();
  const end = () => {
    if (controller.signal.aborted) return;
    controller.abort();
    for (const work of atEnd) work();
  };
  const timer = setTimeout(end, Math.min(Math.max(0, milliseconds), 2_147_483_647));
  outer.addEventListener('abort', end, { once: true });
  if (outer.aborted) end();
  return {
    signal: controller.signal,
    left: () => (controller.signal.aborted ? 0 : endsAt - performance.now()),
    onEnd: (work) => {
      atEnd.add(work);
      return () => atEnd.delete(work);
    },
    end: () => {
      clearTimeout(timer);
      outer.removeEventListener('abort', end);
    },
  };
}
