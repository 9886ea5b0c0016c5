import { existsSync, readFileSync } from 'node:fs';
import { InputProblem, messageOf, parseLocalTime } from '@maintenance-tasks/core';
import { parseYaml } from '@maintenance-tasks/core/yaml';
import { parse } from 'yaml';
import { z } from 'zod';
import { PLAIN_SYSTEMS } from './plain-systems.ts';
import { cloudflareSeedSchema } from './stand-ins/cloudflare-seed.ts';
import { entraIdSeedSchema } from './stand-ins/entra-id.ts';
import { keyVaultSeedSchema } from './stand-ins/key-vault.ts';
import { dnsSeedSchema, websiteSeedSchema } from './stand-ins/website-seed.ts';

const name = z.string().min(1);
const guid = z.guid('is not an id such as 00000000-0000-0000-0000-000000000001');
const localTime = z
  .string()
  .refine((text) => parseLocalTime(text) !== undefined, { error: 'is not a local time such as 2026-11-21 20:00' });

export const SECRET_KINDS = [
  'cloudflare-token',
  'pingdom-token',
  'datadog-api-key',
  'datadog-app-key',
  'alertmanager-password',
  'new-relic-key',
  'pagerduty-token',
  'statuspage-key',
  'slack-token',
  'slack-webhook',
  'teams-webhook',
  'webhook-url',
  'webhook-secret',
  'smtp-password',
  'jira-token',
  'servicenow-password',
  'servicenow-token',
  'zendesk-token',
  'kubeconfig',
  'kubernetes-token',
  'rundeck-token',
  'azure-client-secret',
  'github-token',
  'azure-devops-token',
  'password',
  'other',
] as const;

const certificate = z.strictObject({
  names: z.array(name).min(1).describe('DNS names of the certificate.'),
  form: z.enum(['pfx', 'pem']).default('pfx').describe('PFX in base64, or PEM with key and chain.'),
  password: name.optional().describe('Name of the secret that is the PFX’s password.'),
  days: z.int().positive().default(365).describe('For how many days it is valid from the start of the rehearsal.'),
});

const secret = z.union([
  z.enum(SECRET_KINDS).describe('What it is for; a value is made up that the stand-in accepts.'),
  z.strictObject({ certificate }).describe('A certificate with its key, made up and signed by the rehearsal’s CA.'),
  z.strictObject({ value: z.string().min(3) }).describe('Exactly this value; still looked for in all that is shown.'),
]);

const connection = z.strictObject({
  'tenant-id': guid.describe('Directory (tenant) id.'),
  'client-id': guid.describe('Application (client) id.'),
  secret: z.boolean().default(false).describe('Whether it holds a client secret; it is federated otherwise.'),
});

const approval = z.union([
  z.literal(false).describe('This environment asks nobody.'),
  z.strictObject({ by: name.describe('Name of who approves, from the window file’s roster.') }),
]);

type Plain = typeof PLAIN_SYSTEMS;
const plain = Object.fromEntries(
  Object.entries(PLAIN_SYSTEMS).map(([key, system]) => [key, (system.seed as z.ZodType).optional()]),
) as unknown as { [Name in keyof Plain]: z.ZodOptional<Plain[Name]['seed']> };

/** The outside systems as they stand before the rehearsal. A system left out stands as the window file suggests. */
const systems = z.strictObject({
  ...plain,
  cloudflare: cloudflareSeedSchema.optional(),
  'key-vault': keyVaultSeedSchema.optional(),
  'entra-id': entraIdSeedSchema.optional(),
  website: websiteSeedSchema.optional(),
  dns: dnsSeedSchema.optional(),
});

export const rehearsalSchema = z
  .strictObject({
    window: name.optional().describe('The window file, beside this one; maintenance-window.yaml unless told.'),
    clock: z
      .record(name, localTime)
      .default({})
      .describe(
        'When each stage begins, by its id or title, in the window’s time zone. The first begins with the window.',
      ),
    node: z
      .strictObject({ github: z.enum(['20', '24']).optional(), azure: z.enum(['20', '24']).optional() })
      .default({})
      .describe('The Node version that runs the tasks; what the host would use unless told.'),
    approvals: z.record(name, approval).default({}).describe('Who approves, by environment.'),
    secrets: z
      .record(name, secret)
      .default({})
      .describe('What the pipelines’ secrets are for, where their use does not tell.'),
    variables: z
      .record(name, z.coerce.string())
      .default({})
      .describe('GitHub’s vars and the plain variables of Azure’s groups.'),
    inputs: z
      .record(name, z.coerce.string())
      .default({})
      .describe('Inputs of the workflow, parameters of the pipeline.'),
    connections: z.record(name, connection).default({}).describe('Azure DevOps service connections, by name.'),
    outputs: z
      .record(name, z.record(name, z.coerce.string()))
      .default({})
      .describe('Outputs of steps that are passed over, by the step’s id or name.'),
    'run-scripts': z.boolean().default(false).describe('Whether scripts in the pipelines are run for real.'),
    systems: systems.default({}),
  })
  .describe('How a maintenance window is rehearsed: the time, the people and the systems around it.');

export type Rehearsal = z.infer<typeof rehearsalSchema>;
/** As written, so that what was left out can still be told from what was said. */
export type SystemsAsWritten = z.input<typeof systems>;

export interface RehearsalFile {
  readonly content: Rehearsal;
  readonly systems: SystemsAsWritten;
  /** Nothing when there is none and all is assumed. */
  readonly path: string | undefined;
}

/**
 * @param shown how the file is named in messages
 * @throws InputProblem with the place of every mistake
 */
export function readRehearsalFile(path: string, shown: string): RehearsalFile {
  if (!existsSync(path)) return { content: rehearsalSchema.parse({}), systems: {}, path: undefined };
  const text = readFileSync(path, 'utf8');
  const content = parseYaml(text, rehearsalSchema, shown);
  try {
    return { content, systems: (parse(text) as { systems?: SystemsAsWritten } | null)?.systems ?? {}, path };
  } catch (error) {
    throw new InputProblem(`${shown}: ${messageOf(error)}`);
  }
}
