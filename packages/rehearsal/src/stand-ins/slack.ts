import { z } from 'zod';
import type { StandIn, StandInAnswer, StandInRequest, StandInWorld } from '../stand-in.ts';
import { objectIn } from './json-body.ts';

export const slackSeed = z.strictObject({
  token: z.string().default('xoxb-rehearsal').describe('The bot token it knows.'),
  scopes: z.array(z.string()).default(['chat:write']).describe('Scopes of the bot.'),
  channels: z
    .array(
      z.strictObject({
        id: z.string(),
        name: z.string(),
        member: z.boolean().default(true).describe('Whether the bot is in the channel.'),
        private: z.boolean().default(false),
        archived: z.boolean().default(false),
      }),
    )
    .default([{ id: 'C0123456789', name: 'maintenance', member: true, private: false, archived: false }])
    .describe('The channels of the workspace.'),
  webhooks: z
    .array(
      z.strictObject({
        url: z.string().startsWith('https://hooks.slack.com/services/'),
        channel: z.string().describe('Id of its channel.'),
        disabled: z.boolean().default(false),
      }),
    )
    .default([])
    .describe('Incoming webhooks.'),
});

interface Message {
  readonly ts: string;
  readonly channel: string;
  readonly thread: string | undefined;
  readonly by: 'bot' | 'webhook';
  text: string;
  blocks: readonly Block[];
  edits: number;
}

type Text = { type?: string; text?: string };
type Block = { type?: string; text?: Text; fields?: Text[]; elements?: Text[] };

/** Tolerated at once before the rate of one message a second and channel counts. */
const BURST = 4;

/** Slack's Web API and incoming webhooks: https://docs.slack.dev/reference/methods/chat.postMessage */
export function slackStandIn(given: z.input<typeof slackSeed>, world: StandInWorld): StandIn {
  const seed = slackSeed.parse(given);
  const messages: Message[] = [];
  const posted = new Map<string, number[]>();
  const now = () => world.now().getTime();

  function limited(channel: string): boolean {
    const recent = (posted.get(channel) ?? []).filter((time) => time > now() - BURST * 1_000);
    if (recent.length < BURST) {
      posted.set(channel, [...recent, now()]);
      return false;
    }
    return true;
  }

  function add(message: Omit<Message, 'ts' | 'edits'>): Message {
    const ts = `${Math.floor(now() / 1_000)}.${String(messages.length + 1).padStart(6, '0')}`;
    const added = { ...message, ts, edits: 0 };
    messages.push(added);
    return added;
  }

  function post(body: Record<string, unknown>): StandInAnswer {
    const channel = seed.channels.find(({ id, name }) => id === body.channel || `#${name}` === body.channel);
    if (!channel || (channel.private && !channel.member)) return no('channel_not_found');
    if (!channel.member) return no('not_in_channel');
    if (channel.archived) return no('is_archived');
    const problem = contentProblem(body);
    if (problem) return no(problem);
    const thread = body.thread_ts === undefined ? undefined : String(body.thread_ts);
    if (thread !== undefined && !messages.some(({ ts, channel: where }) => ts === thread && where === channel.id))
      return no('thread_not_found');
    if (limited(channel.id))
      return { status: 429, headers: { 'retry-after': '1' }, body: { ok: false, error: 'ratelimited' } };
    const { ts } = add({
      channel: channel.id,
      thread,
      by: 'bot',
      text: String(body.text ?? ''),
      blocks: blocksOf(body),
    });
    return { status: 200, body: { ok: true, channel: channel.id, ts } };
  }

  function update(body: Record<string, unknown>): StandInAnswer {
    // Only ids: a name that posting would take is not found here.
    if (!seed.channels.some(({ id }) => id === body.channel)) return no('channel_not_found');
    const message = messages.find(({ ts, channel }) => ts === body.ts && channel === body.channel);
    if (!message) return no('message_not_found');
    if (message.by !== 'bot') return no('cant_update_message');
    const problem = contentProblem(body);
    if (problem) return no(problem);
    message.text = String(body.text ?? message.text);
    // Blocks that are left out stay as they were.
    if (body.blocks !== undefined) message.blocks = blocksOf(body);
    message.edits += 1;
    return { status: 200, body: { ok: true, channel: message.channel, ts: message.ts, text: message.text } };
  }

  function method(name: string, request: StandInRequest): StandInAnswer {
    const authorization = request.headers.authorization ?? '';
    if (!authorization) return no('not_authed');
    if (authorization !== `Bearer ${seed.token}`) return no('invalid_auth');
    if (name === 'auth.test')
      return {
        status: 200,
        body: { ok: true, url: 'https://example.slack.com/', team: 'Example', user: 'maintenance' },
      };
    if (name !== 'chat.postMessage' && name !== 'chat.update') return no('unknown_method');
    if (!seed.scopes.includes('chat:write'))
      return {
        status: 200,
        body: { ok: false, error: 'missing_scope', needed: 'chat:write', provided: seed.scopes.join() },
      };
    if (!/^application\/json/.test(request.headers['content-type'] ?? '')) return no('invalid_form_data');
    const body = objectIn(request.body);
    if (!body) return no('invalid_json');
    return name === 'chat.update' ? update(body) : post(body);
  }

  function webhook({ method: verb, url, body }: StandInRequest): StandInAnswer {
    const hook = seed.webhooks.find((each) => each.url === `https://hooks.slack.com${url.pathname}`);
    if (!hook) return { status: 404, body: 'no_team' };
    if (verb !== 'POST') return { status: 400, body: 'invalid_payload' };
    if (hook.disabled) return { status: 404, body: 'no_service' };
    const channel = seed.channels.find(({ id }) => id === hook.channel);
    if (!channel) return { status: 404, body: 'channel_not_found' };
    if (channel.archived) return { status: 410, body: 'channel_is_archived' };
    const message = objectIn(body);
    if (!message) return { status: 400, body: 'invalid_payload' };
    const problem = contentProblem(message);
    if (problem) return { status: 400, body: problem };
    if (limited(channel.id)) return { status: 429, headers: { 'retry-after': '1' }, body: 'rate_limited' };
    add({
      channel: channel.id,
      thread: undefined,
      by: 'webhook',
      text: String(message.text ?? ''),
      blocks: blocksOf(message),
    });
    return { status: 200, body: 'ok' };
  }

  return {
    name: 'Slack',
    hosts: ['slack.com', 'hooks.slack.com'],
    answer(request) {
      if (request.url.hostname === 'hooks.slack.com') return webhook(request);
      const [, name] = /^\/api\/([a-z.A-Z]+)$/.exec(request.url.pathname) ?? [];
      if (!name) return { status: 404, body: 'Not found' };
      return method(name, request);
    },
    state: () => ({
      channels: seed.channels.map(({ id, name }) => ({
        channel: `#${name}`,
        messages: messages
          .filter((each) => each.channel === id && each.thread === undefined)
          .map((each) => ({
            ...shownMessage(each),
            thread: messages.filter(({ thread }) => thread === each.ts).map(shownMessage),
          })),
      })),
    }),
    // A message stays: it is the record of what was told.
    leftovers: () => [],
  };
}

function shownMessage({ ts, text, blocks, edits }: Message) {
  const texts = blocks.flatMap(({ text: own, fields, elements }) => [
    ...(own ? [own] : []),
    ...(fields ?? []),
    ...(elements ?? []),
  ]);
  const formatted = [text, ...texts.filter(({ type }) => type === 'mrkdwn').map((each) => each.text ?? '')];
  return {
    ts,
    text,
    blocks: texts.map((each) => each.text ?? ''),
    edited: edits,
    // Everybody's phone rings. Plain text is shown as it is.
    alarms: formatted.some((each) => /<!(channel|here|everyone)/.test(each)),
  };
}

function blocksOf(body: Record<string, unknown>): readonly Block[] {
  return Array.isArray(body.blocks) ? (body.blocks as Block[]) : [];
}

function contentProblem(body: Record<string, unknown>): string | undefined {
  const blocks = blocksOf(body);
  if (!body.text && blocks.length === 0) return 'no_text';
  if (String(body.text ?? '').length > 40_000) return 'msg_too_long';
  const fits = (text: string | undefined, longest: number) =>
    text === undefined || (text.length > 0 && text.length <= longest);
  const right = blocks.every(
    ({ type, text, fields }) =>
      type !== undefined &&
      fits(text?.text, type === 'header' ? 150 : 3_000) &&
      (fields ?? []).length <= 10 &&
      (fields ?? []).every((field) => fits(field.text, 2_000)),
  );
  return right && blocks.length <= 50 ? undefined : 'invalid_blocks';
}

/** Slack refuses with status 200. */
function no(error: string): StandInAnswer {
  return { status: 200, body: { ok: false, error } };
}
