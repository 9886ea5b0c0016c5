/**
 * The kinds a user can act on differently: mend the input, mend the access, look at the other system,
 * decide who is right (drift), give more time, heed the guard, or start again after a cancel.
 */
export type TaskErrorKind = 'input' | 'auth' | 'remote' | 'conflict' | 'timeout' | 'refused' | 'cancelled';

/** The three things somebody at 3 o'clock in the morning needs to know, each a whole sentence. */
export interface TaskErrorText {
  /** What happened. */
  readonly what: string;
  /** What may have happened or not; said before the state, which then is about the rest. */
  readonly unsure?: string;
  /** How things stand now. Left out, the run completes it from what was changed so far. */
  readonly state?: string;
  /** What to do. */
  readonly remedy: string;
}

/** A failure that was foreseen. Anything else that is thrown is a bug in the task and is reported as one. */
export class TaskError extends Error {
  readonly kind: TaskErrorKind;
  readonly text: TaskErrorText;
  /** Outputs that stand although the task failed, for the steps that run then. */
  readonly outputs: Readonly<Record<string, string>>;

  constructor(
    kind: TaskErrorKind,
    text: TaskErrorText,
    options?: ErrorOptions & { outputs?: Readonly<Record<string, string>> },
  ) {
    super([text.what, text.unsure, text.state, text.remedy].filter((part) => part).join(' '), options);
    this.name = 'TaskError';
    this.kind = kind;
    this.text = text;
    this.outputs = options?.outputs ?? {};
  }
}

/** The sentence of any thrown value, for use inside another sentence. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** Why an input's value is not accepted. Several lines are several problems of one value. */
export class InputProblem extends Error {}
