import { ANY_UNDO_MARK } from '@maintenance-tasks/core';
import { z } from 'zod';
import type { StandIn, StandInAnswer, StandInRequest, StandInWorld } from '../stand-in.ts';
import { objectIn } from './json-body.ts';

const condition = z.strictObject({
  attribute: z.string(),
  operator: z.string(),
  values: z.array(z.string()).optional(),
});

export const newRelicSeed = z.strictObject({
  key: z.string().default('new-relic-key').describe('The user key it knows.'),
  accounts: z.array(z.int().positive()).default([1_234_567]).describe('Accounts that the key can see.'),
  region: z.enum(['us', 'eu']).default('us').describe('Where the accounts are.'),
  rules: z
    .array(
      z.strictObject({
        account: z.int().positive(),
        name: z.string(),
        description: z.string().default(''),
        conditions: z.array(condition).min(1),
        enabled: z.boolean().default(true),
        ends: z.iso.datetime().optional(),
      }),
    )
    .default([])
    .describe('Muting rules that others made.'),
});

/** Local times without an offset, as the API's type NaiveDateTime has them. */
const naive = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/);

const ruleInput = z.strictObject({
  name: z.string().min(1),
  description: z.string().optional(),
  enabled: z.boolean(),
  condition: z.strictObject({ operator: z.enum(['AND', 'OR']), conditions: z.array(condition).min(1) }),
  schedule: z
    .strictObject({ startTime: naive.optional(), endTime: naive.optional(), timeZone: z.literal('UTC') })
    .optional(),
});

interface Rule extends Omit<z.infer<typeof ruleInput>, 'schedule'> {
  readonly id: string;
  readonly account: number;
  readonly starts: number | undefined;
  readonly ends: number | undefined;
}

/**
 * New Relic's muting rules over NerdGraph, as far as they are used here: three operations are told apart by their name.
 * https://github.com/newrelic/newrelic-client-go (pkg/alerts)
 */
export function newRelicStandIn(given: z.input<typeof newRelicSeed>, world: StandInWorld): StandIn {
  const seed = newRelicSeed.parse(given);
  let nextId = 70_001;
  const rules: Rule[] = seed.rules.map(({ account, ends, conditions, ...rule }) => ({
    ...rule,
    id: String(nextId++),
    account,
    condition: { operator: 'AND', conditions },
    starts: undefined,
    ends: ends === undefined ? undefined : Date.parse(ends),
  }));
  const now = () => world.now().getTime();

  function statusOf({ enabled, starts, ends }: Rule): 'INACTIVE' | 'ENDED' | 'SCHEDULED' | 'ACTIVE' {
    if (!enabled) return 'INACTIVE';
    if (ends !== undefined && ends <= now()) return 'ENDED';
    return starts !== undefined && starts > now() ? 'SCHEDULED' : 'ACTIVE';
  }

  function shown(rule: Rule) {
    const { id, name, description = '', enabled, starts, ends } = rule;
    const { operator, conditions } = rule.condition;
    const scheduled = starts !== undefined || ends !== undefined;
    return {
      id,
      name,
      description,
      enabled,
      status: statusOf(rule),
      condition: { operator, conditions: conditions.map(({ values = [], ...each }) => ({ ...each, values })) },
      schedule: scheduled
        ? { startTime: withOffset(starts), endTime: withOffset(ends), timeZone: 'UTC', repeat: null }
        : null,
    };
  }

  function create(account: number, input: unknown): StandInAnswer {
    const read = ruleInput.safeParse(input);
    if (!read.success) return refusal('BAD_USER_INPUT', `Invalid input: rule.${read.error.issues[0]?.path.join('.')}`);
    const { schedule, ...rest } = read.data;
    const [starts, ends] = [schedule?.startTime, schedule?.endTime].map((time) =>
      time === undefined ? undefined : Date.parse(`${time}Z`),
    );
    if (ends !== undefined && starts !== undefined && ends <= starts)
      return refusal('BAD_USER_INPUT', 'Invalid input: schedule.endTime must be after startTime');
    if (ends !== undefined && ends <= now())
      return refusal('BAD_USER_INPUT', 'Invalid input: schedule.endTime must be in the future');
    const rule: Rule = { ...rest, id: String(nextId++), account, starts, ends };
    rules.push(rule);
    return { status: 200, body: { data: { alertsMutingRuleCreate: shown(rule) } } };
  }

  function remove(account: number, id: unknown): StandInAnswer {
    const index = rules.findIndex((rule) => rule.account === account && rule.id === id);
    if (index < 0) return refusal('NOT_FOUND', 'Muting rule not found');
    rules.splice(index, 1);
    return { status: 200, body: { data: { alertsMutingRuleDelete: { id } } } };
  }

  function answer({ method, url, headers, body }: StandInRequest): StandInAnswer {
    if (url.pathname !== '/graphql' || method !== 'POST') return { status: 404, body: 'Not Found' };
    if (headers['api-key'] !== seed.key)
      return { status: 401, body: { errors: [{ message: 'Invalid API key', extensions: { code: 'UNAUTHORIZED' } }] } };
    const { query, variables } = (objectIn(body) ?? {}) as { query?: unknown; variables?: Record<string, unknown> };
    if (typeof query !== 'string') return { status: 400, body: { errors: [{ message: 'No query' }] } };
    const account = Number(variables?.account);
    // Status 200, as for all that GraphQL itself refuses.
    if (!seed.accounts.includes(account)) return refusal('ACCESS_DENIED', 'Access denied.');
    if (/\balertsMutingRuleCreate\s*\(/.test(query)) return create(account, variables?.rule);
    if (/\balertsMutingRuleDelete\s*\(/.test(query)) return remove(account, variables?.id);
    if (!/\bmutingRules\b/.test(query)) return refusal('GRAPHQL_VALIDATION_FAILED', 'Cannot query this field');
    const mutingRules = rules.filter((rule) => rule.account === account).map(shown);
    return { status: 200, body: { data: { actor: { account: { alerts: { mutingRules } } } } } };
  }

  return {
    name: 'New Relic',
    hosts: [seed.region === 'us' ? 'api.newrelic.com' : 'api.eu.newrelic.com'],
    answer,
    state: () => ({
      rules: rules.map((rule) => ({
        id: rule.id,
        name: rule.name,
        conditions: rule.condition.conditions.map(({ attribute, operator, values = [] }) =>
          [attribute, operator, values.join(', ')].join(' '),
        ),
        description: rule.description ?? '',
        until: rule.ends === undefined ? 'no end' : new Date(rule.ends).toISOString(),
        now: statusOf(rule).toLowerCase(),
      })),
    }),
    leftovers: () =>
      rules
        .filter((rule) => ['ACTIVE', 'SCHEDULED'].includes(statusOf(rule)))
        .filter(({ description }) => description?.includes(ANY_UNDO_MARK))
        .map((rule) => `New Relic muting rule ${rule.id} is ${statusOf(rule).toLowerCase()}: ${rule.description}`),
  };
}

/** What is taken without an offset is given back with one. */
function withOffset(time: number | undefined): string | null {
  return time === undefined ? null : `${new Date(time).toISOString().slice(0, 19)}Z`;
}

function refusal(errorClass: string, message: string): StandInAnswer {
  return { status: 200, body: { data: null, errors: [{ message, extensions: { errorClass } }] } };
}
