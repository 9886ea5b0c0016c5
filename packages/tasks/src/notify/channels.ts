import { receiverProblem } from '@maintenance-tasks/services/cloud-events/client';
import { teamsAddressProblem } from '@maintenance-tasks/services/teams/client';
import type { WindowEvent } from './plan.ts';
import type { Channel } from './schema.ts';

/** What the channels are reached with; each is needed only when a channel of its kind is named. */
export interface NotifySecrets {
  readonly slackToken?: string | undefined;
  readonly slackWebhook?: string | undefined;
  readonly teamsWebhook?: string | undefined;
  readonly webhookUrl?: string | undefined;
  readonly webhookSecret?: string | undefined;
  readonly smtpPassword?: string | undefined;
}

type SecretInputs = {
  readonly [name in
    | 'slack-token'
    | 'slack-webhook'
    | 'teams-webhook'
    | 'webhook-url'
    | 'webhook-secret'
    | 'smtp-password']?: string | undefined;
};

/** The secrets from the inputs that all tasks name alike. */
export function notifySecrets(inputs: SecretInputs): NotifySecrets {
  return {
    slackToken: inputs['slack-token'],
    slackWebhook: inputs['slack-webhook'],
    teamsWebhook: inputs['teams-webhook'],
    webhookUrl: inputs['webhook-url'],
    webhookSecret: inputs['webhook-secret'],
    smtpPassword: inputs['smtp-password'],
  };
}

/** A channel as outputs and messages name it: `slack C0123456789`, `teams`, `email customers@example.com`. */
export function channelName(channel: {
  readonly kind: string;
  readonly channel?: string;
  readonly to?: readonly string[];
}): string {
  if (channel.kind === 'email') return `email ${channel.to?.[0]}`;
  return channel.kind === 'slack' ? `slack ${channel.channel}` : channel.kind;
}

/** The channels that are told of an event. */
export function channelsFor(channels: readonly Channel[], event: WindowEvent): Channel[] {
  return channels.filter(({ events }) => events === undefined || events.includes(event));
}

/** The inputs that the channels need and that were not given, or cannot be what they need; each as one clause. */
export function missingSecrets(channels: readonly Channel[], secrets: NotifySecrets): string[] {
  const problems = channels.map((channel) => secretProblem(channel, secrets));
  return [...new Set(problems.filter((problem) => problem !== undefined))];
}

/** Why a channel cannot be reached with these secrets. Addresses are secrets: none stands in the text. */
export function secretProblem(channel: Channel, secrets: NotifySecrets): string | undefined {
  const { kind } = channel;
  if (kind === 'email') {
    if (channel.user === undefined) return undefined;
    return secrets.smtpPassword ? undefined : `smtp-password is missing, for ${channel.user} at ${channel.host}`;
  }
  if (kind === 'slack') return secrets.slackToken ? undefined : 'slack-token is missing, for the Slack bot';
  if (kind === 'slack-webhook') {
    if (!secrets.slackWebhook) return 'slack-webhook is missing, for the Slack webhook';
    return secrets.slackWebhook.startsWith('https://') && URL.canParse(secrets.slackWebhook)
      ? undefined
      : 'slack-webhook is not an https address';
  }
  if (kind === 'teams') {
    if (!secrets.teamsWebhook) return 'teams-webhook is missing, for Microsoft Teams';
    return teamsAddressProblem(secrets.teamsWebhook);
  }
  if (!secrets.webhookUrl) return 'webhook-url is missing, for the webhook';
  return receiverProblem(secrets.webhookUrl);
}
