import { type Http, type HttpAnswer, type HttpRequest, type Quota, TaskError } from '@maintenance-tasks/core';

const SYSTEM = 'Zendesk';
/** A ticket holds no more comments: https://developer.zendesk.com/api-reference/ticketing/tickets/ticket_comments/ */
const MOST_COMMENTS = 5_000;

export interface ZendeskTicket {
  readonly id: number;
  /** `new`, `open`, `pending`, `hold`, `solved`, `closed` */
  readonly status: string;
  /** Changes with every update; who writes names the one that was read. */
  readonly updated: string;
}

export interface ZendeskComment {
  readonly id: number;
  readonly text: string;
  readonly isPublic: boolean;
}

export interface Zendesk {
  ticket(id: string): Promise<ZendeskTicket | undefined>;
  /** The newest comment that contains a text. */
  comment(id: string, containing: string): Promise<ZendeskComment | undefined>;
  /** One update; comments can be added but never edited. */
  update(
    id: string,
    change: {
      readonly comment?: { readonly text: string; readonly isPublic: boolean } | undefined;
      readonly status?: string | undefined;
    },
    updated: string,
    landed: () => Promise<boolean>,
  ): Promise<void>;
  /** Takes a comment from the customer's sight; a mail about it may have gone out already. */
  makePrivate(id: string, comment: number): Promise<void>;
}

export function createZendesk(
  http: Http,
  options: { readonly url: string; readonly user?: string | undefined; readonly token: string },
): Zendesk {
  http.respectQuota(SYSTEM, zendeskQuota);
  const base = `${options.url.replace(/\/+$/, '')}/api/v2`;
  const authorization = options.user
    ? `Basic ${Buffer.from(`${options.user}/token:${options.token}`).toString('base64')}`
    : `Bearer ${options.token}`;
  const common = { system: SYSTEM, headers: { accept: 'application/json', authorization } };
  const request = (method: HttpRequest['method'], path: string, json?: unknown): HttpRequest => ({
    ...common,
    method,
    url: `${base}${path}`,
    ...(json !== undefined && { json }),
  });

  return {
    async ticket(id) {
      const answer = await http.send(request('GET', `/tickets/${id}.json`));
      if (answer.status === 404) return undefined;
      const { ticket } = accepted(answer).json() as { ticket: TicketRow };
      return { id: ticket.id, status: ticket.status, updated: ticket.updated_at };
    },

    async comment(id, containing) {
      let after = '';
      for (let seen = 0; seen < MOST_COMMENTS; ) {
        const path = `/tickets/${id}/comments.json?sort=-created_at&page[size]=100${after && `&page[after]=${encodeURIComponent(after)}`}`;
        const page = accepted(await http.send(request('GET', path))).json() as CommentPage;
        const found = page.comments.find(({ plain_body, body }) => (plain_body ?? body).includes(containing));
        if (found) return { id: found.id, text: found.plain_body ?? found.body, isPublic: found.public };
        seen += page.comments.length;
        if (!page.meta?.has_more || page.comments.length === 0) break;
        after = page.meta.after_cursor ?? '';
      }
      return undefined;
    },

    async update(id, { comment, status }, updated, landed) {
      const ticket = {
        // Left out, a comment is public: it is always said.
        ...(comment && { comment: { body: comment.text, public: comment.isPublic } }),
        ...(status && { status }),
        // 409 when somebody else was faster, instead of overwriting what they did.
        updated_stamp: updated,
        safe_update: true,
      };
      await http.write(
        request('PUT', `/tickets/${id}.json`, { ticket }),
        (answer) => {
          accepted(answer);
          return true;
        },
        async () => (await landed()) || undefined,
      );
    },

    async makePrivate(id, comment) {
      const path = `/tickets/${id}/comments/${comment}/make_private.json`;
      accepted(await http.send({ ...request('PUT', path), repeatable: true }));
    },
  };
}

interface TicketRow {
  readonly id: number;
  readonly status: string;
  readonly updated_at: string;
}

interface CommentPage {
  readonly comments: readonly {
    readonly id: number;
    readonly body: string;
    readonly plain_body?: string;
    readonly public: boolean;
  }[];
  readonly meta?: { readonly has_more?: boolean; readonly after_cursor?: string | null };
}

function zendeskQuota(headers: Readonly<Record<string, string>>): Quota | undefined {
  const [remaining, reset] = [headers['ratelimit-remaining'], headers['ratelimit-reset']];
  if (!remaining || !reset || !/^\d+$/.test(remaining) || !/^\d+$/.test(reset)) return undefined;
  return { remaining: Number(remaining), resetsInSeconds: Number(reset) };
}

/** @throws TaskError for anything but success */
function accepted(answer: HttpAnswer): HttpAnswer {
  if (answer.status >= 200 && answer.status < 300) return answer;
  const reason = reasonOf(answer);
  const what = `Zendesk answered ${answer.status}${reason ? `: ${reason}` : ''}.`;
  if (answer.status === 401 || answer.status === 403) {
    throw new TaskError('auth', {
      what,
      remedy: 'Check zendesk-user and zendesk-token: an agent’s, with access to the ticket and API tokens allowed.',
    });
  }
  if (answer.status === 404) throw new TaskError('input', { what, remedy: 'Check the ticket and the address.' });
  if (answer.status === 409) {
    throw new TaskError('conflict', {
      what,
      remedy: 'Somebody changed the ticket at the same moment. Look at it, then run the task again.',
    });
  }
  if (answer.status === 422 || answer.status === 400) {
    throw new TaskError('refused', {
      what,
      remedy: 'A closed ticket takes no changes, and a ticket no more than 5,000 comments; look at it and its rules.',
    });
  }
  throw new TaskError('remote', { what, remedy: 'Look whether Zendesk is up, then run the task again.' });
}

function reasonOf(answer: HttpAnswer): string {
  try {
    const { error, description } = JSON.parse(answer.text) as { error?: unknown; description?: unknown };
    const title = typeof error === 'object' ? (error as { title?: unknown } | null)?.title : error;
    return answer.quote([title, description].filter((text) => typeof text === 'string').join(': ')).replace(/\.$/, '');
  } catch {
    return '';
  }
}
