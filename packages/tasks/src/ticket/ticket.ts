import { TaskError } from '@maintenance-tasks/core';
import { CHANGE, type Comment, commentOf, planTicket, type TicketView, type TicketWish, wishProblems } from './plan.ts';
import { missingTicketAccess, openTicket, type TicketAccess, type TicketContext, type TicketSystem } from './system.ts';

/**
 * Brings a ticket to what is wished: its fix version, its comment of this session and event, its state, in this order.
 * What is there already is left as it is.
 *
 * @throws TaskError `input` naming everything that is wrong with the wish, before anything is asked
 */
export async function updateTicket(
  context: TicketContext,
  wish: TicketWish & { readonly access: TicketAccess; readonly session: string; readonly dryRun: boolean },
): Promise<{ readonly state: string; readonly url: string; readonly comment: string }> {
  const { target, visibility, access, session, fixVersion, state, dryRun } = wish;
  requireSound(wish, access);
  const system = await openTicket(context, wish);
  const comment = commentOf(wish.told, session, { visibility, isEditable: system.isEditable, link: context.run.url });
  const seen = await required(system, target.ticket, comment);
  if (fixVersion !== undefined && !seen.fixVersions.includes(fixVersion)) await system.requireVersion?.(fixVersion);
  const way = state === undefined ? undefined : await system.wayTo(state);
  const plan = planTicket(wish, seen, comment, way?.to);
  context.report.plan(plan.changes);
  const done = { missing: 'written', unknown: 'written', outdated: 'updated', there: 'unchanged' }[seen.comment];
  const outputs = { url: seen.url, comment: comment ? (dryRun && plan.comment ? '' : done) : '' };
  if (dryRun || plan.changes.length === 0) return { ...outputs, state: seen.state };

  const { ticket } = target;
  if (plan.fixVersion && fixVersion !== undefined) {
    await system.addFixVersion?.(fixVersion);
    context.report.changed(CHANGE.fixVersion(ticket));
  }
  if (plan.comment && comment) {
    await system.writeComment(comment);
    context.report.changed(CHANGE.comment(ticket));
  }
  if (way) {
    await way.go();
    context.report.changed(CHANGE.state(ticket));
  }
  const after = await required(system, ticket, comment);
  verify(context, wish, plan, { after, comment, to: way?.to });
  return { ...outputs, state: after.state };
}

function requireSound(wish: TicketWish, access: TicketAccess): void {
  const missing = missingTicketAccess(wish.target.system, access);
  const problems = [...wishProblems(wish), ...(missing ? [missing] : [])];
  if (problems.length === 0) return;
  throw new TaskError('input', {
    what: `ticket cannot start.\n${problems.map((line) => `  - ${line}`).join('\n')}\n`,
    state: 'Nothing was changed.',
    remedy: 'Correct all of them and run it again.',
  });
}

async function required(system: TicketSystem, ticket: string, comment: Comment | undefined): Promise<TicketView> {
  const seen = await system.read(comment);
  if (seen) return seen;
  throw new TaskError('input', {
    what: `${system.name} has no ticket ${ticket}, or does not let this user see it.`,
    remedy: 'Check ticket and address, and the access of the user.',
  });
}

/** @throws TaskError `conflict` when the ticket does not have what was written */
function verify(
  { report }: TicketContext,
  { target: { ticket }, fixVersion }: TicketWish,
  plan: ReturnType<typeof planTicket>,
  {
    after,
    comment,
    to,
  }: { readonly after: TicketView; readonly comment: Comment | undefined; readonly to?: string | undefined },
): void {
  const holds: Readonly<Record<string, boolean>> = {
    [CHANGE.fixVersion(ticket)]: fixVersion !== undefined && after.fixVersions.includes(fixVersion),
    [CHANGE.comment(ticket)]: comment !== undefined && after.comment !== 'missing',
    [CHANGE.state(ticket)]: after.state === to,
  };
  for (const { id, what, after: wanted } of plan.changes) {
    if (!holds[id]) {
      throw new TaskError('conflict', {
        what: `The ${what} was changed to “${wanted}”, and is not so now (${after.state}; fix versions: ${after.fixVersions.join(', ') || 'none'}).`,
        remedy: 'Somebody or a rule of the system changed it at once. Look at the ticket’s history.',
      });
    }
    // What may not be read cannot be verified; and systems may write words in their own way.
    if (id !== CHANGE.comment(ticket) || after.comment === 'there') report.verified(id);
  }
}
