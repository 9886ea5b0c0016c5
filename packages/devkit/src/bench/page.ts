import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ReportTable } from '@maintenance-tasks/core';
import { startProxy } from '@maintenance-tasks/rehearsal/proxy';
import type { StandIn } from '@maintenance-tasks/rehearsal/stand-in';
import { cloudflareStandIn } from '@maintenance-tasks/rehearsal/stand-ins/cloudflare';
import { type Measure, measuredRun } from '../bench-run.ts';

const SIZES = [
  { hosts: 1, zones: 1 },
  { hosts: 50, zones: 1 },
  { hosts: 50, zones: 5 },
  { hosts: 500, zones: 5 },
  { hosts: 500, zones: 50 },
];
const SESSION = 'mw-209901010000-bnch';
const TARGET = 'maintenance.example.net';

/** The built maintenance-page action, on and off, for many hosts over many zones: calls, wall time, memory. */
export default async function benchPage(): Promise<ReportTable> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-page-'));
  const world = { now: () => new Date() };
  const proxy = await startProxy({ standIns: [], ...world });
  try {
    const rows: string[][] = [];
    for (const { hosts, zones } of SIZES) {
      const names = Array.from({ length: hosts }, (_, index) => `host-${index}.zone-${index % zones}.example`);
      const cloudflare = cloudflareStandIn(
        {
          tokens: [{ token: 'bench' }],
          zones: Array.from({ length: zones }, (_, zone) => ({
            name: `zone-${zone}.example`,
            plan: 'pro' as const,
            records: names
              .filter((name) => name.endsWith(`.zone-${zone}.example`))
              .map((name) => ({ name, type: 'CNAME' as const, content: 'shop.example.net', proxied: true })),
          })),
        },
        world,
      );
      proxy.use([cloudflare, maintenanceOrigin]);
      const environment = {
        PATH: process.env.PATH ?? '',
        HTTPS_PROXY: proxy.url,
        NODE_EXTRA_CA_CERTS: proxy.caFile,
        INPUT_HOSTS: names.join('\n'),
        INPUT_TARGET: TARGET,
        INPUT_SESSION: SESSION,
        'INPUT_CLOUDFLARE-TOKEN': 'bench',
        INPUT_EVIDENCE: join(folder, 'evidence'),
      };
      const on = await measuredRun('maintenance-page', proxy.calls, { ...environment, INPUT_STATE: 'on' }, folder);
      const off = await measuredRun('maintenance-page', proxy.calls, { ...environment, INPUT_STATE: 'off' }, folder);
      rows.push([String(hosts), String(zones), ...cells(on, zones), ...cells(off, zones)]);
    }
    return {
      title: 'The maintenance page, as the built action runs it',
      columns: ['Hosts', 'Zones', 'On: calls', 'a zone', 'ms', 'MiB', 'Off: calls', 'a zone', 'ms', 'MiB'],
      rows,
    };
  } finally {
    await proxy.close();
    await rm(folder, { recursive: true });
  }
}

const maintenanceOrigin: StandIn = {
  name: 'Maintenance page',
  hosts: [TARGET],
  answer: () => ({
    status: 503,
    headers: { 'retry-after': '3600', 'cache-control': 'no-store' },
    body: 'Planned maintenance',
  }),
  state: () => ({}),
  leftovers: () => [],
};

function cells({ calls, milliseconds, peakMiB }: Measure, zones: number): string[] {
  return [String(calls), (calls / zones).toFixed(1), String(milliseconds), String(peakMiB)];
}
