import { choice, defineTask, list, map, sessionInputs, text } from '@maintenance-tasks/core';
import { ticketAccess } from '../credentials.ts';
import { TICKET_EVENTS, TICKET_SYSTEMS, VISIBILITIES } from './words.ts';

export default defineTask({
  name: 'ticket',
  azure: { id: '3dd8cafe-9b02-4641-8ab4-27f53ffcc2ff', category: 'Utility' },
  summary:
    'Comments on a ticket in Jira, GitHub, ServiceNow or Zendesk, once a session and event, moves it to a state and gives it a fix version.',
  needs: {
    Jira: ['Browse Projects', 'Add Comments', 'Edit Issues', 'Transition Issues', 'an agent licence for internal ones'],
    GitHub: ['Issues: read and write', 'or Pull requests: read and write'],
    ServiceNow: ['Read and write of change_request, and the Change Management API for state'],
    Zendesk: ['An agent who may comment in private'],
  },
  mutates: true,
  inputs: {
    system: choice(TICKET_SYSTEMS, { required: true, describe: 'Where the ticket is kept.' }),
    ticket: text({
      required: true,
      describe:
        'The ticket: PLAT-1353 (Jira), owner/name#12 (GitHub issue or pull request), CHG0030001 (ServiceNow change), 4711 (Zendesk).',
      example: 'PLAT-1353',
    }),
    address: text({
      describe:
        'Address of the system: https://example.atlassian.net, https://example.service-now.com, https://example.zendesk.com. For GitHub that of the API, needed for a GitHub Enterprise Server only.',
      example: 'https://example.atlassian.net',
      pattern: /^https:\/\/[^\s?#@]+$/,
      patternMeans: 'an https address without user, query or fragment',
    }),
    visibility: choice(VISIBILITIES, {
      required: true,
      describe:
        'Who may read the comment: `public` is for customers, too; `internal` for staff only. GitHub has no internal comments, so internal is refused there.',
    }),
    event: choice(TICKET_EVENTS, {
      describe: 'What is told, in the sentences for this event. Left out, comment is told, or nothing.',
      example: 'commencing',
    }),
    comment: list({
      describe: 'Own words, one paragraph a line; with an event they stand instead of its sentence.',
      repeatable: true,
    }),
    title: text({ describe: 'What the window is called; “Planned maintenance” when left out.' }),
    starts: text({ describe: 'When the window starts, as readers shall see it.', example: '2026-11-22 02:00 UTC' }),
    ends: text({
      describe: 'When the window ends, as readers shall see it. Left out, the end that the session id carries.',
      example: '2026-11-22 06:00 UTC',
    }),
    disclaimer: text({
      default: 'standard',
      describe:
        'What readers are asked to mind before and during the window: `standard`, `none`, or your own sentence; only with an event.',
    }),
    details: map({
      describe: 'Further facts to show with an event, one a line: name: value.',
      example: 'Release: 4.12.0',
    }),
    state: text({
      describe:
        'State to bring it to. Jira: name of a transition or of the status it leads to. GitHub: open or closed. ServiceNow: Implement, Review, Closed …, or the number. Zendesk: open, pending, hold, solved.',
      example: 'In Progress',
    }),
    'close-code': text({
      describe: 'ServiceNow: how a change that is closed went, such as successful.',
    }),
    'close-notes': text({ describe: 'ServiceNow: what is noted when a change is closed.' }),
    'fix-version': text({
      describe: 'Jira: version that the ticket must carry; it is added where it is missing, and must exist.',
    }),
    ...ticketAccess,
    ...sessionInputs,
  },
  outputs: {
    state: 'The state that the ticket has.',
    url: 'Where a person can look at the ticket.',
    comment: 'written, updated or unchanged; empty without a comment.',
  },
  async run({ inputs, ...context }) {
    const { updateTicket } = await import('./ticket.ts');
    const { ticketAccessOf } = await import('./access.ts');
    return updateTicket(context, {
      target: { system: inputs.system, ticket: inputs.ticket, address: inputs.address },
      visibility: inputs.visibility,
      told: {
        event: inputs.event,
        comment: inputs.comment,
        title: inputs.title,
        starts: inputs.starts,
        ends: inputs.ends,
        disclaimer: inputs.disclaimer,
        details: inputs.details,
      },
      state: inputs.state,
      closeCode: inputs['close-code'],
      closeNotes: inputs['close-notes'],
      fixVersion: inputs['fix-version'],
      access: ticketAccessOf(inputs),
      session: inputs.session,
      dryRun: inputs['dry-run'],
    });
  },
});
