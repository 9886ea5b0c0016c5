import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ReportTable } from '@maintenance-tasks/core';
import { startProxy } from '@maintenance-tasks/rehearsal/proxy';
import { cloudflareStandIn } from '@maintenance-tasks/rehearsal/stand-ins/cloudflare';
import { ROOT } from '../tasks.ts';

const SIZES = [
  { added: 1, present: 0 },
  { added: 10, present: 1_000 },
  { added: 1_000, present: 0 },
  { added: 1_000, present: 1_000 },
  { added: 1_000, present: 8_000 },
];
const SESSION = 'mw-209901010000-bnch';
const ACCOUNT = 'b'.repeat(32);

interface Measure {
  readonly calls: number;
  readonly milliseconds: number;
  readonly peakMiB: number;
}

/**
 * The built ip-allowlist action, add and remove: calls, wall time, memory. Cloudflare's own time for an operation is left
 * out: the stand-in is done at once.
 */
export default async function benchAllowlist(): Promise<ReportTable> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-allowlist-'));
  const world = { now: () => new Date() };
  const proxy = await startProxy({ standIns: [], ...world });
  try {
    const meter = join(folder, 'meter.cjs');
    await writeFile(
      meter,
      `process.on('exit', () => require('fs').writeSync(3, String(process.resourceUsage().maxRSS)));`,
    );
    const rows: string[][] = [];
    for (const { added, present } of SIZES) {
      const items = Array.from({ length: present }, (_, n) => ({
        ip: addressOf('198.18', n),
        comment: `partner ${n}`,
      }));
      const seed = { tokens: [{ token: 'bench' }], lists: [{ account: ACCOUNT, name: 'access', items }] };
      proxy.use([cloudflareStandIn({ ...seed, 'list-operation': 0 }, world)]);
      const environment = {
        PATH: process.env.PATH ?? '',
        HTTPS_PROXY: proxy.url,
        NODE_EXTRA_CA_CERTS: proxy.caFile,
        NODE_OPTIONS: `--require ${meter}`,
        INPUT_ACCOUNT: ACCOUNT,
        INPUT_LIST: 'access',
        INPUT_ADDRESSES: Array.from({ length: added }, (_, n) => addressOf('203.0', n)).join('\n'),
        INPUT_FOR: '2h',
        INPUT_SESSION: SESSION,
        'INPUT_CLOUDFLARE-TOKEN': 'bench',
        INPUT_EVIDENCE: join(folder, 'evidence'),
      };
      const add = await measured(proxy.calls, { ...environment, INPUT_STATE: 'add' }, folder);
      const again = await measured(proxy.calls, { ...environment, INPUT_STATE: 'add' }, folder);
      const remove = await measured(proxy.calls, { ...environment, INPUT_STATE: 'remove' }, folder);
      rows.push([added, present].map(String).concat(cells(add), cells(again), cells(remove)));
    }
    return {
      title: 'The allow-list, as the built action runs it',
      columns: [
        'Entries',
        'Others on the list',
        ...['Add', 'Again', 'Remove'].flatMap((name) => [`${name}: calls`, 'ms', 'MiB']),
      ],
      rows,
    };
  } finally {
    await proxy.close();
    await rm(folder, { recursive: true });
  }
}

function addressOf(start: string, n: number): string {
  return `${start}.${n >> 8}.${n & 255}`;
}

async function measured(
  calls: readonly unknown[],
  environment: Record<string, string>,
  folder: string,
): Promise<Measure> {
  const before = calls.length;
  const started = performance.now();
  const child = spawn(process.execPath, [join(ROOT, 'actions/ip-allowlist/dist/main.cjs')], {
    cwd: folder,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  let said = '';
  let kilobytes = '';
  child.stdout?.on('data', (chunk: Buffer) => (said += chunk));
  child.stderr?.on('data', (chunk: Buffer) => (said += chunk));
  child.stdio[3]?.on('data', (chunk: Buffer) => (kilobytes += chunk));
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  if (code !== 0) throw new Error(`ip-allowlist ended with ${code}:\n${said}`);
  return {
    calls: calls.length - before,
    milliseconds: Math.round(performance.now() - started),
    peakMiB: Math.round(Number(kilobytes) / 1_024),
  };
}

function cells({ calls, milliseconds, peakMiB }: Measure): string[] {
  return [calls, milliseconds, peakMiB].map(String);
}
