import { createHttp } from '@maintenance-tasks/core';
import type { StandIn } from '@maintenance-tasks/rehearsal/stand-in';
import { applicationGatewayStandIn } from '@maintenance-tasks/rehearsal/stand-ins/application-gateway';
import { azureManagementStandIn } from '@maintenance-tasks/rehearsal/stand-ins/azure-management';
import { entraIdStandIn } from '@maintenance-tasks/rehearsal/stand-ins/entra-id';
import type { TrafficTarget } from '@maintenance-tasks/tasks/traffic/schema';
import traffic from '@maintenance-tasks/tasks/traffic/task';
import { checkAccess } from '@maintenance-tasks/tasks/traffic/traffic';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TaskRuns, taskRuns } from './in-process-run.ts';

const SESSION = 'mw-202611220600-k7qx';
const TENANT = '11111111-1111-1111-1111-111111111111';
const CLIENT = '22222222-2222-2222-2222-222222222222';
const SUBSCRIPTION = '00000000-0000-0000-0000-000000000001';
const MEMBERS = ['10.0.1.11', '10.0.1.12', 'web3.example.com', '10.0.1.14', '10.0.1.15'];

let runs: TaskRuns;
beforeAll(async () => {
  runs = await taskRuns('2026-11-22T02:30:00Z');
});
afterAll(() => runs.close());

type Seed = NonNullable<Parameters<typeof applicationGatewayStandIn>[0]['gateways']>[number];

function world(seed: Partial<Seed> = {}): StandIn {
  const gateway: Seed = {
    name: 'agw-prod',
    subscription: SUBSCRIPTION,
    'resource-group': 'web',
    pools: [
      { name: 'web', members: MEMBERS },
      { name: 'api', members: ['10.0.2.11', '10.0.2.12'] },
    ],
    tags: { owner: 'platform.lead@example.com' },
    'drain-seconds': 60,
    ...seed,
  };
  const azure = azureManagementStandIn([applicationGatewayStandIn({ gateways: [gateway] }, runs.clock)]);
  const directory = { tenants: [{ id: TENANT, applications: [{ id: CLIENT, secret: 'a-client-secret' }] }] };
  runs.use([azure, entraIdStandIn(directory, runs.clock)]);
  return azure;
}

const target = (more: object = {}) => ({
  kind: 'application-gateway',
  subscription: SUBSCRIPTION,
  'resource-group': 'web',
  gateway: 'agw-prod',
  pool: 'web',
  members: ['10.0.1.12', 'web3.example.com'],
  ...more,
});

function run(state: string, targets: readonly object[] = [target()], more: Record<string, string> = {}) {
  return runs.run(traffic, {
    state,
    targets: JSON.stringify(targets),
    session: SESSION,
    'azure-tenant-id': TENANT,
    'azure-client-id': CLIENT,
    'azure-client-secret': 'a-client-secret',
    ...more,
  });
}

interface Shown {
  readonly tags: Readonly<Record<string, string>>;
  readonly pools: Readonly<Record<string, string>>;
}
const shownOf = (azure: StandIn) =>
  (azure.state() as { 'Azure Application Gateway': Shown[] })['Azure Application Gateway'][0] as Shown;
const puts = () => runs.calls().filter((call) => call.startsWith('PUT'));

test('takes members out, waits until their connections have ended, and puts them back where they stood', async () => {
  const azure = world();
  const before = azure.state();
  const started = runs.clock.now().getTime();
  const drained = await run('drain');
  expect(drained.outcome).toEqual({ ok: true });
  expect(shownOf(azure).pools).toEqual({ web: '10.0.1.11, 10.0.1.14, 10.0.1.15', api: '10.0.2.11, 10.0.2.12' });
  expect(drained.outputs).toMatchObject({
    drained: 'agw-prod/web 10.0.1.12\nagw-prod/web web3.example.com',
    changed: 'true',
  });
  expect(runs.clock.now().getTime() - started).toBeGreaterThanOrEqual(60_000);
  expect(azure.leftovers()).toEqual(['agw-prod has the tag maintenance-tasks-web of a session']);
  expect(puts()).toHaveLength(1);

  const back = await run('rollout');
  expect(back.outcome).toEqual({ ok: true });
  // With settings that no client of ours knows, and without the tag.
  expect(azure.state()).toEqual(before);
});

test('does nothing the second time, either way', async () => {
  const azure = world();
  await run('drain');
  const state = azure.state();
  const again = await run('drain');
  expect(again.outcome).toEqual({ ok: true });
  expect(again.outputs.changed).toBe('false');
  expect(again.outputs.drained).toContain('web3.example.com');
  expect(azure.state()).toEqual(state);
  await run('rollout');
  expect((await run('rollout')).outputs.changed).toBe('false');
  expect(puts()).toHaveLength(2);
});

test('changes all pools of a gateway by one write', async () => {
  const azure = world();
  const targets = [target(), target({ pool: 'api', members: ['10.0.2.11'] })];
  expect((await run('drain', targets)).outcome).toEqual({ ok: true });
  expect(puts()).toHaveLength(1);
  expect(shownOf(azure).pools.api).toBe('10.0.2.12');
  expect((await run('rollout', targets)).outcome).toEqual({ ok: true });
  expect(puts()).toHaveLength(2);
});

test('stops after the plan in a dry run', async () => {
  const azure = world();
  const before = azure.state();
  const planned = await run('drain', [target()], { 'dry-run': 'true' });
  expect(planned.outcome).toEqual({ ok: true });
  expect(planned.outputs).toMatchObject({ drained: '', changed: 'false' });
  expect(planned.shown).toContain('→ 10.0.1.11, 10.0.1.14, 10.0.1.15');
  expect(azure.state()).toEqual(before);
});

test('refuses to leave fewer healthy members than the minimum, and does not count those that are down', async () => {
  const azure = world({ pools: [{ name: 'web', members: MEMBERS, down: ['10.0.1.14', '10.0.1.15'] }] });
  const before = azure.state();
  const refused = await run('drain', [target({ 'minimum-healthy': 2 })]);
  expect(refused.outcome).toMatchObject({ ok: false, kind: 'refused' });
  expect(refused.shown).toContain('would be left with 1 healthy members (10.0.1.11), and minimum-healthy is 2');
  expect(azure.state()).toEqual(before);
});

test('counts members that are attached by their network card as staying', async () => {
  world({ pools: [{ name: 'web', members: ['10.0.1.12', 'web3.example.com'], attached: 2 }] });
  expect((await run('drain', [target({ 'minimum-healthy': 2 })])).outcome).toEqual({ ok: true });
});

test('names every member and pool that is not there at once, and changes nothing', async () => {
  world();
  const refused = await run('drain', [target({ members: ['10.0.1.99', 'web9.example.com'] }), target({ pool: 'wob' })]);
  expect(refused.outcome).toMatchObject({ ok: false, kind: 'input' });
  for (const text of ['10.0.1.99', 'web9.example.com', 'has no pool wob; it has web, api'])
    expect(refused.shown).toContain(text);
  expect(puts()).toEqual([]);
});

test.each([
  ['our look is stale and Azure heeds If-Match', { when: 'before', 'heeds-if-match': true }],
  ['theirs supersedes ours', { when: 'during', 'heeds-if-match': false }],
] as const)('loses nobody’s change and not its own when %s', async (_name, { when, ...seed }) => {
  const azure = world({ ...seed, rival: { pool: 'api', adds: '10.0.2.13', when } });
  expect((await run('drain')).outcome).toEqual({ ok: true });
  expect(shownOf(azure).pools).toEqual({
    web: '10.0.1.11, 10.0.1.14, 10.0.1.15',
    api: '10.0.2.11, 10.0.2.12, 10.0.2.13',
  });
  expect(puts()).toHaveLength(2);
});

test('keeps members that others added meanwhile when it puts its own back', async () => {
  const azure = world({ rival: { pool: 'web', adds: '10.0.1.16', when: 'before' } });
  await run('drain');
  expect(shownOf(azure).pools.web).toBe('10.0.1.11, 10.0.1.14, 10.0.1.15, 10.0.1.16');
  await run('rollout');
  expect(shownOf(azure).pools.web).toBe(`${MEMBERS.join(', ')}, 10.0.1.16`);
});

test('waits for an update that somebody begins in between, rather than cancelling it', async () => {
  const azure = world({ 'update-seconds': 40, rival: { pool: 'api', adds: '10.0.2.13', when: 'before' } });
  const started = runs.clock.now().getTime();
  expect((await run('drain')).outcome).toEqual({ ok: true });
  // Theirs, ours, and the connections' end, one after the other.
  expect(runs.clock.now().getTime() - started).toBeGreaterThanOrEqual(140_000);
  expect(shownOf(azure).pools.api).toBe('10.0.2.11, 10.0.2.12, 10.0.2.13');
});

test('reads the gateway anew, rather than sending the same again, when Azure is busy', async () => {
  world({ busy: 2 });
  expect((await run('drain')).outcome).toEqual({ ok: true });
  const calls = runs.calls().filter((call) => /applicationGateways\/agw-prod\?/.test(call));
  const order = calls.map((call) => call.split(' ')[0]).join(' ');
  expect(order).toContain('GET PUT GET PUT GET PUT');
});

test('follows a long update to its end with progress, and gives up at its deadline', async () => {
  const azure = world({ 'update-seconds': 90 });
  const slow = await run('drain', [target()], { deadline: '60s' });
  expect(slow.outcome).toMatchObject({ ok: false, kind: 'timeout' });
  expect(slow.shown).toContain('Waiting for agw-prod');
  // The next run finds the update under way, waits for it, and lets the connections end.
  expect((await run('drain')).outcome).toEqual({ ok: true });
  expect(puts()).toHaveLength(1);
  expect(shownOf(azure).pools.web).toBe('10.0.1.11, 10.0.1.14, 10.0.1.15');
});

test('refuses a gateway that is not in order', async () => {
  world({ state: 'Failed' });
  const failed = await run('drain');
  expect(failed.outcome).toMatchObject({ ok: false, kind: 'refused' });
  expect(failed.shown).toContain('provisioning state Failed');
  world({ 'operational-state': 'Stopped' });
  expect((await run('drain')).shown).toContain('agw-prod is Stopped, not Running');
});

test('changes nothing when the note does not fit into a tag', async () => {
  const many = Array.from({ length: 40 }, (_, index) => `web-${index}-${(index * 7_919) % 1_000}.shop.example.com`);
  world({ pools: [{ name: 'web', members: [...many, '10.0.1.11'] }] });
  const refused = await run('drain', [target({ members: many })]);
  expect(refused.outcome).toMatchObject({ ok: false, kind: 'refused' });
  expect(refused.shown).toContain('there is room for 256');
  const tags = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`tag-${index}`, 'x']));
  world({ tags });
  expect((await run('drain')).shown).toContain('has 50 tags and Azure allows 50');
  expect(puts()).toEqual([]);
});

test('leaves what another session took out to that session', async () => {
  const azure = world();
  await run('drain', [target()], { session: 'mw-202611220600-zzzz' });
  const state = azure.state();
  const refused = await run('drain', [target({ members: ['10.0.1.14'] })]);
  expect(refused.outcome).toMatchObject({ ok: false, kind: 'refused' });
  expect(refused.shown).toContain('held by the session mw-202611220600-zzzz');
  expect((await run('rollout')).outputs.changed).toBe('false');
  expect(azure.state()).toEqual(state);
});

test('takes more members out in the same session, and puts all of them back in their order', async () => {
  const azure = world();
  await run('drain', [target({ members: ['10.0.1.14'] })]);
  await run('drain', [target({ members: ['10.0.1.11', 'web3.example.com'] })]);
  expect(shownOf(azure).pools.web).toBe('10.0.1.12, 10.0.1.15');
  await run('rollout');
  expect(shownOf(azure).pools.web).toBe(MEMBERS.join(', '));
});

test('says which permission is missing', async () => {
  world({ writers: [] });
  const refused = await run('drain');
  expect(refused.outcome).toMatchObject({ ok: false, kind: 'auth' });
  expect(refused.shown).toContain('Grant Microsoft.Network/applicationGateways/write');
  world({ name: 'another' });
  expect((await run('drain')).outcome).toMatchObject({ ok: false, kind: 'input' });
});

test('finds out before the night what the access lacks, and what else speaks against it', async () => {
  const signal = new AbortController().signal;
  const http = createHttp({
    clock: runs.clock,
    signal,
    deadline: new Date(runs.clock.now().getTime() + 60_000),
    userAgent: 'maintenance-tasks/test',
    debug: () => {},
    info: () => {},
    environment: process.env,
  });
  const log = { debug: () => {}, info: () => {}, warning: () => {}, progress: () => {} };
  const context = { http, log, signal, clock: runs.clock, deadline: new Date('2027-01-01'), keepSecret: () => {} };
  const azure = { tenantId: TENANT, clientId: CLIENT, clientSecret: 'a-client-secret' };
  const problems = () =>
    checkAccess(context as unknown as Parameters<typeof checkAccess>[0], {
      targets: [{ ...target({ 'minimum-healthy': 4 }) } as unknown as TrafficTarget],
      access: { azure, kubernetes: {} },
      session: SESSION,
    });
  world();
  expect(await problems()).toEqual([expect.stringContaining('would be left with 3 healthy members')]);
  world({ writers: [] });
  expect(await problems()).toEqual([
    'The access to Azure lacks Microsoft.Network/applicationGateways/write on the application gateway agw-prod.',
    expect.stringContaining('would be left with 3 healthy members'),
  ]);
  expect(puts()).toEqual([]);
  http.close();
});

test('warns when members that are back are not found healthy', async () => {
  world({ pools: [{ name: 'web', members: MEMBERS, down: ['10.0.1.12'] }] });
  await run('drain');
  const back = await run('rollout');
  expect(back.outcome).toEqual({ ok: true });
  expect(back.warnings.join()).toContain('10.0.1.12 are back in agw-prod and were not found healthy');
});

test('shows how things stand, and who keeps them so', async () => {
  world();
  await run('drain');
  const status = await run('status');
  expect(status.shown).toContain(`agw-prod/web: without 10.0.1.12, web3.example.com, drained by ${SESSION}`);
  expect(status.outputs.drained).toBe('agw-prod/web');
});
