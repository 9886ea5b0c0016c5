import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Host, type Outcome, runTask } from '@maintenance-tasks/core';
import type { RehearsalProxy } from '@maintenance-tasks/rehearsal/proxy';
import maintenancePage from '@maintenance-tasks/tasks/maintenance-page/task';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { PAGE, SESSION, TOKEN, trustedProxy, worldOf, type Zones } from './world.ts';

let proxy: RehearsalProxy;
let folder: string;
const proxyBefore = process.env.HTTPS_PROXY;
beforeAll(async () => {
  proxy = await trustedProxy();
  process.env.HTTPS_PROXY = proxy.url;
});
afterAll(async () => {
  if (proxyBefore === undefined) delete process.env.HTTPS_PROXY;
  else process.env.HTTPS_PROXY = proxyBefore;
  await proxy.close();
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'maintenance-page-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const ZONES: Zones = [
  { name: 'example.com', records: [{ name: 'www', type: 'A', content: '192.0.2.10', proxied: true }] },
];

interface Ran {
  readonly outcome: Outcome | undefined;
  readonly outputs: Readonly<Record<string, string>>;
  readonly said: string;
}

async function run(inputs: Readonly<Record<string, string>>): Promise<Ran> {
  const outputs: Record<string, string> = {};
  const said: string[] = [];
  const say = (text: string) => void said.push(text);
  let outcome: Outcome | undefined;
  const given: Record<string, string> = { session: SESSION, 'cloudflare-token': TOKEN, ...inputs };
  const host: Partial<Host> = {
    name: 'local',
    run: {},
    workingFolder: folder,
    temporaryFolder: folder,
    input: (name) => given[name],
    mask: () => {},
    debug: say,
    info: say,
    warning: say,
    startGroup: say,
    endGroup: () => {},
    output: (name, value) => {
      outputs[name] = value;
    },
    summary: say,
    finish: (how) => {
      outcome = how;
    },
  };
  await runTask(maintenancePage, host as Host);
  return { outcome, outputs, said: said.join('\n') };
}

test('on, status and off, as a pipeline runs them', async () => {
  const world = worldOf(proxy, ZONES);
  const before = world.cloudflare.state();
  const on = await run({ state: 'on', hosts: 'www.example.com', target: PAGE });
  expect(on).toMatchObject({
    outcome: { ok: true },
    outputs: { changed: 'www.example.com', showing: 'www.example.com' },
  });
  const status = await run({ state: 'status' });
  expect(status).toMatchObject({ outcome: { ok: true }, outputs: { showing: 'www.example.com' } });
  const off = await run({ state: 'off', hosts: 'www.example.com' });
  expect(off).toMatchObject({ outcome: { ok: true }, outputs: { restored: 'www.example.com', showing: '' } });
  expect(world.cloudflare.state()).toEqual(before);
  expect(on.said + status.said + off.said).not.toContain(TOKEN);
  const [evidence] = readdirSync(join(folder, 'maintenance-evidence'));
  expect(JSON.parse(readFileSync(join(folder, 'maintenance-evidence', String(evidence)), 'utf8'))).toMatchObject({
    task: 'maintenance-page',
    changes: [{ what: 'www.example.com', before: 'A 192.0.2.10', after: `CNAME ${PAGE}`, status: 'verified' }],
  });
});

test('on without hosts and target says what is missing and calls nobody', async () => {
  worldOf(proxy, ZONES);
  const { outcome } = await run({ state: 'on' });
  expect(outcome).toMatchObject({ ok: false, message: expect.stringContaining('needs hosts and target') as string });
  expect(proxy.calls).toEqual([]);
});

test('a state that is none is refused', async () => {
  const { outcome } = await run({ state: 'On' });
  expect(outcome).toMatchObject({
    ok: false,
    message: expect.stringContaining('not one of on, off, status') as string,
  });
});

test('a dry run leaves everything as it is', async () => {
  const world = worldOf(proxy, ZONES);
  const before = world.cloudflare.state();
  const { outcome, said } = await run({ state: 'on', hosts: 'www.example.com', target: PAGE, 'dry-run': 'true' });
  expect(outcome).toEqual({ ok: true });
  expect(said).toContain(`www.example.com: A 192.0.2.10 → CNAME ${PAGE}`);
  expect(world.cloudflare.state()).toEqual(before);
});

test('a purge that fails says that the page is on all the same', async () => {
  worldOf(proxy, ZONES, { tokens: [{ token: TOKEN, permissions: ['Zone Read', 'DNS Write'] }] });
  const { outcome } = await run({ state: 'on', hosts: 'www.example.com', target: PAGE });
  expect(outcome).toMatchObject({
    ok: false,
    message: expect.stringMatching(
      /page is on, but .*still standing: www\.example\.com \(CNAME maintenance\.example\.com\).*Cache Purge/s,
    ) as string,
  });
});
