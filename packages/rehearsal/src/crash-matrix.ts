import type { ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { type Authority, createAuthority } from './certificates.ts';
import { firstDifference, whatLasts } from './crash-view.ts';
import type { CallStart, Fault } from './fault.ts';
import { type ProxyRules, type RehearsalProxy, startProxy } from './proxy.ts';
import { RehearsedClock } from './rehearsed-clock.ts';
import type { StandIn, StandInRequest, StandInWorld } from './stand-in.ts';
import { runProcess } from './step-process.ts';
import { PRELOAD } from './step-runner.ts';

/** One run of one task, with its inputs by their kebab-case names. */
export interface TaskRun {
  readonly task: string;
  readonly inputs: Readonly<Record<string, string>>;
}

/** What every system shows of itself, by the stand-ins' names. */
export type States = Readonly<Record<string, unknown>>;

/** A task in a world, to be disturbed at every one of its calls. */
export interface CrashScenario extends TaskRun {
  readonly name: string;
  /** Relative paths and contents that the working folder holds. */
  readonly files?: Readonly<Record<string, string>>;
  /** Fresh systems, as they stood before anything. */
  world(world: StandInWorld): readonly StandIn[];
  /** Undisturbed runs that come first: the page is on before it can go off. */
  readonly before?: readonly TaskRun[];
  /**
   * What of the systems must be as it was, or as it shall be, in the end. Left out: all they show, but for dates and
   * made-up ids.
   */
  view?(states: States): unknown;
  /** Ends that are neither of both and right all the same: a message that may be there twice. */
  accepts?(end: { readonly view: unknown; readonly log: string }): boolean;
  /** What may be run instead of running the task again. Afterwards no system may hold a mark of any session. */
  readonly sweep?: TaskRun;
}

export interface CrashReport {
  /** Calls of the undisturbed run. */
  readonly calls: number;
  readonly disturbed: number;
  /** Runs that followed on a disturbed one; one for each state that disturbed runs left. */
  readonly recoveries: number;
  /** `killed after call 7 (POST api.example.com/batch): …` */
  readonly problems: readonly string[];
}

export interface CrashMatrix {
  run(scenario: CrashScenario): Promise<CrashReport>;
  close(): Promise<void>;
}

export interface CrashMatrixOptions {
  /** The built bundle of a task. */
  readonly bundleOf: (task: string) => string;
  /** The rehearsed time at which every run starts. */
  readonly start: Date;
  /** Runs at a time. */
  readonly slots: number;
}

/** Shorter than any attempt's own patience; the second for machines too busy to reach the call within the first. */
const DEADLINES_OF_HANG = ['2s', '10s'];
const LONGEST_RUN = 60_000;

/** A place to run in: a proxy with a world of its own. */
interface Slot {
  readonly proxy: RehearsalProxy;
  readonly folder: string;
}

interface Ended {
  readonly exitCode: number;
  readonly log: string;
}

/** The world as a disturbed run left it. */
interface Left {
  readonly standIns: readonly StandIn[];
  readonly state: string;
  readonly problem: string | undefined;
  isSpent?: boolean;
}

interface Disturbance {
  readonly call: CallStart;
  readonly fault: Fault;
}

/**
 * Cuts a task's run short, or answers it badly, at each of its outside calls in turn, and looks whether running it
 * again, or sweeping, brings the systems to a whole state: all done or all as before.
 */
export async function startCrashMatrix(options: CrashMatrixOptions): Promise<CrashMatrix> {
  const clock = new RehearsedClock();
  clock.startAt(options.start);
  const authority = createAuthority('Crash Matrix CA');
  const all = await Promise.all(Array.from({ length: options.slots }, () => openSlot(authority, clock)));
  const free = [...all];
  const waiting: ((slot: Slot) => void)[] = [];

  async function inSlot<Result>(work: (slot: Slot) => Promise<Result>): Promise<Result> {
    const slot = free.pop() ?? (await new Promise<Slot>((resolve) => waiting.push(resolve)));
    try {
      return await work(slot);
    } finally {
      const next = waiting.shift();
      if (next) next(slot);
      else free.push(slot);
    }
  }

  /** One process of a built bundle, as GitHub starts it, in a working folder of its own. */
  async function start(slot: Slot, scenario: CrashScenario, run: TaskRun, started?: (child: ChildProcess) => void) {
    const workspace = mkdtempSync(join(slot.folder, 'run-'));
    for (const [name, content] of Object.entries(scenario.files ?? {})) {
      mkdirSync(dirname(join(workspace, name)), { recursive: true });
      writeFileSync(join(workspace, name), content);
    }
    const lines: string[] = [];
    const inputs = Object.entries(run.inputs).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]);
    const { exitCode } = await runProcess({
      command: process.execPath,
      arguments: [options.bundleOf(run.task)],
      folder: workspace,
      environment: {
        PATH: process.env.PATH ?? '',
        HOME: slot.folder,
        TMPDIR: slot.folder,
        RUNNER_TEMP: slot.folder,
        GITHUB_WORKSPACE: workspace,
        HTTPS_PROXY: slot.proxy.url,
        HTTP_PROXY: slot.proxy.url,
        NODE_EXTRA_CA_CERTS: slot.proxy.caFile,
        NODE_OPTIONS: `--require ${JSON.stringify(PRELOAD)}`,
        REHEARSAL_CLOCK_SHIFT: String(clock.shift),
        // Several hundred starts of the same few files.
        NODE_COMPILE_CACHE: join(tmpdir(), 'crash-matrix-compile-cache'),
        ...Object.fromEntries(inputs),
      },
      milliseconds: LONGEST_RUN,
      line: (line) => lines.push(line),
      ...(started && { started }),
    });
    return { exitCode, log: lines.join('\n') };
  }

  async function undisturbed(slot: Slot, scenario: CrashScenario, run: TaskRun, standIns: readonly StandIn[]) {
    slot.proxy.use(standIns);
    const ended = await start(slot, scenario, run);
    if (ended.exitCode !== 0)
      throw new Error(`${scenario.name}: undisturbed, ${run.task} ended with ${ended.exitCode}: ${lastWords(ended)}`);
    return [...slot.proxy.calls];
  }

  async function run(scenario: CrashScenario): Promise<CrashReport> {
    const written: Heard[] = [];
    const fresh = async () => {
      let playedAt: Date | undefined;
      // Played back at the times of the first run: what takes a system a while is over by now, as it was then.
      const standIns = scenario.world({ now: () => playedAt ?? clock.now() });
      for (const { at, request } of written) {
        playedAt = at;
        await answering(standIns, request)?.answer(request);
      }
      playedAt = undefined;
      return standIns;
    };
    const viewOf = (standIns: readonly StandIn[]) => {
      const states = statesOf(standIns);
      return whatLasts(scenario.view ? scenario.view(states) : states);
    };

    const { calls, before, done } = await inSlot(async (slot) => {
      for (const first of scenario.before ?? []) {
        const heard: Heard[] = [];
        const standIns = await fresh();
        await undisturbed(
          slot,
          scenario,
          first,
          standIns.map((standIn) => overhearing(standIn, heard, clock.now)),
        );
        // Played back into every fresh world: cheaper than a process each time.
        written.push(...heard);
      }
      const standIns = await fresh();
      const asBefore = viewOf(standIns);
      const made = await undisturbed(slot, scenario, scenario, standIns);
      return { calls: made, before: asBefore, done: viewOf(standIns) };
    });

    const problems: string[] = [];
    if (isDeepStrictEqual(before, done)) problems.push('undisturbed: it changed nothing that its view shows');
    const isWhole = (view: unknown, log: string) =>
      isDeepStrictEqual(view, done) || isDeepStrictEqual(view, before) || scenario.accepts?.({ view, log }) === true;
    const recovered = new Map<string, Promise<string | undefined>>();
    let disturbed = 0;

    /** Brings a world left by a disturbed run to an end, by running again or by sweeping; tells what is wrong then. */
    async function recover(slot: Slot, standIns: readonly StandIn[], next: TaskRun): Promise<string | undefined> {
      slot.proxy.use(standIns);
      const ended = await start(slot, scenario, next);
      if (ended.exitCode !== 0) return `it ended with ${ended.exitCode}: ${lastWords(ended)}`;
      const view = viewOf(standIns);
      if (next !== scenario.sweep) {
        if (isDeepStrictEqual(view, done) || scenario.accepts?.({ view, log: ended.log })) return undefined;
        return `not all is done: ${firstDifference(done, view)}`;
      }
      const left = standIns.flatMap((standIn) => standIn.leftovers());
      if (left.length > 0) return `it left ${left.join(' ')}`;
      return isWhole(view, ended.log) ? undefined : `neither done nor as before: ${firstDifference(before, view)}`;
    }

    async function disturb(slot: Slot, { call, fault }: Disturbance, deadlines = DEADLINES_OF_HANG): Promise<Left> {
      const [deadline = '15m', ...longer] = deadlines;
      const standIns = await fresh();
      let child: ChildProcess | undefined;
      let reached = false;
      const rules: ProxyRules = {
        fault: ({ number }) => {
          if (number !== call.number) return undefined;
          reached = true;
          return fault;
        },
        kill: () => killed(child),
      };
      slot.proxy.use(standIns, rules);
      const inputs = fault === 'hang' ? { ...scenario.inputs, deadline } : scenario.inputs;
      disturbed += 1;
      const ended = await start(slot, scenario, { task: scenario.task, inputs }, (started) => {
        child = started;
      });
      if (!reached && fault === 'hang' && longer.length > 0) return disturb(slot, { call, fault }, longer);
      const view = viewOf(standIns);
      const state = JSON.stringify(whatLasts(statesOf(standIns)));
      return {
        standIns,
        state,
        problem: reached ? problemAfter(ended, view) : `the call never came; ${lastWords(ended)}`,
      };
    }

    function problemAfter(ended: Ended, view: unknown): string | undefined {
      if (/failed by a bug of its own/.test(ended.log)) return `it met a bug: ${lastWords(ended)}`;
      if (ended.exitCode !== 0 || isDeepStrictEqual(view, done) || scenario.accepts?.({ view, log: ended.log }))
        return undefined;
      return `it ended well, but not all is done: ${firstDifference(done, view)}`;
    }

    /** A new process knows nothing but the systems' state: from the same state it does the same, so once is enough. */
    async function examine(slot: Slot, disturbance: Disturbance): Promise<string | undefined> {
      let left: Left | undefined;
      for (const next of scenario.sweep ? [scenario, scenario.sweep] : [scenario]) {
        let current = left ?? (await disturb(slot, disturbance));
        if (current.problem) return current.problem;
        const how = next === scenario.sweep ? 'swept' : 'run again';
        if (!recovered.has(`${how} ${current.state}`)) {
          // A world that was recovered is spent.
          if (current.isSpent) current = await disturb(slot, disturbance);
          if (!recovered.has(`${how} ${current.state}`))
            recovered.set(`${how} ${current.state}`, recover(slot, current.standIns, next));
          current.isSpent = true;
        }
        left = current;
        const problem = await recovered.get(`${how} ${current.state}`);
        if (problem) return `then ${how}, ${problem}`;
      }
      return undefined;
    }

    const disturbances = calls.flatMap((call) => faultsAt(call).map((fault) => ({ call, fault })));
    const found = await Promise.all(
      disturbances.map(async (disturbance) => {
        const problem = await inSlot((slot) => examine(slot, disturbance));
        return problem && `${titleOf(disturbance)}: ${problem}`;
      }),
    );
    for (const problem of found) if (problem) problems.push(problem);
    return { calls: calls.length, disturbed, recoveries: recovered.size, problems };
  }

  return {
    run,
    async close() {
      await Promise.all(all.map(({ proxy }) => proxy.close()));
      for (const { folder } of all) rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function openSlot(authority: Authority, clock: RehearsedClock): Promise<Slot> {
  const proxy = await startProxy({ standIns: [], now: clock.now, authority });
  return { proxy, folder: mkdtempSync(join(tmpdir(), 'crash-matrix-')) };
}

/**
 * Killed before a later call is what killed after the one before it is, and a lost answer to a question is what a cut
 * connection is: in both cases nothing happened in between.
 */
function faultsAt({ number, method }: CallStart): Fault[] {
  const kills: Fault[] = number === 1 ? [{ kill: 'before' }, { kill: 'after' }] : [{ kill: 'after' }];
  const lost: Fault[] = method === 'GET' || method === 'HEAD' ? [] : ['lost'];
  return [...kills, 'reset', ...lost, 'hang', { status: 429, retryAfter: 0 }, { status: 500 }];
}

function titleOf({ call, fault }: Disturbance): string {
  const where = `call ${call.number} (${call.method} ${call.host}${call.path.replace(/\?.*/, '')})`;
  if (typeof fault === 'object') {
    return 'kill' in fault ? `killed ${fault.kill} ${where}` : `${fault.status} in answer to ${where}`;
  }
  const words = { reset: 'the connection cut before', lost: 'the answer lost of', hang: 'no answer to' };
  return `${words[fault]} ${where}`;
}

function statesOf(standIns: readonly StandIn[]): States {
  return Object.fromEntries(standIns.map((standIn) => [standIn.name, standIn.state()]));
}

interface Heard {
  readonly at: Date;
  readonly request: StandInRequest;
}

/** The same system, and what is asked of it that may change it is written down. */
function overhearing(standIn: StandIn, heard: Heard[], now: () => Date): StandIn {
  return {
    ...standIn,
    answer(request) {
      if (request.method !== 'GET' && request.method !== 'HEAD') heard.push({ at: now(), request });
      return standIn.answer(request);
    },
  };
}

function answering(standIns: readonly StandIn[], { url, connectedTo }: StandInRequest): StandIn | undefined {
  const isFor = (standIn: StandIn, host: string) =>
    standIn.hosts.some((known) => (typeof known === 'string' ? known === host : known.test(host)));
  return standIns.find((each) => isFor(each, connectedTo.host)) ?? standIns.find((each) => isFor(each, url.hostname));
}

function lastWords({ log }: Ended): string {
  const lines = log.split('\n');
  return (lines.find((line) => line.startsWith('::error::')) ?? lines.at(-1) ?? '').replaceAll('%0A', ' ');
}

/** Resolves once the process is dead, so that the call goes on without it. */
function killed(child: ChildProcess | undefined): Promise<void> {
  return new Promise((done) => {
    if (!child || child.exitCode !== null) return done();
    child.on('exit', () => done());
    child.kill('SIGKILL');
  });
}
