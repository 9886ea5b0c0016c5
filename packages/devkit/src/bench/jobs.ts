import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ReportTable } from '@maintenance-tasks/core';
import { startProxy } from '@maintenance-tasks/rehearsal/proxy';
import { kubernetesStandIn } from '@maintenance-tasks/rehearsal/stand-ins/kubernetes';
import { ROOT } from '../tasks.ts';

const SIZES = [1, 100, 1_000, 5_000];
const SESSION = 'mw-209901010000-bnch';

interface Measure {
  readonly calls: number;
  readonly milliseconds: number;
  readonly peakMiB: number;
}

/** The built jobs action over the CronJobs of one namespace: pause, wait, resume; calls, wall time, memory. */
export default async function benchJobs(): Promise<ReportTable> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-jobs-'));
  const world = { now: () => new Date() };
  const proxy = await startProxy({ standIns: [], ...world });
  try {
    const meter = join(folder, 'meter.cjs');
    await writeFile(
      meter,
      `process.on('exit', () => require('fs').writeSync(3, String(process.resourceUsage().maxRSS)));`,
    );
    const rows: string[][] = [];
    for (const size of SIZES) {
      // A real one has some KiB of a pod's template; that is what a page of a list weighs.
      const annotations = { 'example.com/template': 'x'.repeat(3_000) };
      const cronjobs = Array.from({ length: size }, (_, index) => ({
        name: `job-${index}`,
        schedule: '0 3 1 1 *',
        labels: { tier: 'batch' },
        annotations,
      }));
      proxy.use([kubernetesStandIn({ tokens: [{ token: 'bench' }], namespaces: { shop: { cronjobs } } }, world)]);
      const environment = {
        PATH: process.env.PATH ?? '',
        HTTPS_PROXY: proxy.url,
        NODE_EXTRA_CA_CERTS: proxy.caFile,
        NODE_OPTIONS: `--require ${meter}`,
        INPUT_JOBS: '- { kind: kubernetes, namespace: shop, selector: "tier=batch" }',
        INPUT_SESSION: SESSION,
        'INPUT_KUBERNETES-SERVER': 'https://k8s.example.com:6443',
        'INPUT_KUBERNETES-TOKEN': 'bench',
        INPUT_EVIDENCE: join(folder, 'evidence'),
      };
      const run = (state: string) => measured(proxy.calls, { ...environment, INPUT_STATE: state }, folder);
      const measures = [await run('pause'), await run('wait-idle'), await run('resume')];
      rows.push([String(size), ...measures.flatMap(cells)]);
    }
    const columns = ['Pause', 'Wait', 'Resume'].flatMap((state) => [`${state}: calls`, 'ms', 'MiB']);
    return { title: 'CronJobs, as the built jobs action runs', columns: ['CronJobs', ...columns], rows };
  } finally {
    await proxy.close();
    await rm(folder, { recursive: true });
  }
}

async function measured(
  calls: readonly unknown[],
  environment: Record<string, string>,
  folder: string,
): Promise<Measure> {
  const before = calls.length;
  const started = performance.now();
  const child = spawn(process.execPath, [join(ROOT, 'actions/jobs/dist/main.cjs')], {
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
  if (code !== 0) throw new Error(`jobs ended with ${code}:\n${said.slice(-2_000)}`);
  return {
    calls: calls.length - before,
    milliseconds: Math.round(performance.now() - started),
    peakMiB: Math.round(Number(kilobytes) / 1_024),
  };
}

function cells({ calls, milliseconds, peakMiB }: Measure): string[] {
  return [String(calls), String(milliseconds), String(peakMiB)];
}
