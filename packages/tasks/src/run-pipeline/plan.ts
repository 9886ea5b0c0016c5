import { createHash } from 'node:crypto';
import { formatDuration, TaskError } from '@maintenance-tasks/core';
import type { PipelineTarget, Run } from './other-pipeline.ts';

/** What is started, as far as two starts of it are the same. */
export interface Start {
  readonly target: PipelineTarget;
  readonly inputs: Readonly<Record<string, string>>;
  readonly variables: Readonly<Record<string, string>>;
  readonly attempt: number;
}

/**
 * `SESSION-1f0c9a2e`: the same for the same start in the same session, so that a step that is run again finds what it
 * started, whichever machine it runs on.
 */
export function correlationOf(session: string, { target, inputs, variables, attempt }: Start): string {
  const sorted = (map: Readonly<Record<string, string>>) => Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1));
  const { host, repository, pipeline, tag } = target;
  const key = JSON.stringify([host, repository, pipeline, tag, sorted(inputs), sorted(variables), attempt]);
  return `${session}-${createHash('sha256').update(key).digest('hex').slice(0, 8)}`;
}

/** Whether a text has a correlation of that session in it. */
export function isOfSession(text: string, session: string): boolean {
  return new RegExp(`(^|[^a-z0-9-])${session}-[0-9a-f]{8}(?![0-9a-f])`).test(text);
}

export function correlationInputOf(target: PipelineTarget, given: string | undefined): string {
  return given ?? (target.host === 'github' ? 'correlation-id' : 'correlationId');
}

/**
 * The tag's name without `refs/tags/`.
 *
 * @throws TaskError `input` for a ref that is no tag
 */
export function tagName(given: string): string {
  const name = given.replace(/^refs\/tags\//, '');
  if (name !== '' && !name.startsWith('refs/')) return name;
  throw new TaskError('input', {
    what: `${given} is not a tag.`,
    state: 'Nothing was started.',
    remedy: 'Give the name of a tag; a branch can change until the pipeline starts.',
  });
}

/** @throws TaskError `conflict` when the tag no longer stands for what was approved */
export function requireSameCommit(what: string, tag: string, expected: string | undefined, commit: string): void {
  if (expected === undefined || expected === commit) return;
  throw new TaskError('conflict', {
    what: `The tag ${tag} of ${what} moved: the plan was approved with ${expected}, and it is ${commit} now.`,
    state: 'Nothing was started.',
    remedy: 'Find out who moved it and why. To run the new commit, have the plan approved again with it.',
  });
}

/**
 * The commit that the approved plan has for a tag; nothing when no plan was given, or for what is unplanned.
 *
 * @throws TaskError `refused` for a tag that is not in the plan
 */
export function approvedCommit(given: {
  readonly repository: string;
  readonly tag: string;
  readonly unplanned: boolean;
  /** `repository tag commit`, each. */
  readonly 'tag-commits'?: readonly string[] | undefined;
}): string | undefined {
  const plan = given['tag-commits'];
  if (plan === undefined || given.unplanned) return undefined;
  const start = `${given.repository} ${tagName(given.tag)} `;
  const line = plan.find((each) => each.startsWith(start));
  if (line) return line.slice(start.length);
  throw new TaskError('refused', {
    what: `The tag ${given.tag} of ${given.repository} is not in the plan that was approved.`,
    state: 'Nothing was started.',
    remedy:
      'Add it to the changes of the window file and have the plan approved again, or run it with unplanned: true and a reason.',
  });
}

/** `deploy.yml of example-org/app-gateway` */
export function nameOf({ pipeline, repository }: Pick<PipelineTarget, 'pipeline' | 'repository'>): string {
  return pipeline === '' ? repository : `${pipeline} of ${repository}`;
}

/** How a wait goes on, for a person who reads along. */
export function progressLine(what: string, run: Run, waited: number, left: number): string {
  const asks = run.detail === 'waiting' ? ', somebody must approve it there' : '';
  return `Waiting for ${what}: ${run.detail}${asks}; ${formatDuration(waited)} so far, ${formatDuration(left)} left: ${run.url}`;
}

/** Nothing for a run that went well. */
export function failureOf(what: string, run: Run, jobs: readonly string[]): TaskError | undefined {
  if (run.outcome === 'succeeded') return undefined;
  const failed = jobs.length > 0 ? ` Jobs that did not succeed: ${jobs.join(', ')}.` : '';
  return new TaskError('remote', {
    what: `${what} ended as ${run.detail}: ${run.url}.${failed}`,
    remedy:
      'Look at its log. Once the cause is mended, run its failed jobs again there and then this step, which takes the same run; or raise attempt to start a new one.',
  });
}
