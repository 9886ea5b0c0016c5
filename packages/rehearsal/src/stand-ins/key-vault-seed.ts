import { z } from 'zod';

const name = z.string().regex(/^[0-9A-Za-z-]{1,127}$/);

const certificate = z.strictObject({
  name: name.describe('Its name in the vault.'),
  form: z.enum(['pem', 'pfx']).default('pfx').describe('The form its secret is read in.'),
  names: z.array(z.string()).min(1).optional().describe('DNS names; a certificate for them is made by the vault’s CA.'),
  until: z.iso.datetime().optional().describe('Until when the made certificate is valid.'),
  pem: z
    .strictObject({ certificate: z.string(), key: z.string(), chain: z.string().default('') })
    .optional()
    .describe('Instead of names: the certificate itself.'),
  tags: z.record(z.string(), z.string()).default({}).describe('Tags of its current version.'),
  issuer: z.string().default('Unknown').describe('The issuer its policy names.'),
  enabled: z.boolean().default(true).describe('Whether its current version is enabled.'),
  deleted: z.boolean().default(false).describe('Whether it was deleted and still holds its name.'),
});

export const keyVaultSeedSchema = z.strictObject({
  vaults: z
    .array(
      z.strictObject({
        name: z
          .string()
          .regex(/^[a-z][a-z0-9-]{1,22}[a-z0-9]$/)
          .describe('Its name; it answers at NAME.vault.azure.net.'),
        tenant: z.string().describe('The directory it belongs to.'),
        certificates: z.array(certificate).default([]).describe('What it holds.'),
        access: z
          .array(
            z.strictObject({
              application: z.string().describe('Application (client) id.'),
              actions: z.array(z.enum(['read', 'import', 'delete', 'recover', 'purge'])).default(['read', 'import']),
            }),
          )
          .default([])
          .describe('Who may do what with its certificates.'),
        network: z
          .enum(['open', 'firewall', 'private'])
          .default('open')
          .describe('Whether its network rules let the caller in.'),
        throttled: z
          .strictObject({
            calls: z.int().min(1).describe('How many calls are answered 429 before it recovers.'),
            'retry-after': z.int().min(0).optional().describe('Seconds it asks to wait; the real one rarely says.'),
          })
          .optional(),
      }),
    )
    .default([])
    .describe('Key vaults.'),
});

export type KeyVaultSeed = z.infer<typeof keyVaultSeedSchema>;
export type VaultSeed = KeyVaultSeed['vaults'][number];
