import type { StepParity } from './parity.ts';
import { type HostRun, type StepRun, stepsOf } from './run-record.ts';

/** All that a rehearsal found out: what `--json` writes. */
export interface RehearsalRecord {
  readonly format: 1;
  readonly name: string;
  readonly target: string;
  readonly zone: string;
  readonly window: { readonly starts: string; readonly ends: string } | undefined;
  readonly milliseconds: number;
  readonly runs: readonly HostRun[];
  readonly parity: readonly StepParity[];
  /** What no file said. */
  readonly assumptions: readonly string[];
  /** What the command line made fail. */
  readonly asked: readonly string[];
}

/** Why a rehearsal did not pass, one sentence each; none when it did. */
export function findings(record: RehearsalRecord): string[] {
  const found: string[] = [];
  for (const run of record.runs) {
    const host = hostTitle(run.host);
    for (const step of unexpectedFailures(run))
      found.push(`${host}: "${step.title}" failed (${step.place.file}:${step.place.line}).`);
    for (const stage of run.stages)
      for (const job of stage.jobs)
        if (job.approval?.approved === false) found.push(`${host}: ${job.approval.gate} was not approved.`);
    for (const left of run.stages.at(-1)?.after.leftovers ?? []) found.push(`${host}: left behind: ${left}`);
    for (const leak of run.leaks) found.push(`${host}: ${leak}`);
  }
  for (const { task, same, differences } of record.parity)
    if (!same) found.push(`The hosts differ at ${task}: ${differences.join('; ')}.`);
  return found;
}

/** Failures that nobody asked for. What fails after one that was asked for is its consequence. */
function unexpectedFailures(run: HostRun): StepRun[] {
  const steps = stepsOf(run);
  const asked = steps.findIndex((step) => step.asked);
  const until = asked < 0 ? steps.length : asked;
  return steps.slice(0, until).filter((step) => step.result === 'failed' && !step.forgiven);
}

export function hostTitle(host: HostRun['host']): string {
  return host === 'github' ? 'GitHub Actions' : 'Azure Pipelines';
}
