import type { Job, Pipeline, Stage, Step } from './plan.ts';
import type { Call } from './proxy.ts';
import type { ApprovalRecord, HostRun, JobRun, StageRun, StepRun } from './run-record.ts';

/** Whoever follows a rehearsal while it runs. */
export interface Watcher {
  pipelineStarted?(pipeline: Pipeline, now: Date): void;
  stageStarted?(stage: Stage, now: Date, zone: string): void;
  jobStarted?(job: Job, title: string): void;
  approved?(approval: ApprovalRecord): void;
  stepStarted?(step: Step, title: string): void;
  line?(text: string): void;
  called?(call: Call): void;
  stepEnded?(run: StepRun): void;
  jobEnded?(run: JobRun): void;
  stageEnded?(run: StageRun): void;
  pipelineEnded?(run: HostRun): void;
}
