import { createHash } from 'node:crypto';
import type { CloudEvent } from '@maintenance-tasks/services/cloud-events/client';
import type { SlackMessage } from '@maintenance-tasks/services/slack/message';
import type { Mail } from '@maintenance-tasks/services/smtp/client';
import type { AdaptiveCard } from '@maintenance-tasks/services/teams/client';
import { type Announcement, headline } from './plan.ts';

/** The announcement in Slack's form: blocks, and the text that notifications show instead of them. */
export function slackMessage(announcement: Announcement): SlackMessage {
  const { title, status, message, facts, disclaimer, link, session } = announcement;
  const where = [`Session ${session}`, ...(link ? [`<${slackText(link)}|Run>`] : [])].join(' · ');
  return {
    text: slackText(headline(announcement)),
    blocks: [
      // plain_text is shown as it is; everything of type mrkdwn is escaped.
      { type: 'header', text: { type: 'plain_text', text: `${title}: ${status}`, emoji: false } },
      { type: 'section', text: mrkdwn(slackText(message, LONGEST_SECTION)) },
      ...(facts.length > 0
        ? [
            {
              type: 'section',
              fields: facts.map(({ name, value }) => mrkdwn(`*${slackText(name)}*\n${slackText(value)}`)),
            },
          ]
        : []),
      {
        type: 'context',
        elements: [...(disclaimer ? [mrkdwn(slackText(disclaimer, LONGEST_FIELD))] : []), mrkdwn(where)],
      },
    ],
  };
}

// Slack counts what it is sent, where an ampersand has five characters.
const LONGEST_SECTION = 3_000;
const LONGEST_FIELD = 2_000;
const ESCAPED: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/**
 * Text in which nothing is a mention, a link or a channel call (`<!channel>`), cut at so many characters.
 * https://docs.slack.dev/messaging/formatting-message-text
 */
export function slackText(text: string, longest = LONGEST_FIELD): string {
  let escaped = '';
  for (const character of text) {
    const next = ESCAPED[character] ?? character;
    if (escaped.length + next.length > longest) return escaped;
    escaped += next;
  }
  return escaped;
}

function mrkdwn(text: string) {
  return { type: 'mrkdwn', text, verbatim: true };
}

/** The announcement as an Adaptive Card. Runs of text, unlike text blocks, have no Markdown in them to be injected. */
export function teamsCard(announcement: Announcement): AdaptiveCard {
  const { message, facts, disclaimer, link, session } = announcement;
  return {
    type: 'AdaptiveCard',
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    version: '1.4',
    body: [
      runs({ text: headline(announcement), weight: 'Bolder', size: 'Large' }),
      runs({ text: message }),
      ...facts.map(({ name, value }) => runs({ text: `${name}: `, weight: 'Bolder' }, { text: value })),
      ...(disclaimer ? [runs({ text: disclaimer, isSubtle: true })] : []),
      runs(
        { text: `Session ${session}`, isSubtle: true },
        // Buttons are not shown by every workflow; a run of text that opens an address is.
        ...(link ? [{ text: ' · Run', selectAction: { type: 'Action.OpenUrl', url: link } }] : []),
      ),
    ],
  };
}

interface TextRun {
  readonly text: string;
  readonly weight?: string;
  readonly size?: string;
  readonly isSubtle?: boolean;
  readonly selectAction?: object;
}

function runs(...inlines: readonly TextRun[]) {
  return { type: 'RichTextBlock', inlines: inlines.map((inline) => ({ type: 'TextRun', ...inline })) };
}

/** The announcement as a CloudEvent. The same announcement has the same id, by which receivers drop duplicates. */
export function cloudEvent(announcement: Announcement, source: string, now: Date): CloudEvent {
  const { event, session, title, status, message, facts, disclaimer, link } = announcement;
  return {
    specversion: '1.0',
    type: `maintenance-tasks.window.${event}`,
    source,
    id: eventId(announcement),
    subject: session,
    time: now.toISOString(),
    datacontenttype: 'application/json',
    data: {
      session,
      event,
      title,
      status,
      message,
      facts: Object.fromEntries(facts.map(({ name, value }) => [name, value])),
      ...(disclaimer && { disclaimer }),
      ...(link && { link }),
    },
  };
}

/**
 * The announcement as plain text by mail. All mails of a session name the same first one, which need not exist, and so
 * stand together in the reader's list.
 */
export function mailOf(
  announcement: Announcement,
  { from, to }: { readonly from: string; readonly to: readonly string[] },
): Mail {
  const { message, facts, disclaimer, link, session } = announcement;
  const domain = from.slice(from.lastIndexOf('@') + 1);
  const paragraphs = [
    message,
    facts.map(({ name, value }) => `${name}: ${value}`).join('\n'),
    disclaimer ?? '',
    [`Session ${session}`, ...(link ? [`Run: ${link}`] : [])].join('\n'),
  ];
  return {
    from,
    to,
    subject: headline(announcement).replace(/\s+/g, ' '),
    text: `${paragraphs.filter((paragraph) => paragraph !== '').join('\n\n')}\n`,
    messageId: `${eventId(announcement)}@${domain}`,
    thread: `${session}@${domain}`,
  };
}

/** Of what readers are told, not of the run that tells it: a second attempt from another run is the same event. */
function eventId({ session, event, title, message, facts }: Announcement): string {
  const told = createHash('sha256')
    .update(JSON.stringify([title, message, facts]))
    .digest('hex')
    .slice(0, 12);
  return `${session}.${event}.${told}`;
}
