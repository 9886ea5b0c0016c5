import { z } from 'zod';

const recordSeed = z.strictObject({
  name: z.string().min(1).describe('Full name; @ for the zone itself.'),
  type: z.enum(['A', 'AAAA', 'CNAME', 'TXT', 'MX', 'NS', 'SRV', 'CAA']).describe('Type of the record.'),
  content: z.string().min(1).describe('Address, host name or text.'),
  proxied: z.boolean().optional().describe('Whether Cloudflare stands in front of it; false unless told.'),
  ttl: z.number().int().optional().describe('Seconds, or 1 for automatic, which it is unless told.'),
  priority: z.number().int().optional().describe('Of MX records.'),
  comment: z.string().optional().describe('Comment as the dashboard shows it.'),
  tags: z.array(z.string()).optional().describe('Tags of the form name:value; paid plans only.'),
  settings: z.record(z.string(), z.boolean()).optional().describe('ipv4_only, ipv6_only or flatten_cname.'),
});

const ruleSeed = z.looseObject({
  action: z.string().describe('block, skip, managed_challenge, …'),
  expression: z.string().describe('When it applies, such as http.host eq "my.example.com".'),
  description: z.string().optional().describe('What the dashboard calls it.'),
  enabled: z.boolean().optional().describe('Whether it is in force, which it is unless told.'),
  ref: z.string().optional().describe('Its stable name; its id unless told.'),
});

const listSeed = z.strictObject({
  account: z.string().default('account').describe('Account that owns it, by name or by id.'),
  name: z.string().describe('Name by which rules refer to it.'),
  description: z.string().default('').describe('What it is for.'),
  items: z
    .array(
      z.strictObject({
        ip: z.string().describe('Address or range.'),
        comment: z.string().optional().describe('Comment as the dashboard shows it.'),
      }),
    )
    .default([])
    .describe('What is on it.'),
});

const zoneSeed = z.strictObject({
  name: z.string().min(1).describe('Name of the zone, such as example.com.'),
  plan: z.enum(['free', 'pro', 'business', 'enterprise']).default('free').describe('Decides lengths and numbers.'),
  status: z.enum(['initializing', 'pending', 'active', 'moved']).default('active').describe('State of the zone.'),
  paused: z.boolean().default(false).describe('Whether Cloudflare only answers DNS and proxies nothing.'),
  account: z
    .string()
    .default('account')
    .describe('Account that owns it, by name or by id; purges are limited per account.'),
  rules: z.array(ruleSeed).optional().describe('Custom rules; a zone without them has no ruleset at all.'),
  records: z.array(recordSeed).default([]).describe('DNS records.'),
});

const tokenSeed = z.strictObject({
  token: z.string().min(1).describe('The token itself; made up, for the rehearsal only.'),
  permissions: z
    .array(
      z.enum([
        'Zone Read',
        'DNS Read',
        'DNS Write',
        'Cache Purge',
        'Zone WAF Read',
        'Zone WAF Write',
        'Account Filter Lists Read',
        'Account Filter Lists Write',
      ]),
    )
    .default(['Zone Read', 'DNS Write', 'Cache Purge', 'Zone WAF Write', 'Account Filter Lists Write'])
    .describe('What it may do in its zones.'),
  zones: z.array(z.string()).optional().describe('Names of its zones; all of them unless told.'),
  status: z.enum(['active', 'disabled', 'expired']).default('active').describe('State of the token.'),
  'expires-on': z.iso.datetime().optional().describe('When it ends, such as 2027-01-31T00:00:00Z.'),
  owner: z.enum(['user', 'account']).default('user').describe('Where it can be verified.'),
});

export const cloudflareSeedSchema = z
  .strictObject({
    zones: z.array(zoneSeed).default([]).describe('Zones with their records.'),
    lists: z.array(listSeed).default([]).describe('IP lists of accounts.'),
    'list-operation': z
      .number()
      .int()
      .default(2_000)
      .describe('Milliseconds until a change of list items is carried out; until then the account takes no other.'),
    'runner-address': z.string().default('203.0.113.200').describe('Address that it sees the runner come from.'),
    tokens: z.array(tokenSeed).default([]).describe('API tokens that it accepts.'),
  })
  .describe('Cloudflare, as it stands before the rehearsal.');

/** As written: defaults may be left out. */
export type CloudflareSeed = z.input<typeof cloudflareSeedSchema>;
export type ZoneSeed = z.output<typeof zoneSeed>;
export type RuleSeed = z.output<typeof ruleSeed>;
export type ListSeed = z.output<typeof listSeed>;
export type TokenSeed = z.output<typeof tokenSeed>;
export type RecordSeed = z.output<typeof recordSeed>;
