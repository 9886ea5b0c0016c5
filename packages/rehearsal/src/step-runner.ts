import type { ChildProcess } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { messageOf } from '@maintenance-tasks/core';
import type { Artifacts } from './artifacts.ts';
import type { JobFolders, JobPlay, StepTold } from './host-play.ts';
import type { Job, Stage, Step } from './plan.ts';
import type { ProxyRules } from './proxy.ts';
import type { ApprovalRecord, StepRun } from './run-record.ts';
import type { RunOptions } from './runner.ts';
import { pathThatRunsNoScripts } from './script-programs.ts';
import { runProcess } from './step-process.ts';

export const PRELOAD = join(import.meta.dirname, 'preload.cjs');

/** A process is ended once its n-th call was carried out. */
export interface Kill {
  readonly after: number;
}

interface StepToRun {
  readonly key: string;
  readonly stage: Stage;
  readonly job: Job;
  readonly step: Step;
  readonly played: JobPlay;
  readonly folders: JobFolders;
}

interface Told extends StepTold {
  readonly note?: string;
  readonly asked?: boolean;
  readonly log?: readonly string[];
}

const NOT_CHECKED_OUT = new Set(['.git', 'node_modules', '.rehearsal', 'maintenance-evidence']);

/** Runs or plays the steps of jobs. */
export class StepRunner {
  readonly #options: RunOptions;
  readonly #artifacts: Artifacts;
  #doomed: { readonly key: string; readonly process: ChildProcess; callsLeft: number } | undefined;

  /** Ends the process that `--kill` names, at the call it names. */
  readonly rules: ProxyRules = {
    fault: ({ step }) => {
      if (this.#doomed?.key !== step) return undefined;
      this.#doomed.callsLeft -= 1;
      return this.#doomed.callsLeft === 0 ? { kill: 'after' } : undefined;
    },
    kill: () => ended(this.#doomed?.process),
    onCall: (call) => this.#options.watcher.called?.(call),
  };

  constructor(options: RunOptions, artifacts: Artifacts) {
    this.#options = options;
    this.#artifacts = artifacts;
  }

  async run(one: StepToRun): Promise<StepRun> {
    const { clock, watcher, secrets } = this.#options;
    const { key, step, played } = one;
    const startedAt = clock.now().toISOString();
    const started = performance.now();
    let held: string | undefined;
    let title = step.title;
    let told: Told;
    try {
      held = played.stepHeldBack(step);
      title = secrets.clean(played.title(step));
      if (held === undefined) watcher.stepStarted?.(step, title);
      told = held === undefined ? await this.#carryOut(one) : { ran: false, exitCode: 0 };
    } catch (error) {
      told = { ran: false, exitCode: 1, note: secrets.clean(messageOf(error)) };
    }
    if (held !== undefined) played.skipped(step);
    const ended = held === undefined ? played.ended(step, told) : undefined;
    const clean = secrets.clean;
    const run: StepRun = {
      key,
      id: step.id,
      title,
      kind: step.kind,
      uses: step.uses,
      task: step.task,
      place: step.place,
      result: ended?.result ?? 'skipped',
      forgiven: ended?.forgiven ?? false,
      note: held ?? told.note,
      asked: told.asked ?? false,
      startedAt,
      endedAt: clock.now().toISOString(),
      milliseconds: performance.now() - started,
      exitCode: told.ran ? told.exitCode : undefined,
      log: told.log ?? [],
      annotations: (ended?.annotations ?? []).map((each) => ({ ...each, text: clean(each.text) })),
      outputs: Object.fromEntries(Object.entries(ended?.outputs ?? {}).map(([name, value]) => [name, clean(value)])),
      summary: clean(ended?.summary ?? ''),
    };
    for (const text of [ended?.summary ?? '', ...Object.values(ended?.outputs ?? {})])
      secrets.look(`the summary or outputs of "${title}"`, text);
    watcher.stepEnded?.(run);
    return run;
  }

  async #carryOut(one: StepToRun): Promise<Told> {
    const { stage, job, step, played, folders } = one;
    if (this.#options.fails(stage, job, step))
      return { ran: false, exitCode: 1, asked: true, note: 'taken as failed without being run (--fail)' };
    switch (step.kind) {
      case 'task':
        return this.#task(one);
      case 'script':
        return this.#options.runScripts
          ? this.#script(one)
          : passedOver('scripts are passed over; --run-scripts runs them', this.#options.foreignOutputs(step));
      case 'checkout':
        return this.#checkout(step, folders);
      case 'upload':
        return moved(this.#artifacts.upload(played.inputs(step), folders));
      case 'download':
        return moved(this.#artifacts.download(played.inputs(step), folders));
      case 'approval':
        return approved(await this.#options.approve(played.title(step), stage));
      case 'foreign':
        return passedOver('not a task of this repository: passed over', this.#options.foreignOutputs(step));
      case 'nothing':
        return { ran: false, exitCode: 0 };
    }
  }

  /** Azure's agent tells its proxy to tasks in variables of its own; everything else reads the usual ones. */
  #proxyVariables({ key, step }: StepToRun): Record<string, string> {
    const { proxy, pipeline } = this.#options;
    if (pipeline.host === 'azure' && step.kind === 'task') {
      const { origin, username, password } = new URL(proxy.urlFor(key));
      return {
        AGENT_PROXYURL: origin,
        AGENT_PROXYUSERNAME: decodeURIComponent(username),
        SECRET_AGENT_PROXYPASSWORD: password,
      };
    }
    return { HTTPS_PROXY: proxy.urlFor(key), HTTP_PROXY: proxy.urlFor(key) };
  }

  #checkout(step: Step, folders: JobFolders): Told {
    const { source } = this.#options;
    const target = resolve(folders.workspace, step.inputs.path || '.');
    mkdirSync(target, { recursive: true });
    cpSync(source, target, {
      recursive: true,
      filter: (file) => file === source || !NOT_CHECKED_OUT.has(basename(file)),
    });
    return { ran: false, exitCode: 0 };
  }

  #task(one: StepToRun): Promise<Told> {
    const bundle = this.#options.bundles[one.step.task as string] as string;
    if (!existsSync(bundle)) throw new Error(`${bundle} is not built; run npm run build`);
    const environment = {
      ...one.played.environment(one.step, one.played.inputs(one.step)),
      ...(one.step.task === 'run-script' &&
        !this.#options.runScripts && { PATH: pathThatRunsNoScripts(one.folders.above, process.env.PATH ?? '') }),
    };
    return this.#process(one, this.#options.node.path, [bundle], one.folders.workspace, environment);
  }

  #script(one: StepToRun): Promise<Told> {
    const { text, shell, folder } = one.played.script(one.step);
    const file = join(one.folders.temporary, `${one.key.replaceAll('/', '-')}.script`);
    writeFileSync(file, text);
    const [command, given] = shellFor(shell, file);
    return this.#process(one, command, given, folder, one.played.environment(one.step, {}));
  }

  async #process(
    one: StepToRun,
    command: string,
    given: readonly string[],
    folder: string,
    own: Record<string, string>,
  ): Promise<Told> {
    const { proxy, clock, dns, secrets, watcher } = this.#options;
    const { key, step, played, folders } = one;
    const kill = this.#options.kills(one.stage, one.job, step);
    const log: string[] = [];
    const home = join(folders.above, 'home');
    mkdirSync(home, { recursive: true });
    const environment: Record<string, string> = {
      PATH: process.env.PATH ?? '',
      HOME: home,
      LANG: 'C.UTF-8',
      TMPDIR: folders.temporary,
      ...own,
      ...this.#proxyVariables(one),
      NODE_EXTRA_CA_CERTS: proxy.caFile,
      NODE_OPTIONS: `--require ${JSON.stringify(PRELOAD)}`,
      REHEARSAL_CLOCK_SHIFT: String(clock.shift),
      ...(dns !== undefined && { REHEARSAL_DNS: dns }),
    };
    const end = await runProcess({
      command,
      arguments: given,
      folder,
      environment,
      milliseconds: played.minutes(step) * 60_000,
      line: (line) => {
        // A host never shows the command that tells it a secret.
        if (!/^::add-mask::|##vso\[task\.setsecret\]/.test(line)) secrets.look(`what "${step.title}" printed`, line);
        const heard = played.heard(line);
        if (heard === undefined) return;
        const shown = secrets.clean(heard);
        log.push(shown);
        watcher.line?.(shown);
      },
      started: (process) => {
        if (kill) this.#doomed = { key, process, callsLeft: kill.after };
      },
    });
    this.#doomed = undefined;
    const note = end.timedOut
      ? 'ran longer than it may'
      : end.killed && kill
        ? `killed after its call ${kill.after} (--kill)`
        : undefined;
    return { ran: true, exitCode: end.exitCode, log, asked: end.killed && kill !== undefined, ...(note && { note }) };
  }
}

function passedOver(note: string, outputs: Readonly<Record<string, string>>): Told {
  return { ran: false, exitCode: 0, outputs, note };
}

function moved({ exitCode, said }: { exitCode: number; said: string }): Told {
  return { ran: false, exitCode, note: said };
}

function approved({ approved: yes, by, how }: ApprovalRecord): Told {
  return {
    ran: false,
    exitCode: yes ? 0 : 1,
    note: `${yes ? 'approved' : 'refused'} by ${by}${how === 'automatic' ? ' (automatically)' : ''}`,
  };
}

function shellFor(shell: string, file: string): [string, string[]] {
  if (shell === 'pwsh' || shell === 'powershell') return ['pwsh', ['-NoProfile', '-NonInteractive', '-File', file]];
  if (shell === 'python') return ['python3', [file]];
  if (shell === 'sh') return ['sh', ['-e', file]];
  // Both hosts stop at the first failing line and in the middle of a pipe.
  return ['bash', ['--noprofile', '--norc', '-eo', 'pipefail', file]];
}

/** Resolves once the process is dead, so that the call goes on without it. */
function ended(child: ChildProcess | undefined): Promise<void> {
  return new Promise((done) => {
    if (!child || child.exitCode !== null) return done();
    child.on('exit', () => done());
    child.kill('SIGKILL');
  });
}
