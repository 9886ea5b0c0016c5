import type { AnyContext } from '@maintenance-tasks/core';
import type { PipelineAccess, PipelineTarget } from '../run-pipeline/other-pipeline.ts';
import type { MaintenanceWindow } from '../window/schema.ts';
import type { Finding } from './access.ts';

export interface CheckedChanges {
  readonly findings: readonly Finding[];
  /** `repository tag commit`, one for each tag: run-pipeline refuses what moved since. */
  readonly tagCommits: readonly string[];
}

/** Looks up the tag of every change: it must exist, be no branch, and is written down with its commit. */
export async function checkChanges(
  context: AnyContext,
  { changes }: MaintenanceWindow,
  access: PipelineAccess,
): Promise<CheckedChanges> {
  const targets = targetsOf(changes);
  if (targets.length === 0) return { findings: [], tagCommits: [] };
  const { checkTags } = await import('../run-pipeline/tags.ts');
  const { problems, tags } = await checkTags(context, { targets, access });
  const lines = tags.map(({ target, commit }) => `${target.repository} ${target.tag} ${commit}`);
  const fine = tags.map(({ target, commit }) => `${target.repository} ${target.tag} is ${commit.slice(0, 12)}`);
  return { findings: [{ subject: 'Tags', problems, fine: fine.join('; ') }], tagCommits: [...new Set(lines)] };
}

function targetsOf(changes: MaintenanceWindow['changes']): PipelineTarget[] {
  return changes.flatMap(({ host, repository, tag, pipeline, 'api-url': apiUrl }) =>
    repository !== undefined && tag !== undefined
      ? [{ host, repository, pipeline: pipeline ?? '', tag: tag.replace(/^refs\/tags\//, ''), apiUrl }]
      : [],
  );
}
