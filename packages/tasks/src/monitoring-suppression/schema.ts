import { addressProblem } from '@maintenance-tasks/services/alertmanager/address';
import { type Matcher, narrows, parseMatcher } from '@maintenance-tasks/services/alertmanager/matchers';
import { z } from 'zod';

const pingdom = z
  .strictObject({
    system: z.literal('pingdom').describe('Pingdom: a maintenance window over uptime checks.'),
    checks: z
      .array(z.int().positive())
      .min(1, 'Names no checks: a Pingdom window without checks covers nothing')
      .describe('Ids of the uptime checks to silence.'),
  })
  .describe('A Pingdom maintenance window.');

const datadog = z
  .strictObject({
    system: z.literal('datadog').describe('Datadog: a downtime.'),
    scope: z
      .string()
      .trim()
      .min(1, 'Is empty')
      .describe('What to silence, in Datadog’s search syntax: `env:prod`, `env:prod AND service:shop`.'),
    'monitor-tags': z
      .array(z.string().trim().min(1))
      .min(1)
      .default(['*'])
      .describe('Only monitors with all of these tags; `*` is all monitors.'),
    site: z
      .string()
      .regex(/^[a-z0-9.-]+\.[a-z]{2,}$/, 'Is not a Datadog site such as datadoghq.eu')
      .default('datadoghq.com')
      .describe('The Datadog site of the organisation: `datadoghq.com`, `datadoghq.eu`, `us5.datadoghq.com`.'),
  })
  .describe('A Datadog downtime.');

const alertmanager = z
  .strictObject({
    system: z.literal('alertmanager').describe('Prometheus Alertmanager: a silence.'),
    url: z
      .string()
      .superRefine((url, context) => {
        const problem = addressProblem(url);
        if (problem) context.addIssue({ code: 'custom', message: problem });
      })
      .describe('Address of Alertmanager, with its path prefix where it has one: `https://alerts.example.com/am`.'),
    matchers: z
      .array(z.string())
      .min(1, 'Names no matchers')
      .superRefine((matchers, context) => {
        const parsed: Matcher[] = [];
        matchers.forEach((text, index) => {
          const matcher = parseMatcher(text);
          if ('problem' in matcher) context.addIssue({ code: 'custom', path: [index], message: matcher.problem });
          else parsed.push(matcher);
        });
        if (parsed.length === matchers.length && matchers.length > 0 && !narrows(parsed)) {
          context.addIssue({
            code: 'custom',
            message:
              'Match nearly every alert there is: add one that names what is being worked on, such as cluster="prod"',
          });
        }
      })
      .describe('Which alerts to silence; all must match: `severity=~"warning|critical"`, `cluster="prod"`.'),
  })
  .describe('An Alertmanager silence.');

const NEW_RELIC_ATTRIBUTE =
  /^(accountId|conditionId|conditionName|conditionRunbookUrl|conditionType|entity\.guid|nrqlEventType|nrqlQuery|policyId|policyName|product|targetId|targetName|tags\..+)$/;
/** Operators that name something; all others also let through what nobody thought of. ANY is not offered at all. */
const NAMING = ['EQUALS', 'IN', 'CONTAINS', 'STARTS_WITH', 'ENDS_WITH'] as const;
const BLANK = ['IS_BLANK', 'IS_NOT_BLANK'] as const;
const NOT = ['NOT_EQUALS', 'NOT_IN', 'NOT_CONTAINS', 'NOT_STARTS_WITH', 'NOT_ENDS_WITH'] as const;

const newRelicCondition = z
  .strictObject({
    attribute: z
      .string()
      .regex(
        NEW_RELIC_ATTRIBUTE,
        'Is not an attribute such as policyName, conditionName, targetName or tags.environment',
      )
      .describe('Attribute of the issue: `policyName`, `conditionName`, `targetName`, `tags.environment`.'),
    operator: z.enum([...NAMING, ...NOT, ...BLANK]).describe('How it is compared, in New Relic’s words.'),
    values: z.array(z.string().min(1)).default([]).describe('What it is compared with.'),
  })
  .superRefine(({ operator, values }, context) => {
    const takesNone = BLANK.some((one) => one === operator);
    if (takesNone === values.length > 0)
      context.addIssue({
        code: 'custom',
        path: ['values'],
        message: takesNone ? `Must be left out with ${operator}` : 'Names no values',
      });
  });

const newRelic = z
  .strictObject({
    system: z.literal('new-relic').describe('New Relic: a muting rule.'),
    account: z.int().positive().describe('Number of the account.'),
    region: z.enum(['us', 'eu']).default('us').describe('Data center of the account.'),
    conditions: z.array(newRelicCondition).min(1, 'Names no conditions').describe('Which issues to mute.'),
    match: z.enum(['all', 'any']).default('all').describe('Whether all conditions must hold, or any of them.'),
  })
  .superRefine(({ conditions, match }, context) => {
    const names = conditions.map(
      ({ attribute, operator }) => attribute !== 'accountId' && NAMING.some((one) => one === operator),
    );
    if (match === 'all' ? !names.includes(true) : names.includes(false))
      context.addIssue({
        code: 'custom',
        path: ['conditions'],
        message: 'Mute nearly every issue there is: name what is being worked on, such as tags.environment EQUALS prod',
      });
  })
  .describe('A New Relic muting rule.');

const pagerduty = z
  .strictObject({
    system: z.literal('pagerduty').describe('PagerDuty: a maintenance window over services.'),
    services: z
      .array(z.string().regex(/^P[A-Z0-9]{3,}$/, 'Is not the id of a service such as PABC123'))
      .min(1, 'Names no services')
      .describe('Ids of the services on which no incidents shall be opened, from their address in PagerDuty.'),
    from: z
      .email('Is not a mail address')
      .describe('Mail address of a PagerDuty user, in whose name the window is made.'),
    region: z.enum(['us', 'eu']).default('us').describe('Service region of the account.'),
  })
  .describe('A PagerDuty maintenance window. While it is open events are dropped: they do not become incidents later.');

const guid = z.guid('Is not an id such as 00000000-0000-0000-0000-000000000001');

const azureCondition = z.strictObject({
  field: z
    .enum([
      'Severity',
      'MonitorService',
      'MonitorCondition',
      'SignalType',
      'TargetResourceType',
      'TargetResource',
      'TargetResourceGroup',
      'AlertRuleId',
      'AlertRuleName',
      'Description',
      'AlertContext',
    ])
    .describe('What of the alert is looked at.'),
  operator: z.enum(['Equals', 'NotEquals', 'Contains', 'DoesNotContain']).describe('How it is compared.'),
  values: z
    .array(z.string().min(1))
    .min(1, 'Names no values')
    .max(5, 'Azure takes at most five values for one condition')
    .describe('What it is compared with; severities are Sev0 to Sev4.'),
});

const azureMonitor = z
  .strictObject({
    system: z.literal('azure-monitor').describe('Azure Monitor: an alert processing rule.'),
    subscription: guid.describe('Id of the subscription that the rule is in, and all its scopes.'),
    'resource-group': z
      .string()
      .regex(/^[\w.()-]{0,89}[\w()-]$/, 'Is not the name of a resource group')
      .describe('Resource group in which the rule is made for the window.'),
    scopes: z
      .array(z.string().regex(/^\/subscriptions\/[0-9a-f-]{36}(\/[^/\s]+\/[^/\s]+)*$/i, 'Is not the id of a resource'))
      .min(1, 'Names no scopes')
      .describe('Ids of the resources, resource groups or the subscription whose alerts shall notify nobody.'),
    conditions: z.array(azureCondition).default([]).describe('Only alerts for which all of these hold.'),
  })
  .superRefine(({ subscription, scopes }, context) => {
    const own = `/subscriptions/${subscription}`.toLowerCase();
    scopes.forEach((scope, index) => {
      if (`${scope}/`.toLowerCase().startsWith(`${own}/`)) return;
      context.addIssue({
        code: 'custom',
        path: ['scopes', index],
        message: 'Is in another subscription than the rule: give it an entry of its own',
      });
    });
  })
  .describe(
    'An Azure Monitor alert processing rule. Alerts still fire and can be seen; nobody is notified, not afterwards either. Azure may take some minutes until it heeds a rule.',
  );

const statuspage = z
  .strictObject({
    system: z.literal('statuspage').describe('Statuspage: scheduled maintenance on a public page.'),
    page: z
      .string()
      .regex(/^[a-z0-9]+$/, 'Is not the id of a page')
      .describe('Id of the page.'),
    components: z
      .array(z.string().regex(/^[a-z0-9]+$/, 'Is not the id of a component'))
      .min(1, 'Names no components')
      .describe('Ids of the components that are shown as under maintenance.'),
    'deliver-notifications': z
      .boolean()
      .describe(
        'Whether everybody who subscribed to the page is mailed at the start and at the end. There is no default.',
      ),
    title: z.string().trim().min(1).max(255).default('Planned maintenance').describe('Heading on the page.'),
    text: z
      .string()
      .trim()
      .min(1)
      .max(25_000)
      .default('We are carrying out planned maintenance.')
      .describe('What the page says under it.'),
  })
  .describe('A scheduled maintenance on Statuspage. It is public.');

/** The `suppress` part of a window file. */
export const suppressSchema = z
  .array(
    z.discriminatedUnion('system', [pingdom, datadog, alertmanager, newRelic, pagerduty, azureMonitor, statuspage]),
  )
  .min(1, 'Names no system')
  .describe('What to silence in which monitoring system while the window lasts.');

export type SuppressedSystem = z.infer<typeof suppressSchema>[number];
