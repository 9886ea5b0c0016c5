import { InputProblem, nearest } from '@maintenance-tasks/core';
import type { Job, Pipeline, Stage, Step } from './plan.ts';

interface Placed {
  readonly stage: Stage;
  readonly job: Job;
  readonly step: Step;
}

/**
 * The step that a person means by its id, its title, or its task's name; a stage's or job's name and a slash may stand
 * before it. Of several the first one.
 *
 * @throws InputProblem when none of the pipelines has it
 */
export function selectStep(pipelines: readonly Pipeline[], flag: string, wanted: string): ReadonlySet<Step> {
  const chosen = pipelines.flatMap(
    (pipeline) => placedIn(pipeline).find((placed) => namesOf(placed).includes(wanted.toLowerCase()))?.step ?? [],
  );
  if (chosen.length > 0) return new Set(chosen);
  const known = [
    ...new Set(
      pipelines.flatMap((pipeline) =>
        placedIn(pipeline).flatMap(({ step }) => [step.task, step.id, step.title].filter((name) => name !== undefined)),
      ),
    ),
  ];
  const near = nearest(wanted, known);
  throw new InputProblem(
    `${flag}: there is no step "${wanted}"${near ? `; did you mean "${near}"?` : `; there are ${known.join(', ')}`}`,
  );
}

function placedIn(pipeline: Pipeline): Placed[] {
  return pipeline.stages.flatMap((stage) =>
    stage.jobs.flatMap((job) => job.steps.map((step) => ({ stage, job, step }))),
  );
}

function namesOf({ stage, job, step }: Placed): string[] {
  const own = [step.id, step.title, step.task].filter((name) => name !== undefined);
  const above = [stage.id, stage.title, job.id, job.title];
  return [...own, ...above.flatMap((name) => own.map((each) => `${name}/${each}`))].map((name) => name.toLowerCase());
}
