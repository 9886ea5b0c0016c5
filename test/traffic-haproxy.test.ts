import type { StandIn } from '@maintenance-tasks/rehearsal/stand-in';
import { haproxyStandIn } from '@maintenance-tasks/rehearsal/stand-ins/haproxy';
import traffic from '@maintenance-tasks/tasks/traffic/task';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TaskRuns, taskRuns } from './in-process-run.ts';

const SESSION = 'mw-202611220600-k7qx';
const OTHER = 'mw-202611220600-zzzz';

let runs: TaskRuns;
/** Of each world: what was done to another one says nothing about it. */
let evidence = '';
beforeAll(async () => {
  runs = await taskRuns('2026-11-22T02:30:00Z');
});
afterAll(() => runs.close());

type Seed = Parameters<typeof haproxyStandIn>[0];
type Servers = NonNullable<NonNullable<Seed['backends']>['web']>;

const SERVERS: Servers = [
  { name: 'web-1', sessions: 7, 'session-seconds': 45 },
  { name: 'web-2', sessions: 3 },
  { name: 'web-3' },
];

let worlds = 0;
function world(servers: Servers = SERVERS, ...hosts: readonly string[]): StandIn[] {
  const all = ['lb1.example.com', ...hosts].map((host) =>
    haproxyStandIn({ name: `HAProxy ${host}`, host, backends: { web: servers } }, runs.clock),
  );
  runs.use(all);
  evidence = `evidence-${++worlds}`;
  return all;
}

const target = (more: object = {}) => ({
  kind: 'haproxy',
  sockets: ['tcp://lb1.example.com:9999'],
  backend: 'web',
  servers: ['web-1'],
  ...more,
});

function run(state: string, targets: readonly object[] = [target()], more: Record<string, string> = {}) {
  return runs.run(traffic, { state, targets: JSON.stringify(targets), session: SESSION, evidence, ...more });
}

const webOf = (standIn: StandIn | undefined) => (standIn?.state() as { web: string[] } | undefined)?.web;

test('drains a server, takes it out once it has no sessions, and makes it ready again', async () => {
  const [lb] = world();
  const started = runs.clock.now().getTime();
  const drained = await run('drain');
  expect(drained.outcome).toEqual({ ok: true });
  expect(runs.clock.now().getTime() - started).toBeGreaterThanOrEqual(45_000);
  expect(webOf(lb)).toEqual(['web-1: maint, 0 sessions', 'web-2: ready, 3 sessions', 'web-3: ready, 0 sessions']);
  expect(drained.outputs).toMatchObject({ drained: 'lb1.example.com:9999 web/web-1', changed: 'true' });
  expect(lb?.leftovers()).toHaveLength(1);

  expect((await run('drain')).outputs.changed).toBe('false');
  expect((await run('rollout')).outcome).toEqual({ ok: true });
  expect(webOf(lb)?.[0]).toContain('web-1: ready');
  expect(lb?.leftovers()).toEqual([]);
  expect((await run('rollout')).outputs.changed).toBe('false');
});

test('drains on every HAProxy before it waits for any', async () => {
  const [one, two] = world(SERVERS, 'lb2.example.com');
  const both = target({ sockets: ['tcp://lb1.example.com:9999', 'tcp://lb2.example.com:9999'] });
  const started = runs.clock.now().getTime();
  expect((await run('drain', [both])).outcome).toEqual({ ok: true });
  expect(runs.clock.now().getTime() - started).toBeLessThan(60_000);
  for (const lb of [one, two]) expect(webOf(lb)?.[0]).toBe('web-1: maint, 0 sessions');
});

test('refuses to leave fewer servers up than the minimum', async () => {
  const [lb] = world([{ name: 'web-1' }, { name: 'web-2', up: false }, { name: 'web-3' }]);
  const refused = await run('drain', [target({ 'minimum-healthy': 2 })]);
  expect(refused.outcome).toMatchObject({ ok: false, kind: 'refused' });
  expect(refused.shown).toContain('would be left with 1 healthy servers (web-3), and minimum-healthy is 2');
  expect(webOf(lb)?.[0]).toContain('ready');
  // What drains for somebody else does not serve either.
  world([{ name: 'web-1' }, { name: 'web-2', state: 'drain' }, { name: 'web-3' }]);
  expect((await run('drain', [target({ 'minimum-healthy': 2 })])).outcome).toMatchObject({ kind: 'refused' });
});

test('leaves a server alone that somebody else had taken out', async () => {
  const [lb] = world([{ name: 'web-1', state: 'maint' }, { name: 'web-2' }]);
  const drained = await run('drain');
  expect(drained.outputs).toMatchObject({ 'left-alone': 'lb1.example.com:9999 web/web-1', changed: 'false' });
  expect((await run('rollout')).outcome).toEqual({ ok: true });
  expect(webOf(lb)?.[0]).toContain('maint');
});

test('gives a server back drained that somebody else had drained', async () => {
  const [lb] = world([{ name: 'web-1', state: 'drain' }, { name: 'web-2' }]);
  await run('drain');
  expect(webOf(lb)?.[0]).toContain('maint');
  await run('rollout');
  expect(webOf(lb)?.[0]).toContain('web-1: drain');
});

test('fails at its deadline while sessions last, and goes on from there the next time', async () => {
  const [lb] = world([{ name: 'web-1', sessions: 2, 'session-seconds': 100 }, { name: 'web-2' }]);
  const late = await run('drain', [target()], { deadline: '30s' });
  expect(late.outcome).toMatchObject({ ok: false, kind: 'timeout' });
  expect(late.shown).toContain('web/web-1 has 2 sessions');
  expect(webOf(lb)?.[0]).toContain('drain');
  expect((await run('drain')).outcome).toEqual({ ok: true });
  expect(webOf(lb)?.[0]).toContain('maint');
});

test('cuts sessions that do not end, where it is told to', async () => {
  const [lb] = world([{ name: 'web-1', sessions: 2, 'session-seconds': 9_999 }, { name: 'web-2' }]);
  const cut = await run('drain', [target({ 'cut-after': '20s' })]);
  expect(cut.outcome).toEqual({ ok: true });
  expect(cut.shown).toContain('Cut after 20 s');
  expect(webOf(lb)?.[0]).toBe('web-1: maint, 0 sessions');
});

test('tells drift: a server that was drained and somebody made ready', async () => {
  const [lb] = world();
  await run('drain');
  lb?.answer({
    method: 'TCP',
    url: new URL('tcp://lb1.example.com:9999/'),
    connectedTo: { host: 'lb1.example.com', port: 9_999 },
    headers: {},
    body: Buffer.from('set server web/web-1 state ready'),
  });
  const again = await run('drain');
  expect(again.outcome).toMatchObject({ ok: false, kind: 'conflict' });
  expect(again.shown).toContain('was drained by this session and is ready now');
  // What is given back already only loses its note.
  expect((await run('rollout')).outcome).toEqual({ ok: true });
  expect(lb?.leftovers()).toEqual([]);
});

test('leaves what another session drained to that session', async () => {
  const [lb] = world();
  await run('drain', [target()], { session: OTHER });
  const refused = await run('drain');
  expect(refused.outcome).toMatchObject({ ok: false, kind: 'refused' });
  expect(refused.shown).toContain(`held by the session ${OTHER}`);
  expect((await run('rollout')).outputs).toMatchObject({
    changed: 'false',
    'left-alone': 'lb1.example.com:9999 web/web-1',
  });
  expect(webOf(lb)?.[0]).toContain('maint');
});

test('gives back by the session’s evidence what HAProxy lost the note of', async () => {
  world();
  expect((await run('drain', [target()], { evidence: 'kept' })).outcome).toEqual({ ok: true });
  // Restarted with a state file: the server is still out, the variables are gone.
  const [lb] = world([{ name: 'web-1', state: 'maint' }, { name: 'web-2' }]);
  expect((await run('rollout', [target()], { evidence: 'elsewhere' })).outputs.changed).toBe('false');
  expect((await run('rollout', [target()], { evidence: 'kept' })).outputs.changed).toBe('true');
  expect(webOf(lb)?.[0]).toContain('ready');
});

test('names every backend and server that is not there, and a socket that does not allow changes', async () => {
  world();
  const wrong = await run('drain', [target({ servers: ['web-8', 'web-9'] }), target({ backend: 'wob' })]);
  expect(wrong.outcome).toMatchObject({ ok: false, kind: 'input' });
  for (const text of ['web-8', 'web-9', 'has no backend wob']) expect(wrong.shown).toContain(text);
  runs.use([haproxyStandIn({ level: 'user', backends: { web: SERVERS } }, runs.clock)]);
  const denied = await run('drain');
  expect(denied.outcome).toMatchObject({ ok: false, kind: 'auth' });
  expect(denied.shown).toContain('level admin');
});
