import { TaskError } from '@maintenance-tasks/core';
import type { CloudflareRulesets, Ruleset } from '@maintenance-tasks/services/cloudflare/rulesets';
import { type AllowlistContext, rulesetsOf, type ZoneHosts } from './look.ts';
import { type Problem, refuse } from './plan.ts';
import { type FreePlan, type LimitPlan, planFree, planLimit, readsAs, type ZoneRules } from './restriction.ts';

/** Limits the hosts of each zone. Rules are read anew: minutes may have passed since the plan was shown. */
export async function limitZones(
  context: AllowlistContext,
  token: string,
  zones: readonly ZoneHosts[],
  wanted: { readonly list: string; readonly session: string; readonly rule?: string },
): Promise<void> {
  const client = rulesetsOf(context, token);
  for (const { zone, hosts } of zones) {
    const ruleset = await client.customRules(zone);
    const { problems, change } = planLimit({ zone, ruleset }, { ...wanted, hosts });
    refuse(problems, 'Custom rules changed since the plan was made', undefined);
    if (change) await limit(context, client, ruleset, change);
  }
}

async function limit(
  context: AllowlistContext,
  client: CloudflareRulesets,
  ruleset: Ruleset | undefined,
  { zone, id, definition, changes }: NonNullable<LimitPlan['change']>,
): Promise<void> {
  const stands = (now: Ruleset | undefined) => now?.rules?.some((rule) => readsAs(rule, definition)) ?? false;
  if (!ruleset) await client.createRuleset(zone, definition, stands);
  else if (changes) await client.replace(zone, ruleset, changes.id, definition, stands);
  else await client.addFirst(zone, ruleset, definition, stands);
  context.report.changed(id);
  if (!stands(await client.customRules(zone))) throw notAsSet(zone.name);
  context.report.verified(id);
}

/**
 * Gives back every rule of the session that stands as the session left it. What was changed by hand, and a zone that
 * refuses, do not keep the others limited; they are returned.
 */
export async function freeZones(
  context: AllowlistContext,
  token: string,
  zones: readonly ZoneRules[],
  session: string,
): Promise<readonly Problem[]> {
  const client = rulesetsOf(context, token);
  const problems: Problem[] = [];
  for (const at of zones) {
    const plan = planFree(at, session);
    problems.push(...plan.problems);
    for (const change of plan.changes) {
      try {
        await free(context, client, at.ruleset as Ruleset, change);
      } catch (error) {
        if (
          !(error instanceof TaskError) ||
          (error.kind !== 'auth' && error.kind !== 'remote' && error.kind !== 'conflict')
        )
          throw error;
        problems.push({
          kind: error.kind,
          text: `${at.zone.name}: its custom rule was not given back. ${error.message}`,
        });
      }
    }
  }
  return problems;
}

async function free(
  context: AllowlistContext,
  client: CloudflareRulesets,
  ruleset: Ruleset,
  { zone, id, rule, restored, withRuleset }: FreePlan['changes'][number],
): Promise<void> {
  const stands = (now: Ruleset | undefined) => {
    const found = now?.rules?.find((each) => each.id === rule.id);
    return restored ? found !== undefined && readsAs(found, restored) : found === undefined;
  };
  if (restored) await client.replace(zone, ruleset, rule.id, restored, stands);
  else if (withRuleset) await client.deleteRuleset(zone, ruleset, stands);
  else await client.delete(zone, ruleset, rule.id, stands);
  context.report.changed(id);
  if (!stands(await client.customRules(zone))) throw notAsSet(zone.name);
  context.report.verified(id);
}

function notAsSet(zone: string): TaskError {
  return new TaskError('conflict', {
    what: `The custom rules of ${zone} do not read back as they were set.`,
    remedy: 'Somebody or something else changes them, too; find out who, then run the task again.',
  });
}
