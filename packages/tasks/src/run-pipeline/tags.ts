import { type AnyContext, inParallel, TaskError } from '@maintenance-tasks/core';
import type { Leftover } from '../leftover.ts';
import { type OtherPipeline, openPipeline, type PipelineAccess, type PipelineTarget } from './other-pipeline.ts';
import { nameOf, tagName } from './plan.ts';

/** A change's tag as it stands now, for the plan that people approve. */
export interface CheckedTag {
  readonly target: PipelineTarget;
  readonly commit: string;
}

const AT_ONCE = 4;

/**
 * Looks up the tag of every pipeline that will be run: all problems, one sentence each, and the commits of the tags that
 * are fine.
 */
export async function checkTags(
  context: Pick<AnyContext, 'http' | 'keepSecret'>,
  { targets, access }: { readonly targets: readonly PipelineTarget[]; readonly access: PipelineAccess },
): Promise<{ problems: string[]; tags: CheckedTag[] }> {
  const checked = await inParallel(targets, AT_ONCE, async (target) => {
    try {
      const commit = await requireTag(await openPipeline(context, target, access), target);
      return { tag: { target, commit } };
    } catch (error) {
      if (!(error instanceof TaskError) || error.kind === 'cancelled' || error.kind === 'timeout') throw error;
      return { problem: `${nameOf(target)}: ${error.text.what} ${error.text.remedy}` };
    }
  });
  return {
    problems: checked.flatMap(({ problem }) => problem ?? []),
    tags: checked.flatMap(({ tag }) => tag ?? []),
  };
}

/**
 * Runs of these pipelines that the session started and that have not ended: what a step that did not wait, or was
 * cancelled, left behind. They are ended where they run; cutting off a deployment halfway is a person's decision.
 */
export async function findRunning(
  context: Pick<AnyContext, 'http' | 'keepSecret'>,
  {
    targets,
    access,
    session,
  }: { readonly targets: readonly PipelineTarget[]; readonly access: PipelineAccess; readonly session: string },
): Promise<Leftover[]> {
  const found = await inParallel(targets, AT_ONCE, async (target) => {
    const pipeline = await openPipeline(context, target, access);
    const tag = tagName(target.tag);
    const { commit } = await pipeline.tag(tag);
    const running = commit === undefined ? [] : await pipeline.running({ tag, commit }, session);
    const system = target.host === 'github' ? 'GitHub' : 'Azure DevOps';
    return running.map(({ url, detail }) => ({ system, what: `${nameOf(target)} is ${detail}: ${url}`, session }));
  });
  return found.flat();
}

/**
 * The commit that the target's tag stands for.
 *
 * @throws TaskError `refused` for a tag that does not exist, or whose name a branch has as well
 */
export async function requireTag(pipeline: OtherPipeline, target: PipelineTarget): Promise<string> {
  const name = tagName(target.tag);
  const { commit, alsoBranch } = await pipeline.tag(name);
  const refused = (what: string, remedy: string) =>
    new TaskError('refused', { what, state: 'Nothing was started.', remedy });
  if (commit === undefined && alsoBranch)
    throw refused(
      `${name} is a branch of ${target.repository}, not a tag.`,
      'Give a tag; a branch can change until the pipeline starts.',
    );
  if (commit === undefined)
    throw refused(`${target.repository} has no tag ${name}.`, 'Create the tag, or correct its name in the change.');
  if (alsoBranch)
    throw refused(
      `${name} is a tag and a branch of ${target.repository}.`,
      'Rename the branch: nobody can tell which of the two was meant.',
    );
  return commit;
}
