import { TaskError } from '@maintenance-tasks/core';
import { createJira, type JiraComment, type JiraIssue } from '@maintenance-tasks/services/jira/client';
import { type Comment, noWay } from './plan.ts';
import type { TicketContext, TicketOptions, TicketSystem, Way } from './system.ts';

/** What is remembered on an issue before it goes the way of a named transition: the name is gone afterwards. */
interface Remembered {
  readonly session: string;
  readonly transition: string;
  readonly to: string;
}

export async function jiraTicket(
  { http, report }: TicketContext,
  { target: { ticket, address = '' }, visibility, access, session }: TicketOptions,
): Promise<TicketSystem> {
  const jira = await createJira(http, { url: address, user: access.jiraUser, token: access.jiraToken ?? '' });
  const isInternal = visibility === 'internal';
  let issue: JiraIssue | undefined;
  let existing: JiraComment | undefined;

  /** Outside of service desks there are no customers, and what Jira says of them means nothing. */
  async function requireVisibility(comment: JiraComment): Promise<void> {
    if (!issue?.isServiceDesk || comment.isPublic === !isInternal) return;
    if (isInternal) await jira.deleteComment(ticket, comment.id);
    throw new TaskError('conflict', {
      what: isInternal
        ? `Jira does not say that the comment on ${ticket} is internal, so it was deleted at once; customers may have been sent a mail about it.`
        : `The comment on ${ticket} is internal, although it was asked to be public.`,
      remedy: isInternal
        ? 'The user of jira-token must be an agent of this service desk; ask its administrator why internal comments do not stay so.'
        : 'The user of jira-token must be allowed to comment to customers; delete the internal comment, then run the task again.',
    });
  }

  async function namedBefore(state: string): Promise<string | undefined> {
    const note = (await jira.remembered(ticket)) as Partial<Remembered> | undefined;
    return note?.session === session && note.transition?.toLowerCase() === state.toLowerCase() ? note.to : undefined;
  }

  return {
    name: 'Jira',
    isEditable: true,

    async read(comment) {
      issue = await jira.issue(ticket);
      if (!issue) return undefined;
      existing = comment && (await jira.comment(ticket, comment.mark));
      if (existing) await requireVisibility(existing);
      return {
        state: issue.status,
        url: `${address.replace(/\/+$/, '')}/browse/${ticket}`,
        fixVersions: issue.fixVersions,
        comment: !existing ? 'missing' : isSame(existing, comment) ? 'there' : 'outdated',
      };
    },

    async writeComment(comment) {
      if (isInternal && !issue?.isServiceDesk)
        report.note(`${ticket} is in no service desk: all who may see it read its comments.`);
      const written = existing
        ? await jira.editComment(ticket, existing.id, comment.paragraphs, isInternal)
        : await jira.addComment(ticket, comment.paragraphs, isInternal, () => jira.comment(ticket, comment.mark));
      await requireVisibility(written);
    },

    async wayTo(state): Promise<Way | undefined> {
      const now = (await jira.issue(ticket))?.status ?? '';
      const is = (name: string) => name.toLowerCase() === state.toLowerCase();
      if (is(now)) return undefined;
      const transitions = await jira.transitions(ticket);
      const found = transitions.find(({ to }) => is(to)) ?? transitions.find(({ name }) => is(name));
      const before = found && is(found.to) ? undefined : await namedBefore(state);
      if (before !== undefined && before === now) return undefined;
      if (!found) {
        throw noWay(
          ticket,
          state,
          now,
          transitions.map(({ name, to }) => (name === to ? to : `${to} (by ${name})`)),
        );
      }
      if (found.required.length > 0) {
        throw new TaskError('refused', {
          what: `${ticket} can go to ${found.to} only with ${found.required.join(', ')}, which only a person can fill in.`,
          remedy: 'Fill these fields in before, or make them optional in the workflow.',
        });
      }
      return {
        to: found.to,
        async go() {
          if (!is(found.to)) await jira.remember(ticket, { session, transition: state, to: found.to });
          await jira.move(ticket, found.id, async () => (await jira.issue(ticket))?.status === found.to);
        },
      };
    },

    async requireVersion(version) {
      const versions = await jira.versions(issue?.projectKey ?? '');
      if (!versions.includes(version)) {
        throw new TaskError('refused', {
          what: `The project of ${ticket} has no version ${version}.`,
          remedy: 'Create the version in Jira, or correct fix-version.',
        });
      }
    },

    addFixVersion: (version) => jira.addFixVersion(ticket, version),
  };
}

/** Jira changes white space. */
function isSame({ text }: JiraComment, comment: Comment | undefined): boolean {
  const plain = (words: string) => words.replace(/\s+/g, ' ').trim();
  return plain(text) === plain(comment?.paragraphs.join(' ') ?? '');
}
