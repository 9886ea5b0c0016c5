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

/** The `suppress` part of a window file. */
export const suppressSchema = z
  .array(z.discriminatedUnion('system', [pingdom, datadog, alertmanager]))
  .min(1, 'Names no system')
  .describe('What to silence in which monitoring system while the window lasts.');

export type SuppressedSystem = z.infer<typeof suppressSchema>[number];
