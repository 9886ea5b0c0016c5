import { messageOf, TaskError, type TaskErrorKind } from '@maintenance-tasks/core';
import type { Leftover } from '../leftover.ts';
import { type MonitoringCredentials, missingCredentials } from './credentials.ts';
import type { Context, Monitoring } from './monitoring.ts';
import { fingerprint, planSuppressions, refusePastEnd, type Suppression } from './plan.ts';
import type { SuppressedSystem } from './schema.ts';
import { kindOf, monitoringOf } from './systems.ts';
import { type Suppressed, standing, verifyEnded, verifyMade, type WantedIn } from './verification.ts';

export type { Suppressed };

export interface Scope {
  readonly session: string;
  readonly systems: readonly SuppressedSystem[];
  readonly credentials: MonitoringCredentials;
}

/**
 * Silences every entry until `ends`, by suppressions that the systems end by themselves. What this session has in
 * place already stays as it is. When one cannot be made, those that this call made are ended again.
 *
 * @throws TaskError `refused` or `auth` before the first change, `remote` when a system fails, `conflict` on drift
 */
export async function suppress(
  context: Context,
  { session, systems, credentials, ends, dryRun }: Scope & { readonly ends: Date; readonly dryRun: boolean },
): Promise<{ readonly suppressed: readonly Suppressed[]; readonly changed: boolean }> {
  refusePastEnd(ends, context.clock.now());
  const monitoring = monitoringOf(context, systems, credentials);
  const { found, problems } = await lookAround(monitoring);
  problems.push(...(await problemsOfEntries(monitoring, found)));
  refuse(problems, 'Nothing was changed.', 'Correct this and run the task again.');
  const wanted = uniqueWanted(monitoring);
  // Systems keep whole seconds.
  const end = new Date(Math.floor(ends.getTime() / 1_000) * 1_000);
  const plan = planSuppressions(
    session,
    end,
    wanted.map((each) => ({ wanted: each, found: found.get(each.account) ?? [] })),
  );
  context.report.plan(plan.changes);
  for (const note of plan.notes) context.log.warning(note);
  const kept = plan.keep.map(({ wanted: { system, covers }, found: own }) => ({
    system,
    id: own.id,
    covers,
    ends: own.ends,
  }));
  if (dryRun || plan.create.length === 0) return { suppressed: kept, changed: false };

  const create = wanted.filter(({ id }) => plan.create.some((one) => one.id === id));
  const made: WantedIn[] = [];
  let current: WantedIn | undefined;
  try {
    for (const each of create) {
      current = each;
      made.push(each);
      await each.account.create(each.entry, session, end);
      context.report.changed(each.id);
    }
    current = undefined;
    const verified = await verifyMade(context, session, end, create);
    return { suppressed: [...kept, ...verified], changed: true };
  } catch (error) {
    throw await afterUndoing(context, session, made, current, error);
  }
}

/**
 * Ends everything of the session in the accounts that the entries are in, whatever it covers. A system that fails
 * does not keep the others silent.
 *
 * @throws TaskError when something could not be ended, or not be looked for
 */
export async function endSuppressions(
  context: Context,
  { session, systems, credentials, dryRun }: Scope & { readonly dryRun: boolean },
): Promise<{ readonly ended: readonly string[] }> {
  const { found, problems } = await lookAround(monitoringOf(context, systems, credentials));
  const own = [...found].flatMap(([account, suppressions]) =>
    suppressions
      .filter((suppression) => suppression.session === session)
      .map((suppression) => ({ account, suppression, id: reportId(account.name, suppression.id) })),
  );
  context.report.plan(
    own.map(({ account, suppression, id }) => ({
      id: `end ${id}`,
      what: `${account.name}: ${suppression.covers}`,
      before: `silenced by ${suppression.id}${suppression.ends ? ` until ${suppression.ends.toISOString()}` : ' without an end'}`,
      after: 'alerting',
    })),
  );
  if (dryRun) {
    refuse(problems, 'Nothing was changed.', 'Correct this and run the task again.');
    return { ended: [] };
  }
  for (const { account, suppression, id } of own) {
    try {
      await endOne(account, suppression);
      context.report.changed(`end ${id}`);
    } catch (error) {
      context.signal.throwIfAborted();
      const kind = error instanceof TaskError ? error.kind : 'remote';
      problems.push({ kind, text: `${standing(account.name, suppression)}: ${messageOf(error)}` });
    }
  }
  refuse(
    problems,
    undefined,
    'Run the task again, or end them in those systems by hand. Whatever still stands ends by itself with its window.',
  );
  await verifyEnded(context, session, own);
  for (const { id } of own) context.report.verified(`end ${id}`);
  return { ended: own.map(({ account, suppression }) => `${account.name} ${suppression.id}`) };
}

/** What any session has in force or scheduled in the accounts that the entries are in. */
export async function findSuppressions(
  context: Context,
  { systems, credentials }: Omit<Scope, 'session'>,
): Promise<Leftover[]> {
  const found = await findAll(monitoringOf(context, systems, credentials));
  return [...found].flatMap(([{ name }, suppressions]) =>
    suppressions.map(({ id, covers, ends, session }) => ({
      system: name,
      what: `${id} silences ${covers}${ends ? ` until ${ends.toISOString()}` : ' and has no end'}`,
      session,
    })),
  );
}

/** What would keep `suppress` from working, one sentence each with its remedy; reads only. */
export async function checkAccess(
  context: Context,
  { systems, credentials }: Omit<Scope, 'session'>,
): Promise<string[]> {
  const missing = missingCredentials(systems, credentials);
  if (missing.length > 0) return missing.map((one) => `The credential ${one}, is missing.`);
  try {
    const monitoring = monitoringOf(context, systems, credentials);
    const { found, problems } = await lookAround(monitoring);
    return [...problems, ...(await problemsOfEntries(monitoring, found))].map(({ text }) => text);
  } catch (error) {
    context.signal.throwIfAborted();
    if (!(error instanceof TaskError)) throw error;
    return [error.message];
  }
}

/** Each coverage once: the same entry written twice is one suppression. */
function uniqueWanted(monitoring: ReadonlyMap<SuppressedSystem, Monitoring>): WantedIn[] {
  const wanted = new Map<string, WantedIn>();
  for (const [entry, account] of monitoring) {
    const kind = kindOf(entry);
    const covers = kind.coverage(entry);
    const id = reportId(account.name, covers);
    const notice = kind.notice?.(entry);
    wanted.set(id, { id, system: account.name, covers, exact: kind.exact, ...(notice && { notice }), account, entry });
  }
  return [...wanted.values()];
}

function reportId(system: string, what: string): string {
  return `suppression:${system}:${what}`;
}

interface Problem {
  readonly kind: TaskErrorKind;
  readonly text: string;
}

type Monitored = ReadonlyMap<SuppressedSystem, Monitoring>;

/** What carries a mark in each account that can be read, and why the others cannot: one must not hide the next. */
async function lookAround(
  monitoring: Monitored,
): Promise<{ found: Map<Monitoring, Suppression[]>; problems: Problem[] }> {
  const accounts = [...new Set(monitoring.values())];
  const found = new Map<Monitoring, Suppression[]>();
  const problems = await Promise.all(
    accounts.map((account) =>
      orProblem(async () => {
        found.set(account, await account.find());
        return [];
      }),
    ),
  );
  // In the order of the window file, not of the answers.
  const inOrder = accounts.flatMap((account) => {
    const suppressions = found.get(account);
    return suppressions ? [[account, suppressions] as const] : [];
  });
  return { found: new Map(inOrder), problems: problems.flat() };
}

/** What the entries name and their systems do not have, in those accounts that can be read. */
async function problemsOfEntries(monitoring: Monitored, found: ReadonlyMap<Monitoring, unknown>): Promise<Problem[]> {
  const readable = [...monitoring].filter(([, account]) => found.has(account));
  const problems = readable.map(([entry, account]) =>
    orProblem(async () => (await account.problems(entry)).map((text) => ({ kind: 'refused', text }))),
  );
  return (await Promise.all(problems)).flat();
}

async function orProblem(work: () => Promise<Problem[]>): Promise<Problem[]> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof TaskError) || error.kind === 'timeout' || error.kind === 'cancelled') throw error;
    return [{ kind: error.kind, text: error.message }];
  }
}

/**
 * What carries a mark in every account.
 *
 * @throws TaskError with the problems of all accounts that cannot be read
 */
export async function findAll(monitoring: Monitored): Promise<Map<Monitoring, Suppression[]>> {
  const { found, problems } = await lookAround(monitoring);
  refuse(problems, undefined, 'Correct this and run the task again.');
  return found;
}

/** @throws TaskError with all problems, if there are any */
function refuse(problems: readonly Problem[], state: string | undefined, remedy: string): void {
  const [first] = problems;
  if (!first) return;
  throw new TaskError(first.kind, {
    what: problems.map(({ text }) => text).join(' '),
    ...(state && { state }),
    remedy,
  });
}

/** Ends what this call made. What was asked for last may or may not be there, so all are looked for by their mark. */
async function afterUndoing(
  context: Context,
  session: string,
  made: readonly WantedIn[],
  failed: WantedIn | undefined,
  cause: unknown,
): Promise<unknown> {
  // A cancelled run has no time left; everything ends by itself, and the next run finds it.
  if (context.signal.aborted || !(cause instanceof TaskError)) return cause;
  const left: string[] = [];
  for (const { id, account, system, covers } of made) {
    try {
      const own = (await account.find()).filter(
        (one) => one.session === session && one.madeFor === fingerprint(covers),
      );
      for (const suppression of own) await endOne(account, suppression);
      if (own.length > 0 || id !== failed?.id) context.report.undone(id);
    } catch (error) {
      left.push(`${system} (${covers}): ${messageOf(error)}`);
    }
  }
  return new TaskError(
    cause.kind,
    {
      what: `${failed ? `${failed.system} (${failed.covers}) could not be silenced. ` : ''}${cause.text.what}`,
      state:
        left.length === 0
          ? 'Everything that this run had silenced is alerting again.'
          : `These could not be looked at, and may be silenced until their own end: ${left.join('; ')}.`,
      remedy: cause.text.remedy,
    },
    { cause },
  );
}

/** A refusal to end what is over, or gone, is no failure: whether it still stands decides. */
async function endOne(account: Monitoring, suppression: Suppression): Promise<void> {
  try {
    await account.end(suppression);
  } catch (error) {
    if (!(error instanceof TaskError) || (error.kind !== 'remote' && error.kind !== 'input')) throw error;
    if ((await account.find()).some(({ id }) => id === suppression.id)) throw error;
  }
}
