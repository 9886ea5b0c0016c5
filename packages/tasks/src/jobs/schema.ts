import { parseDuration } from '@maintenance-tasks/core';
import { z } from 'zod';

const DNS_NAME = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;
const once = (entries: readonly unknown[]) => new Set(entries).size === entries.length;
const httpsUrl = z.string().refine((url) => URL.canParse(url) && /^https:\/\/[^@?#]+$/.test(url), {
  error: 'is not an https address without user, query or fragment',
});

const kubernetes = z
  .strictObject({
    kind: z.literal('kubernetes').describe('CronJobs of a Kubernetes cluster (spec.suspend).'),
    context: z
      .string()
      .min(1)
      .optional()
      .describe('Context of the kubeconfig, where the window has jobs in more than one cluster.'),
    namespace: z.string().regex(DNS_NAME, 'is not a namespace').describe('Their namespace.'),
    cronjobs: z
      .array(z.string().regex(DNS_NAME, 'is not the name of a CronJob'))
      .min(1, 'names no CronJob')
      .refine(once, { error: 'names one twice' })
      .optional()
      .describe('Names of the CronJobs; either these or a selector.'),
    selector: z
      .string()
      .trim()
      .min(1, 'is empty')
      .optional()
      .describe('Label selector, as kubectl takes it: `team=shop,tier!=web`.'),
    missed: z
      .enum(['skip', 'latest'])
      .default('skip')
      .describe(
        'Runs whose time came while paused: skip them, or let the cluster start the latest one of each CronJob on resume.',
      ),
  })
  .refine(({ cronjobs, selector }) => (cronjobs === undefined) !== (selector === undefined), {
    error: 'needs either cronjobs or selector',
  })
  .describe('Kubernetes CronJobs.');

const dataFactory = z
  .strictObject({
    kind: z.literal('data-factory').describe('Triggers of an Azure Data Factory.'),
    subscription: z.guid('is not a subscription id').describe('Id of the subscription.'),
    'resource-group': z
      .string()
      .regex(/^[-\w.()]{1,90}$/, 'is not a resource group')
      .describe('Resource group of the factory.'),
    factory: z
      .string()
      .regex(/^[A-Za-z0-9]+(-[A-Za-z0-9]+)*$/, 'is not the name of a data factory')
      .describe('Name of the factory.'),
    triggers: z
      .array(z.string().regex(/^[A-Za-z0-9_][^<>*#.%&:\\+?/]*$/, 'is not the name of a trigger'))
      .min(1, 'names no trigger')
      .refine(once, { error: 'names one twice' })
      .describe('Names of the triggers.'),
  })
  .describe('Azure Data Factory triggers.');

const azureDevops = z
  .strictObject({
    kind: z.literal('azure-devops').describe('Pipelines of Azure DevOps, those with schedules as a rule.'),
    organization: z.string().min(1).describe('Organization; on a server of your own the collection.'),
    project: z.string().min(1).describe('Name of the project.'),
    pipelines: z
      .array(z.union([z.int().positive(), z.string().trim().min(1)]))
      .min(1, 'names no pipeline')
      .refine((pipelines) => once(pipelines.map(String)), { error: 'names one twice' })
      .describe('Ids or names of the pipelines.'),
    meanwhile: z
      .enum(['drop', 'queue'])
      .default('drop')
      .describe(
        'Runs whose time comes while paused: drop them (the pipeline is disabled), or queue them (it is paused, and all of them start at once on resume).',
      ),
    'api-url': httpsUrl
      .default('https://dev.azure.com')
      .describe('Address of an Azure DevOps Server, where it is not the public service.'),
  })
  .describe('Azure DevOps pipelines.');

const github = z
  .strictObject({
    kind: z.literal('github').describe('Workflows of a GitHub repository.'),
    repository: z
      .string()
      .regex(/^[\w.-]+\/[\w.-]+$/, 'is not of the form owner/name')
      .describe('owner/name.'),
    workflows: z
      .array(z.string().regex(/^[\w.-]+\.ya?ml$/, 'is not the file name of a workflow, such as nightly.yml'))
      .min(1, 'names no workflow')
      .refine(once, { error: 'names one twice' })
      .describe(
        'File names of the workflows. All of their triggers are off while paused; the one that resumes must not be among them.',
      ),
    'api-url': httpsUrl
      .default('https://api.github.com')
      .describe('Address of the API of a GitHub Enterprise Server: https://github.example.com/api/v3.'),
  })
  .describe('GitHub workflows.');

const rundeck = z
  .strictObject({
    kind: z.literal('rundeck').describe('Jobs of a Rundeck server.'),
    url: httpsUrl.describe('Address of the server: https://rundeck.example.com.'),
    project: z
      .string()
      .regex(/^[\w.+-]+$/, 'is not the name of a project')
      .describe('Name of the project.'),
    jobs: z
      .array(z.guid('is not the id of a job'))
      .min(1, 'names no job')
      .refine(once, { error: 'names one twice' })
      .describe('Ids (UUID) of the jobs.'),
    stops: z
      .enum(['schedule', 'execution'])
      .default('schedule')
      .describe('schedule: they are not started by time any more; execution: by nobody any more.'),
    'api-version': z
      .int()
      .min(18)
      .default(18)
      .describe('Version in the address of the API; servers refuse those below their minimum.'),
  })
  .describe('Rundeck jobs.');

const command = (describe: string) =>
  z.array(z.string()).min(1, 'is empty').describe(`${describe} A list: program, then its arguments; no shell.`);

const commands = z
  .strictObject({
    kind: z.literal('command').describe('A scheduler without an API: four commands of your own.'),
    name: z
      .string()
      .regex(/^[A-Za-z0-9][\w.-]{0,63}$/, 'is not a name of letters, digits, dots and dashes')
      .describe('What messages call it: `nightly-batch`.'),
    status: command(
      'Says how the job stands by its last line: `active` or `paused`. Example: `[pwsh, -NoProfile, -File, scripts/nightly-batch.ps1, -Show]`.',
    ),
    pause: command('Pauses the job; pausing a paused one must do nothing.'),
    resume: command('Resumes the job; resuming an active one must do nothing.'),
    running: command('Prints what runs of it now, one a line; nothing when it is idle.').optional(),
    environment: z
      .array(z.string().regex(/^[A-Za-z_]\w*$/, 'is not the name of a variable'))
      .default([])
      .describe('Variables of the run that the commands get, beside PATH, the home and the temporary folder.'),
    timeout: z
      .string()
      .refine((text) => parseDuration(text) !== undefined, { error: 'is not a duration such as 90s or 5m' })
      .default('5m')
      .describe('How long one command may take.'),
  })
  .describe('A job that is paused and resumed by commands.');

/** The `jobs` part of a window file. */
export const jobsSchema = z
  .array(z.discriminatedUnion('kind', [kubernetes, dataFactory, azureDevops, github, rundeck, commands]))
  .min(1, 'names no jobs')
  .describe('Scheduled jobs that are paused while the window lasts.');

export type JobsEntry = z.infer<typeof jobsSchema>[number];
export type EntryOf<Kind extends JobsEntry['kind']> = Extract<JobsEntry, { kind: Kind }>;
