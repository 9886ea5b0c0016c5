import { createHash } from 'node:crypto';
import { type Change, TaskError } from '@maintenance-tasks/core';
import { announcementOf, headline, type WindowEvent } from '../notify/plan.ts';
import { type TicketEvent, type TicketSystemName, ticketProblem, type Visibility } from './words.ts';

/** What the caller wants readers to know. */
export interface Told {
  readonly event?: TicketEvent | undefined;
  /** Paragraphs of own words. */
  readonly comment?: readonly string[] | undefined;
  readonly title?: string | undefined;
  readonly starts?: string | undefined;
  readonly ends?: string | undefined;
  readonly disclaimer?: string | undefined;
  readonly details?: Readonly<Record<string, string>> | undefined;
}

export interface TicketTarget {
  readonly system: TicketSystemName;
  readonly ticket: string;
  readonly address?: string | undefined;
}

/** What a ticket shall have; what is left out stays as it is. */
export interface TicketWish {
  readonly target: TicketTarget;
  readonly visibility: Visibility;
  readonly told: Told;
  readonly state?: string | undefined;
  readonly closeCode?: string | undefined;
  readonly closeNotes?: string | undefined;
  readonly fixVersion?: string | undefined;
}

/** A comment to be written, and what it is known by when it is there. */
export interface Comment {
  readonly paragraphs: readonly string[];
  /** Of the session and the event; of the words, too, where nothing can be edited or there is no event. */
  readonly mark: string;
}

/** A ticket as it stands. */
export interface TicketView {
  readonly state: string;
  readonly url: string;
  readonly fixVersions: readonly string[];
  /** How the comment stands: not there, there as it shall be, there with other words; or nobody can tell. */
  readonly comment: 'missing' | 'there' | 'outdated' | 'unknown';
}

const AS_IN_A_CHANNEL: Readonly<Record<TicketEvent, WindowEvent>> = {
  planned: 'planned',
  commencing: 'starting',
  'in-progress': 'in-progress',
  ended: 'finished',
  failed: 'failed',
  rescheduled: 'rescheduled',
  cancelled: 'cancelled',
  escalated: 'in-progress',
};

const STATUS: Partial<Readonly<Record<TicketEvent, string>>> = {
  commencing: 'commencing now',
  ended: 'ended',
  escalated: 'escalated',
};

const ESCALATED = 'Something in this window needs the attention of more people. The next words on it follow here.';

const GITHUB_STATES = ['open', 'closed'];
/** `new` and `closed` are given by Zendesk alone. */
const ZENDESK_STATES = ['open', 'pending', 'hold', 'solved'];

/** What is wrong with a wish whatever the ticket looks like, one clause each. */
export function wishProblems({
  target,
  visibility,
  told,
  state,
  closeCode,
  closeNotes,
  fixVersion,
}: TicketWish): string[] {
  const { system, ticket, address } = target;
  const form = ticketProblem(system, ticket);
  const states = { github: GITHUB_STATES, zendesk: ZENDESK_STATES, jira: undefined, servicenow: undefined }[system];
  return [
    ...(form ? [`ticket: ${form}`] : []),
    ...(address === undefined && system !== 'github' ? ['address: is missing, that of the system'] : []),
    ...(system === 'github' && visibility === 'internal'
      ? ['visibility: GitHub has no internal comments; whoever sees the repository reads them']
      : []),
    ...(state !== undefined && states && !states.includes(state.toLowerCase())
      ? [`state: "${state}" is not one of ${states.join(', ')}`]
      : []),
    ...(fixVersion !== undefined && system !== 'jira' ? ['fix-version: is known to Jira only'] : []),
    ...((closeCode !== undefined || closeNotes !== undefined) && system !== 'servicenow'
      ? ['close-code and close-notes: are known to ServiceNow only']
      : []),
    ...(told.event === undefined && !told.comment?.length && state === undefined && fixVersion === undefined
      ? ['event, comment, state or fix-version: one of them must be given']
      : []),
  ];
}

/**
 * The comment in paragraphs, the last of which is its mark. The run's address is for staff only.
 *
 * @param isEditable whether an earlier comment of the same event can be given other words; elsewhere other words are another comment
 */
export function commentOf(
  told: Told,
  session: string,
  options: { readonly visibility: Visibility; readonly isEditable: boolean; readonly link?: string | undefined },
): Comment | undefined {
  const own = told.comment ?? [];
  if (told.event === undefined && own.length === 0) return undefined;
  const words = told.event === undefined ? own : wordsOf(told.event, told, session, options);
  const digest = createHash('sha256').update(JSON.stringify(words)).digest('hex').slice(0, 8);
  const key = [told.event ?? 'note', ...(told.event && options.isEditable ? [] : [digest])].join(' ');
  const mark = `Maintenance session ${session} (${key})`;
  return { paragraphs: [...words, mark], mark };
}

function wordsOf(
  event: TicketEvent,
  told: Told,
  session: string,
  { visibility, link }: { readonly visibility: Visibility; readonly link?: string | undefined },
): string[] {
  const own = told.comment?.length ? told.comment.join('\n') : undefined;
  const message = own ?? (event === 'escalated' ? ESCALATED : undefined);
  const announcement = announcementOf(
    AS_IN_A_CHANNEL[event],
    session,
    {
      ...(told.title && { title: told.title }),
      ...(message && { message }),
      ...(told.starts && { starts: told.starts }),
      ...(told.ends && { ends: told.ends }),
      ...(told.disclaimer && { disclaimer: told.disclaimer }),
      ...(told.details && { details: told.details }),
    },
    link,
  );
  return [
    headline({ ...announcement, status: STATUS[event] ?? announcement.status }),
    announcement.message,
    announcement.facts.map(({ name, value }) => `${name}: ${value}`).join('\n'),
    announcement.disclaimer ?? '',
    visibility === 'internal' && announcement.link ? `Run: ${announcement.link}` : '',
  ].filter((paragraph) => paragraph !== '');
}

/** What is to be done to the ticket, in this order. */
export interface TicketPlan {
  readonly fixVersion: boolean;
  readonly comment: boolean;
  readonly state: boolean;
  readonly changes: readonly Change[];
}

export const CHANGE = {
  fixVersion: (ticket: string) => `ticket:${ticket}:fix-version`,
  comment: (ticket: string) => `ticket:${ticket}:comment`,
  state: (ticket: string) => `ticket:${ticket}:state`,
} as const;

/**
 * @param comment the one that shall be there
 * @param to the state that the ticket goes to; nothing when it is there
 */
export function planTicket(
  { target: { ticket }, visibility, fixVersion }: TicketWish,
  seen: TicketView,
  comment: Comment | undefined,
  to: string | undefined,
): TicketPlan {
  const needsVersion = fixVersion !== undefined && !seen.fixVersions.includes(fixVersion);
  const needsComment = comment !== undefined && seen.comment !== 'there';
  const changes: Change[] = [];
  if (needsVersion) {
    changes.push({
      id: CHANGE.fixVersion(ticket),
      what: `fix version of ${ticket}`,
      before: seen.fixVersions.join(', ') || 'none',
      after: [...seen.fixVersions, fixVersion].join(', '),
    });
  }
  if (needsComment) {
    changes.push({
      id: CHANGE.comment(ticket),
      what: `${visibility} comment on ${ticket}`,
      before: { missing: 'none', outdated: 'one with other words', unknown: 'unknown', there: '' }[seen.comment],
      after: shortened(comment.paragraphs[0] ?? ''),
    });
  }
  if (to !== undefined)
    changes.push({ id: CHANGE.state(ticket), what: `state of ${ticket}`, before: seen.state, after: to });
  return { fixVersion: needsVersion, comment: needsComment, state: to !== undefined, changes };
}

/** @throws TaskError `refused` naming what can be reached instead */
export function noWay(ticket: string, asked: string, now: string, reachable: readonly string[]): TaskError {
  return new TaskError('refused', {
    what: `${ticket} is in the state ${now} and cannot go to "${asked}" from there; it can go to ${reachable.join(', ') || 'no other state'}.`,
    remedy:
      'Correct state, or bring the ticket to a state from which it can go there. What this user may not do is not listed.',
  });
}

/** How tickets stand against what a window asks of them, one sentence for each that is wrong. */
export function standingProblem(
  ticket: string,
  seen: Pick<TicketView, 'state' | 'fixVersions'> | undefined,
  rule: { readonly states: readonly string[]; readonly 'fix-version'?: string | undefined },
): string[] {
  if (!seen) return [`There is no ticket ${ticket}, or it may not be seen; correct the change in the window file.`];
  const isAllowed = rule.states.some((state) => state.toLowerCase() === seen.state.toLowerCase());
  const version = rule['fix-version'];
  return [
    ...(isAllowed ? [] : [`${ticket} is in the state ${seen.state}, and must be in ${rule.states.join(' or ')}.`]),
    ...(version !== undefined && !seen.fixVersions.includes(version)
      ? [`${ticket} does not carry the fix version ${version}, but ${seen.fixVersions.join(', ') || 'none'}.`]
      : []),
  ];
}

function shortened(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
