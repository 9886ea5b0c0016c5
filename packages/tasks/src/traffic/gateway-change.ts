import { TaskError } from '@maintenance-tasks/core';
import type { ApplicationGateway, Gateway } from '@maintenance-tasks/services/application-gateway/client';
import { hasTag, notAsSent, type PoolEdit, type PoolPlan, withEdits } from './gateway-plan.ts';
import type { Context, Problem } from './site.ts';

const SYSTEM = 'Azure Application Gateway';
const ATTEMPTS = 6;

/**
 * Reads the gateway, edits it and puts it back, and all of that again whenever somebody else was faster: what is sent
 * is never older than the last look. Ends once the pools read back as planned.
 */
export async function change(
  context: Context,
  client: ApplicationGateway,
  name: string,
  plan: (gateway: Gateway) => readonly PoolPlan[],
  edits: readonly PoolEdit[],
): Promise<void> {
  let unknown: TaskError | undefined;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const gateway = await client.settled();
    const plans = plan(gateway);
    const open = plans.flatMap(({ edit }) => edit ?? []);
    const problems = [...problemsOf(plans), ...unfit(gateway)];
    if (problems.length > 0) throw changedMeanwhile(name, problems);
    if (open.length === 0) return confirm(context, name, edits);
    const body = withEdits(gateway, open);
    const replaced = await client.replace(body);
    if (replaced.kind === 'done') {
      const now = await client.settled();
      const different = notAsSent(body, now);
      const own = different.filter(({ pool }) => open.some((edit) => edit.pool === pool));
      for (const { pool, sent, now: stands } of different.filter((each) => !own.includes(each)))
        context.log.warning(
          `The pool ${pool} of ${name} was ${sent} and is ${stands} now: somebody else changed it meanwhile. It is left as it is.`,
        );
      if (own.length === 0 && open.every(({ tag }) => hasTag(now, tag))) return confirm(context, name, edits);
      context.log.info(`${name} does not read back as it was sent; somebody else changes it, too. Looking again.`);
      continue;
    }
    if (replaced.kind === 'unknown') {
      unknown = replaced.error;
      context.log.info(`It is not known whether ${SYSTEM} carried out the last change of ${name}; looking.`);
      await context.clock.sleep(1_000, context.signal);
      continue;
    }
    context.log.info(`${name} was not changed, because ${replaced.why}; reading it anew.`);
    await context.clock.sleep(replaced.wait, context.signal);
  }
  throw (
    unknown ??
    new TaskError('conflict', {
      what: `The application gateway ${name} could not be changed: each time somebody else was faster.`,
      remedy: 'Find out who changes it (activity log), let them end, then run the task again.',
    })
  );
}

function confirm({ report }: Context, name: string, edits: readonly PoolEdit[]): void {
  for (const edit of edits) {
    report.changed(idOf(name, edit.pool));
    report.verified(idOf(name, edit.pool));
  }
}

/** What keeps a gateway from being changed, whatever the change is. */
export function unfit({ name, properties: { provisioningState, operationalState } }: Gateway): Problem[] {
  if (provisioningState !== undefined && provisioningState !== 'Succeeded')
    return [
      {
        kind: 'refused',
        text: `${name} is in the provisioning state ${provisioningState}: a change could bring anything with it. Put it right first (an update without changes often does).`,
      },
    ];
  if (operationalState !== undefined && operationalState !== 'Running')
    return [{ kind: 'refused', text: `${name} is ${operationalState}, not Running.` }];
  return [];
}

function changedMeanwhile(name: string, problems: readonly Problem[]): TaskError {
  return new TaskError(problems[0]?.kind === 'conflict' ? 'conflict' : 'refused', {
    what: `${name} was changed by somebody else since the plan: ${problems.map(({ text }) => text).join(' ')}`,
    remedy: 'Look at the gateway, then run the task again.',
  });
}

export function problemsOf(plans: readonly PoolPlan[]): Problem[] {
  return plans.flatMap(({ problems }) => problems);
}

export function idOf(gateway: string, pool: string): string {
  return `traffic:application-gateway:${gateway}/${pool}`;
}
