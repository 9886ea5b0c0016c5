import type { StandIn } from '@maintenance-tasks/rehearsal/stand-in';
import { kubernetesStandIn } from '@maintenance-tasks/rehearsal/stand-ins/kubernetes';
import traffic from '@maintenance-tasks/tasks/traffic/task';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TaskRuns, taskRuns } from './in-process-run.ts';

const SESSION = 'mw-202611220600-k7qx';
const OTHER = 'mw-202611220600-zzzz';
const CANARY = 'nginx.ingress.kubernetes.io/canary';

let runs: TaskRuns;
beforeAll(async () => {
  runs = await taskRuns('2026-11-22T02:30:00Z');
});
afterAll(() => runs.close());

type Seed = NonNullable<Parameters<typeof kubernetesStandIn>[0]['namespaces']>[string];

const pods = (version: string, count: number, ready = true) =>
  Array.from({ length: count }, (_, index) => ({
    name: `shop-${version}-${index + 1}`,
    labels: { app: 'shop', version },
    ready,
  }));

function world(shop: Seed): StandIn {
  const cluster = kubernetesStandIn({ namespaces: { shop } }, runs.clock);
  runs.use([cluster]);
  return cluster;
}

function run(state: string, target: object, more: Record<string, string> = {}) {
  return runs.run(traffic, {
    state,
    targets: JSON.stringify([{ namespace: 'shop', ...target }]),
    session: SESSION,
    'kubernetes-server': 'https://k8s.example.com:6443',
    'kubernetes-token': 'kubernetes-token',
    ...more,
  });
}

interface Routed {
  readonly name: string;
  readonly spec: Record<string, unknown>;
  readonly annotations?: Readonly<Record<string, string>>;
}
const routed = (cluster: StandIn, name: string) =>
  (cluster.state() as { traffic: Routed[] }).traffic.find((each) => each.name === name) as Routed;

/** As kubectl would: somebody else. */
function byHand(cluster: StandIn, path: string, change: object): void {
  const url = new URL(`https://k8s.example.com:6443${path}`);
  cluster.answer({
    method: 'PATCH',
    url,
    connectedTo: { host: url.hostname, port: 6_443 },
    headers: { authorization: 'Bearer kubernetes-token', 'content-type': 'application/merge-patch+json' },
    body: Buffer.from(JSON.stringify(change)),
  });
}

const service = { kind: 'kubernetes-service', service: 'shop', selector: { version: 'green' } };
const shop = (more: Partial<Seed> = {}): Seed => ({
  pods: [...pods('blue', 3), ...pods('green', 2)],
  services: [{ name: 'shop', selector: { app: 'shop', version: 'blue' } }],
  ...more,
});

test('leads a Service to other pods, waits until it does, and gives its selector back', async () => {
  const slow = { name: 'shop', selector: { app: 'shop', version: 'blue' }, 'settles-after': 20 };
  const cluster = world(shop({ services: [slow] }));
  const before = cluster.state();
  const started = runs.clock.now().getTime();
  const drained = await run('drain', service);
  expect(drained.outcome).toEqual({ ok: true });
  expect(drained.outputs).toMatchObject({ drained: 'Service shop/shop', changed: 'true' });
  expect(drained.shown).toContain('still leads to shop-blue-1');
  expect(runs.clock.now().getTime() - started).toBeGreaterThanOrEqual(20_000);
  expect(routed(cluster, 'Service shop/shop').spec.selector).toEqual({ app: 'shop', version: 'green' });
  expect((await run('drain', service)).outputs.changed).toBe('false');
  expect((await run('rollout', service)).outcome).toEqual({ ok: true });
  expect(cluster.state()).toEqual(before);
  expect((await run('rollout', service)).outputs.changed).toBe('false');
});

test('adds a label to a selector and takes one away, and undoes both', async () => {
  const cluster = world({
    pods: [
      { name: 'old', labels: { app: 'shop', tier: 'web' } },
      { name: 'new', labels: { app: 'shop', version: 'green' } },
    ],
    services: [{ name: 'shop', selector: { app: 'shop', tier: 'web' } }],
  });
  const before = cluster.state();
  const target = { ...service, selector: { version: 'green', tier: null } };
  expect((await run('drain', target)).outcome).toEqual({ ok: true });
  expect(routed(cluster, 'Service shop/shop').spec.selector).toEqual({ app: 'shop', version: 'green' });
  expect((await run('rollout', target)).outcome).toEqual({ ok: true });
  expect(cluster.state()).toEqual(before);
});

test('refuses a selector that finds fewer ready pods than the minimum, on the way back as well', async () => {
  const cluster = world(shop({ pods: [...pods('blue', 2), ...pods('green', 2, false)] }));
  const refused = await run('drain', service);
  expect(refused.outcome).toMatchObject({ ok: false, kind: 'refused' });
  expect(refused.shown).toContain('app=shop,version=green, of which 0 are ready');
  expect(cluster.leftovers()).toEqual([]);

  const gone = world(
    shop({
      pods: pods('green', 2),
      services: [
        {
          name: 'shop',
          selector: { app: 'shop', version: 'blue' },
        },
      ],
    }),
  );
  await run('drain', service);
  const back = await run('rollout', service);
  expect(back.outcome).toMatchObject({ ok: false, kind: 'refused' });
  expect(routed(gone, 'Service shop/shop').spec.selector).toEqual({ app: 'shop', version: 'green' });
});

test('tells drift with both values, and overwrites nothing', async () => {
  const cluster = world(shop());
  await run('drain', service);
  byHand(cluster, '/api/v1/namespaces/shop/services/shop', { spec: { selector: { version: 'red' } } });
  const state = cluster.state();
  for (const way of ['drain', 'rollout']) {
    const drifted = await run(way, service);
    expect(drifted.outcome).toMatchObject({ ok: false, kind: 'conflict' });
    expect(drifted.shown).toContain('was set to version: green by this session and stands at version: red');
  }
  expect(cluster.state()).toEqual(state);
  // Put back by hand: only the note is left to go.
  byHand(cluster, '/api/v1/namespaces/shop/services/shop', { spec: { selector: { version: 'blue' } } });
  expect((await run('rollout', service)).outcome).toEqual({ ok: true });
  expect(cluster.leftovers()).toEqual([]);
});

test('leaves alone what stood so before, and what another session holds', async () => {
  const cluster = world(shop({ services: [{ name: 'shop', selector: { app: 'shop', version: 'green' } }] }));
  const before = cluster.state();
  expect((await run('drain', service)).outputs).toMatchObject({ 'left-alone': 'Service shop/shop', changed: 'false' });
  expect((await run('rollout', service)).outputs.changed).toBe('false');
  expect(cluster.state()).toEqual(before);

  world(shop());
  await run('drain', service, { session: OTHER });
  const refused = await run('drain', service);
  expect(refused.outcome).toMatchObject({ ok: false, kind: 'refused' });
  expect(refused.shown).toContain(`held by the session ${OTHER}`);
});

test('loses no change that somebody makes between its look and its patch', async () => {
  const cluster = world(shop());
  let come = false;
  const rival: StandIn = {
    ...cluster,
    answer(request) {
      if (request.method === 'PATCH' && !come) {
        come = true;
        byHand(cluster, '/api/v1/namespaces/shop/services/shop', { metadata: { annotations: { theirs: 'kept' } } });
      }
      return cluster.answer(request);
    },
  };
  runs.use([rival]);
  expect((await run('drain', service)).outcome).toEqual({ ok: true });
  expect(routed(cluster, 'Service shop/shop').annotations?.theirs).toBe('kept');
  expect(runs.calls().filter((call) => call.startsWith('PATCH'))).toHaveLength(2);
});

const ingress = { kind: 'kubernetes-ingress', ingress: 'shop-green', weight: 100 };
const ingresses = (annotations: Record<string, string> = { [CANARY]: 'true' }): Seed => ({
  pods: [...pods('blue', 2), ...pods('green', 2)],
  services: [
    { name: 'shop-blue', selector: { version: 'blue' } },
    { name: 'shop-green', selector: { version: 'green' } },
  ],
  ingresses: [
    { name: 'shop', rules: { 'www.example.com': 'shop-blue' } },
    { name: 'shop-green', annotations, rules: { 'www.example.com': 'shop-green' } },
  ],
});

test('shifts the weight of a canary Ingress and takes away again what was not set before', async () => {
  const cluster = world(ingresses());
  const before = cluster.state();
  const drained = await run('drain', ingress);
  expect(drained.outcome).toEqual({ ok: true });
  expect(drained.warnings.join()).toContain('ingress-nginx is retired');
  expect(routed(cluster, 'Ingress shop/shop-green').annotations).toMatchObject({ [`${CANARY}-weight`]: '100' });
  expect((await run('rollout', ingress)).outcome).toEqual({ ok: true });
  expect(cluster.state()).toEqual(before);
});

test('refuses a canary weight whose Services are not ready, an Ingress that is no canary, a weight over its total', async () => {
  world({ ...ingresses(), pods: pods('green', 2) });
  const refused = await run('drain', { ...ingress, weight: 50 });
  expect(refused.outcome).toMatchObject({ ok: false, kind: 'refused' });
  expect(refused.shown).toContain('shop/shop-blue would get traffic with 0 ready endpoints');
  world(ingresses({}));
  expect((await run('drain', ingress)).shown).toContain('is no canary');
  world(ingresses({ [CANARY]: 'true', [`${CANARY}-weight-total`]: '10' }));
  expect((await run('drain', ingress)).shown).toContain('The weight 100 is more than');
});

const route = { kind: 'kubernetes-route', route: 'shop', weights: { 'shop-blue': 0, 'shop-green': 100 } };
const routes = (more: object = {}): Seed => ({
  ...ingresses(),
  ingresses: [],
  routes: [
    {
      name: 'shop',
      rules: [
        [
          { name: 'shop-blue', weight: 90 },
          { name: 'shop-green', weight: 10 },
        ],
        [{ name: 'shop-blue' }, { name: 'shop-green', weight: 0 }],
      ],
      ...more,
    },
  ],
});

test('splits an HTTPRoute otherwise in every rule, waits for its Gateway, and gives the weights back', async () => {
  const cluster = world(routes({ 'settles-after': 10 }));
  const before = cluster.state();
  const drained = await run('drain', route);
  expect(drained.outcome).toEqual({ ok: true });
  expect(drained.shown).toContain('has not looked at its new weights yet');
  const { rules } = routed(cluster, 'HTTPRoute shop/shop').spec as { rules: { backendRefs: { weight: number }[] }[] };
  expect(rules.map(({ backendRefs }) => backendRefs.map(({ weight }) => weight))).toEqual([
    [0, 100],
    [0, 100],
  ]);
  expect((await run('rollout', route)).outcome).toEqual({ ok: true });
  expect(cluster.state()).toEqual(before);
});

test('refuses weights that leave a rule without traffic, unknown backends, and says what a Gateway refuses', async () => {
  const cluster = world(routes());
  const dead = await run('drain', { ...route, weights: { 'shop-blue': 0, 'shop-green': 0 } });
  expect(dead.outcome).toMatchObject({ ok: false, kind: 'refused' });
  expect(dead.shown).toContain('Rule 2 of the HTTPRoute shop/shop would have no backend with a weight');
  const unknown = await run('drain', { ...route, weights: { 'shop-red': 1 } });
  expect(unknown.shown).toContain('has a backend shop-red; there are shop-blue, shop-green');
  expect(cluster.leftovers()).toEqual([]);
  world(routes({ accepted: false }));
  const refused = await run('drain', route);
  expect(refused.outcome).toMatchObject({ ok: false, kind: 'remote' });
  expect(refused.shown).toContain('not Accepted');
});

test('says what is not there, and what may not be done', async () => {
  world(shop());
  expect((await run('drain', { ...service, service: 'shap' })).outcome).toMatchObject({ ok: false, kind: 'input' });
  const reader = [{ verbs: ['get', 'list'], resources: ['*'] }];
  runs.use([
    kubernetesStandIn(
      { tokens: [{ token: 'kubernetes-token', rules: reader }], namespaces: { shop: shop() } },
      runs.clock,
    ),
  ]);
  const denied = await run('drain', service);
  expect(denied.outcome).toMatchObject({ ok: false, kind: 'auth' });
  expect(denied.shown).toContain('cannot patch resource "services"');
});
