import { isTimeZone, parseLocalTime, toInstant } from '@maintenance-tasks/core';
import { validRange } from 'semver';
import * as z from 'zod';
import { addressSetsSchema, allowlistSchema } from '../ip-allowlist/schema.ts';
import { jobsSchema } from '../jobs/schema.ts';
import { pageSchema } from '../maintenance-page/schema.ts';
import { suppressSchema } from '../monitoring-suppression/schema.ts';
import { channelsSchema } from '../notify/schema.ts';
import { ticketsSchema } from '../ticket/schema.ts';
import { trafficSchema } from '../traffic/schema.ts';

const zone = z
  .string()
  .refine(isTimeZone, {
    error: 'is not an IANA time zone such as America/Chicago or UTC (an offset would ignore daylight saving time)',
  })
  .describe('IANA time zone, such as America/Chicago.');

const localTime = z
  .string()
  .refine((text) => parseLocalTime(text) !== undefined, { error: 'is not a local time such as 2026-11-21 20:00' })
  .describe('Local time in the time zone given beside it, such as 2026-11-21 20:00.');

/** In the hour that daylight saving time skips or repeats, two people would read a local time differently. */
function mustBeOneInstant(context: z.RefinementCtx, text: string, zoneName: string, path: PropertyKey[]): void {
  const local = parseLocalTime(text);
  if (!local || !isTimeZone(zoneName)) return;
  const instant = toInstant(local, zoneName);
  if (instant.kind === 'exact') return;
  const message =
    instant.kind === 'skipped'
      ? `does not exist in ${zoneName}: clocks are put forward over it; it is either ${instant.before.toISOString()} or ${instant.after.toISOString()}, so write a time outside that hour`
      : `exists twice in ${zoneName}: clocks are put back over it (${instant.first.toISOString()} and ${instant.second.toISOString()}), so write it in the time zone UTC`;
  context.addIssue({ code: 'custom', path, message });
}

const hardStart = z
  .strictObject({
    what: z.string().min(1).describe('Why it cannot begin later.'),
    before: localTime,
    'time-zone': zone.optional().describe('Time zone of this start; the window’s when left out.'),
    stage: z
      .enum(['pre-maintenance', 'starting-maintenance'])
      .default('pre-maintenance')
      .describe('Which stage must have begun by then.'),
  })
  .describe('A moment by which a stage must have begun, or the night is off.');

const windowTimes = z
  .strictObject({
    starts: localTime.describe('When the window begins, such as 2026-11-21 20:00.'),
    ends: localTime.describe('When the window ends. Everything that silences or blocks ends by itself then.'),
    'time-zone': zone,
    'hard-starts': z.array(hardStart).default([]).describe('Moments by which a stage must have begun.'),
  })
  .superRefine((window, context) => {
    mustBeOneInstant(context, window.starts, window['time-zone'], ['starts']);
    mustBeOneInstant(context, window.ends, window['time-zone'], ['ends']);
    window['hard-starts'].forEach((start, index) => {
      mustBeOneInstant(context, start.before, start['time-zone'] ?? window['time-zone'], [
        'hard-starts',
        index,
        'before',
      ]);
    });
    const [starts, ends] = [parseLocalTime(window.starts), parseLocalTime(window.ends)];
    if (!starts || !ends || !isTimeZone(window['time-zone'])) return;
    const [from, to] = [toInstant(starts, window['time-zone']), toInstant(ends, window['time-zone'])];
    if (from.kind !== 'exact' || to.kind !== 'exact') return;
    const hours = (to.at.getTime() - from.at.getTime()) / 3_600_000;
    if (hours <= 0) context.addIssue({ code: 'custom', path: ['ends'], message: 'is not after the start' });
    if (hours > 48)
      context.addIssue({ code: 'custom', path: ['ends'], message: 'is more than 48 hours after the start' });
  });

const person = z.strictObject({
  name: z.string().min(1).describe('Name or address by which the team knows the person.'),
  roles: z
    .array(z.string().regex(/^[a-z][a-z0-9-]*$/, 'is not a role such as release-manager'))
    .min(1)
    .describe('What the person does that night: release-manager, approver, primary-script-runner, patching-lead …'),
  github: z.string().optional().describe('User name on GitHub.'),
  'azure-devops': z.string().optional().describe('Sign-in address on Azure DevOps.'),
  'stands-in-for': z.string().optional().describe('Name of the person this one replaces when they cannot be reached.'),
});

const roster = z
  .array(person)
  .min(1)
  .describe('Who does what that night. A release manager and an approver who is somebody else are required.')
  .superRefine((people, context) => {
    const withRole = (role: string) => people.filter(({ roles }) => roles.includes(role)).map(({ name }) => name);
    const managers = withRole('release-manager');
    const approvers = withRole('approver');
    if (managers.length === 0)
      context.addIssue({ code: 'custom', message: 'names nobody with the role release-manager' });
    if (approvers.length === 0) context.addIssue({ code: 'custom', message: 'names nobody with the role approver' });
    if (new Set([...managers, ...approvers]).size === 1) {
      context.addIssue({
        code: 'custom',
        message: `has ${managers[0]} as the only release manager and the only approver; a second pair of eyes is needed`,
      });
    }
    people.forEach(({ name, 'stands-in-for': other }, index) => {
      if (people.findIndex((each) => each.name === name) !== index) {
        context.addIssue({ code: 'custom', path: [index, 'name'], message: `"${name}" is there twice` });
      }
      if (other !== undefined && !people.some((each) => each.name === other)) {
        context.addIssue({
          code: 'custom',
          path: [index, 'stands-in-for'],
          message: `"${other}" is not on the roster`,
        });
      }
    });
  });

const change = z
  .strictObject({
    ticket: z.string().min(1).describe('Ticket of the change, such as PLAT-1353.'),
    what: z.string().min(1).describe('What is changed, in one line.'),
    repository: z.string().min(1).optional().describe('Repository that holds it: owner/name, or organization/project.'),
    tag: z.string().min(1).optional().describe('Tag it is released under, such as platform-0/2.102.0.'),
    host: z.enum(['github', 'azure-devops']).default('github').describe('Where the repository and its pipeline are.'),
    pipeline: z
      .string()
      .min(1)
      .optional()
      .describe('Pipeline that brings it: the workflow’s file on GitHub, the pipeline’s name or id on Azure DevOps.'),
    'api-url': z
      .url({ protocol: /^https$/, error: 'is not an https address' })
      .optional()
      .describe('Address of the API, where it is a server of your own.'),
    script: z
      .string()
      .min(1)
      .optional()
      .describe('Script that brings it, by its path from the window file. It is part of what is approved.'),
  })
  .superRefine((given, context) => {
    const needs = (key: 'repository' | 'tag' | 'pipeline', because: string) => {
      if (given[key] === undefined) context.addIssue({ code: 'custom', path: [key], message: `is needed ${because}` });
    };
    if (given.pipeline !== undefined) {
      needs('repository', 'beside pipeline');
      needs('tag', 'beside pipeline: a pipeline is only run at a tag');
    }
    if (given.tag !== undefined) needs('repository', 'beside tag');
    if (given.tag !== undefined && given.host === 'azure-devops')
      needs('pipeline', 'to find the repository on Azure DevOps');
    if (given.script !== undefined && given.pipeline !== undefined) {
      context.addIssue({ code: 'custom', path: ['script'], message: 'cannot stand beside pipeline' });
    }
  });

const tool = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9._+-]+$/, 'is not the name of a program')
    .describe('Program as it is called, such as terraform.'),
  version: z
    .string()
    .refine((range) => validRange(range) !== null, { error: 'is not a version range such as 1.9.8 or ~1.9.0' })
    .describe('Version or range that it must have: 1.9.8, ~1.9.0, >=1.9 <2.'),
  arguments: z.array(z.string()).default(['--version']).describe('Arguments that make it print its version.'),
});

const certificate = z.strictObject({
  vault: z.string().min(1).describe('Name of the Azure Key Vault.'),
  certificates: z.array(z.string().min(1)).min(1).describe('Names of the vault certificates that are replaced.'),
});

export const windowSchema = z
  .strictObject({
    name: z.string().min(1).max(120).describe('What this window is called in messages.'),
    platform: z.string().optional().describe('Release the window brings, such as platform-0/2.102.0.'),
    window: windowTimes.describe('When it happens.'),
    roster,
    changes: z.array(change).default([]).describe('The changes of the night.'),
    tickets: ticketsSchema.default([]).describe('Where the tickets of the changes are kept, and how they must stand.'),
    tools: z.array(tool).default([]).describe('Programs the night needs, with the versions they must have.'),
    page: pageSchema.optional().describe('The maintenance page.'),
    suppress: suppressSchema.default([]).describe('What is kept from alerting during the window.'),
    jobs: jobsSchema.default([]).describe('Scheduled jobs that are paused during the window.'),
    traffic: trafficSchema.default([]).describe('Where traffic is led away from what is worked on.'),
    addresses: addressSetsSchema.optional(),
    allowlist: allowlistSchema.optional(),
    channels: channelsSchema.default([]).describe('Who is told.'),
    certificates: z.array(certificate).default([]).describe('Vault certificates that are replaced that night.'),
    'smoke-tests': z
      .string()
      .optional()
      .describe('File with the smoke tests, beside this one. It is part of what is approved.'),
    acceptance: z.array(z.string().min(1)).default([]).describe('By what the team will know that the night went well.'),
    disclaimer: z.string().optional().describe('Sentence added to what customers are told.'),
  })
  .describe('A planned maintenance window: when, who, what, and which systems it touches.');

export type MaintenanceWindow = z.infer<typeof windowSchema>;
export type HardStart = MaintenanceWindow['window']['hard-starts'][number];
