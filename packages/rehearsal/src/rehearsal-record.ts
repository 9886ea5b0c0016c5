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
  const found = new Map<string, { text: string; hosts: string[] }>();
  for (const run of record.runs) {
    for (const text of findingsOf(run)) {
      const same = found.get(withoutIds(text)) ?? { text, hosts: [] };
      found.set(withoutIds(text), same);
      same.hosts.push(hostTitle(run.host));
    }
  }
  const several = record.runs.length > 1;
  const ofRuns = [...found.values()].map(({ text, hosts }) =>
    several && hosts.length === 1 ? `${hosts[0]}: ${text}` : `${text}`,
  );
  const ofParity = record.parity
    .filter(({ same }) => !same)
    .map(({ task, differences }) => `The hosts differ at ${task}: ${differences.join('; ')}.`);
  return [...ofRuns, ...ofParity];
}

function findingsOf(run: HostRun): string[] {
  const gates = run.stages.flatMap((stage) => stage.jobs.flatMap(({ approval }) => approval ?? []));
  return [
    ...unexpectedFailures(run).map((step) => `"${step.title}" failed.`),
    ...gates.filter(({ approved }) => !approved).map(({ gate, by }) => `${gate} was not approved by ${by}.`),
    ...(run.stages.at(-1)?.after.leftovers ?? []).map((left) => `Left behind: ${left}`),
    ...run.leaks,
    ...unanswered(run).map((host) => `No stand-in answers for ${host}; describe it in rehearsal.yaml.`),
  ];
}

function unanswered(run: HostRun): string[] {
  return [
    ...new Set(
      run.calls.filter(({ system, status }) => system === undefined && status === 403).map(({ host }) => host),
    ),
  ];
}

/** The same finding on both hosts is told once, although each run has its own session. */
function withoutIds(text: string): string {
  return text
    .replace(/mw-\d{12}-[a-z0-9]{4}(\|\S+)?/g, '<session>')
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<id>');
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
