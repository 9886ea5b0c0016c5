import { z } from 'zod';
import { TICKET_SYSTEMS } from './words.ts';

const entry = z
  .strictObject({
    system: z
      .enum(TICKET_SYSTEMS)
      .describe(
        'Where tickets of this form are kept: PLAT-1353 (jira), owner/name#12 (github), CHG0030001 (servicenow), 4711 (zendesk).',
      ),
    address: z
      .string()
      .regex(/^https:\/\/[^\s?#@]+$/, 'Is not an https address without user, query or fragment')
      .optional()
      .describe('Address of the system; for github that of the API, needed for a GitHub Enterprise Server only.'),
    states: z
      .array(z.string().min(1))
      .min(1)
      .describe('States that a ticket of this system may have when the window begins, such as Approved or Scheduled.'),
    'fix-version': z.string().min(1).optional().describe('Jira: version that every ticket must carry.'),
  })
  .superRefine((ticket, context) => {
    if (ticket.system !== 'github' && ticket.address === undefined)
      context.addIssue({ code: 'custom', path: ['address'], message: 'Is missing: only GitHub has one for all' });
    if (ticket.system !== 'jira' && ticket['fix-version'] !== undefined)
      context.addIssue({ code: 'custom', path: ['fix-version'], message: 'Is known to Jira only' });
  });

/** The `tickets` part of a window file. */
export const ticketsSchema = z
  .array(entry)
  .superRefine((entries, context) => {
    entries.forEach(({ system }, index) => {
      if (entries.findIndex((each) => each.system === system) !== index)
        context.addIssue({ code: 'custom', path: [index, 'system'], message: `${system} is there twice` });
    });
  })
  .describe('Where the tickets of the changes are kept, and how they must stand before the window.');

export type TicketRules = z.infer<typeof ticketsSchema>;
