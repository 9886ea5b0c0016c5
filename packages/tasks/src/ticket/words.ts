export const TICKET_SYSTEMS = ['jira', 'github', 'servicenow', 'zendesk'] as const;
export type TicketSystemName = (typeof TICKET_SYSTEMS)[number];

/** The harmless one first: examples are made of first values. */
export const VISIBILITIES = ['internal', 'public'] as const;
export type Visibility = (typeof VISIBILITIES)[number];

export const TICKET_EVENTS = [
  'planned',
  'commencing',
  'in-progress',
  'ended',
  'failed',
  'rescheduled',
  'cancelled',
  'escalated',
] as const;
export type TicketEvent = (typeof TICKET_EVENTS)[number];

const FORMS: Readonly<Record<TicketSystemName, { readonly pattern: RegExp; readonly means: string }>> = {
  jira: { pattern: /^[A-Z][A-Z0-9_]+-[1-9]\d*$/, means: 'a key such as PLAT-1353' },
  github: { pattern: /^[A-Za-z0-9-]+\/(?!\.{1,2}#)[A-Za-z0-9._-]+#[1-9]\d*$/, means: 'of the form owner/name#12' },
  servicenow: { pattern: /^CHG\d{4,}$/, means: 'the number of a change, such as CHG0030001' },
  zendesk: { pattern: /^[1-9]\d*$/, means: 'the number of a ticket, such as 4711' },
};

/** Why this cannot be a ticket of that system. */
export function ticketProblem(system: TicketSystemName, ticket: string): string | undefined {
  const { pattern, means } = FORMS[system];
  return pattern.test(ticket) ? undefined : `"${ticket}" is not ${means}`;
}

/** The system whose tickets look like that: no two systems write them alike. */
export function systemOf(ticket: string): TicketSystemName | undefined {
  return TICKET_SYSTEMS.find((system) => FORMS[system].pattern.test(ticket));
}
