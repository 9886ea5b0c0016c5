import { boolean, type Report, TaskError, text } from '@maintenance-tasks/core';

/** For what was found necessary during the window: the same words on every task that carries out a change. */
export const unplannedInputs = {
  unplanned: boolean({
    default: 'false',
    describe: 'This change is not part of the approved plan; then reason is required, and the evidence shows both.',
  }),
  reason: text({ describe: 'Why an unplanned change is needed, with its ticket, such as PLAT-1401: pool is full.' }),
} as const;

interface Unplanned {
  readonly unplanned: boolean;
  readonly reason?: string | undefined;
}

/** @throws TaskError `input` when an unplanned change has no reason, or a reason is given for a planned one */
export function requireReason({ unplanned, reason }: Unplanned): void {
  if (unplanned === (reason !== undefined)) return;
  throw new TaskError('input', {
    what: unplanned
      ? 'An unplanned change needs a reason: the input reason is missing.'
      : 'A reason was given, but the change is not marked as unplanned.',
    state: 'Nothing was changed.',
    remedy: 'Give unplanned: true together with reason, or neither.',
  });
}

/** Marks the evidence, so that nobody takes the change for one that was approved with the plan. */
export function noteUnplanned(report: Report, { unplanned, reason }: Unplanned, what: string): void {
  if (!unplanned || reason === undefined) return;
  report.note(`Unplanned change: ${what}. Reason: ${reason}`);
  report.table({ title: 'Unplanned change', columns: ['What', 'Reason'], rows: [[what, reason]] });
}
