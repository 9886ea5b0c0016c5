import { type Http, type HttpAnswer, type HttpRequest, TaskError } from '@maintenance-tasks/core';
import { githubQuota } from './client.ts';
import { reasonOf } from './reason.ts';

const SYSTEM = 'GitHub';
const PAGE = 100;

export interface GitHubIssue {
  readonly state: 'open' | 'closed';
  readonly url: string;
  /** A merged pull request cannot be opened again. */
  readonly isMerged: boolean;
  readonly isLocked: boolean;
}

export interface GitHubComment {
  readonly id: number;
  readonly body: string;
}

export interface GitHubIssues {
  /** An issue or a pull request; nothing when there is none, or it may not be seen. */
  issue(number: number): Promise<GitHubIssue | undefined>;
  /** The comment of this token's own user or app that contains a text. */
  comment(number: number, containing: string): Promise<GitHubComment | undefined>;
  addComment(number: number, body: string, landed: () => Promise<GitHubComment | undefined>): Promise<GitHubComment>;
  editComment(id: number, body: string): Promise<GitHubComment>;
  setState(number: number, state: 'open' | 'closed'): Promise<void>;
}

/** A client of GitHub's REST API for the issues and pull requests of one repository. */
export function createGitHubIssues(
  http: Http,
  options: { readonly apiUrl: string; readonly token: string; readonly repository: string },
): GitHubIssues {
  http.respectQuota(SYSTEM, githubQuota);
  const api = options.apiUrl.replace(/\/+$/, '');
  const [owner = '', name = ''] = options.repository.split('/');
  const base = `${api}/repos/${encodeURIComponent(owner)}/${encodeURIComponent(name)}`;
  const common = {
    system: SYSTEM,
    headers: {
      accept: 'application/vnd.github+json',
      authorization: `Bearer ${options.token}`,
      'x-github-api-version': '2022-11-28',
    },
  };
  const request = (method: HttpRequest['method'], path: string, json?: unknown): HttpRequest => ({
    ...common,
    method,
    url: `${base}${path}`,
    ...(json !== undefined && { json }),
  });

  let own: Promise<string | undefined> | undefined;
  /** Login of the token's user. A workflow's own token and an app's may not ask who they are: they are a bot. */
  const ownLogin = () => {
    own ??= http.send({ ...common, method: 'GET', url: `${api}/user` }).then((answer) => {
      if (answer.status === 403) return undefined;
      return (accepted(answer).json() as { login: string }).login;
    });
    return own;
  };

  return {
    async issue(number) {
      const answer = await http.send(request('GET', `/issues/${number}`));
      if (answer.status === 404) return undefined;
      const row = accepted(answer).json() as IssueRow;
      return {
        state: row.state,
        url: row.html_url,
        isMerged: typeof row.pull_request?.merged_at === 'string',
        isLocked: row.locked === true,
      };
    },

    async comment(number, containing) {
      for (let page = 1; ; page++) {
        const answer = await http.send(request('GET', `/issues/${number}/comments?per_page=${PAGE}&page=${page}`));
        const rows = accepted(answer).json() as readonly CommentRow[];
        for (const { id, body, user } of rows) {
          if (!body?.includes(containing)) continue;
          // Anybody can quote a marker; only an own comment may be edited.
          const login = await ownLogin();
          if (login === undefined ? user?.type === 'Bot' : user?.login === login) return { id, body };
        }
        if (rows.length < PAGE) return undefined;
      }
    },

    addComment: (number, body, landed) =>
      http.write(
        request('POST', `/issues/${number}/comments`, { body }),
        (answer) => accepted(answer).json() as GitHubComment,
        landed,
      ),

    async editComment(id, body) {
      const answer = await http.send({ ...request('PATCH', `/issues/comments/${id}`, { body }), repeatable: true });
      return accepted(answer).json() as GitHubComment;
    },

    async setState(number, state) {
      // Closing what is closed changes nothing.
      accepted(await http.send({ ...request('PATCH', `/issues/${number}`, { state }), repeatable: true }));
    },
  };
}

interface IssueRow {
  readonly state: 'open' | 'closed';
  readonly html_url: string;
  readonly locked?: boolean;
  readonly pull_request?: { readonly merged_at?: string | null };
}

interface CommentRow {
  readonly id: number;
  readonly body?: string;
  readonly user?: { readonly login?: string; readonly type?: string } | null;
}

/** @throws TaskError for anything but success */
function accepted(answer: HttpAnswer): HttpAnswer {
  if (answer.status >= 200 && answer.status < 300) return answer;
  const reason = reasonOf(answer);
  const what = `GitHub answered ${answer.status}${reason ? `: ${reason}` : ''}.`;
  const isLimit = answer.headers['x-ratelimit-remaining'] === '0' || answer.headers['retry-after'] !== undefined;
  if (answer.status === 403 && isLimit) {
    throw new TaskError('remote', {
      what,
      remedy: 'This is a rate limit, of the token or a secondary one: wait some minutes, then run the task again.',
    });
  }
  if (answer.status === 401 || answer.status === 403) {
    throw new TaskError('auth', {
      what,
      remedy:
        'Check github-token: it needs Issues: read and write (Pull requests: read and write for a pull request) on the repository.',
    });
  }
  if (answer.status === 404 || answer.status === 410) {
    throw new TaskError('input', {
      what,
      remedy: 'Check the ticket: it may be deleted, issues may be off, or the token may not see the repository.',
    });
  }
  if (answer.status === 422) {
    throw new TaskError('refused', {
      what,
      remedy: 'Look whether the conversation is locked, or the state is possible.',
    });
  }
  throw new TaskError('remote', { what, remedy: 'Look at the issue on GitHub, then run the task again.' });
}
