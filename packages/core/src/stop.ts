import { formatDuration } from './duration.ts';
import { TaskError } from './errors.ts';

// Hosts kill a step 7.5 to 10 s after the first signal; by then the last words must be out.
const LAST_WORDS_WITHIN = 3_500;
// The hosts send the first two; the third is a terminal that was closed, or a connection to it that was lost.
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** All that can end a run from outside of the task: the deadline, a cancel, an error that nobody caught. */
export interface Stop {
  readonly signal: AbortSignal;
  /** Rejects some seconds after the signal was aborted: a task that does not heed it is left behind. */
  readonly lastWords: Promise<never>;
  startDeadline(milliseconds: number): void;
  /** Stops at once: what goes on behind an error that nobody caught cannot be trusted. */
  crash(error: unknown): void;
  /** @throws what `crash` was told */
  throwIfCrashed(): void;
  dispose(): void;
}

export function listenForStop(): Stop {
  const controller = new AbortController();
  const { promise: lastWords, reject: giveUp } = rejectable();
  let deadlineTimer: NodeJS.Timeout | undefined;
  let graceTimer: NodeJS.Timeout | undefined;
  let crashed: { error: unknown } | undefined;
  const stop = (error: TaskError) => {
    controller.abort(error);
    graceTimer = setTimeout(() => giveUp(error), LAST_WORDS_WITHIN);
  };
  const onSignal = (name: NodeJS.Signals) => {
    // Whoever asks twice does not want to wait for the task.
    if (controller.signal.aborted) giveUp(controller.signal.reason);
    else
      stop(
        new TaskError('cancelled', {
          what: `The run was cancelled (${name}).`,
          remedy: 'Run the task again to go on, or run sweep to put everything of the session back.',
        }),
      );
  };
  for (const name of SIGNALS) process.on(name, onSignal);
  return {
    signal: controller.signal,
    lastWords,
    startDeadline(milliseconds) {
      const reached = () => {
        if (controller.signal.aborted) return;
        stop(
          new TaskError('timeout', {
            what: `The deadline of ${formatDuration(milliseconds)} was reached.`,
            remedy:
              'Run the task again (what is done is left as it is), give it a longer deadline, or run sweep to put everything of the session back.',
          }),
        );
      };
      // Longer timers would fire at once: 2^31 ms is what Node's timers hold.
      deadlineTimer = setTimeout(reached, Math.min(milliseconds, 2_147_483_647));
    },
    crash(error) {
      crashed ??= { error };
      controller.abort(error);
      giveUp(error);
    },
    throwIfCrashed() {
      if (crashed) throw crashed.error;
    },
    dispose() {
      clearTimeout(deadlineTimer);
      clearTimeout(graceTimer);
      for (const name of SIGNALS) process.off(name, onSignal);
    },
  };
}

function rejectable(): { promise: Promise<never>; reject: (reason: unknown) => void } {
  let reject: (reason: unknown) => void = () => {};
  const promise = new Promise<never>((_, giveUp) => {
    reject = giveUp;
  });
  // Nobody may be waiting when it is rejected.
  promise.catch(() => {});
  return { promise, reject };
}
