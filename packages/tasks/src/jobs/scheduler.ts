import { type AnyContext, inParallel, messageOf, TaskError } from '@maintenance-tasks/core';
import { type JobsAccess, missingAccess } from './access.ts';
import { eachOnce, type Standing } from './plan.ts';
import type { EntryOf, JobsEntry } from './schema.ts';

export type Context = Pick<
  AnyContext,
  | 'http'
  | 'log'
  | 'report'
  | 'clock'
  | 'signal'
  | 'deadline'
  | 'workingFolder'
  | 'keepSecret'
  | 'identityToken'
  | 'azureConnection'
>;

/** What every step function is given. */
export interface Scope {
  readonly session: string;
  readonly jobs: readonly JobsEntry[];
  readonly access: JobsAccess;
  /** The session's evidence folder: it remembers for schedulers that have no room for a note. */
  readonly evidence: string;
}

/** How many calls to one scheduler are under way at once. */
export const AT_ONCE = 8;

export interface Job extends Standing {
  /** Pauses it and leaves the session's note, in one call where the scheduler has room for it there. */
  pause(session: string): Promise<void>;
  /** Gives it back as the note has it, and takes the note away. */
  resume(): Promise<void>;
  /** What a person should know before it is paused. */
  readonly hint?: string;
}

/** The jobs of one entry. */
export interface Scheduler {
  /** As messages name it: `Kubernetes k8s.example.com, namespace shop`. */
  readonly name: string;
  /**
   * The jobs that the entry names.
   *
   * @throws TaskError `input` when one of them is not there
   */
  named(): Promise<readonly Job[]>;
  /** The jobs that carry a note of any session, and those of these ids. */
  marked(also?: ReadonlySet<string>): Promise<readonly Job[]>;
  /** Writes notes that do not fit into the change itself, before the first change. */
  remember?(session: string, jobs: readonly Job[]): Promise<void>;
  /** Takes such notes away, after the last change. */
  forget?(session: string, jobs: readonly Job[]): Promise<void>;
  /** What runs now of the jobs that the entry names. */
  running(): Promise<readonly string[]>;
  /** What the credentials may not do and pausing or resuming needs, a sentence each. */
  denied?(): Promise<readonly string[]>;
}

/**
 * One scheduler for each entry. The clients are loaded only when an entry needs them.
 *
 * @throws TaskError `input` when credentials are missing, all of them named
 */
export async function schedulersOf(context: Context, scope: Omit<Scope, 'session'>): Promise<Scheduler[]> {
  const missing = missingAccess(scope.jobs, scope.access);
  if (missing.length > 0) {
    throw new TaskError('input', {
      what: `Credentials are missing: ${missing.join('; ')}.`,
      remedy: 'Give all of them and run it again.',
    });
  }
  return Promise.all(scope.jobs.map((entry) => schedulerOf(context, scope, entry)));
}

async function schedulerOf(context: Context, scope: Omit<Scope, 'session'>, entry: JobsEntry): Promise<Scheduler> {
  switch (entry.kind) {
    case 'kubernetes':
      return (await import('./cronjobs.ts')).cronjobs(context, scope.access.kubernetes, entry);
    case 'data-factory':
      return (await import('./triggers.ts')).triggers(context, scope.access.azure, entry);
    case 'azure-devops':
      return (await import('./pipelines.ts')).pipelines(context, scope.access.azureDevopsToken ?? '', entry);
    case 'github':
      return (await import('./workflows.ts')).workflows(context, scope, entry);
    case 'rundeck':
      return (await import('./rundeck.ts')).rundeckJobs(context, scope, entry);
    case 'command':
      return (await import('./command.ts')).commandJob(context, scope.evidence, entry as EntryOf<'command'>);
  }
}

/** A failure of one part that must not hide what the others have to say. */
export interface Problem {
  readonly kind: TaskError['kind'];
  readonly text: string;
}

/** What each scheduler answers, and why others could not. */
export async function askEach<Answer>(
  schedulers: readonly Scheduler[],
  ask: (scheduler: Scheduler) => Promise<Answer>,
): Promise<{ readonly answers: Map<Scheduler, Answer>; readonly problems: Problem[] }> {
  const answers = new Map<Scheduler, Answer>();
  const problems = await Promise.all(
    schedulers.map((scheduler) =>
      orProblem(async () => {
        answers.set(scheduler, await ask(scheduler));
      }),
    ),
  );
  // In the order of the window file, not of the answers.
  const inOrder = schedulers.flatMap((scheduler) =>
    answers.has(scheduler) ? [[scheduler, answers.get(scheduler) as Answer] as const] : [],
  );
  return { answers: new Map(inOrder), problems: problems.flatMap((problem) => problem ?? []) };
}

export async function orProblem(work: () => Promise<void>): Promise<Problem | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (!(error instanceof TaskError) || error.kind === 'timeout' || error.kind === 'cancelled') throw error;
    return { kind: error.kind, text: messageOf(error) };
  }
}

/** Each job once, with the scheduler that holds it. */
export function flat(answers: ReadonlyMap<Scheduler, readonly Job[]>): Map<Job, Scheduler> {
  const all = [...answers].flatMap(([scheduler, jobs]) => jobs.map((job) => [job, scheduler] as const));
  const once = new Set(eachOnce(all.map(([job]) => job)));
  return new Map(all.filter(([job]) => once.has(job)));
}

/** Works on the jobs of each scheduler, few at a time; one that fails does not keep the others from their turn. */
export async function forEachJob(jobs: readonly Job[], work: (job: Job) => Promise<void>): Promise<Problem[]> {
  const problems = await inParallel(jobs, AT_ONCE, (job) =>
    orProblem(() => work(job)).then((problem) => problem && { ...problem, text: `${job.what}: ${problem.text}` }),
  );
  return problems.flatMap((problem) => problem ?? []);
}

const MOST_TOLD = 10;

/** @throws TaskError with all problems, if there are any */
export function refuse(problems: readonly Problem[], remedy: string, state?: string): void {
  const [first] = problems;
  if (!first) return;
  const told = problems.slice(0, MOST_TOLD).map(({ text }) => text);
  if (problems.length > MOST_TOLD) told.push(`And ${problems.length - MOST_TOLD} more like these.`);
  throw new TaskError(first.kind, { what: told.join(' '), ...(state && { state }), remedy });
}
