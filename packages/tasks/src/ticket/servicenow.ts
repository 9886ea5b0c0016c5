import { TaskError } from '@maintenance-tasks/core';
import { createServiceNow, type Journal, type ServiceNowChange } from '@maintenance-tasks/services/servicenow/client';
import { noWay } from './plan.ts';
import type { TicketContext, TicketOptions, TicketSystem } from './system.ts';

export function servicenowTicket(
  { http, report }: TicketContext,
  { target: { ticket, address = '' }, visibility, access, closeCode, closeNotes }: TicketOptions,
): TicketSystem {
  const servicenow = createServiceNow(http, {
    url: address,
    user: access.servicenowUser,
    password: access.servicenowPassword,
    token: access.servicenowToken,
  });
  const journal: Journal = visibility === 'internal' ? 'work_notes' : 'comments';
  let change: ServiceNowChange | undefined;

  const find = async () => {
    change = await servicenow.change(ticket);
    return change;
  };
  const has = (mark: string) => {
    const text = change?.journals[journal];
    return text === undefined ? undefined : text.includes(mark);
  };

  async function isWritten(mark: string): Promise<boolean> {
    await find();
    const found = has(mark);
    if (found !== undefined) return found;
    throw new TaskError('remote', {
      what: `ServiceNow does not let this user read ${journal} of ${ticket}, so nobody can tell whether the last entry was written.`,
      remedy: 'Look at the change. Run the step again only if the entry is not there, as no entry can be taken back.',
    });
  }

  return {
    name: 'ServiceNow',
    isEditable: false,

    async read(comment) {
      if (!(await find())) return undefined;
      const found = comment && has(comment.mark);
      return {
        state: change?.stateLabel ?? '',
        url: `${address.replace(/\/+$/, '')}/change_request.do?sys_id=${change?.id}`,
        fixVersions: [],
        comment: !comment || found === false ? 'missing' : found ? 'there' : 'unknown',
      };
    },

    async writeComment({ paragraphs, mark }) {
      if (has(mark) === undefined)
        report.note(
          `${journal} of ${ticket} may not be read by this user: run again, the step writes the entry again.`,
        );
      await servicenow.append(change?.id ?? '', journal, paragraphs.join('\n\n'), () => isWritten(mark));
    },

    async wayTo(state) {
      const is = (value: string, label: string) => value === state || label.toLowerCase() === state.toLowerCase();
      const now = await find();
      if (!now || is(now.state, now.stateLabel)) return undefined;
      const next = await servicenow.nextStates(now.id);
      // The state that it has is among those it can go to.
      const others = next.filter(({ value }) => value !== now.state);
      const found = others.find(({ value, label }) => is(value, label));
      if (!found) {
        throw noWay(
          ticket,
          state,
          now.stateLabel,
          others.map(({ label }) => label),
        );
      }
      return {
        to: found.label,
        async go() {
          const reached = await servicenow.move(now.id, { state: found.value, closeCode, closeNotes }, async () => {
            const after = await find();
            return after?.state === found.value ? after.state : undefined;
          });
          if (reached === found.value) return;
          throw new TaskError('conflict', {
            what: `ServiceNow took the change of ${ticket} to ${found.label} and left it in the state ${reached}: a rule of the instance holds it.`,
            remedy: 'Look at the change’s policies and approvals, then run the task again.',
          });
        },
      };
    },
  };
}
