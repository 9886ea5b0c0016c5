import { z } from 'zod';
import type { StandIn, StandInAnswer, StandInRequest, StandInWorld } from '../stand-in.ts';
import { objectIn } from './json-body.ts';

const transition = z.strictObject({
  name: z.string().describe('What its button says.'),
  from: z.array(z.string()).optional().describe('Statuses from which it leads; all when left out.'),
  to: z.string().describe('Status that it leads to.'),
  requires: z.array(z.string()).default([]).describe('Fields that it asks for.'),
});

export const jiraSeed = z.strictObject({
  host: z.string().default('example.atlassian.net').describe('Host of the site.'),
  deployment: z.enum(['Cloud', 'Server']).default('Cloud').describe('Server is what a Data Center calls itself.'),
  user: z.string().default('release.manager@example.com').describe('Cloud: mail address of the token’s user.'),
  token: z.string().default('jira-token').describe('The token it knows.'),
  agent: z
    .boolean()
    .default(true)
    .describe('Whether the user is an agent of the service desks. What others say is public, whatever they ask for.'),
  projects: z
    .array(
      z.strictObject({
        key: z.string(),
        type: z.enum(['software', 'business', 'service_desk']).default('software'),
        versions: z.array(z.string()).default([]).describe('Names of its versions.'),
      }),
    )
    .default([])
    .describe('Its projects; one of type software for every issue whose project is left out.'),
  transitions: z
    .array(transition)
    .default([
      { name: 'Start work', from: ['To Do', 'Approved'], to: 'In Progress', requires: [] },
      { name: 'Done', from: ['In Progress'], to: 'Done', requires: [] },
    ])
    .describe('The workflow of all issues.'),
  issues: z
    .array(
      z.strictObject({
        key: z.string(),
        status: z.string().default('Approved'),
        'fix-versions': z.array(z.string()).default([]),
      }),
    )
    .default([])
    .describe('Its issues.'),
});

interface Comment {
  readonly id: string;
  readonly author: string;
  body: unknown;
  internal: boolean;
  edits: number;
}

interface Issue {
  readonly key: string;
  status: string;
  readonly versions: string[];
  readonly comments: Comment[];
  readonly properties: Map<string, unknown>;
}

/** Jira's REST API, version 3 of Cloud and version 2 of Data Center: https://developer.atlassian.com/cloud/jira/platform/rest/v3 */
export function jiraStandIn(given: z.input<typeof jiraSeed>, _world: StandInWorld): StandIn {
  const seed = jiraSeed.parse(given);
  const isCloud = seed.deployment === 'Cloud';
  const issues = seed.issues.map(
    ({ key, status, 'fix-versions': versions }): Issue => ({
      key,
      status,
      versions: [...versions],
      comments: [],
      properties: new Map(),
    }),
  );
  const own = isCloud ? { accountId: '5b10a2844c20165700ede21g' } : { key: 'JIRAUSER10100', name: 'maintenance' };
  const ownId = JSON.stringify(own);
  let comments = 10_000;
  let deleted = 0;

  const projectOf = ({ key }: Issue) => {
    const name = key.replace(/-\d+$/, '');
    return seed.projects.find((each) => each.key === name) ?? { key: name, type: 'software' as const, versions: [] };
  };

  function shownComment(issue: Issue, { id, author, body, internal }: Comment) {
    const isDesk = projectOf(issue).type === 'service_desk';
    return {
      id,
      author: JSON.parse(author) as object,
      body,
      // Cloud shows it everywhere, and true wherever there is no service desk.
      ...((isDesk || isCloud) && { jsdPublic: isDesk ? !internal : true }),
    };
  }

  function bodyProblem(body: unknown): StandInAnswer | undefined {
    if (!isCloud)
      return typeof body === 'string' && body !== '' ? undefined : bad({ comment: 'Comment body can not be empty!' });
    const document = body as { type?: string; version?: number; content?: unknown[] } | undefined;
    return document?.type === 'doc' && document.version === 1 && (document.content ?? []).length > 0
      ? undefined
      : bad({ comment: 'Operation value must be an Atlassian Document (see the Atlassian Document Format)' });
  }

  /** Only an agent's word for it counts; without the property a comment is public. */
  function isInternal(issue: Issue, body: Record<string, unknown>): boolean {
    const properties = (body.properties ?? []) as { key?: string; value?: { internal?: unknown } }[];
    const asked = properties.find(({ key }) => key === 'sd.public.comment')?.value?.internal === true;
    return projectOf(issue).type === 'service_desk' && seed.agent && asked;
  }

  function ofComments(issue: Issue, id: string | undefined, request: StandInRequest): StandInAnswer {
    const { method, url } = request;
    if (id === undefined && method === 'GET') {
      const start = Number(url.searchParams.get('startAt') ?? 0);
      const most = Math.min(Number(url.searchParams.get('maxResults') ?? 50), 100);
      const sorted = url.searchParams.get('orderBy') === '-created' ? [...issue.comments].reverse() : issue.comments;
      const page = sorted.slice(start, start + most).map((comment) => shownComment(issue, comment));
      return ok({ startAt: start, maxResults: most, total: issue.comments.length, comments: page });
    }
    const body = objectIn(request.body) ?? {};
    if (id === undefined) {
      if (method !== 'POST') return { status: 405, body: '' };
      const problem = bodyProblem(body.body);
      if (problem) return problem;
      comments += 1;
      const comment = {
        id: String(comments),
        author: ownId,
        body: body.body,
        internal: isInternal(issue, body),
        edits: 0,
      };
      issue.comments.push(comment);
      return { status: 201, body: shownComment(issue, comment) };
    }
    const comment = issue.comments.find((each) => each.id === id);
    if (!comment) return missing(`Can not find a comment for the id: ${id}.`);
    if (comment.author !== ownId) return bad({}, 'You do not have the permission to edit this comment.');
    if (method === 'DELETE') {
      issue.comments.splice(issue.comments.indexOf(comment), 1);
      deleted += 1;
      return { status: 204 };
    }
    const problem = bodyProblem(body.body);
    if (problem) return problem;
    Object.assign(comment, { body: body.body, edits: comment.edits + 1 });
    if (body.properties) comment.internal = isInternal(issue, body);
    return ok(shownComment(issue, comment));
  }

  const open = (issue: Issue) =>
    seed.transitions.flatMap((each, index) =>
      each.from === undefined || each.from.includes(issue.status) ? [{ ...each, id: String(11 + index * 10) }] : [],
    );

  function ofTransitions(issue: Issue, { method, body }: StandInRequest): StandInAnswer {
    if (method === 'GET') {
      const transitions = open(issue).map(({ id, name, to, requires }) => ({
        id,
        name,
        to: { name: to },
        fields: Object.fromEntries(requires.map((field) => [field, { required: true, name: field }])),
      }));
      return ok({ transitions });
    }
    const { transition: asked, fields = {} } = (objectIn(body) ?? {}) as {
      transition?: { id?: string };
      fields?: Record<string, unknown>;
    };
    const found = open(issue).find(({ id }) => id === asked?.id);
    if (!found)
      return bad(
        {},
        `It seems that you have tried to perform a workflow operation (${asked?.id}) that is not valid for the current state of this issue.`,
      );
    const empty = found.requires.filter((field) => !(field in fields));
    if (empty.length > 0) return bad(Object.fromEntries(empty.map((field) => [field, `${field} is required.`])));
    issue.status = found.to;
    return { status: 204 };
  }

  function edit(issue: Issue, { body }: StandInRequest): StandInAnswer {
    const { update = {} } = (objectIn(body) ?? {}) as { update?: { fixVersions?: { add?: { name?: string } }[] } };
    for (const { add } of update.fixVersions ?? []) {
      const name = add?.name ?? '';
      if (!projectOf(issue).versions.includes(name)) return bad({ fixVersions: `Version name '${name}' is not valid` });
      if (!issue.versions.includes(name)) issue.versions.push(name);
    }
    return { status: 204 };
  }

  function ofIssue(issue: Issue, rest: string, request: StandInRequest): StandInAnswer {
    const { method } = request;
    if (rest === '') {
      if (method === 'PUT') return edit(issue, request);
      const { key, type } = projectOf(issue);
      const fields = {
        status: { name: issue.status },
        fixVersions: issue.versions.map((name) => ({ name })),
        project: { key, projectTypeKey: type },
      };
      return ok({ id: '10001', key: issue.key, fields });
    }
    if (rest === '/transitions') return ofTransitions(issue, request);
    const [, property] = /^\/properties\/(.+)$/.exec(rest) ?? [];
    if (property && method === 'PUT') {
      issue.properties.set(property, JSON.parse(request.body.toString()));
      return { status: 201 };
    }
    if (property)
      return issue.properties.has(property)
        ? ok({ key: property, value: issue.properties.get(property) })
        : missing('The property does not exist.');
    const [, comment] = /^\/comment(?:\/(\d+))?$/.exec(rest) ?? [];
    return rest.startsWith('/comment') ? ofComments(issue, comment, request) : missing('');
  }

  function carryOut(request: StandInRequest): StandInAnswer {
    const [, version, path = ''] = /^\/rest\/api\/([23])(\/.*)$/.exec(request.url.pathname) ?? [];
    // Data Center has no third version; Cloud answers the second, too.
    if (!version || (version === '3' && !isCloud)) return { status: 404, body: 'dead link' };
    if (path === '/serverInfo') return ok({ baseUrl: `https://${seed.host}`, deploymentType: seed.deployment });
    if (path === '/myself') return ok(own);
    const [, project] = /^\/project\/([^/]+)\/versions$/.exec(path) ?? [];
    if (project) {
      const versions = seed.projects.find(({ key }) => key === project)?.versions ?? [];
      return ok(versions.map((name) => ({ name })));
    }
    const [, key, rest = ''] = /^\/issue\/([^/]+)(\/.*)?$/.exec(path) ?? [];
    const issue = issues.find((each) => each.key === key);
    return issue
      ? ofIssue(issue, rest, request)
      : missing('Issue does not exist or you do not have permission to see it.');
  }

  const expected = isCloud
    ? `Basic ${Buffer.from(`${seed.user}:${seed.token}`).toString('base64')}`
    : `Bearer ${seed.token}`;
  return {
    name: 'Jira',
    hosts: [seed.host],
    answer: (request) =>
      request.headers.authorization === expected
        ? carryOut(request)
        : { status: 401, body: 'Client must be authenticated to access this resource.' },
    state: () => ({
      issues: issues.map((issue) => ({
        key: issue.key,
        status: issue.status,
        'fix versions': issue.versions,
        comments: issue.comments.map(({ body, internal, edits }) => ({
          text: textIn(body),
          for: projectOf(issue).type !== 'service_desk' ? 'the project' : internal ? 'staff' : 'customers',
          edited: edits,
        })),
      })),
      'comments deleted': deleted,
    }),
    // A comment stays: it is the record of what was told.
    leftovers: () => [],
  };
}

function textIn(body: unknown): string {
  if (typeof body === 'string') return body;
  const { text, type, content = [] } = body as { text?: string; type?: string; content?: unknown[] };
  return text ?? (type === 'hardBreak' ? '\n' : content.map(textIn).join(type === 'doc' ? '\n\n' : ''));
}

function ok(body: object): StandInAnswer {
  return { status: 200, body };
}

function bad(errors: Readonly<Record<string, string>>, ...errorMessages: readonly string[]): StandInAnswer {
  return { status: 400, body: { errorMessages, errors } };
}

function missing(message: string): StandInAnswer {
  return { status: 404, body: { errorMessages: [message], errors: {} } };
}
