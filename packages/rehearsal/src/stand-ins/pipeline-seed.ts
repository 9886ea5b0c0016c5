import { z } from 'zod';

const commit = z.string().regex(/^[0-9a-f]{40}$/, 'is not the full id of a commit');

export const refsSeed = {
  branches: z.record(z.string(), commit).default({}).describe('Commits of branches, by name.'),
  tags: z
    .record(
      z.string(),
      z.union([commit, z.strictObject({ commit, annotated: z.literal(true) })]).describe('The commit it stands for.'),
    )
    .default({})
    .describe('Tags by name.'),
} as const;

/** How a run of a pipeline goes, on either host. */
export const courseSeed = {
  takes: z.int().min(0).default(60).describe('Seconds from a run’s start to its end.'),
  'fails-in': z.array(z.string()).default([]).describe('Names of the jobs that fail.'),
  jobs: z.array(z.string()).default(['deploy']).describe('Names of its jobs.'),
  artifacts: z.array(z.string()).default([]).describe('Names of the artifacts it leaves.'),
} as const;

/** What a correlation begins with: a session's id. */
export const SESSION_IN_TEXT = /\bmw-\d{12}-[a-z0-9]{4}\b/;

export type TagSeed = z.infer<typeof refsSeed.tags>[string];

export function commitOfTag(tag: TagSeed | undefined): string | undefined {
  return typeof tag === 'string' ? tag : tag?.commit;
}

/** An annotated tag is an object of its own, with an id of its own. */
export function tagObject(commit: string): string {
  return `a${commit.slice(0, 39)}`;
}
