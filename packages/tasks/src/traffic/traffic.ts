import { messageOf, TaskError } from '@maintenance-tasks/core';
import type { Leftover } from '../leftover.ts';
import { collectEvidence } from '../session-evidence.ts';
import type { TrafficAccess } from './access.ts';
import { gatewaySite } from './gateway.ts';
import { haproxySite } from './haproxy.ts';
import { kubernetesSite } from './kubernetes.ts';
import type { TargetOf, TrafficTarget } from './schema.ts';
import { type Context, NOTHING_TO_DO, type Plan, type Problem, type Site, type Standing } from './site.ts';

export interface Scope {
  readonly targets: readonly TrafficTarget[];
  readonly access: TrafficAccess;
}

export interface DrainArguments extends Scope {
  readonly session: string;
  /** Folder of the session’s evidence. */
  readonly evidence: string;
  readonly dryRun: boolean;
}

export interface Traffic {
  /** What the session keeps without traffic. */
  readonly drained: readonly string[];
  readonly leftAlone: readonly string[];
  readonly changed: boolean;
}

/**
 * Leads the traffic away from every target, one after the other, and waits until each is drained. Every problem of every
 * target is found before the first change. What this session drained already stays as it is.
 *
 * @throws TaskError `refused`, `conflict` or `input` with all problems; `timeout` when connections do not end in time
 */
export async function drain(context: Context, given: DrainArguments): Promise<Traffic> {
  const plans = await lookAt(sitesOf(context, given), (site) => site.planDrain(given.session));
  refuse(
    plans.flatMap(({ problems }) => problems),
    'Traffic cannot be led away',
  );
  announce(context, plans);
  const left = plans.flatMap(({ leftAlone }) => leftAlone);
  for (const what of left)
    context.report.note(`${what} was without traffic before, by somebody else; rollout will leave it as it is.`);
  if (!given.dryRun) for (const plan of plans) await plan.carryOut();
  const changed = plans.some(({ changes }) => changes.length > 0) && !given.dryRun;
  return { drained: given.dryRun ? [] : plans.flatMap(({ drained }) => drained), leftAlone: left, changed };
}

/**
 * Gives every target back exactly as this session found it. One that was changed by hand, or cannot be reached, keeps no
 * other without its traffic: they are given back first, and then it is reported.
 *
 * @throws TaskError `conflict` with both values for what somebody changed meanwhile
 */
export async function rollOut(context: Context, given: DrainArguments): Promise<Traffic> {
  const { session, dryRun } = given;
  const before = await changedBefore(context, given);
  const plans = await lookAt(sitesOf(context, given), (site) => site.planRollOut(session, before));
  announce(context, plans);
  const problems = plans.flatMap((plan) => plan.problems);
  if (!dryRun) {
    for (const plan of plans) {
      const fit = plan.problems.every(({ kind }) => kind !== 'refused');
      if (fit) await orProblem(context, problems, () => plan.carryOut());
    }
  }
  refuse(problems, 'Not all traffic could be given back');
  return {
    drained: [],
    leftAlone: plans.flatMap(({ leftAlone }) => leftAlone),
    changed: !dryRun && plans.some(({ changes }) => changes.length > 0),
  };
}

/** Says how each target stands and which session keeps it without traffic. */
export async function trafficStatus(context: Context, given: Scope & { readonly session: string }): Promise<Traffic> {
  const standings = await readStandings(context, given);
  context.report.table({
    title: 'Traffic',
    columns: ['System', 'What', 'Stands', 'Drained by'],
    rows: standings.map(({ system, what, stands, session }) => [system, what, stands, session]),
  });
  for (const { what, stands, session } of standings)
    context.log.info(`${what}: ${stands}${session ? `, drained by ${session}` : ''}`);
  const drained = standings.filter(({ session }) => session === given.session).map(({ what }) => what);
  return { drained, leftAlone: [], changed: false };
}

/** What any session keeps without traffic at the targets. */
export async function findDrained(context: Context, given: Scope): Promise<Leftover[]> {
  const standings = await readStandings(context, given);
  return standings
    .filter(({ session }) => session !== '')
    .map(({ system, what, stands, session }) => ({ system, what: `${what} is drained (${stands})`, session }));
}

/** What would keep `drain` from working as far as can be known without a change, one sentence each. */
export async function checkAccess(context: Context, given: Scope & { readonly session: string }): Promise<string[]> {
  const problems: Problem[] = [];
  for (const site of sitesOf(context, given)) {
    await orProblem(context, problems, async () => {
      const texts = await site.accessProblems();
      problems.push(...texts.map((text): Problem => ({ kind: 'auth', text })));
      problems.push(...(await site.planDrain(given.session)).problems);
    });
  }
  return [...new Set(problems.map(({ text }) => text))];
}

/** The places of the targets; all pools of one gateway are one place, because each change replaces it whole. */
function sitesOf(context: Context, { targets, access }: Scope): Site[] {
  const gateways = new Map<string, Gateways>();
  for (const target of targets) {
    if (target.kind !== 'application-gateway') continue;
    const [first, ...more] = gateways.get(gatewayOf(target)) ?? [];
    gateways.set(gatewayOf(target), first ? [first, ...more, target] : [target]);
  }
  return targets.flatMap((target) => {
    if (target.kind === 'haproxy') return haproxySite(context, target);
    if (target.kind !== 'application-gateway') return kubernetesSite(context, access.kubernetes, target);
    const own = gateways.get(gatewayOf(target));
    return own?.[0] === target ? gatewaySite(context, access.azure, own) : [];
  });
}

type Gateways = readonly [TargetOf<'application-gateway'>, ...TargetOf<'application-gateway'>[]];

function gatewayOf(target: TargetOf<'application-gateway'>): string {
  return [target.subscription, target['resource-group'], target.gateway].join('/').toLowerCase();
}

/** Every place is looked at, one after the other, though one cannot be: its reason is a problem among the others. */
async function lookAt(sites: readonly Site[], plan: (site: Site) => Promise<Plan>): Promise<Plan[]> {
  const plans: Plan[] = [];
  for (const site of sites) {
    try {
      plans.push(await plan(site));
    } catch (error) {
      plans.push({ ...NOTHING_TO_DO, problems: [problemOf(error)] });
    }
  }
  return plans;
}

async function readStandings(context: Context, given: Scope): Promise<readonly Standing[]> {
  const standings: Standing[] = [];
  const problems: Problem[] = [];
  for (const site of sitesOf(context, given))
    await orProblem(context, problems, async () => void standings.push(...(await site.standings())));
  refuse(problems, 'Not all traffic could be looked at');
  return standings;
}

async function orProblem(context: Context, problems: Problem[], work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    context.signal.throwIfAborted();
    problems.push(problemOf(error));
  }
}

/** @throws what is no failure of one place alone */
function problemOf(error: unknown): Problem {
  if (!(error instanceof TaskError) || error.kind === 'timeout' || error.kind === 'cancelled') throw error;
  return { kind: error.kind, text: `${error.text.what} ${error.text.remedy}` };
}

function announce(context: Context, plans: readonly Plan[]): void {
  context.report.plan(plans.flatMap(({ changes }) => changes));
  for (const note of plans.flatMap(({ notes }) => notes)) context.log.warning(note);
}

function refuse(problems: readonly Problem[], what: string): void {
  const [first] = problems;
  if (!first) return;
  const kind = problems.find((each) => each.kind === 'conflict')?.kind ?? first.kind;
  throw new TaskError(kind, {
    what: `${what}:\n${problems.map(({ text }) => `  - ${text}`).join('\n')}\n`,
    remedy: 'Solve all of them and run the task again.',
  });
}

/** How this session left each of its changes last, as far as its evidence is at hand. */
async function changedBefore(
  context: Context,
  { evidence, session }: DrainArguments,
): Promise<ReadonlyMap<string, string>> {
  try {
    const { records } = await collectEvidence(context.workingFolder, evidence, session);
    const changes = records.filter(({ task }) => task === 'traffic').flatMap((record) => record.changes);
    return new Map(changes.filter(({ status }) => status !== 'planned').map(({ id, after }) => [id, after]));
  } catch (error) {
    context.log.warning(
      `The evidence in ${evidence} cannot be read (${messageOf(error)}); only what the systems remember is given back.`,
    );
    return new Map();
  }
}
