import { createInterface } from 'node:readline/promises';
import { InputProblem, nearest } from '@maintenance-tasks/core';
import type { MaintenanceWindow } from '@maintenance-tasks/tasks/window/schema';
import type { Rehearsal } from './rehearsal-file.ts';
import type { ApprovalRecord } from './run-record.ts';

export interface ApprovalOptions {
  readonly autoApprove: boolean;
  readonly approveAs: string | undefined;
  readonly approvals: Rehearsal['approvals'];
  readonly window: MaintenanceWindow | undefined;
  readonly terminal: boolean;
}

export type Approve = (gate: string, stageTitle: string) => Promise<ApprovalRecord>;

/**
 * Stands where the host would ask an approver. In a terminal a person is asked; with nobody there it approves by
 * itself, and the report says so.
 *
 * @throws InputProblem for a name that may not approve
 */
export function approver(options: ApprovalOptions): Approve {
  const names = (options.window?.roster ?? [])
    .filter(({ roles }) => roles.includes('approver'))
    .map(({ name }) => name);
  const checked = (name: string, from: string) => {
    if (!options.window || names.includes(name)) return name;
    const near = nearest(name, names);
    throw new InputProblem(
      `${from}: ${name} is not an approver of this window${near ? `; did you mean ${near}?` : `; approvers are ${names.join(', ')}`}`,
    );
  };
  if (options.approveAs !== undefined) checked(options.approveAs, '--approve-as');
  for (const [gate, told] of Object.entries(options.approvals)) if (told) checked(told.by, `approvals.${gate}`);
  return async (gate, stageTitle) => {
    if (options.approveAs !== undefined) return { gate, by: options.approveAs, how: 'named', approved: true };
    const told = options.approvals[gate];
    if (told) return { gate, by: told.by, how: 'named', approved: true };
    const usual = names[0] ?? 'the approver';
    if (options.autoApprove || !options.terminal) return { gate, by: usual, how: 'automatic', approved: true };
    return {
      gate,
      by: usual,
      how: 'asked',
      approved: await ask(`${gate} asks for approval of ${stageTitle}, as ${usual} would give it. Approve? [y/n] `),
    };
  };
}

async function ask(question: string): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    for (;;) {
      const answer = (await lines.question(question)).trim().toLowerCase();
      if (['y', 'yes'].includes(answer)) return true;
      if (['n', 'no'].includes(answer)) return false;
    }
  } finally {
    lines.close();
  }
}
