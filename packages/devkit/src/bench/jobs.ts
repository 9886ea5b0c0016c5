import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ReportTable } from '@maintenance-tasks/core';
import { startProxy } from '@maintenance-tasks/rehearsal/proxy';
import { kubernetesStandIn } from '@maintenance-tasks/rehearsal/stand-ins/kubernetes';
import { type Measure, measuredRun } from '../bench-run.ts';

const SIZES = [1, 100, 1_000, 5_000];
const SESSION = 'mw-209901010000-bnch';

/** The built jobs action over the CronJobs of one namespace: pause, wait, resume; calls, wall time, memory. */
export default async function benchJobs(): Promise<ReportTable> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-jobs-'));
  const world = { now: () => new Date() };
  const proxy = await startProxy({ standIns: [], ...world });
  try {
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
        INPUT_JOBS: '- { kind: kubernetes, namespace: shop, selector: "tier=batch" }',
        INPUT_SESSION: SESSION,
        'INPUT_KUBERNETES-SERVER': 'https://k8s.example.com:6443',
        'INPUT_KUBERNETES-TOKEN': 'bench',
        INPUT_EVIDENCE: join(folder, 'evidence'),
      };
      const run = (state: string) => measuredRun('jobs', proxy.calls, { ...environment, INPUT_STATE: state }, folder);
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

function cells({ calls, milliseconds, peakMiB }: Measure): string[] {
  return [String(calls), String(milliseconds), String(peakMiB)];
}
