import type { Job, Stage, Step } from './plan.ts';
import type { Annotation, Result } from './run-record.ts';

/** What a host decides about stages and jobs while a pipeline runs. */
export interface HostPlay {
  /** Nothing when the stage runs, else why not. */
  stageHeldBack(stage: Stage): string | undefined;
  jobHeldBack(stage: Stage, job: Job): string | undefined;
  /** One job for each leg of its matrix; most have no matrix and stay as they are. */
  legs(stage: Stage, job: Job): readonly Leg[];
  /** Name of the environment whose approval is asked for; it may hold expressions. */
  environment(stage: Stage, job: Job): string | undefined;
  open(stage: Stage, job: Job, leg: Leg, folders: JobFolders): JobPlay;
  /** Results are told as they come, since later conditions ask for them. */
  stageEnded(stage: Stage, result: Result): void;
  jobEnded(stage: Stage, job: Job, result: Result, jobs: readonly JobPlay[]): void;
}

export interface Leg {
  /** Differs between the legs of a matrix. */
  readonly suffix: string;
  readonly values: Readonly<Record<string, unknown>>;
}

export const ONLY_LEG: Leg = { suffix: '', values: {} };

export interface JobFolders {
  /** Empty until something is checked out. */
  readonly workspace: string;
  /** Removed after the job. */
  readonly temporary: string;
  /** Azure's Pipeline.Workspace: the parent of the workspace, where artifacts arrive. */
  readonly above: string;
}

export interface StepTold {
  readonly ran: boolean;
  readonly exitCode: number;
  /** Outputs of a step that was passed over. */
  readonly outputs?: Readonly<Record<string, string>>;
}

export interface StepConclusion {
  readonly result: Result;
  readonly forgiven: boolean;
  readonly outputs: Readonly<Record<string, string>>;
  readonly annotations: readonly Annotation[];
  readonly summary: string;
}

/** What a host does around each step of one job. */
export interface JobPlay {
  readonly outputs: Readonly<Record<string, string>>;
  readonly result: Result;
  stepHeldBack(step: Step): string | undefined;
  title(step: Step): string;
  /** Values of `with` or `inputs`, filled in; for ours with the manifest's defaults. */
  inputs(step: Step): Record<string, string>;
  environment(step: Step, inputs: Readonly<Record<string, string>>): Record<string, string>;
  script(step: Step): { text: string; shell: string; folder: string };
  minutes(step: Step): number;
  /** What a reader of the log sees of a line; nothing for a command to the host. */
  heard(line: string): string | undefined;
  ended(step: Step, told: StepTold): StepConclusion;
  /** A step that did not run has a result, too: conditions may ask for it. */
  skipped(step: Step): void;
}
