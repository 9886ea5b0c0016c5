import { z } from 'zod';
import type { StandInAnswer, StandInRequest } from '../stand-in.ts';
import { objectIn } from './json-body.ts';

export const issueSeed = z.strictObject({
  number: z.int().positive(),
  state: z.enum(['open', 'closed']).default('open'),
  'pull-request': z.boolean().default(false),
  merged: z.boolean().default(false).describe('Whether it is a pull request that was merged.'),
  locked: z.boolean().default(false).describe('Whether its conversation is locked.'),
  comments: z
    .array(z.strictObject({ by: z.string(), body: z.string() }))
    .default([])
    .describe('Comments that are there already.'),
});

interface Comment {
  readonly id: number;
  readonly by: string;
  body: string;
  edits: number;
}

interface Issue {
  readonly number: number;
  state: 'open' | 'closed';
  readonly isPullRequest: boolean;
  readonly isMerged: boolean;
  readonly isLocked: boolean;
  readonly comments: Comment[];
}

/** Longer comments are refused: https://docs.github.com/en/rest/issues/comments */
const LONGEST = 65_536;

/** Issues and pull requests of one repository of GitHub's REST API. */
export function issuesOf(repository: string, seeds: readonly z.infer<typeof issueSeed>[], login: string) {
  let ids = 700;
  const issues = seeds.map(
    (seed): Issue => ({
      number: seed.number,
      state: seed.state,
      isPullRequest: seed['pull-request'] || seed.merged,
      isMerged: seed.merged,
      isLocked: seed.locked,
      comments: seed.comments.map(({ by, body }) => {
        ids += 1;
        return { id: ids, by, body, edits: 0 };
      }),
    }),
  );
  const shownComment = ({ id, by, body }: Comment) => ({
    id,
    body,
    user: { login: by, type: by.endsWith('[bot]') ? 'Bot' : 'User' },
  });
  const shownIssue = (issue: Issue) => ({
    number: issue.number,
    state: issue.state,
    locked: issue.isLocked,
    html_url: `https://github.com/${repository}/${issue.isPullRequest ? 'pull' : 'issues'}/${issue.number}`,
    ...(issue.isPullRequest && { pull_request: { merged_at: issue.isMerged ? '2026-11-01T00:00:00Z' : null } }),
  });

  function comments(issue: Issue, { method, url, body }: StandInRequest): StandInAnswer {
    if (method === 'GET') {
      const [size, page] = [Number(url.searchParams.get('per_page') ?? 30), Number(url.searchParams.get('page') ?? 1)];
      return { status: 200, body: issue.comments.slice((page - 1) * size, page * size).map(shownComment) };
    }
    if (issue.isLocked) return refusal(403, 'Unable to create comment because issue is locked.');
    const text = objectIn(body)?.body;
    if (typeof text !== 'string' || text === '' || text.length > LONGEST) return refusal(422, 'Validation Failed');
    ids += 1;
    const comment = { id: ids, by: login, body: text, edits: 0 };
    issue.comments.push(comment);
    return { status: 201, body: shownComment(comment) };
  }

  function edit(id: string, { method, body }: StandInRequest): StandInAnswer {
    const comment = issues.flatMap((issue) => issue.comments).find((each) => String(each.id) === id);
    if (!comment || method !== 'PATCH') return refusal(404, 'Not Found');
    if (comment.by !== login) return refusal(403, 'Must have admin rights to Repository.');
    Object.assign(comment, { body: String(objectIn(body)?.body), edits: comment.edits + 1 });
    return { status: 200, body: shownComment(comment) };
  }

  return {
    /** What is asked below /issues. */
    answer(path: string, request: StandInRequest): StandInAnswer {
      const [, comment] = /^\/comments\/(\d+)$/.exec(path) ?? [];
      if (comment) return edit(comment, request);
      const [, number, rest] = /^\/(\d+)(\/comments)?$/.exec(path) ?? [];
      const issue = issues.find((each) => String(each.number) === number);
      if (!issue) return refusal(404, 'Not Found');
      if (rest) return comments(issue, request);
      if (request.method === 'GET') return { status: 200, body: shownIssue(issue) };
      const state = objectIn(request.body)?.state;
      if (issue.isMerged && state === 'open') return refusal(422, 'Validation Failed: state cannot be changed.');
      issue.state = state === 'closed' ? 'closed' : 'open';
      return { status: 200, body: shownIssue(issue) };
    },
    state: () =>
      issues.map(({ number, state, comments: all }) => ({
        issue: `${repository}#${number}`,
        state,
        comments: all.map(({ by, body, edits }) => ({ by, text: body, edited: edits })),
      })),
  };
}

function refusal(status: number, message: string): StandInAnswer {
  return { status, body: { message, documentation_url: 'https://docs.github.com/rest', status: String(status) } };
}
