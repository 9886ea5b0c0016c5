import { type AnyContext, type Change, formatDuration, TaskError, type TaskErrorKind } from '@maintenance-tasks/core';

export type Context = AnyContext;

export interface Problem {
  readonly kind: TaskErrorKind;
  readonly text: string;
}

/** What there is to do in one place, and how to do it. */
export interface Plan {
  readonly changes: readonly Change[];
  readonly problems: readonly Problem[];
  /** What this session keeps without traffic once this is carried out. */
  readonly drained: readonly string[];
  /** Without traffic before, by somebody else's doing. */
  readonly leftAlone: readonly string[];
  readonly notes: readonly string[];
  /** Changes, waits, and reads back. Does nothing when there is nothing to do or to wait for. */
  carryOut(): Promise<void>;
}

/** How one thing stands that traffic can be led away from. */
export interface Standing {
  readonly system: string;
  readonly what: string;
  readonly stands: string;
  /** Which session led its traffic away; empty when none did. */
  readonly session: string;
}

/** One place where traffic is led: a gateway, the HAProxys of a backend, an object of Kubernetes. */
export interface Site {
  readonly name: string;
  planDrain(session: string): Promise<Plan>;
  /** @param left how the session’s evidence says that it left its changes, by their ids */
  planRollOut(session: string, left: ReadonlyMap<string, string>): Promise<Plan>;
  standings(): Promise<readonly Standing[]>;
  /** What of the access can be known to be missing without a change. */
  accessProblems(): Promise<readonly string[]>;
}

export const NOTHING_TO_DO: Plan = {
  changes: [],
  problems: [],
  drained: [],
  leftAlone: [],
  notes: [],
  carryOut: async () => {},
};

/**
 * Looks again and again until it is as awaited.
 *
 * @param look nothing once it is; else what is still awaited, for a person who follows the run
 * @throws TaskError `timeout` shortly before the deadline, with what is still awaited
 */
export async function waitUntil(
  { clock, signal, deadline, log }: Pick<AnyContext, 'clock' | 'signal' | 'deadline' | 'log'>,
  every: number,
  look: () => Promise<string | undefined>,
): Promise<void> {
  for (;;) {
    const awaited = await look();
    if (awaited === undefined) return;
    const left = deadline.getTime() - clock.now().getTime();
    if (left <= every) {
      throw new TaskError('timeout', {
        what: `The deadline came before this ended: ${awaited}.`,
        remedy:
          'Run the task again, with a longer deadline: it goes on from here. To give the traffic back instead, run it with state: rollout.',
      });
    }
    log.progress(`Waiting: ${awaited}; ${formatDuration(left)} left.`);
    await clock.sleep(every, signal);
  }
}

/** A problem that a person decides about: what a session left, and what stands there now. */
export function heldBy(what: string, session: string): Problem {
  return {
    kind: 'refused',
    text: `${what} is held by the session ${session}: its rollout would give traffic back in the middle of this one. End that session first, or run sweep.`,
  };
}

export function damagedNote(what: string, session: string): Problem {
  return {
    kind: 'conflict',
    text: `${what} carries a note of the session ${session} that was cut or edited, so how it stood before is not known: put it right by hand and take the note away.`,
  };
}
