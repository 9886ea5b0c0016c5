import type { HostName, Place, StepKind } from './plan.ts';
import type { Call } from './proxy.ts';

/** In the hosts' common words; each host has its own. */
export type Result = 'succeeded' | 'failed' | 'skipped' | 'cancelled';

export interface Annotation {
  readonly kind: 'error' | 'warning' | 'notice';
  readonly text: string;
}

/** One step as it went. All texts are masked. */
export interface StepRun {
  /** `stage/job/number`, unique in the run. */
  readonly key: string;
  readonly id: string | undefined;
  readonly title: string;
  readonly kind: StepKind;
  readonly uses: string;
  readonly task: string | undefined;
  readonly place: Place;
  readonly result: Result;
  /** It failed, and the pipeline was told to go on all the same. */
  readonly forgiven: boolean;
  /** Not played: what the reader must know about it. */
  readonly note: string | undefined;
  /** `--fail` or `--kill` made it fail. */
  readonly asked: boolean;
  /** Rehearsed times. */
  readonly startedAt: string;
  readonly endedAt: string;
  readonly milliseconds: number;
  readonly exitCode: number | undefined;
  readonly log: readonly string[];
  readonly annotations: readonly Annotation[];
  readonly outputs: Readonly<Record<string, string>>;
  /** Markdown. */
  readonly summary: string;
}

export interface ApprovalRecord {
  /** The environment or the validation step that asked. */
  readonly gate: string;
  readonly by: string;
  readonly how: 'asked' | 'named' | 'automatic';
  readonly approved: boolean;
}

export interface JobRun {
  readonly id: string;
  readonly title: string;
  readonly result: Result;
  readonly approval: ApprovalRecord | undefined;
  readonly steps: readonly StepRun[];
}

export interface StageRun {
  readonly id: string;
  readonly title: string;
  readonly result: Result;
  /** Why it did not run. */
  readonly note: string | undefined;
  readonly startedAt: string;
  readonly endedAt: string;
  readonly jobs: readonly JobRun[];
  /** How the systems stood when it ended. */
  readonly after: Snapshot;
}

/** All outside systems at one moment, by name. */
export interface Snapshot {
  readonly states: Readonly<Record<string, unknown>>;
  readonly leftovers: readonly string[];
}

/** One pipeline played from its first stage to its last. */
export interface HostRun {
  readonly host: HostName;
  readonly file: string;
  readonly name: string;
  readonly node: string;
  readonly result: Result;
  readonly milliseconds: number;
  readonly before: Snapshot;
  readonly stages: readonly StageRun[];
  readonly calls: readonly Call[];
  readonly leaks: readonly string[];
}

export function stepsOf(run: HostRun): StepRun[] {
  return run.stages.flatMap((stage) => stage.jobs.flatMap((job) => job.steps));
}
