import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import {
  type Clock,
  type Host,
  type Inputs,
  type Outcome,
  runTask,
  type TaskDefinition,
} from '@maintenance-tasks/core';
import { type ProxyRules, type RehearsalProxy, startProxy } from '@maintenance-tasks/rehearsal/proxy';
import type { StandIn } from '@maintenance-tasks/rehearsal/stand-in';

export interface RunResult {
  readonly outcome: Outcome;
  readonly outputs: Readonly<Record<string, string>>;
  readonly warnings: readonly string[];
  /** Everything that was shown anywhere, the debug log included. */
  readonly shown: string;
}

/** Whole tasks in this process, on a host of their own, in a world of stand-ins behind a real proxy. */
export interface TaskRuns {
  readonly clock: Clock & { set(time: string): void };
  readonly workingFolder: string;
  use(standIns: readonly StandIn[], rules?: ProxyRules): void;
  /** Calls since `use`, as `POST api.pingdom.com/api/3.1/maintenance 200`. */
  calls(): string[];
  run<I extends Inputs>(task: TaskDefinition<I>, inputs: Readonly<Record<string, string>>): Promise<RunResult>;
  close(): Promise<void>;
}

/** Time stands still but for those who wait: their waits pass at once. */
function patientClock(start: string) {
  let at = Date.parse(start);
  return {
    now: () => new Date(at),
    sleep: async (milliseconds: number, signal: AbortSignal) => {
      signal.throwIfAborted();
      at += milliseconds;
    },
    set: (time: string) => {
      at = Date.parse(time);
    },
  };
}

/** A whole task in this process, on a host that keeps all it is given. */
export async function runCaptured<I extends Inputs>(
  task: TaskDefinition<I>,
  inputs: Readonly<Record<string, string>>,
  { workingFolder, clock }: { readonly workingFolder: string; readonly clock?: Clock },
): Promise<RunResult> {
  const shown: string[] = [];
  const warnings: string[] = [];
  const outputs: Record<string, string> = {};
  let outcome: Outcome | undefined;
  const show = (text: string) => void shown.push(text);
  const host: Host = {
    name: 'local',
    run: { url: 'https://ci.example.com/runs/1' },
    workingFolder,
    temporaryFolder: workingFolder,
    input: (name) => inputs[name],
    mask: () => {},
    debug: show,
    info: show,
    warning: (text) => {
      warnings.push(text);
      show(text);
    },
    startGroup: show,
    endGroup: () => {},
    output: (name, value) => {
      outputs[name] = value;
      show(value);
    },
    summary: show,
    testResults: () => {},
    identityToken: () => Promise.reject(new Error('no identity here')),
    azureConnection: () => undefined,
    finish: (end) => {
      outcome = end;
      if (!end.ok) show(end.message);
    },
  };
  await runTask(task as unknown as TaskDefinition, host, clock ? { clock } : {});
  if (!outcome) throw new Error('the task ended without an outcome');
  return { outcome, outputs, warnings, shown: shown.join('\n') };
}

export async function taskRuns(start: string): Promise<TaskRuns> {
  const clock = patientClock(start);
  const proxy: RehearsalProxy = await startProxy({ standIns: [], now: () => clock.now() });
  // What NODE_EXTRA_CA_CERTS does for a process of its own; the types of Node 20 do not know these two.
  const trust = tls as unknown as { setDefaultCACertificates(all: string[]): void; getCACertificates(): string[] };
  trust.setDefaultCACertificates([...trust.getCACertificates(), readFileSync(proxy.caFile, 'utf8')]);
  process.env.HTTPS_PROXY = proxy.url;
  const workingFolder = mkdtempSync(join(tmpdir(), 'task-runs-'));

  return {
    clock,
    workingFolder,
    use: (standIns, rules) => proxy.use(standIns, rules),
    calls: () => proxy.calls.map(({ method, host, path, status }) => `${method} ${host}${path} ${status}`),
    run: (task, inputs) => runCaptured(task, inputs, { workingFolder, clock }),
    async close() {
      delete process.env.HTTPS_PROXY;
      rmSync(workingFolder, { recursive: true, force: true });
      await proxy.close();
    },
  };
}
