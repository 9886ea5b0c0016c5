import { inParallel, TaskError } from '@maintenance-tasks/core';
import { standingProblem } from './plan.ts';
import type { TicketRules } from './schema.ts';
import { missingTicketAccess, openTicket, type TicketAccess, type TicketContext } from './system.ts';
import { systemOf } from './words.ts';

/**
 * What keeps a window from beginning as far as the tickets of its changes go: every one must exist, be in an allowed
 * state and carry the fix version. One sentence each; reads only.
 */
export async function checkTickets(
  context: TicketContext,
  options: { readonly tickets: readonly string[]; readonly rules: TicketRules; readonly access: TicketAccess },
): Promise<string[]> {
  const { rules, access } = options;
  const tickets = [...new Set(options.tickets)];
  const ruleOf = (ticket: string) => rules.find(({ system }) => system === systemOf(ticket));
  const ruled = tickets.filter((ticket) => ruleOf(ticket) !== undefined);
  const unruled = tickets
    .filter((ticket) => ruleOf(ticket) === undefined)
    .map((ticket) => `${ticket} is a ticket of no system that the window file names under tickets.`);
  const used = rules.filter((rule) => ruled.some((ticket) => ruleOf(ticket) === rule));
  const missing = used.flatMap(({ system }) => missingTicketAccess(system, access) ?? []).map((text) => `${text}.`);
  if (missing.length > 0) return [...unruled, ...missing];
  const found = await inParallel(ruled, 4, async (ticket) => {
    const rule = ruleOf(ticket) as TicketRules[number];
    const target = { system: rule.system, ticket, address: rule.address };
    try {
      // Nothing is written, whoever could read it.
      const system = await openTicket(context, { target, visibility: 'internal', access, session: '' });
      return standingProblem(ticket, await system.read(undefined), rule);
    } catch (error) {
      context.signal.throwIfAborted();
      if (!(error instanceof TaskError)) throw error;
      return [`${ticket}: ${error.message}`];
    }
  });
  return [...unruled, ...found.flat()];
}
