import { z } from 'zod';

const siteSeed = z.strictObject({
  host: z.string().min(1).describe('Public host name.'),
  origins: z
    .array(z.string().min(1))
    .min(1)
    .describe('Addresses and host names of the servers behind it; asked directly they always show the site.'),
  title: z.string().min(1).default('Example Shop').describe('What its pages say, and no other page does.'),
  version: z.string().min(1).default('1.0.0').describe('Its version: header x-version, and in /health.'),
  cacheable: z
    .boolean()
    .default(false)
    .describe('Lets Cloudflare keep its pages: they then outlive a switch of the record until they are purged.'),
  'vault-certificate': z
    .strictObject({
      vault: z.string().min(1).describe('Name of the vault.'),
      name: z.string().min(1).describe('Name of the certificate.'),
    })
    .optional()
    .describe('The Key Vault certificate its servers show; one of the rehearsal’s own CA unless told.'),
});

export const websiteSeedSchema = z
  .strictObject({
    sites: z.array(siteSeed).default([]).describe('Sites, with the servers behind them.'),
    maintenance: z
      .strictObject({
        host: z
          .string()
          .min(1)
          .default('maintenance.example.com')
          .describe('Host that serves the page: what the records of hosts in maintenance point to.'),
        title: z.string().min(1).default('We will be back soon').describe('What it says, and no site does.'),
        'retry-after': z.number().int().positive().default(3_600).describe('Seconds in its Retry-After.'),
        cacheable: z
          .boolean()
          .default(false)
          .describe('Made wrongly, as many are: answers 200, and caches keep it beyond the window.'),
      })
      .prefault({})
      .describe('The maintenance page.'),
    ports: z
      .array(
        z.strictObject({
          host: z.string().min(1).describe('Host or address.'),
          port: z.number().int().min(1).max(65_535).describe('Port.'),
          greeting: z.string().default('').describe('What is said first there; nothing unless told.'),
        }),
      )
      .default([])
      .describe('Ports that are open for plain TCP.'),
  })
  .describe('Websites, as they stand before the rehearsal.');

/** As written: defaults may be left out. */
export type WebsiteSeed = z.input<typeof websiteSeedSchema>;
export type SiteSeed = z.output<typeof siteSeed>;
export type MaintenanceSeed = z.output<typeof websiteSeedSchema>['maintenance'];

const publicRecord = z.strictObject({
  name: z.string().min(1).describe('Full name.'),
  type: z.enum(['A', 'AAAA', 'CNAME', 'MX', 'NS', 'TXT']).describe('Type of the record.'),
  content: z.string().min(1).describe('Address, host name or text.'),
  ttl: z.number().int().min(0).optional().describe('Seconds; 60 unless told.'),
  priority: z.number().int().min(0).optional().describe('Of an MX record; 0 unless told.'),
});

export const dnsSeedSchema = z
  .strictObject({
    records: z.array(publicRecord).default([]).describe('Records that no stand-in of a DNS service has.'),
  })
  .describe('What the world’s name servers answer beside the records of Cloudflare.');

/** As written: defaults may be left out. */
export type DnsSeed = z.input<typeof dnsSeedSchema>;
