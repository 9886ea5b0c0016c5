import type { Call } from './proxy.ts';
import { type HostRun, type StepRun, stepsOf } from './run-record.ts';

/** One task step of both pipelines, and whether it did the same outside. */
export interface StepParity {
  readonly task: string;
  readonly title: string;
  readonly same: boolean;
  /** How the other one differs, a line each. */
  readonly differences: readonly string[];
}

/**
 * Compares what two hosts' runs did outside, task step by task step. Tasks read in parallel, and tell several systems at
 * once; but whatever writes to one system must come in the same order. Objects of a cluster are written side by side:
 * there it is the order at each object that counts.
 */
export function compareRuns(one: HostRun, other: HostRun): StepParity[] {
  const [left, right] = [one, other].map((run) => stepsOf(run).filter((step) => step.kind === 'task')) as [
    StepRun[],
    StepRun[],
  ];
  const parity: StepParity[] = [];
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const [a, b] = [left[index], right[index]];
    if (!a || !b || a.task !== b.task) {
      const differences = [`${one.host} runs ${a?.task ?? 'nothing'} here, ${other.host} ${b?.task ?? 'nothing'}`];
      parity.push({ task: a?.task ?? b?.task ?? '', title: a?.title ?? b?.title ?? '', same: false, differences });
      continue;
    }
    // Where a step died by request, what it had under way at that moment is chance.
    const cutShort = a.asked || b.asked;
    const differences = [
      ...(a.result === b.result ? [] : [`${a.result} on ${one.host}, ${b.result} on ${other.host}`]),
      ...(cutShort ? [] : differencesOf(callsOf(one, a), callsOf(other, b), one.host, other.host)),
    ];
    parity.push({ task: a.task ?? '', title: a.title, same: differences.length === 0, differences });
  }
  return parity;
}

export function callsOf(run: HostRun, step: StepRun): Call[] {
  return run.calls.filter((call) => call.step === step.key);
}

function differencesOf(left: readonly Call[], right: readonly Call[], one: string, other: string): string[] {
  const [a, b] = [left.map(shape), right.map(shape)];
  const differences: string[] = [];
  for (const call of new Set([...a, ...b])) {
    const [times, others] = [a, b].map((all) => all.filter((each) => each === call).length) as [number, number];
    if (times !== others) differences.push(`${call}: ${times} × on ${one}, ${others} × on ${other}`);
  }
  if (differences.length > 0) return differences;
  for (const place of new Set(left.map(placeOf))) {
    const [first, second] = [writesTo(place, left), writesTo(place, right)];
    const swapped = first.findIndex((call, index) => call !== second[index]);
    if (swapped >= 0) differences.push(`in another order: ${first[swapped]} on ${one}, ${second[swapped]} on ${other}`);
  }
  return differences;
}

function writesTo(place: string, calls: readonly Call[]): string[] {
  return calls
    .filter((call) => placeOf(call) === place && !/^(GET|HEAD|TLS|TCP)$/.test(call.method) && !IDENTITY.test(call.host))
    .map(shape);
}

function placeOf({ host, path }: Call): string {
  const [object = ''] = /^\/apis?\/.*\/namespaces\/[^/]+\/[^/]+\/[^/?]+/.exec(path) ?? [];
  return host + object;
}

/** Asked with GET by one host's rules and with POST by the other's. */
const IDENTITY = /\.actions\.githubusercontent\.com$|^vstoken\.dev\.azure\.com$/;

/** A call without what differs between any two runs: ids, times, and the host's own token service. */
function shape({ method, host, path }: Call): string {
  if (IDENTITY.test(host)) return 'the host’s identity token';
  const plain = path
    .replace(/mw-\d{12}-[a-z0-9]{4}/g, '<session>')
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi, '<id>')
    .replace(/\b[0-9a-f]{32}\b/gi, '<id>')
    .replace(/\d{4}-\d{2}-\d{2}T[\d:.%A-F]+Z?/gi, '<time>')
    .replace(/\d{6,}/g, '<number>');
  return `${method} ${host}${plain}`;
}
