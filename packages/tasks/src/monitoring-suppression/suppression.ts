import { messageOf, TaskError, type TaskErrorKind } from '@maintenance-tasks/core';
import type { Leftover } from '../leftover.ts';
import {
  coverage,
  fingerprint,
  type MonitoringCredentials,
  missingCredentials,
  planSuppressions,
  refusePastEnd,
  type Suppression,
  type Wanted,
} from './plan.ts';
import type { SuppressedSystem } from './schema.ts';
import { type Context, type Monitoring, monitoringOf } from './systems.ts';

/** One suppression in force, as outputs name it. */
export interface Suppressed {
  readonly system: string;
  readonly id: string;
  readonly covers: string;
  /** Nothing when somebody took its end away. */
  readonly ends: Date | undefined;
}

interface Scope {
  readonly session: string;
  readonly systems: readonly SuppressedSystem[];
  readonly credentials: MonitoringCredentials;
}

// What was just written may be shown a moment later: members of an Alertmanager cluster tell each other.
const SHOWN_WITHIN = 20_000;
const LOOK_EVERY = 2_000;

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
  await refuseProblems(monitoring);
  const found = await findIn(monitoring);
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
    const verified = await verify(context, session, end, create);
    return { suppressed: [...kept, ...verified], changed: true };
  } catch (error) {
    throw await afterUndoing(context, session, made, current, error);
  }
}

/** Ends everything of the session in the accounts that the entries are in, whatever it covers. */
export async function endSuppressions(
  context: Context,
  { session, systems, credentials, dryRun }: Scope & { readonly dryRun: boolean },
): Promise<{ readonly ended: readonly string[] }> {
  const found = await findIn(monitoringOf(context, systems, credentials));
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
  if (dryRun) return { ended: [] };
  const failures: string[] = [];
  for (const { account, suppression, id } of own) {
    try {
      await endOne(account, suppression);
      context.report.changed(`end ${id}`);
    } catch (error) {
      context.signal.throwIfAborted();
      failures.push(`${standing(account.name, suppression)}: ${messageOf(error)}`);
    }
  }
  if (failures.length > 0) {
    throw new TaskError('remote', {
      what: `Not everything that this session silences could be ended. ${failures.join(' ')}`,
      remedy: 'Run the task again, or end them in those systems by hand; each ends by itself at the time named.',
    });
  }
  await verifyEnded(context, session, own);
  for (const { id } of own) context.report.verified(`end ${id}`);
  return { ended: own.map(({ account, suppression }) => `${account.name} ${suppression.id}`) };
}

/** What the session has in force, as a table in the report, too. */
export async function suppressionStatus(
  context: Context,
  { session, systems, credentials }: Scope,
): Promise<Suppressed[]> {
  const found = await findIn(monitoringOf(context, systems, credentials));
  const own = [...found].flatMap(([{ name }, suppressions]) =>
    suppressions.filter((one) => one.session === session).map((one) => ({ system: name, ...one })),
  );
  context.report.table({
    title: 'Silenced by this session',
    columns: ['System', 'Id', 'What', 'Until'],
    rows: own.map(({ system, id, covers, ends }) => [system, id, covers, ends?.toISOString() ?? 'no end']),
  });
  return own.map(({ system, id, covers, ends }) => ({ system, id, covers, ends }));
}

/** What any session has in force or scheduled in the accounts that the entries are in. */
export async function findSuppressions(
  context: Context,
  { systems, credentials }: Omit<Scope, 'session'>,
): Promise<Leftover[]> {
  const found = await findIn(monitoringOf(context, systems, credentials));
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
    const problems = (await problemsOf(monitoring)).map(({ text }) => text);
    return problems;
  } catch (error) {
    context.signal.throwIfAborted();
    if (!(error instanceof TaskError)) throw error;
    return [error.message];
  }
}

type WantedIn = Wanted & { readonly account: Monitoring; readonly entry: SuppressedSystem };

/** Each coverage once: the same entry written twice is one suppression. */
function uniqueWanted(monitoring: ReadonlyMap<SuppressedSystem, Monitoring>): WantedIn[] {
  const wanted = new Map<string, WantedIn>();
  for (const [entry, account] of monitoring) {
    const covers = coverage(entry);
    const id = reportId(account.name, covers);
    wanted.set(id, { id, system: account.name, covers, exact: entry.system !== 'datadog', account, entry });
  }
  return [...wanted.values()];
}

function reportId(system: string, what: string): string {
  return `suppression:${system}:${what}`;
}

async function findIn(monitoring: ReadonlyMap<SuppressedSystem, Monitoring>): Promise<Map<Monitoring, Suppression[]>> {
  const accounts = [...new Set(monitoring.values())];
  const found = await Promise.all(accounts.map((account) => account.find()));
  return new Map(accounts.map((account, index) => [account, found[index] ?? []]));
}

interface Problem {
  readonly kind: TaskErrorKind;
  readonly text: string;
}

/** All problems of all entries: a token that is refused must not hide the next one. */
async function problemsOf(monitoring: ReadonlyMap<SuppressedSystem, Monitoring>): Promise<Problem[]> {
  const attempt = async (work: () => Promise<Problem[]>) =>
    work().catch((error: unknown): Problem[] => {
      if (!(error instanceof TaskError) || error.kind === 'timeout' || error.kind === 'cancelled') throw error;
      return [{ kind: error.kind, text: error.message }];
    });
  const accounts = [...new Set(monitoring.values())];
  const access = await Promise.all(
    accounts.map((account) => attempt(async () => (await account.find()).slice(0, 0) as never[])),
  );
  const refused = new Set(accounts.filter((_, index) => (access[index]?.length ?? 0) > 0));
  const entries = await Promise.all(
    [...monitoring]
      .filter(([, account]) => !refused.has(account))
      .map(([entry, account]) =>
        attempt(async () => (await account.problems(entry)).map((text) => ({ kind: 'refused', text }))),
      ),
  );
  return [...access, ...entries].flat();
}

async function refuseProblems(monitoring: ReadonlyMap<SuppressedSystem, Monitoring>): Promise<void> {
  const problems = await problemsOf(monitoring);
  const [first] = problems;
  if (!first) return;
  throw new TaskError(first.kind, {
    what: problems.map(({ text }) => text).join(' '),
    state: 'Nothing was changed.',
    remedy: 'Correct this and run the task again.',
  });
}

async function verify(
  context: Context,
  session: string,
  ends: Date,
  created: readonly WantedIn[],
): Promise<Suppressed[]> {
  const verified = new Map<string, Suppressed>();
  const until = context.clock.now().getTime() + SHOWN_WITHIN;
  for (;;) {
    for (const { id, account, system, covers } of created.filter((each) => !verified.has(each.id))) {
      const own = (await account.find()).find((one) => one.session === session && one.madeFor === fingerprint(covers));
      if (!own || own.pending) continue;
      if (own.ends === undefined || Math.abs(own.ends.getTime() - ends.getTime()) >= 60_000) {
        throw new TaskError('remote', {
          what: `${system} ${own.id} shall end at ${ends.toISOString()} and ends ${own.ends ? `at ${own.ends.toISOString()}` : 'never'}.`,
          remedy: 'Compare the clocks of the runner and of that system, then run the task again.',
        });
      }
      verified.set(id, { system, id: own.id, covers, ends: own.ends });
      context.report.verified(id);
    }
    const open = created.filter(({ id }) => !verified.has(id));
    if (open.length === 0) return [...verified.values()];
    if (context.clock.now().getTime() >= until) {
      throw new TaskError('remote', {
        what: `Made, and not in force ${SHOWN_WITHIN / 1_000} s later: ${open.map(({ system, covers }) => `${system} (${covers})`).join('; ')}.`,
        remedy: 'Compare the clocks of the runner and of that system, look there, then run the task again.',
      });
    }
    context.log.progress(`Waiting for ${open.map(({ system }) => system).join(', ')} to show what was made.`);
    await context.clock.sleep(LOOK_EVERY, context.signal);
  }
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

async function verifyEnded(
  context: Context,
  session: string,
  ended: readonly { readonly account: Monitoring; readonly suppression: Suppression }[],
): Promise<void> {
  const until = context.clock.now().getTime() + SHOWN_WITHIN;
  for (;;) {
    const standingNow: string[] = [];
    for (const account of new Set(ended.map((one) => one.account))) {
      const own = (await account.find()).filter((one) => one.session === session && !endsAboutNow(one, ended, context));
      standingNow.push(...own.map((one) => standing(account.name, one)));
    }
    if (standingNow.length === 0) return;
    if (context.clock.now().getTime() >= until) {
      throw new TaskError('remote', {
        what: `Ended, and still in force ${SHOWN_WITHIN / 1_000} s later: ${standingNow.join('; ')}.`,
        remedy: 'Look in that system, and end it there if it still stands.',
      });
    }
    context.log.progress('Waiting for what was ended to disappear.');
    await context.clock.sleep(LOOK_EVERY, context.signal);
  }
}

/** Pingdom ends a window at its own now, which a clock of ours that is slow still takes for the future. */
function endsAboutNow(
  now: Suppression,
  ended: readonly { readonly suppression: Suppression }[],
  context: Context,
): boolean {
  const before = ended.find(({ suppression }) => suppression.id === now.id)?.suppression;
  if (!now.ends || !before?.ends || now.ends >= before.ends) return false;
  return now.ends.getTime() - context.clock.now().getTime() < 60_000;
}

function standing(system: string, { id, covers, ends }: Suppression): string {
  return `${system} ${id} (${covers}) ${ends ? `ends by itself at ${ends.toISOString()}` : 'has no end of its own'}`;
}
