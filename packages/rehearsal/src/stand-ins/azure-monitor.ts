import { ANY_UNDO_MARK } from '@maintenance-tasks/core';
import { z } from 'zod';
import type { StandInAnswer, StandInRequest, StandInWorld } from '../stand-in.ts';
import type { AzureService } from './azure-management.ts';
import { callerOf } from './azure-token.ts';
import { objectIn } from './json-body.ts';

const guid = z.string().regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);

export const azureMonitorSeed = z.strictObject({
  subscriptions: z
    .array(
      z.strictObject({
        id: guid.describe('Id of the subscription.'),
        tenant: guid.optional().describe('Its directory; any unless told.'),
        groups: z.array(z.string()).default([]).describe('Its resource groups.'),
        writers: z
          .array(z.string())
          .optional()
          .describe('Applications with the role Monitoring Contributor; all may read. Everybody unless told.'),
      }),
    )
    .default([])
    .describe('Azure subscriptions.'),
  rules: z
    .array(
      z.strictObject({
        subscription: guid,
        group: z.string(),
        name: z.string(),
        scopes: z.array(z.string()).min(1),
        description: z.string().default(''),
        until: z.iso.datetime().optional(),
      }),
    )
    .default([])
    .describe('Alert processing rules that others made.'),
});

const naive = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/);
const FIELDS =
  /^(Severity|MonitorService|MonitorCondition|SignalType|TargetResourceType|TargetResource|TargetResourceGroup|AlertRuleId|AlertRuleName|Description|AlertContext)$/;

const ruleBody = z.object({
  location: z.literal('Global'),
  tags: z.record(z.string().max(512), z.string().max(256)).default({}),
  properties: z.object({
    scopes: z.array(z.string()).min(1),
    conditions: z
      .array(
        z.object({
          field: z.string().regex(FIELDS),
          operator: z.enum(['Equals', 'NotEquals', 'Contains', 'DoesNotContain']),
          values: z.array(z.string()).min(1).max(5),
        }),
      )
      .optional(),
    schedule: z
      .object({
        effectiveFrom: naive.optional(),
        effectiveUntil: naive.optional(),
        timeZone: z.literal('UTC').optional(),
      })
      .optional(),
    actions: z.array(z.object({ actionType: z.enum(['RemoveAllActionGroups', 'AddActionGroups']) })).min(1),
    description: z.string().default(''),
    enabled: z.boolean().default(true),
  }),
});

interface Rule extends z.infer<typeof ruleBody> {
  readonly subscription: string;
  readonly group: string;
  readonly name: string;
}

const PATH =
  /^\/subscriptions\/([^/]+)\/resourceGroups\/([^/]+)(\/providers\/Microsoft\.AlertsManagement\/actionRules(?:\/([^/]+))?)?$/i;
const VERSIONS = { rules: '2021-08-08', groups: '2021-04-01' };
const PAGE = 50;

/** Alert processing rules of Azure Monitor: https://learn.microsoft.com/rest/api/monitor/alertprocessingrules */
export function azureMonitorStandIn(given: z.input<typeof azureMonitorSeed>, world: StandInWorld): AzureService {
  const seed = azureMonitorSeed.parse(given);
  const rules: Rule[] = seed.rules.map(({ subscription, group, name, scopes, description, until }) => ({
    subscription,
    group,
    name,
    location: 'Global',
    tags: {},
    properties: {
      scopes,
      description,
      enabled: true,
      actions: [{ actionType: 'RemoveAllActionGroups' }],
      ...(until && { schedule: { effectiveUntil: until.slice(0, 19), timeZone: 'UTC' as const } }),
    },
  }));
  const now = () => world.now().getTime();
  const at = (time: string | undefined) => (time === undefined ? undefined : Date.parse(`${time}Z`));

  function stateOf({ properties: { enabled, schedule } }: Rule): 'disabled' | 'over' | 'to come' | 'active' {
    const [from, until] = [at(schedule?.effectiveFrom), at(schedule?.effectiveUntil)];
    if (!enabled) return 'disabled';
    if (until !== undefined && until <= now()) return 'over';
    return from !== undefined && from > now() ? 'to come' : 'active';
  }

  function shown({ subscription, group, name, ...rule }: Rule) {
    const id = `/subscriptions/${subscription}/resourceGroups/${group}/providers/Microsoft.AlertsManagement/actionRules/${name}`;
    return { id, name, type: 'Microsoft.AlertsManagement/actionRules', ...rule };
  }

  function put(subscription: string, group: string, name: string, body: unknown): StandInAnswer {
    const read = ruleBody.safeParse(body);
    if (!read.success) return refusal(400, 'BadRequest', `Invalid value of ${read.error.issues[0]?.path.join('.')}`);
    const { scopes, schedule } = read.data.properties;
    if (scopes.some((scope) => !`${scope}/`.toLowerCase().startsWith(`/subscriptions/${subscription}/`)))
      return refusal(400, 'BadRequest', 'All scopes must be in the subscription of the rule');
    const [from, until] = [at(schedule?.effectiveFrom), at(schedule?.effectiveUntil)];
    if (from !== undefined && until !== undefined && until <= from)
      return refusal(400, 'BadRequest', 'effectiveUntil must be after effectiveFrom');
    const rule = { subscription, group, name, ...read.data };
    const index = rules.findIndex((each) => same(each, rule));
    if (index < 0) rules.push(rule);
    else rules[index] = rule;
    return { status: index < 0 ? 201 : 200, body: shown(rule) };
  }

  function list(subscription: string, group: string, url: URL): StandInAnswer {
    const own = rules.filter((rule) => rule.subscription === subscription && sameText(rule.group, group));
    const start = Number(url.searchParams.get('$skipToken') ?? 0);
    const next = new URL(url);
    next.searchParams.set('$skipToken', String(start + PAGE));
    const more = own.length > start + PAGE && { nextLink: next.href };
    return { status: 200, body: { value: own.slice(start, start + PAGE).map(shown), ...more } };
  }

  function answer({ method, url, headers, body }: StandInRequest): StandInAnswer {
    const [, id = '', group = '', ofRules, name] = PATH.exec(decodeURI(url.pathname)) ?? [];
    if (url.searchParams.get('api-version') !== (ofRules ? VERSIONS.rules : VERSIONS.groups))
      return refusal(400, 'InvalidApiVersionParameter', 'The api-version is not known for this resource');
    const subscription = seed.subscriptions.find((each) => each.id === id.toLowerCase());
    const expected = { audience: 'https://management.azure.com', tenantId: subscription?.tenant };
    const caller = callerOf(headers.authorization, expected, world.now());
    if (!caller) return refusal(401, 'AuthenticationFailed', 'Authentication failed.');
    if (!subscription) return refusal(404, 'SubscriptionNotFound', `The subscription '${id}' could not be found.`);
    const known = subscription.groups.some((each) => sameText(each, group));
    if (!known) return refusal(404, 'ResourceGroupNotFound', `Resource group '${group}' could not be found.`);
    if (!ofRules) return method === 'GET' ? { status: 200, body: { name: group } } : refusal(405, 'NotAllowed', '');
    if (method === 'GET' && !name) return list(subscription.id, group, url);
    const rule = rules.find((each) => name && same(each, { subscription: subscription.id, group, name }));
    if (method === 'GET')
      return rule ? { status: 200, body: shown(rule) } : refusal(404, 'ResourceNotFound', 'The rule was not found.');
    if (subscription.writers && !subscription.writers.includes(caller.clientId))
      return refusal(
        403,
        'AuthorizationFailed',
        `The client '${caller.clientId}' does not have authorization to perform this action.`,
      );
    if (method === 'PUT' && name) return put(subscription.id, group, name, objectIn(body));
    if (method !== 'DELETE' || !name) return refusal(405, 'NotAllowed', 'Not allowed');
    if (rule) rules.splice(rules.indexOf(rule), 1);
    return { status: rule ? 200 : 204 };
  }

  return {
    name: 'Azure Monitor',
    hosts: ['management.azure.com'],
    owns: (path) => PATH.test(decodeURI(path)),
    answer,
    state: () => ({
      rules: rules.map((rule) => ({
        name: rule.name,
        scopes: rule.properties.scopes,
        tags: rule.tags,
        until: rule.properties.schedule?.effectiveUntil ?? 'no end',
        now: stateOf(rule),
      })),
    }),
    leftovers: () =>
      rules
        .filter((rule) => ['active', 'to come'].includes(stateOf(rule)))
        .filter(({ tags }) => Object.values(tags).some((value) => value.includes(ANY_UNDO_MARK)))
        .map(
          (rule) => `Alert processing rule ${rule.name} is ${stateOf(rule)}: ${Object.values(rule.tags).join(', ')}`,
        ),
  };
}

function same(a: Pick<Rule, 'subscription' | 'group' | 'name'>, b: Pick<Rule, 'subscription' | 'group' | 'name'>) {
  return a.subscription === b.subscription && sameText(a.group, b.group) && sameText(a.name, b.name);
}

/** Azure's names are the same in whatever case they are written. */
function sameText(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

function refusal(status: number, code: string, message: string): StandInAnswer {
  return { status, body: { error: { code, message } } };
}
