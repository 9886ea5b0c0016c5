import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { azureInputName, type ReportTable } from '@maintenance-tasks/core';
import { entryFolders } from '../build.ts';
import { ROOT } from '../tasks.ts';
import { type NodeVersion, nodes } from './nodes.ts';

const PAIRS = 21;

/** What every step of every window pays before its task does anything: bundles against a bare Node, in pairs. */
export default async function benchStartUp(): Promise<ReportTable[]> {
  const temporary = mkdtempSync(join(tmpdir(), 'bench-'));
  try {
    const folders = (await entryFolders()).filter((folder) => folder !== 'terminal');
    return [await toInputError(folders, temporary), await toFirstCall(temporary)];
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

async function toInputError(folders: readonly string[], temporary: string): Promise<ReportTable> {
  const rows: string[][] = [];
  for (const folder of folders) {
    const { main, total } = await sizesOf(folder);
    const ratios = nodes().map((node) => {
      const bundle = [join(ROOT, folder, 'dist/main.cjs')];
      // No task takes this deadline: the run ends at its inputs, before anything is called.
      const environment = plainEnvironment(temporary, { INPUT_DEADLINE: 'never' });
      mustEndAtInputs(node, bundle, environment);
      return inPairs(
        PAIRS,
        () => timed(node, ['-e', '0'], environment),
        () => timed(node, bundle, environment),
      );
    });
    rows.push([folder, ...ratios, main, total]);
  }
  return {
    title: `Start to the input error, against a bare node -e 0 (medians of ${PAIRS} pairs)`,
    columns: ['Bundle', ...nodes().map(({ version }) => `Node ${version}`), 'main.cjs', 'With all chunks'],
    rows,
  };
}

function timed(node: NodeVersion, args: readonly string[], env: NodeJS.ProcessEnv): number {
  const started = performance.now();
  spawnSync(node.path, args, { env, stdio: 'ignore' });
  return performance.now() - started;
}

function mustEndAtInputs(node: NodeVersion, args: readonly string[], env: NodeJS.ProcessEnv): void {
  const { stdout, status } = spawnSync(node.path, args, { env, encoding: 'utf8' });
  if (status !== 1 || !stdout.includes('deadline')) throw new Error(`${args[0]} did not end at its inputs: ${stdout}`);
}

/** From the start of the process to its first connection, which arrives at a proxy that never answers. */
async function toFirstCall(temporary: string): Promise<ReportTable> {
  const inputs = { state: 'status', hosts: 'www.example.com', 'cloudflare-token': 'not-a-token', session: 'bench' };
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const proxy = { HTTPS_PROXY: `http://127.0.0.1:${port}` };
  const bare = ['-e', `require('node:https');require('node:net').connect(${port},'127.0.0.1')`];
  const rows: string[][] = [];
  for (const [folder, name] of [
    ['actions/maintenance-page', (input: string) => input],
    ['ado-tasks/maintenance-page', azureInputName],
  ] as const) {
    const given = Object.entries(inputs).map(([input, value]) => [`INPUT_${name(input).toUpperCase()}`, value]);
    const env = plainEnvironment(temporary, { ...proxy, ...Object.fromEntries(given) });
    const bundle = [join(ROOT, folder, 'dist/main.cjs')];
    const ratios: string[] = [];
    for (const node of nodes()) {
      ratios.push(
        await inPairsLater(
          PAIRS,
          () => untilConnected(server, node, bare, env),
          () => untilConnected(server, node, bundle, env),
        ),
      );
    }
    rows.push([folder, ...ratios]);
  }
  server.close();
  return {
    title: `Start to the first call, against a bare script that loads node:https and connects (medians of ${PAIRS} pairs)`,
    columns: ['Bundle', ...nodes().map(({ version }) => `Node ${version}`)],
    rows,
  };
}

async function untilConnected(
  server: Server,
  node: NodeVersion,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<number> {
  const started = performance.now();
  const child: ChildProcess = spawn(node.path, args, { env, stdio: 'ignore' });
  const ended = once(child, 'exit');
  const first = await Promise.race([once(server, 'connection'), ended]);
  const milliseconds = performance.now() - started;
  child.kill('SIGKILL');
  await ended;
  if (typeof first[0] !== 'object' || first[0] === null) throw new Error(`${args[0]} ended without a call`);
  return milliseconds;
}

function inPairs(count: number, bare: () => number, bundle: () => number): string {
  const pairs = Array.from({ length: count }, () => [bare(), bundle()] as const);
  return compared(pairs);
}

async function inPairsLater(
  count: number,
  bare: () => Promise<number>,
  bundle: () => Promise<number>,
): Promise<string> {
  const pairs: [number, number][] = [];
  for (let pair = 0; pair < count; pair++) pairs.push([await bare(), await bundle()]);
  return compared(pairs);
}

function compared(pairs: readonly (readonly [number, number])[]): string {
  const [bare, bundle] = [median(pairs.map(([bare]) => bare)), median(pairs.map(([, bundle]) => bundle))];
  return `${bundle.toFixed(0)} ms to ${bare.toFixed(0)} ms: ${(bundle / bare).toFixed(2)}`;
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1] as number;
}

/** Nothing of this machine's: extra CA certificates alone would double the start of Node 20. */
function plainEnvironment(temporary: string, more: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return { RUNNER_TEMP: temporary, AGENT_TEMPDIRECTORY: temporary, ...more };
}

async function sizesOf(folder: string): Promise<{ main: string; total: string }> {
  const dist = join(ROOT, folder, 'dist');
  const names = (await readdir(dist)).filter((name) => name.endsWith('.cjs'));
  const sizes = await Promise.all(names.map(async (name) => [name, (await stat(join(dist, name))).size] as const));
  const kilobytes = (bytes: number) => `${Math.round(bytes / 1_024)} KB`;
  return {
    main: kilobytes(sizes.find(([name]) => name === 'main.cjs')?.[1] ?? 0),
    total: kilobytes(sizes.reduce((sum, [, size]) => sum + size, 0)),
  };
}
