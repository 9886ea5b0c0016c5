import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ReportTable } from '@maintenance-tasks/core';
import { startProxy } from '@maintenance-tasks/rehearsal/proxy';
import { cloudflareStandIn } from '@maintenance-tasks/rehearsal/stand-ins/cloudflare';
import { type Measure, measuredRun } from '../bench-run.ts';

const SIZES = [
  { added: 1, present: 0 },
  { added: 10, present: 1_000 },
  { added: 1_000, present: 0 },
  { added: 1_000, present: 1_000 },
  { added: 1_000, present: 8_000 },
];
const SESSION = 'mw-209901010000-bnch';
const ACCOUNT = 'b'.repeat(32);

/**
 * The built ip-allowlist action, add and remove: calls, wall time, memory. Cloudflare's own time for an operation is left
 * out: the stand-in is done at once.
 */
export default async function benchAllowlist(): Promise<ReportTable> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-allowlist-'));
  const world = { now: () => new Date() };
  const proxy = await startProxy({ standIns: [], ...world });
  try {
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
        INPUT_ACCOUNT: ACCOUNT,
        INPUT_LIST: 'access',
        INPUT_ADDRESSES: Array.from({ length: added }, (_, n) => addressOf('203.0', n)).join('\n'),
        INPUT_FOR: '2h',
        INPUT_SESSION: SESSION,
        'INPUT_CLOUDFLARE-TOKEN': 'bench',
        INPUT_EVIDENCE: join(folder, 'evidence'),
      };
      const add = await measuredRun('ip-allowlist', proxy.calls, { ...environment, INPUT_STATE: 'add' }, folder);
      const again = await measuredRun('ip-allowlist', proxy.calls, { ...environment, INPUT_STATE: 'add' }, folder);
      const remove = await measuredRun('ip-allowlist', proxy.calls, { ...environment, INPUT_STATE: 'remove' }, folder);
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

function cells({ calls, milliseconds, peakMiB }: Measure): string[] {
  return [calls, milliseconds, peakMiB].map(String);
}
