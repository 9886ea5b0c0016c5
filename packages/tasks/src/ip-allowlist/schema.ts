import { z } from 'zod';
import { addressProblem } from './address.ts';

const address = z
  .string()
  .superRefine((text, context) => {
    const problem = addressProblem(text);
    if (problem) context.addIssue({ code: 'custom', message: problem });
  })
  .describe('An IPv4 or IPv6 address, or a range such as 203.0.113.0/28.');

/** The `addresses` part of a window file. */
export const addressSetsSchema = z
  .record(
    z.string().regex(/^[a-z][a-z0-9-]*$/, 'is not a name of lower-case letters, digits and dashes'),
    z.array(address).min(1, 'names no addresses'),
  )
  .describe('Sets of addresses by their names, such as office-vpn: [203.0.113.0/28].');

export type AddressSets = z.infer<typeof addressSetsSchema>;

/** As much of a window file as is needed here; the whole of it is what pre-maintenance checks. */
export const windowAddressesSchema = z.looseObject({ addresses: addressSetsSchema.optional() });

/** The `allowlist` part of a window file: where the night's entries are put. */
export const allowlistSchema = z
  .strictObject({
    account: z
      .string()
      .regex(/^[0-9a-f]{32}$/, 'is not the id of an account (32 hexadecimal digits)')
      .describe('Id of the Cloudflare account that owns the list.'),
    list: z
      .string()
      .regex(/^[a-z0-9_]{1,50}$/, 'is not the name of a list')
      .describe('Name of the IP list.'),
    hosts: z.array(z.string().min(1)).min(1).optional().describe('Hosts that are limited to the list.'),
  })
  .describe('The Cloudflare IP list that receives addresses for the window.');

export type AllowlistPart = z.infer<typeof allowlistSchema>;
