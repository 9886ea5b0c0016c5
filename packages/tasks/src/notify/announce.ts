import { type AnyContext, messageOf, TaskError } from '@maintenance-tasks/core';
import { sendCloudEvent } from '@maintenance-tasks/services/cloud-events/client';
import { createSlack, type Slack, SlackRefusal } from '@maintenance-tasks/services/slack/client';
import { postToSlackWebhook } from '@maintenance-tasks/services/slack/webhook';
import type { SmtpServer } from '@maintenance-tasks/services/smtp/client';
import { postToTeams } from '@maintenance-tasks/services/teams/client';
import { channelName, channelsFor, missingSecrets, type NotifySecrets, secretProblem } from './channels.ts';
import { cloudEvent, mailOf, slackMessage, teamsCard } from './messages.ts';
import { type Announcement, announcementOf, headline, type Texts, type WindowEvent } from './plan.ts';
import type { Channel } from './schema.ts';
import { formatThreads, parseThreads, threadsFromEvidence } from './slack-thread.ts';

type Context = Pick<
  AnyContext,
  'http' | 'log' | 'report' | 'clock' | 'signal' | 'clean' | 'keepSecret' | 'run' | 'workingFolder'
>;

/**
 * Tells all channels of an event. A channel that cannot be told never stops a window: it is warned of and named in
 * `failed`. Only a required one fails the task, after all others were told.
 *
 * @param slackThread the session's messages so far, as `slackThread` of an earlier call gave them
 * @param evidence folder to look for them otherwise
 * @throws TaskError `remote` when a required channel could not be told
 */
export async function announce(
  context: Context,
  options: {
    readonly event: WindowEvent;
    readonly session: string;
    readonly channels: readonly Channel[];
    readonly secrets: NotifySecrets;
    readonly texts: Texts;
    readonly slackThread?: string;
    readonly evidence?: string;
    readonly dryRun: boolean;
  },
): Promise<{ readonly failed: string[]; readonly slackThread?: string }> {
  const { event, session, secrets, texts, dryRun } = options;
  const channels = channelsFor(options.channels, event);
  const announcement = announcementOf(event, session, texts, context.run.url);
  context.report.plan(
    channels.map((channel) => ({
      id: reportId(event, channel),
      what: `${channelName(channel)} is told`,
      before: 'not told',
      after: headline(announcement),
    })),
  );
  const threads = await knownThreads(context, options);
  const result = () => (threads.size > 0 ? { slackThread: formatThreads(threads) } : {});
  if (dryRun) return { failed: [], ...result() };

  const failures = await Promise.all(
    channels.map(async (channel) => {
      try {
        const problem = secretProblem(channel, secrets);
        if (problem) throw new TaskError('input', { what: `${problem}.`, remedy: 'Give it to this task.' });
        await tell(context, channel, announcement, secrets, threads);
        context.report.changed(reportId(event, channel));
        return undefined;
      } catch (error) {
        if (!(error instanceof TaskError)) throw error;
        return { channel, error };
      }
    }),
  );
  context.signal.throwIfAborted();
  const failed = failures.filter((failure) => failure !== undefined);
  for (const { channel, error } of failed)
    context.log.warning(`${channelName(channel)} was not told: ${messageOf(error)}`);
  for (const { channel } of failed)
    context.report.note(`${channelName(channel)} was not told of “${headline(announcement)}”.`);
  const required = failed.filter(({ channel }) => channel.required);
  if (required.length > 0) throw notTold(required);
  return { failed: failed.map(({ channel }) => channelName(channel)), ...result() };
}

/**
 * What would keep `announce` from working, one sentence each with its remedy; reads only.
 * That webhooks cannot be tried without posting is noted in the report, not a problem.
 */
export async function checkAccess(
  context: Context,
  { channels, secrets }: { readonly channels: readonly Channel[]; readonly secrets: NotifySecrets },
): Promise<string[]> {
  const problems = missingSecrets(channels, secrets).map((problem) => `${problem}.`);
  const kinds = [...new Set(channels.map(({ kind }) => kind))];
  if (kinds.includes('slack') && secrets.slackToken) {
    try {
      context.log.info(`Slack knows the token as ${await createSlack(context.http, secrets.slackToken).whoAmI()}.`);
    } catch (error) {
      context.signal.throwIfAborted();
      if (!(error instanceof TaskError)) throw error;
      problems.push(error.message);
    }
  }
  for (const channel of channels) {
    if (channel.kind !== 'email' || secretProblem(channel, secrets)) continue;
    const { checkServer } = await import('@maintenance-tasks/services/smtp/client');
    const problem = await checkServer(context, smtpServer(channel, secrets));
    if (problem) problems.push(problem);
  }
  const untried = kinds.filter((kind) => kind !== 'slack' && kind !== 'email');
  if (untried.length > 0) context.report.note(`Not tried, because it would post: ${untried.join(', ')}.`);
  return problems;
}

function reportId(event: WindowEvent, channel: Channel): string {
  return `notify:${event}:${channelName(channel)}`;
}

async function knownThreads(
  context: Context,
  options: { readonly session: string; readonly slackThread?: string; readonly evidence?: string },
): Promise<Map<string, string>> {
  const given = parseThreads(options.slackThread ?? '');
  const left = options.evidence
    ? await threadsFromEvidence(context.workingFolder, options.evidence, options.session, context.log.debug)
    : [];
  return new Map([...left, ...given]);
}

async function tell(
  context: Context,
  channel: Channel,
  announcement: Announcement,
  secrets: NotifySecrets,
  threads: Map<string, string>,
): Promise<void> {
  const { http, clock } = context;
  if (channel.kind === 'slack') {
    const slack = createSlack(http, secrets.slackToken ?? '');
    threads.set(
      channel.channel,
      await tellSlack(context, slack, channel.channel, announcement, threads.get(channel.channel)),
    );
  } else if (channel.kind === 'slack-webhook') {
    await postToSlackWebhook(http, secrets.slackWebhook ?? '', slackMessage(announcement));
  } else if (channel.kind === 'teams') {
    await postToTeams(http, secrets.teamsWebhook ?? '', teamsCard(announcement));
  } else if (channel.kind === 'email') {
    const { sendMail } = await import('@maintenance-tasks/services/smtp/client');
    await sendMail(context, smtpServer(channel, secrets), mailOf(announcement, channel));
  } else {
    const receiver = { url: secrets.webhookUrl ?? '', secret: secrets.webhookSecret };
    await sendCloudEvent(http, receiver, cloudEvent(announcement, channel.source, clock.now()));
  }
}

function smtpServer(channel: Extract<Channel, { kind: 'email' }>, { smtpPassword }: NotifySecrets): SmtpServer {
  const { host, security, user } = channel;
  return { host, security, user, password: smtpPassword, port: channel.port ?? (security === 'tls' ? 465 : 587) };
}

/** Slack's words for a first message that is gone. */
const GONE = new Set(['thread_not_found', 'message_not_found', 'cannot_reply_to_message']);

/**
 * One message a session, which always shows how the window stands, and under it a thread of all that happened.
 *
 * @param head ts of the session's first message in the channel
 * @returns ts of that message
 */
async function tellSlack(
  context: Context,
  slack: Slack,
  channel: string,
  announcement: Announcement,
  head: string | undefined,
): Promise<string> {
  const message = slackMessage(announcement);
  if (head === undefined) {
    if (announcement.event !== 'planned' && announcement.event !== 'starting')
      context.report.note(`slack ${channel}: no earlier message of this session is known, so a new one was posted.`);
    return (await slack.post(channel, message)).ts;
  }
  try {
    await slack.post(channel, message, head);
  } catch (error) {
    if (!(error instanceof SlackRefusal) || !GONE.has(error.code)) throw error;
    context.report.note(`slack ${channel}: the first message of this session is gone, so a new one was posted.`);
    return (await slack.post(channel, message)).ts;
  }
  try {
    await slack.update({ channel, ts: head }, message);
  } catch (error) {
    // The thread has the news; workspaces can forbid edits after some minutes.
    if (!(error instanceof TaskError)) throw error;
    context.log.warning(
      `slack ${channel}: the thread was told, and the first message could not be updated. ${error.message}`,
    );
  }
  return head;
}

function notTold(failures: readonly { readonly channel: Channel; readonly error: TaskError }[]): TaskError {
  const isUnsure = failures.some(({ error }) => error.text.unsure !== undefined);
  return new TaskError('remote', {
    what: failures
      .map(({ channel, error: { text } }) =>
        [`${channelName(channel)} is required and was not told: ${text.what}`, text.state].filter(Boolean).join(' '),
      )
      .join(' '),
    ...(isUnsure && { unsure: 'It is not known whether a message was posted all the same.' }),
    remedy: failures.map(({ error }) => error.text.remedy).join(' '),
  });
}
