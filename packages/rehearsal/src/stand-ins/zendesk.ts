import { z } from 'zod';
import type { StandIn, StandInAnswer, StandInRequest, StandInWorld } from '../stand-in.ts';
import { objectIn } from './json-body.ts';

const STATUSES = ['new', 'open', 'pending', 'hold', 'solved', 'closed'] as const;

export const zendeskSeed = z.strictObject({
  host: z.string().default('example.zendesk.com').describe('Host of the account.'),
  user: z.string().default('release.manager@example.com').describe('Mail address of the agent.'),
  token: z.string().default('zendesk-token').describe('The API token it knows.'),
  agent: z
    .enum(['agent', 'light', 'end-user'])
    .default('agent')
    .describe('A light agent comments in private only, an end user in public only.'),
  tickets: z
    .array(
      z.strictObject({
        id: z.int().positive(),
        status: z.enum(STATUSES).default('open'),
        comments: z.int().min(0).default(1).describe('How many comments there are already.'),
      }),
    )
    .default([])
    .describe('Its tickets.'),
});

interface Comment {
  readonly id: number;
  readonly body: string;
  public: boolean;
  readonly isOwn: boolean;
}

interface Ticket {
  readonly id: number;
  status: (typeof STATUSES)[number];
  updates: number;
  readonly comments: Comment[];
  /** Comments that the requester was sent a mail about. */
  mailed: number;
}

const MOST_COMMENTS = 5_000;

/** Zendesk's Ticketing API, as far as one ticket goes: https://developer.zendesk.com/api-reference/ticketing/tickets/tickets/ */
export function zendeskStandIn(given: z.input<typeof zendeskSeed>, world: StandInWorld): StandIn {
  const seed = zendeskSeed.parse(given);
  let comments = 0;
  const tickets = seed.tickets.map(({ id, status, comments: there }): Ticket => {
    const first = Array.from({ length: there }, () => {
      comments += 1;
      return { id: comments, body: 'Something does not work.', public: true, isOwn: false };
    });
    return { id, status, updates: 0, comments: first, mailed: 0 };
  });

  /** Exact to the second, as the real one's is; an update within the same second is told apart all the same. */
  const stampOf = ({ updates }: Ticket) =>
    new Date(world.now().getTime() + updates * 1_000).toISOString().replace('.000', '');
  const stamps = new Map<Ticket, string>();
  const stamp = (ticket: Ticket) => {
    const known = stamps.get(ticket) ?? stampOf(ticket);
    stamps.set(ticket, known);
    return known;
  };

  function shown(ticket: Ticket) {
    return { id: ticket.id, status: ticket.status, updated_at: stamp(ticket) };
  }

  function update(ticket: Ticket, request: StandInRequest): StandInAnswer {
    const { ticket: asked } = (objectIn(request.body) ?? {}) as {
      ticket?: {
        comment?: { body?: string; public?: boolean };
        status?: string;
        safe_update?: boolean;
        updated_stamp?: string;
      };
    };
    if (!asked) return failure(400, 'InvalidTicket', 'ticket is missing');
    if (ticket.status === 'closed') return failure(422, 'RecordInvalid', 'Status: closed prevents ticket update');
    if (asked.safe_update && asked.updated_stamp !== stamp(ticket))
      return failure(409, 'UpdateConflict', 'Safe Update prevented the update due to outdated ticket data.');
    if (asked.status !== undefined && !STATUSES.includes(asked.status as Ticket['status']))
      return failure(422, 'RecordInvalid', `Status: ${asked.status} is not allowed`);
    if (asked.comment?.body) {
      if (ticket.comments.length >= MOST_COMMENTS) return failure(422, 'RecordInvalid', 'Comment limit reached');
      // Public unless told otherwise; and some cannot choose.
      const isPublic = seed.agent === 'agent' ? (asked.comment.public ?? true) : seed.agent === 'end-user';
      comments += 1;
      ticket.comments.push({ id: comments, body: asked.comment.body, public: isPublic, isOwn: true });
      if (isPublic) ticket.mailed += 1;
    }
    if (asked.status) ticket.status = asked.status as Ticket['status'];
    ticket.updates += 1;
    stamps.delete(ticket);
    return { status: 200, body: { ticket: shown(ticket), audit: { events: [] } } };
  }

  function listed(ticket: Ticket, { url }: StandInRequest): StandInAnswer {
    const size = Math.min(Number(url.searchParams.get('page[size]') ?? 100), 100);
    const start = Number(url.searchParams.get('page[after]') ?? 0);
    const sorted = url.searchParams.get('sort') === '-created_at' ? [...ticket.comments].reverse() : ticket.comments;
    const page = sorted.slice(start, start + size);
    const more = start + size < sorted.length;
    return {
      status: 200,
      body: {
        comments: page.map(({ id, body, public: isPublic }) => ({ id, body, plain_body: body, public: isPublic })),
        meta: { has_more: more, after_cursor: more ? String(start + size) : null },
      },
    };
  }

  function carryOut(request: StandInRequest): StandInAnswer {
    const { method, url } = request;
    const [, id, rest] = /^\/api\/v2\/tickets\/(\d+)(\/.+)?\.json$/.exec(url.pathname) ?? [];
    const ticket = tickets.find((each) => String(each.id) === id);
    if (!ticket) return failure(404, 'RecordNotFound', 'Not found');
    if (rest === undefined)
      return method === 'PUT' ? update(ticket, request) : { status: 200, body: { ticket: shown(ticket) } };
    if (rest === '/comments') return listed(ticket, request);
    const [, comment] = /^\/comments\/(\d+)\/make_private$/.exec(rest) ?? [];
    const found = ticket.comments.find((each) => String(each.id) === comment);
    if (!found || method !== 'PUT') return failure(404, 'RecordNotFound', 'Not found');
    found.public = false;
    return { status: 200, body: {} };
  }

  const expected = `Basic ${Buffer.from(`${seed.user}/token:${seed.token}`).toString('base64')}`;
  return {
    name: 'Zendesk',
    hosts: [seed.host],
    answer: (request) =>
      request.headers.authorization === expected
        ? carryOut(request)
        : { status: 401, body: { error: "Couldn't authenticate you" } },
    state: () => ({
      tickets: tickets.map(({ id, status, comments: all, mailed }) => ({
        id,
        status,
        comments: all
          .filter(({ isOwn }) => isOwn)
          .map(({ body, public: isPublic }) => ({ text: body, for: isPublic ? 'the requester' : 'staff' })),
        'mails to the requester': mailed,
      })),
    }),
    // A comment stays: it is the record of what was told.
    leftovers: () => [],
  };
}

function failure(status: number, error: string, description: string): StandInAnswer {
  return { status, body: { error, description } };
}
