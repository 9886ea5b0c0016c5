import type { AnyContext } from '@maintenance-tasks/core';
import type { PipelineAccess, PipelineTarget } from '../run-pipeline/other-pipeline.ts';
import type { TicketAccess } from '../ticket/system.ts';
import type { MaintenanceWindow } from '../window/schema.ts';
import type { Finding } from './access.ts';

export interface CheckedChanges {
  readonly findings: readonly Finding[];
  /** `repository tag commit`, one for each tag: run-pipeline refuses what moved since. */
  readonly tagCommits: readonly string[];
}

/** Looks up what the changes refer to: the tickets must stand as agreed, and the tags exist and be no branches. */
export async function checkChanges(
  context: AnyContext,
  window: MaintenanceWindow,
  access: PipelineAccess & TicketAccess,
): Promise<CheckedChanges> {
  const { findings, tagCommits } = await checkTagsOf(context, window, access);
  return { findings: [...(await ticketFindings(context, window, access)), ...findings], tagCommits };
}

async function ticketFindings(
  context: AnyContext,
  { changes, tickets: rules }: MaintenanceWindow,
  access: TicketAccess,
): Promise<Finding[]> {
  if (rules.length === 0 || changes.length === 0) return [];
  const { checkTickets } = await import('../ticket/check.ts');
  const tickets = changes.map(({ ticket }) => ticket);
  const problems = await checkTickets(context, { tickets, rules, access });
  return [{ subject: 'Tickets', problems, fine: `${new Set(tickets).size} stand as agreed` }];
}

/** Every tag is written down with its commit. */
async function checkTagsOf(
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
