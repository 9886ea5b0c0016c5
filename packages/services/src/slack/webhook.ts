import { type Http, TaskError } from '@maintenance-tasks/core';
import type { SlackMessage } from './message.ts';

/** Slack's words for failures: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks#handling-errors */
const REMEDIES: Readonly<Record<string, string>> = {
  invalid_payload: 'Shorten message or details; if that does not help, please report it.',
  invalid_token: 'The address is not valid any more: create a new webhook and replace slack-webhook.',
  no_active_hooks: 'The webhook is disabled: create a new one and replace slack-webhook.',
  no_service: 'The webhook is disabled, removed or invalid: create a new one and replace slack-webhook.',
  no_service_id: 'The address is incomplete: copy slack-webhook again.',
  no_team: 'The workspace does not exist any more, or the address is incomplete: copy slack-webhook again.',
  team_disabled: 'The workspace is disabled.',
  channel_not_found: 'The channel of the webhook was deleted: create a new webhook.',
  channel_is_archived: 'The channel of the webhook is archived: bring it back, or create a new webhook.',
  action_prohibited: 'A workspace setting forbids posting there: ask the workspace’s administrators.',
  posting_to_general_channel_denied: 'Only some people may post to this channel: choose another one.',
  user_not_found: 'The person the webhook writes to does not exist any more: create a new webhook.',
};

/** Posts to an incoming webhook. Its address is a secret and stands in no message. */
export async function postToSlackWebhook(http: Http, url: string, message: SlackMessage): Promise<void> {
  const answer = await http.send({
    system: 'Slack',
    method: 'POST',
    url,
    shownAs: 'the address slack-webhook',
    json: message,
    timeout: 15_000,
    // A window does not wait long for a message to get through.
    patience: 30_000,
  });
  const word = answer.text.trim();
  if (answer.status === 200 && word === 'ok') return;
  const known = Object.keys(REMEDIES).find((each) => each === word);
  throw new TaskError('remote', {
    what: `Slack’s webhook answered ${answer.status}${known ? `: ${known}` : ''}.`,
    ...(answer.status >= 500 && { unsure: 'The message may have been posted.' }),
    remedy:
      (known && REMEDIES[known]) ??
      (answer.status < 400
        ? 'That is not Slack’s answer: check that slack-webhook is the address of an incoming webhook.'
        : 'Check slack-webhook, and look in the channel.'),
  });
}
