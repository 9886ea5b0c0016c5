import { TaskError } from '@maintenance-tasks/core';
import { createGitHubIssues, type GitHubComment } from '@maintenance-tasks/services/github/issues';
import type { Comment } from './plan.ts';
import type { TicketContext, TicketOptions, TicketSystem } from './system.ts';

const PUBLIC_API = 'https://api.github.com';

export function githubTicket(
  { http }: TicketContext,
  { target: { ticket, address }, access }: TicketOptions,
): TicketSystem {
  const [repository = '', number] = ticket.split('#');
  const github = createGitHubIssues(http, {
    apiUrl: address ?? PUBLIC_API,
    token: access.githubToken ?? '',
    repository,
  });
  const issue = Number(number);
  let existing: GitHubComment | undefined;

  return {
    name: 'GitHub',
    isEditable: true,

    async read(comment) {
      const seen = await github.issue(issue);
      if (!seen) return undefined;
      existing = comment && (await github.comment(issue, hidden(comment)));
      return {
        state: seen.state,
        url: seen.url,
        fixVersions: [],
        comment: !existing ? 'missing' : existing.body === bodyOf(comment as Comment) ? 'there' : 'outdated',
      };
    },

    async writeComment(comment) {
      const body = bodyOf(comment);
      if (existing) await github.editComment(existing.id, body);
      else await github.addComment(issue, body, () => github.comment(issue, hidden(comment)));
    },

    async wayTo(state) {
      const to = state.toLowerCase() as 'open' | 'closed';
      const seen = await github.issue(issue);
      if (seen?.state === to) return undefined;
      if (seen?.isMerged) {
        throw new TaskError('refused', {
          what: `${ticket} is a merged pull request, which cannot be opened again.`,
          remedy: 'Leave state out, or name another ticket.',
        });
      }
      return { to, go: () => github.setState(issue, to) };
    },
  };
}

/** No reader sees it; what is told cannot hold it, as no angle bracket in it stays one. */
function hidden({ mark }: Comment): string {
  return `<!-- ${mark} -->`;
}

/** Words as they are: no tag, and nobody is called by an @. */
function bodyOf(comment: Comment): string {
  const words = comment.paragraphs.filter((paragraph) => paragraph !== comment.mark);
  const plain = words.map((text) => text.replaceAll('<', '&lt;').replace(/@(?=\w)/g, '@<!-- -->'));
  return [...plain, hidden(comment)].join('\n\n');
}
