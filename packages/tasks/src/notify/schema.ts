import { z } from 'zod';
import { channelName } from './channels.ts';
import { EVENTS } from './plan.ts';

const common = {
  required: z
    .boolean()
    .default(false)
    .describe('Whether the task fails when this channel cannot be reached. Otherwise it warns and goes on.'),
  events: z
    .array(z.enum(EVENTS))
    .min(1)
    .optional()
    .describe('Only these events go to this channel; all when left out.'),
};

const slack = z
  .strictObject({
    kind: z.literal('slack').describe('A Slack channel, by a bot: one message a session and a thread under it.'),
    channel: z
      .string()
      // chat.update takes ids only, no #names: https://docs.slack.dev/reference/methods/chat.update
      .regex(/^[CGD][A-Z0-9]{5,}$/, 'Is not a channel id such as C0123456789 (see the channel’s “About” tab)')
      .describe('The channel’s id, `C0123456789`; a name does not do.'),
    ...common,
  })
  .describe('A Slack channel, by a bot.');

const slackWebhook = z
  .strictObject({
    kind: z.literal('slack-webhook').describe('A Slack incoming webhook; its address is the secret slack-webhook.'),
    ...common,
  })
  .describe('A Slack channel, by an incoming webhook.');

const teams = z
  .strictObject({
    kind: z.literal('teams').describe('A Microsoft Teams workflow; its address is the secret teams-webhook.'),
    ...common,
  })
  .describe('A Microsoft Teams chat or channel, by a workflow.');

const webhook = z
  .strictObject({
    kind: z.literal('webhook').describe('CloudEvents 1.0 to an address of your own, the secret webhook-url.'),
    source: z
      .string()
      .regex(/^[\x21-\x7e]+$/, 'Is not a URI')
      .default('urn:maintenance-tasks')
      .describe('The `source` of the events. Receivers tell events apart by source and id.'),
    ...common,
  })
  .describe('An own receiver of CloudEvents.');

const mailAddress = z.string().regex(/^[^\s<>@,;:"()[\]\\]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$/, 'Is not a mail address');

const email = z
  .strictObject({
    kind: z.literal('email').describe('E-mail by an SMTP server, always encrypted; its password is smtp-password.'),
    from: mailAddress.describe('Address that it comes from.'),
    to: z.array(mailAddress).min(1).max(100).describe('Addresses that receive it; all of them see each other.'),
    host: z
      .string()
      .regex(/^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/, 'Is not a host name')
      .describe('The SMTP server.'),
    port: z.int().min(1).max(65_535).optional().describe('Its port; 587 for starttls and 465 for tls when left out.'),
    security: z
      .enum(['starttls', 'tls'])
      .default('starttls')
      .describe('Whether encryption is asked for (STARTTLS) or there from the start. Without any, nothing is sent.'),
    user: z.string().min(1).optional().describe('User to sign in as; left out, the server must take mail without.'),
    ...common,
  })
  .describe('Addressees of e-mail.');

/** The `channels` part of a window file. */
export const channelsSchema = z
  .array(z.discriminatedUnion('kind', [slack, slackWebhook, teams, webhook, email]))
  .min(1, 'Names no channel')
  .superRefine((channels, context) => {
    const seen = new Set<string>();
    channels.forEach((channel, index) => {
      const name = channelName(channel);
      // Only Slack's bot and mail can tell two channels apart: the others are told by their one secret address.
      if (seen.has(name)) context.addIssue({ code: 'custom', path: [index], message: `${name} is there twice` });
      seen.add(name);
    });
  })
  .describe('Who is told of the window.');

export type Channel = z.infer<typeof channelsSchema>[number];
