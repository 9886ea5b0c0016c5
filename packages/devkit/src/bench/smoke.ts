import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { type Agent, createServer, globalAgent, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { inParallel, type ReportTable, systemClock } from '@maintenance-tasks/core';
import { runChecks } from '@maintenance-tasks/tasks/smoke-tests/run-checks';
import type { SmokeCheck } from '@maintenance-tasks/tasks/smoke-tests/schema';

const CHECKS = 1_000;
const CONCURRENCY = 10;
const ROUNDS = 3;
const MIB = 1_048_576;

/** A thousand HTTP checks against the same number of bare requests, with small and with large bodies. */
export default async function benchSmokeTests(): Promise<ReportTable> {
  // The server has a process of its own, so that neither its time nor its memory is counted.
  const server = fork(fileURLToPath(import.meta.url), ['smoke-bench-server'], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  try {
    const [port] = (await once(server, 'message')) as [number];
    const rows: string[][] = [];
    for (const [title, path] of [
      ['small bodies', '/small'],
      ['1 MiB bodies', '/large'],
    ] as const) {
      const url = `http://127.0.0.1:${port}${path}`;
      const [kept, fresh, checked] = await bestOfRounds([
        () => bareRequests(url, globalAgent),
        () => bareRequests(url, false),
        () => checks(url),
      ]);
      const ratio = (bare: Measure | undefined) =>
        ((checked?.milliseconds ?? 0) / (bare?.milliseconds ?? 0)).toFixed(2);
      const cells = (measure: Measure | undefined) => `${measure?.milliseconds} ms, ${measure?.peak} MiB`;
      rows.push([`${CHECKS} × ${title}`, cells(checked), cells(kept), ratio(kept), cells(fresh), ratio(fresh)]);
    }
    return {
      title: `Smoke tests, ${CONCURRENCY} at once, against bare node:http requests`,
      columns: ['What', 'Checks', 'Bare, kept connections', 'Ratio', 'Bare, new connections', 'Ratio'],
      rows,
    };
  } finally {
    await stop(server);
  }
}

interface Measure {
  readonly milliseconds: number;
  /** MiB of resident memory. */
  readonly peak: number;
}

/** The shortest time and the highest peak of each, in turns, so that a busy machine slows down all alike. */
async function bestOfRounds(candidates: readonly (() => Promise<void>)[]): Promise<(Measure | undefined)[]> {
  const best: Measure[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    for (const [index, work] of candidates.entries()) {
      const { milliseconds, peak } = await measured(work);
      const before = best[index];
      best[index] = {
        milliseconds: Math.min(milliseconds, before?.milliseconds ?? milliseconds),
        peak: Math.max(peak, before?.peak ?? 0),
      };
    }
  }
  return best;
}

async function bareRequests(url: string, agent: Agent | false): Promise<void> {
  await inParallel(Array.from({ length: CHECKS }), CONCURRENCY, async () => {
    const outgoing = request(url, { agent }).end();
    const [answer] = await once(outgoing, 'response');
    for await (const _ of answer) {
      // Only read.
    }
  });
}

async function checks(url: string): Promise<void> {
  const list = Array.from(
    { length: CHECKS },
    (_, index): SmokeCheck => ({
      kind: 'http',
      name: `check ${index}`,
      url,
      expect: { body: { contains: ['ready'] } },
    }),
  );
  const results = await runChecks(
    {
      clock: systemClock,
      deadline: new Date(Date.now() + 300_000),
      signal: new AbortController().signal,
      log: { debug() {}, info() {}, warning() {}, progress() {}, group: (_, work) => work() },
      keepSecret() {},
    },
    { checks: list, via: {}, tags: [], concurrency: CONCURRENCY },
  );
  const failed = results.find(({ passed }) => !passed);
  if (failed) throw new Error(`${failed.name}: ${failed.problem}`);
}

/** Time, and the most memory the process held meanwhile. */
async function measured(work: () => Promise<void>): Promise<Measure> {
  let peak = process.memoryUsage.rss();
  const sampler = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss());
  }, 10);
  const started = performance.now();
  try {
    await work();
  } finally {
    clearInterval(sampler);
  }
  return { milliseconds: Math.round(performance.now() - started), peak: Math.round(peak / MIB) };
}

async function stop(server: ChildProcess): Promise<void> {
  const ended = once(server, 'exit');
  server.kill();
  await ended;
}

function serve(): void {
  const small = Buffer.from('ready\n');
  const large = Buffer.concat([small, Buffer.alloc(MIB - small.length, 'x')]);
  const server = createServer((incoming, answer) => answer.end(incoming.url === '/large' ? large : small));
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
}

if (process.argv[2] === 'smoke-bench-server') serve();
