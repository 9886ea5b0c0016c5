import { TaskError } from '@maintenance-tasks/core';
import { createZendesk, type ZendeskComment } from '@maintenance-tasks/services/zendesk/client';
import { noWay } from './plan.ts';
import type { TicketContext, TicketOptions, TicketSystem } from './system.ts';

const REACHABLE = ['open', 'pending', 'hold', 'solved'];

export function zendeskTicket(
  { http }: TicketContext,
  { target: { ticket, address = '' }, visibility, access }: TicketOptions,
): TicketSystem {
  const zendesk = createZendesk(http, {
    url: address,
    user: access.zendeskUser,
    token: access.zendeskToken ?? '',
  });
  const isPublic = visibility === 'public';
  let updated = '';

  async function requireVisibility(comment: ZendeskComment): Promise<void> {
    if (comment.isPublic === isPublic) return;
    if (!isPublic) await zendesk.makePrivate(ticket, comment.id);
    throw new TaskError('conflict', {
      what: isPublic
        ? `The comment on ${ticket} is internal, although it was asked to be public: the agent may be one that only comments in private.`
        : `Zendesk showed the comment on ${ticket} as public, so it was made private at once; the requester may have been sent a mail about it.`,
      remedy: isPublic
        ? 'Give the agent of zendesk-token the right to comment in public, or ask for internal.'
        : 'The user of zendesk-token must be an agent who may comment in private; ask the administrator which rule made it public.',
    });
  }

  return {
    name: 'Zendesk',
    isEditable: false,

    async read(comment) {
      const seen = await zendesk.ticket(ticket);
      if (!seen) return undefined;
      updated = seen.updated;
      const existing = comment && (await zendesk.comment(ticket, comment.mark));
      if (existing) await requireVisibility(existing);
      return {
        state: seen.status,
        url: `${address.replace(/\/+$/, '')}/agent/tickets/${ticket}`,
        fixVersions: [],
        comment: existing ? 'there' : 'missing',
      };
    },

    async writeComment({ paragraphs, mark }) {
      const find = () => zendesk.comment(ticket, mark);
      const text = paragraphs.join('\n\n');
      await zendesk.update(ticket, { comment: { text, isPublic } }, updated, async () => (await find()) !== undefined);
      const written = await find();
      if (written) await requireVisibility(written);
    },

    async wayTo(state) {
      const to = state.toLowerCase();
      const seen = await zendesk.ticket(ticket);
      if (!seen || seen.status === to) return undefined;
      if (seen.status === 'closed') throw noWay(ticket, state, seen.status, []);
      if (!REACHABLE.includes(to)) throw noWay(ticket, state, seen.status, REACHABLE);
      return {
        to,
        async go() {
          // A comment may have come in between, ours among them.
          const { updated: now } = (await zendesk.ticket(ticket)) ?? seen;
          await zendesk.update(ticket, { status: to }, now, async () => (await zendesk.ticket(ticket))?.status === to);
        },
      };
    },
  };
}
