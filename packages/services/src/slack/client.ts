import { type Http, type HttpAnswer, TaskError } from '@maintenance-tasks/core';
import type { SlackMessage } from './message.ts';

const SYSTEM = 'Slack';
const BASE = 'https://slack.com/api';
const TIMEOUT = 15_000;

/** A message in a channel. Slack knows messages by the time at which they were posted. */
export interface SlackPlace {
  readonly channel: string;
  readonly ts: string;
}

export interface Slack {
  /** Who the token belongs to: `bot of workspace`. */
  whoAmI(): Promise<string>;
  /**
   * Posts to a channel, or into the thread under a message.
   *
   * @throws SlackRefusal when Slack says no
   */
  post(channel: string, message: SlackMessage, thread?: string): Promise<SlackPlace>;
  /** @throws SlackRefusal when Slack says no */
  update(place: SlackPlace, message: SlackMessage): Promise<void>;
}

/** Slack's own word for why it did not do what was asked, in `code`. */
export class SlackRefusal extends TaskError {
  readonly code: string;

  constructor(code: string) {
    super(AUTH_CODES.has(code) ? 'auth' : 'remote', {
      what: `Slack refused: ${code}.`,
      remedy: REMEDIES[code] ?? `Look the word up at https://docs.slack.dev/reference/methods/chat.postMessage#errors.`,
    });
    this.code = code;
  }
}

const AUTH_CODES = new Set([
  'invalid_auth',
  'not_authed',
  'account_inactive',
  'token_revoked',
  'token_expired',
  'missing_scope',
]);

const NEW_TOKEN = 'Check slack-token: it must be the bot token (xoxb-…) of an app that is installed in this workspace.';

const REMEDIES: Readonly<Record<string, string>> = {
  channel_not_found:
    'Check the channel’s id, and invite the bot where the channel is private: Slack hides private channels from others.',
  not_in_channel: 'Invite the bot to the channel: /invite @bot.',
  is_archived: 'The channel is archived: choose another one, or bring it back.',
  invalid_auth: NEW_TOKEN,
  not_authed: NEW_TOKEN,
  account_inactive: NEW_TOKEN,
  token_revoked: NEW_TOKEN,
  token_expired: NEW_TOKEN,
  missing_scope: 'Give the app the bot scope chat:write and install it again.',
  ratelimited: 'Tell this channel less often: Slack takes about one message a second and channel.',
  restricted_action: 'A workspace setting forbids the bot to post there: ask the workspace’s administrators.',
  msg_too_long: 'Shorten message or details.',
};

/** A client of Slack's Web API for one bot. */
export function createSlack(http: Http, token: string): Slack {
  async function call<Answer extends object>(method: string, body: object): Promise<Answer> {
    const answer = await http.send({
      system: SYSTEM,
      method: 'POST',
      url: `${BASE}/${method}`,
      // Without a charset Slack warns at each call.
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json; charset=utf-8' },
      json: body,
      // Posting twice is worse than not at all; a read and an update can be repeated.
      repeatable: method !== 'chat.postMessage',
      timeout: TIMEOUT,
      // A window does not wait long for a message to get through.
      patience: 30_000,
    });
    return resultOf<Answer>(answer, method);
  }

  return {
    async whoAmI() {
      const { user, team } = await call<{ user?: string; team?: string }>('auth.test', {});
      return `${user ?? 'unknown'} of ${team ?? 'unknown'}`;
    },
    async post(channel, message, thread) {
      const { channel: where, ts } = await call<SlackPlace>('chat.postMessage', {
        channel,
        ...message,
        ...(thread && { thread_ts: thread }),
        unfurl_links: false,
      });
      return { channel: where, ts };
    },
    async update({ channel, ts }, message) {
      await call('chat.update', { channel, ts, ...message });
    },
  };
}

/** Slack answers 200 to what it refuses, and tells in `ok`; only its rate limit is a status of its own. */
function resultOf<Answer extends object>(answer: HttpAnswer, method: string): Answer {
  if (answer.status === 429) throw new SlackRefusal('ratelimited');
  if (answer.status !== 200) {
    throw new TaskError('remote', {
      what: `Slack answered ${answer.status}.`,
      ...(answer.status >= 500 && method === 'chat.postMessage' && { unsure: 'The message may have been posted.' }),
      remedy: 'Look in the channel, and at https://slack-status.com.',
    });
  }
  const body = answer.json() as { ok?: boolean; error?: string };
  if (!body.ok)
    throw new SlackRefusal(/^[a-z_]{1,60}$/.test(body.error ?? '') ? (body.error as string) : 'unknown_error');
  return body as Answer;
}
