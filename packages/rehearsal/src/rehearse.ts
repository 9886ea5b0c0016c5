import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { InputProblem, parseLocalTime, toInstant } from '@maintenance-tasks/core';
import { parseYaml } from '@maintenance-tasks/core/yaml';
import type { MaintenanceWindow } from '@maintenance-tasks/tasks/window/schema';
import { windowSchema } from '@maintenance-tasks/tasks/window/schema';
import { timesOf } from '@maintenance-tasks/tasks/window/times';
import { type Approve, approver } from './approvals.ts';
import { type Assumed, assume } from './assume/assume.ts';
import { connectionId } from './assume/azure.ts';
import { AzurePlay } from './azure/play.ts';
import { readCatalogue } from './catalogue.ts';
import { createAuthority } from './certificates.ts';
import type { Options } from './command-line.ts';
import { findPipelines, sourceOf } from './find-pipelines.ts';
import { GithubPlay } from './github/play.ts';
import type { HostPlay } from './host-play.ts';
import { type MadeUp, makeUpSecrets } from './made-up.ts';
import { chooseNode } from './node-choice.ts';
import { compareRuns } from './parity.ts';
import type { Pipeline, Stage, Step } from './plan.ts';
import { startProxy } from './proxy.ts';
import { type RehearsalFile, readRehearsalFile } from './rehearsal-file.ts';
import type { RehearsalRecord } from './rehearsal-record.ts';
import { RehearsedClock } from './rehearsed-clock.ts';
import type { HostRun } from './run-record.ts';
import { runPipeline } from './runner.ts';
import { Secrets } from './secrets.ts';
import { selectStep } from './step-selection.ts';
import { stepsIn, usesOf } from './uses.ts';
import type { Watcher } from './watcher.ts';
import { createWorld } from './world.ts';

export const ROOT = resolve(import.meta.dirname, '../../..');

interface Prepared {
  readonly options: Options;
  readonly pipelines: readonly Pipeline[];
  readonly source: string;
  readonly file: RehearsalFile;
  readonly window: MaintenanceWindow | undefined;
  readonly zone: string;
  readonly starts: Date;
  readonly assumed: Assumed;
  readonly madeUp: MadeUp;
  readonly secrets: Secrets;
  readonly approve: Approve;
  readonly failing: ReadonlySet<Step>;
  readonly killed: ReadonlySet<Step>;
  readonly token: string;
}

export interface Rehearsed {
  readonly record: RehearsalRecord;
  /** Names of the secrets that stand in a text; whoever writes a report looks before. */
  readonly leaksIn: (text: string) => readonly string[];
}

/**
 * Rehearses the pipelines at the target, one host after the other, each in an outside world of its own that begins in
 * the same state.
 *
 * @throws InputProblem for whatever is wrong with the files and flags, before anything is run
 */
export async function rehearse(options: Options, watcher: Watcher, terminal: boolean): Promise<Rehearsed> {
  const target = resolve(options.target);
  if (!existsSync(target)) throw new InputProblem(`there is no file or folder ${target}`);
  const file = readFile(sourceOf(target), target);
  const { pipelines, source } = findPipelines(ROOT, target, options.host, file.content.inputs);
  const { window, text: smokeTests } = readWindow(source, file);
  const zone = window?.window['time-zone'] ?? 'UTC';
  const starts = startOf(options, file, window, zone);
  const authority = createAuthority('Rehearsal CA');
  const uses = pipelines.flatMap(usesOf);
  const madeUp = makeUpSecrets(uses, file.content, file.systems, authority, starts);
  const token = randomBytes(16).toString('hex');
  const steps = pipelines.flatMap(stepsIn);
  const assumed = assume({
    window,
    file,
    uses,
    steps,
    madeUp,
    smokeTests,
    authority,
    now: starts,
    identity: { token },
  });
  const secrets = new Secrets();
  for (const secret of madeUp.secrets) secrets.know(secret);
  for (const host of ['github', 'azure'])
    secrets.know({ name: 'identity request token', value: `${host}-${token}`, pieces: [token] });
  const prepared: Prepared = {
    options,
    pipelines,
    source,
    file,
    window,
    zone,
    starts,
    assumed,
    madeUp,
    secrets,
    token,
    approve: approver({ ...options, approvals: file.content.approvals, window, terminal }),
    failing: options.fail === undefined ? new Set() : selectStep(pipelines, '--fail', options.fail),
    killed: options.kill === undefined ? new Set() : selectStep(pipelines, '--kill', options.kill.step),
  };
  const clock = new RehearsedClock();
  const proxy = await startProxy({ standIns: [], now: clock.now, authority, clean: secrets.clean });
  const notes = [
    ...(file.path ? [] : ['There is no rehearsal.yaml: everything around the pipelines is assumed.']),
    ...assumed.notes,
  ];
  const runs: HostRun[] = [];
  const started = performance.now();
  try {
    for (const pipeline of pipelines) {
      const { node, note } = await chooseNode(pipeline.host, options.node ?? file.content.node[pipeline.host]);
      if (note) notes.push(note);
      clock.startAt(starts);
      runs.push(await runOne(prepared, pipeline, { proxy, clock, node, watcher }));
    }
  } finally {
    await proxy.close();
  }
  const [one, other] = runs;
  const record: RehearsalRecord = {
    format: 1,
    name: window?.name ?? pipelines[0]?.name ?? 'Rehearsal',
    target: relative(process.cwd(), target) || '.',
    zone,
    window: window && { starts: timesOf(window).starts.toISOString(), ends: timesOf(window).ends.toISOString() },
    milliseconds: performance.now() - started,
    runs,
    parity: one && other ? compareRuns(one, other) : [],
    assumptions: [...new Set(notes)],
    asked: [
      ...(options.fail === undefined ? [] : [`--fail ${options.fail}`]),
      ...(options.kill ? [`--kill ${options.kill.step}:${options.kill.after}`] : []),
    ],
  };
  return { record, leaksIn: secrets.leaksIn };
}

type Stageware = Pick<Parameters<typeof runPipeline>[0], 'proxy' | 'clock' | 'node' | 'watcher'>;

async function runOne(prepared: Prepared, pipeline: Pipeline, stageware: Stageware): Promise<HostRun> {
  const { options, file, assumed, secrets, zone } = prepared;
  const world = await createWorld(assumed.seeds, { now: stageware.clock.now });
  const folder = mkdtempSync(join(tmpdir(), 'rehearsal-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  // Also after Ctrl-C: made-up secrets are in there.
  process.once('exit', remove);
  const clockTimes = Object.entries(file.content.clock);
  try {
    return await runPipeline({
      ...stageware,
      pipeline,
      play: playOf(prepared, pipeline, stageware),
      secrets,
      bundles: Object.fromEntries(readCatalogue(ROOT, pipeline.host).map(({ name, bundle }) => [name, bundle])),
      source: prepared.source,
      folder,
      dns: world.dns,
      zone,
      standIns: world.standIns,
      runScripts: options.runScripts || file.content['run-scripts'],
      foreignOutputs: (step) => file.content.outputs[step.id ?? ''] ?? file.content.outputs[step.title] ?? {},
      startOf: (stage) => {
        const told = clockTimes.find(([name]) => [stage.id, stage.title].includes(name))?.[1];
        return told === undefined ? undefined : instant(told, zone, `clock: ${told}`);
      },
      approve: (gate, stage: Stage) => prepared.approve(gate, stage.title),
      asksApproval: (environment) => file.content.approvals[environment] !== false,
      fails: (_stage, _job, step) => prepared.failing.has(step),
      kills: (_stage, _job, step) =>
        options.kill && prepared.killed.has(step) ? { after: options.kill.after } : undefined,
    });
  } finally {
    await world.close();
    process.off('exit', remove);
    remove();
  }
}

function playOf(
  { madeUp, assumed, secrets, window, file, token }: Prepared,
  pipeline: Pipeline,
  { clock }: Stageware,
): HostPlay {
  const values = Object.fromEntries(madeUp.secrets.map(({ name, value }) => [name, value]));
  const manager = window?.roster.find(({ roles }) => roles.includes('release-manager'));
  const common = {
    secrets: values,
    variables: assumed.variables,
    tasks: readCatalogue(ROOT, pipeline.host),
    mask: (value: string) => secrets.mask(value),
  };
  if (pipeline.host === 'github') {
    const inputs = Object.fromEntries(
      Object.entries(pipeline.inputs).map(([name, { value }]) => [name, file.content.inputs[name] ?? value]),
    );
    return new GithubPlay(pipeline, {
      ...common,
      holdsSecret: (text) => secrets.clean(text) !== text,
      inputs,
      startedBy: manager?.github ?? 'example-user',
      identity: {
        url: 'https://run-actions.actions.githubusercontent.com/identity/token?api-version=2.0',
        token: `github-${token}`,
      },
    });
  }
  const clientSecret = madeUp.byKind['azure-client-secret']?.[0];
  return new AzurePlay(pipeline, {
    ...common,
    now: clock.now,
    connections: Object.fromEntries(
      Object.entries(assumed.connections).map(([name, each]) => [
        name,
        {
          id: connectionId(name),
          tenantId: each['tenant-id'],
          clientId: each['client-id'],
          ...(each.secret && clientSecret && { clientSecret }),
        },
      ]),
    ),
    startedBy: manager?.['azure-devops'] ?? manager?.name ?? 'user@example.com',
    identity: { url: 'https://vstoken.dev.azure.com/example-org/maintenance/oidctoken', token: `azure-${token}` },
  });
}

/** Beside the pipelines: in their folder, or where their paths start from. */
function readFile(source: string, target: string): RehearsalFile {
  const folders = [statSync(target).isFile() ? dirname(target) : target, source];
  const path =
    folders.map((folder) => join(folder, 'rehearsal.yaml')).find((each) => existsSync(each)) ??
    join(source, 'rehearsal.yaml');
  return readRehearsalFile(path, relative(process.cwd(), path));
}

function readWindow(source: string, file: RehearsalFile): { window: MaintenanceWindow | undefined; text: string } {
  const path = resolve(source, file.content.window ?? 'maintenance-window.yaml');
  if (!existsSync(path)) {
    if (file.content.window !== undefined) throw new InputProblem(`rehearsal.yaml: there is no window file ${path}`);
    return { window: undefined, text: '' };
  }
  const window = parseYaml(
    readFileSync(path, 'utf8'),
    windowSchema,
    relative(process.cwd(), path),
  ) as MaintenanceWindow;
  const tests = window['smoke-tests'] && resolve(dirname(path), window['smoke-tests']);
  return { window, text: tests && existsSync(tests) ? readFileSync(tests, 'utf8') : '' };
}

function startOf(options: Options, file: RehearsalFile, window: MaintenanceWindow | undefined, zone: string): Date {
  if (options.from !== undefined) {
    if (/^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/.test(options.from)) return new Date(options.from);
    if (!parseLocalTime(options.from))
      throw new InputProblem(`--from: "${options.from}" is not a time such as "2026-11-21 20:00"`);
    return instant(options.from, zone, '--from');
  }
  const told = Object.values(file.content.clock).sort()[0];
  if (told !== undefined) return instant(told, zone, `clock: ${told}`);
  return window ? instant(window.window.starts, zone, 'window.starts') : new Date();
}

function instant(text: string, zone: string, what: string): Date {
  const local = parseLocalTime(text);
  const found = local && toInstant(local, zone);
  if (found?.kind === 'exact') return found.at;
  throw new InputProblem(`${what}: ${text} is not one moment in ${zone}; clocks are changed in that hour`);
}
