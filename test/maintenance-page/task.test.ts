import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CloudflareSeed, cloudflareStandIn } from '@maintenance-tasks/rehearsal/stand-ins/cloudflare';
import maintenancePage from '@maintenance-tasks/tasks/maintenance-page/task';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TaskRuns, taskRuns } from '../in-process-run.ts';
import { PAGE, pageStandIn, SESSION, TOKEN } from './world.ts';

let runs: TaskRuns;
beforeAll(async () => {
  runs = await taskRuns('2026-11-21T21:30:00Z');
});
afterAll(() => runs.close());

function freshCloudflare(tokens: CloudflareSeed['tokens'] = [{ token: TOKEN }]) {
  const records = [{ name: 'www', type: 'A', content: '192.0.2.10', proxied: true }] as const;
  const cloudflare = cloudflareStandIn({ zones: [{ name: 'example.com', records: [...records] }], tokens }, runs.clock);
  runs.use([cloudflare, pageStandIn()]);
  return cloudflare;
}

const run = (inputs: Readonly<Record<string, string>>) =>
  runs.run(maintenancePage, { session: SESSION, 'cloudflare-token': TOKEN, ...inputs });
const on = { state: 'on', hosts: 'www.example.com', target: PAGE };

test('on, status and off, as a pipeline runs them', async () => {
  const cloudflare = freshCloudflare();
  const before = cloudflare.state();
  const shown = await run(on);
  expect(shown.outcome).toEqual({ ok: true });
  expect(shown.outputs).toEqual({ changed: 'www.example.com', showing: 'www.example.com' });
  const folder = join(runs.workingFolder, 'maintenance-evidence');
  const [evidence] = readdirSync(folder);
  expect(JSON.parse(readFileSync(join(folder, String(evidence)), 'utf8'))).toMatchObject({
    task: 'maintenance-page',
    changes: [{ what: 'www.example.com', before: 'A 192.0.2.10', after: `CNAME ${PAGE}`, status: 'verified' }],
  });
  const status = await run({ state: 'status' });
  expect(status.outputs).toEqual({ showing: 'www.example.com' });
  const taken = await run({ state: 'off', hosts: 'www.example.com' });
  expect(taken.outputs).toEqual({ restored: 'www.example.com', showing: '' });
  expect(cloudflare.state()).toEqual(before);
  expect(shown.shown + status.shown + taken.shown).not.toContain(TOKEN);
});

test('on without hosts and target says what is missing and calls nobody', async () => {
  freshCloudflare();
  const { outcome } = await run({ state: 'on' });
  expect(outcome).toMatchObject({ ok: false, message: expect.stringContaining('needs hosts and target') as string });
  expect(runs.calls()).toEqual([]);
});

test('a dry run leaves everything as it is', async () => {
  const cloudflare = freshCloudflare();
  const before = cloudflare.state();
  const { outcome, shown } = await run({ ...on, 'dry-run': 'true' });
  expect(outcome).toEqual({ ok: true });
  expect(shown).toContain(`www.example.com: A 192.0.2.10 → CNAME ${PAGE}`);
  expect(cloudflare.state()).toEqual(before);
});

test('a purge that fails says that the page is on all the same', async () => {
  freshCloudflare([{ token: TOKEN, permissions: ['Zone Read', 'DNS Write'] }]);
  const { outcome } = await run(on);
  const words =
    /page is on, but .*still standing: www\.example\.com \(CNAME maintenance\.example\.com\).*Give the token Cache Purge/s;
  expect(outcome).toMatchObject({ ok: false, message: expect.stringMatching(words) as string });
});
