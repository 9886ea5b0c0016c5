import type { Http, HttpRequest } from '@maintenance-tasks/core';
import { accepted } from './refusal.ts';

const SYSTEM = 'Jira';
const PAGE = 100;
const PROPERTY = 'maintenance-tasks';
/** Comments come newest first; ours is among the newest if it is there at all. */
const MOST_COMMENTS = 1_000;

/** Which of its two products answers: their texts have different forms. */
export type JiraDeployment = 'Cloud' | 'Data Center';

export interface JiraIssue {
  readonly key: string;
  readonly status: string;
  readonly fixVersions: readonly string[];
  /** Whether its project is one of a service desk, or may be: customers read its comments unless told otherwise. */
  readonly isServiceDesk: boolean;
  readonly projectKey: string;
}

export interface JiraComment {
  readonly id: string;
  readonly text: string;
  /** Whether customers may read it. Only on service desks it means anything. */
  readonly isPublic: boolean | undefined;
}

export interface JiraTransition {
  readonly id: string;
  readonly name: string;
  /** Status that it leads to. */
  readonly to: string;
  /** Fields that it asks for and that have no default. */
  readonly required: readonly string[];
}

/** A text as paragraphs of lines; the marks of no form are understood in it. */
export type JiraText = readonly string[];

export interface Jira {
  readonly deployment: JiraDeployment;
  /** Nothing when there is no such issue, or it may not be seen. */
  issue(key: string): Promise<JiraIssue | undefined>;
  /** The newest comment of this user that contains a text. */
  comment(key: string, containing: string): Promise<JiraComment | undefined>;
  addComment(
    key: string,
    text: JiraText,
    internal: boolean,
    landed: () => Promise<JiraComment | undefined>,
  ): Promise<JiraComment>;
  editComment(key: string, id: string, text: JiraText, internal: boolean): Promise<JiraComment>;
  deleteComment(key: string, id: string): Promise<void>;
  transitions(key: string): Promise<JiraTransition[]>;
  move(key: string, transition: string, landed: () => Promise<boolean>): Promise<void>;
  versions(project: string): Promise<string[]>;
  addFixVersion(key: string, version: string): Promise<void>;
  /** What was remembered on the issue under a name of our own; no person sees it. */
  remembered(key: string): Promise<unknown>;
  remember(key: string, value: unknown): Promise<void>;
}

/** @throws TaskError when it does not answer as Jira does, or does not know the user */
export async function createJira(
  http: Http,
  options: { readonly url: string; readonly user?: string | undefined; readonly token: string },
): Promise<Jira> {
  const root = options.url.replace(/\/+$/, '');
  const authorization = options.user
    ? `Basic ${Buffer.from(`${options.user}:${options.token}`).toString('base64')}`
    : `Bearer ${options.token}`;
  const common = { system: SYSTEM, headers: { accept: 'application/json', authorization } };
  const info = accepted(await http.send({ ...common, method: 'GET', url: `${root}/rest/api/2/serverInfo` }));
  const deployment: JiraDeployment =
    (info.json() as { deploymentType?: string }).deploymentType === 'Cloud' ? 'Cloud' : 'Data Center';
  // Cloud's second version still takes plain text, and makes markup of it: its third takes documents.
  const base = `${root}/rest/api/${deployment === 'Cloud' ? 3 : 2}`;
  const issueUrl = (key: string) => `${base}/issue/${encodeURIComponent(key)}`;
  const get = async (url: string) => accepted(await http.send({ ...common, method: 'GET', url }));
  const request = (method: HttpRequest['method'], url: string, json?: unknown): HttpRequest => ({
    ...common,
    method,
    url,
    ...(json !== undefined && { json }),
  });

  let own: Promise<string> | undefined;
  const ownId = () => {
    own ??= get(`${base}/myself`).then((answer) => idOf(answer.json() as UserRow));
    return own;
  };

  function body(text: JiraText, internal: boolean) {
    return {
      body: deployment === 'Cloud' ? documentOf(text) : wikiOf(text),
      // Left out, customers of a service desk read it: https://developer.atlassian.com/cloud/jira/service-desk/rest/
      properties: [{ key: 'sd.public.comment', value: { internal } }],
    };
  }

  return {
    deployment,

    async issue(key) {
      const url = `${issueUrl(key)}?fields=status,fixVersions,project`;
      const answer = await http.send({ ...common, method: 'GET', url });
      if (answer.status === 404) return undefined;
      const row = accepted(answer).json() as IssueRow;
      return {
        key: row.key,
        status: row.fields.status.name,
        fixVersions: (row.fields.fixVersions ?? []).map(({ name }) => name),
        isServiceDesk: (row.fields.project.projectTypeKey ?? 'service_desk') === 'service_desk',
        projectKey: row.fields.project.key,
      };
    },

    async comment(key, containing) {
      for (let start = 0; start < MOST_COMMENTS; ) {
        const url = `${issueUrl(key)}/comment?startAt=${start}&maxResults=${PAGE}&orderBy=-created`;
        const page = (await get(url)).json() as { comments?: readonly CommentRow[]; total?: number };
        const rows = page.comments ?? [];
        for (const row of rows) {
          if (!textOf(row.body).includes(containing)) continue;
          if (row.author && idOf(row.author) === (await ownId())) return commentOf(row);
        }
        start += rows.length;
        if (rows.length === 0 || start >= (page.total ?? 0)) break;
      }
      return undefined;
    },

    addComment: (key, text, internal, landed) =>
      http.write(
        request('POST', `${issueUrl(key)}/comment`, body(text, internal)),
        (answer) => commentOf(accepted(answer).json() as CommentRow),
        landed,
      ),

    async editComment(key, id, text, internal) {
      const url = `${issueUrl(key)}/comment/${encodeURIComponent(id)}`;
      // The same text once more is the same comment.
      const answer = await http.send({ ...request('PUT', url, body(text, internal)), repeatable: true });
      return commentOf(accepted(answer).json() as CommentRow);
    },

    async deleteComment(key, id) {
      const url = `${issueUrl(key)}/comment/${encodeURIComponent(id)}`;
      const answer = await http.send({ ...request('DELETE', url), repeatable: true });
      if (answer.status !== 404) accepted(answer);
    },

    async transitions(key) {
      const answer = await get(`${issueUrl(key)}/transitions?expand=transitions.fields`);
      const { transitions } = answer.json() as { transitions: readonly TransitionRow[] };
      return transitions.map(({ id, name, to, fields }) => ({
        id,
        name,
        to: to.name,
        required: Object.entries(fields ?? {}).flatMap(([field, row]) =>
          row.required && !row.hasDefaultValue ? [row.name ?? field] : [],
        ),
      }));
    },

    async move(key, transition, landed) {
      await http.write(
        request('POST', `${issueUrl(key)}/transitions`, { transition: { id: transition } }),
        (answer) => {
          accepted(answer);
          return true;
        },
        async () => (await landed()) || undefined,
      );
    },

    async versions(project) {
      const answer = await get(`${base}/project/${encodeURIComponent(project)}/versions`);
      return (answer.json() as readonly { name: string }[]).map(({ name }) => name);
    },

    async addFixVersion(key, version) {
      const update = { update: { fixVersions: [{ add: { name: version } }] } };
      // An issue has a version once, however often it is added.
      accepted(await http.send({ ...request('PUT', issueUrl(key), update), repeatable: true }));
    },

    async remembered(key) {
      const answer = await http.send(request('GET', `${issueUrl(key)}/properties/${PROPERTY}`));
      return answer.status === 404 ? undefined : (accepted(answer).json() as { value?: unknown }).value;
    },

    async remember(key, value) {
      const url = `${issueUrl(key)}/properties/${PROPERTY}`;
      accepted(await http.send({ ...request('PUT', url, value), repeatable: true }));
    },
  };
}

interface UserRow {
  readonly accountId?: string;
  readonly key?: string;
  readonly name?: string;
}

interface IssueRow {
  readonly key: string;
  readonly fields: {
    readonly status: { readonly name: string };
    readonly fixVersions?: readonly { readonly name: string }[];
    readonly project: { readonly key: string; readonly projectTypeKey?: string };
  };
}

interface CommentRow {
  readonly id: string;
  readonly body: unknown;
  readonly author?: UserRow;
  readonly jsdPublic?: boolean;
}

interface TransitionRow {
  readonly id: string;
  readonly name: string;
  readonly to: { readonly name: string };
  readonly fields?: Readonly<
    Record<string, { readonly required?: boolean; readonly hasDefaultValue?: boolean; readonly name?: string }>
  >;
}

function commentOf({ id, body, jsdPublic }: CommentRow): JiraComment {
  return { id, text: textOf(body), isPublic: jsdPublic };
}

/** Cloud knows users by accountId, Data Center by key. */
function idOf({ accountId, key, name }: UserRow): string {
  return accountId ?? key ?? name ?? '';
}

/** An Atlassian document: nothing in its texts is markup. */
function documentOf(text: JiraText) {
  const content = text.map((paragraph) => ({
    type: 'paragraph',
    content: paragraph
      .split('\n')
      .flatMap((line, index) => [
        ...(index > 0 ? [{ type: 'hardBreak' }] : []),
        ...(line ? [{ type: 'text', text: line }] : []),
      ]),
  }));
  return { type: 'doc', version: 1, content };
}

/**
 * Wiki text with all that could be markup escaped, a mention ([~name]) and a macro ({html}) above all. Two backslashes
 * are a line break there, so a backslash is written by its number.
 */
function wikiOf(text: JiraText): string {
  return text
    .map((paragraph) =>
      paragraph
        .replaceAll('\\', BACKSLASH)
        .replace(/[[\]{}!|*_?+^~]|(?<=^|\s)[-#](?=\S|\s)|-(?=-)|(?<=^(bq|h\d))\./gm, (mark) => `\\${mark}`),
    )
    .join('\n\n');
}

const BACKSLASH = '&#92;';

/** What a reader sees, as far as it is text. */
function textOf(body: unknown): string {
  if (typeof body === 'string') return body.replace(/\\(?=[^A-Za-z0-9\s])/g, '').replaceAll(BACKSLASH, '\\');
  const node = body as { text?: string; type?: string; content?: readonly unknown[] } | null | undefined;
  if (typeof node?.text === 'string') return node.text;
  if (node?.type === 'hardBreak') return '\n';
  const separator = node?.type === 'doc' ? '\n\n' : '';
  return (node?.content ?? []).map(textOf).join(separator);
}
