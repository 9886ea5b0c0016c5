import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { azureInputName } from '@maintenance-tasks/core';
import { bundle } from '@maintenance-tasks/devkit/build';

export const HOSTS = ['github', 'azure', 'local'] as const;
export type HostName = (typeof HOSTS)[number];

const SECRETS: Readonly<Record<string, string>> = { 'api-token': 'PROBE_TOKEN', 'private-key': 'PRIVATE_KEY' };

/** The Nodes the bundles must run on: this one, and the first 20 on the path. */
export function nodes(): { version: string; path: string }[] {
  const candidates = [
    process.execPath,
    ...(process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'node')),
    '/usr/bin/node',
  ];
  const found = new Map<string, string>();
  for (const path of new Set(candidates)) {
    const version = spawnSync(path, ['-p', 'process.versions.node'], { encoding: 'utf8' }).stdout?.split('.')[0];
    if (version && ['20', '24'].includes(version) && !found.has(version)) found.set(version, path);
  }
  return [...found].map(([version, path]) => ({ version, path }));
}

/** Builds the probe for every host by the build that makes what ships. Returns the entry files. */
export async function bundleProbes(): Promise<Record<HostName, string>> {
  const folder = mkdtempSync(join(tmpdir(), 'probe-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const entries = HOSTS.map(async (host) => {
    const { files } = await bundle(`test/hosts/probe/${host}`);
    mkdirSync(join(folder, host));
    for (const [name, content] of files) writeFileSync(join(folder, host, name), content);
    return [host, join(folder, host, 'main.cjs')] as const;
  });
  return Object.fromEntries(await Promise.all(entries)) as Record<HostName, string>;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Milliseconds from the signal that was sent to the end. */
  readonly tookToStop: number;
  /** Every file below the run's own folder, by its path there. */
  readonly files: Readonly<Record<string, string>>;
  /** Where it ran; gone by now. */
  readonly folder: string;
}

export interface Start {
  readonly node: string;
  readonly host: HostName;
  readonly entry: string;
  /** By kebab-case names. */
  readonly inputs: Readonly<Record<string, string>>;
  readonly environment?: Readonly<Record<string, string>>;
  /** What the host does when its user switches debugging on. */
  readonly debug?: boolean;
  readonly flags?: readonly string[];
  /** Files of the working folder. */
  readonly files?: Readonly<Record<string, string>>;
  /** Sent as soon as the probe says that it hangs. */
  readonly signal?: NodeJS.Signals;
  /** Sends it again soon after, as somebody who is in a hurry. */
  readonly twice?: true;
}

/** Starts a bundle as its host does, in a folder of its own, and waits for its end. */
export function run(start: Start): Promise<Ended> {
  const folder = mkdtempSync(join(tmpdir(), 'probe-run-'));
  for (const part of ['work', 'temp']) mkdirSync(join(folder, part));
  for (const [name, content] of Object.entries(start.files ?? {})) writeFileSync(join(folder, 'work', name), content);
  if (start.host === 'github') for (const file of ['output', 'summary.md']) writeFileSync(join(folder, file), '');
  const environment = { PATH: '/usr/bin:/bin', ...environmentOf(start, folder), ...start.environment };
  const child = spawn(start.node, [start.entry, ...argumentsOf(start)], {
    cwd: join(folder, 'work'),
    env: environment,
  });
  let stdout = '';
  let stderr = '';
  let signalled = 0;
  const listen = () => {
    if (!start.signal || signalled || !/hanging/.test(stdout + stderr)) return;
    signalled = performance.now();
    child.kill(start.signal);
    if (start.twice) setTimeout(() => child.kill(start.signal), 100);
  };
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk;
    listen();
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
    listen();
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      const tookToStop = signalled ? performance.now() - signalled : 0;
      const files = filesBelow(folder);
      rmSync(folder, { recursive: true });
      resolve({ code, signal, stdout, stderr, tookToStop, files, folder });
    });
  });
}

function environmentOf({ host, inputs, debug }: Start, folder: string): Record<string, string> {
  if (host === 'local') {
    const secrets = Object.entries(inputs).filter(([name]) => name in SECRETS);
    return Object.fromEntries(secrets.map(([name, value]) => [SECRETS[name] as string, value]));
  }
  if (host === 'github') {
    const variables = Object.entries(inputs).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]);
    return {
      ...Object.fromEntries(variables),
      GITHUB_ACTIONS: 'true',
      GITHUB_OUTPUT: join(folder, 'output'),
      GITHUB_STEP_SUMMARY: join(folder, 'summary.md'),
      RUNNER_TEMP: join(folder, 'temp'),
      GITHUB_WORKSPACE: join(folder, 'work'),
      ...(debug && { RUNNER_DEBUG: '1' }),
    };
  }
  const variables = Object.entries(inputs).map(([name, value]) => [
    `INPUT_${azureInputName(name).toUpperCase()}`,
    value,
  ]);
  return {
    ...Object.fromEntries(variables),
    AGENT_TEMPDIRECTORY: join(folder, 'temp'),
    SYSTEM_DEFAULTWORKINGDIRECTORY: join(folder, 'work'),
    ...(debug && { SYSTEM_DEBUG: 'true' }),
  };
}

function argumentsOf({ host, inputs, debug, flags = [] }: Start): string[] {
  if (host !== 'local') return [];
  const given = Object.entries(inputs).filter(([name]) => !(name in SECRETS));
  const inputFlags = given.flatMap(([name, value]) => value.split('\n').map((line) => `--${name}=${line}`));
  return [...inputFlags, ...(debug ? ['--debug'] : []), ...flags];
}

function filesBelow(folder: string): Record<string, string> {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const files = paths.filter((path) => statSync(join(folder, path)).isFile());
  return Object.fromEntries(files.map((path) => [path, readFileSync(join(folder, path), 'utf8')]));
}
