import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createHttp, Report } from '@maintenance-tasks/core';
import { parseYaml } from '@maintenance-tasks/core/yaml';
import type { CallStart, Fault } from '@maintenance-tasks/rehearsal/fault';
import type { StandIn } from '@maintenance-tasks/rehearsal/stand-in';
import { azureDevopsStandIn } from '@maintenance-tasks/rehearsal/stand-ins/azure-devops';
import { azureManagementStandIn } from '@maintenance-tasks/rehearsal/stand-ins/azure-management';
import { dataFactoryStandIn } from '@maintenance-tasks/rehearsal/stand-ins/data-factory';
import { entraIdStandIn } from '@maintenance-tasks/rehearsal/stand-ins/entra-id';
import { githubStandIn } from '@maintenance-tasks/rehearsal/stand-ins/github';
import { kubernetesStandIn } from '@maintenance-tasks/rehearsal/stand-ins/kubernetes';
import { rundeckStandIn } from '@maintenance-tasks/rehearsal/stand-ins/rundeck';
import { checkAccess, findPaused } from '@maintenance-tasks/tasks/jobs/pause';
import { resumeJobs } from '@maintenance-tasks/tasks/jobs/resume';
import { jobsSchema } from '@maintenance-tasks/tasks/jobs/schema';
import task from '@maintenance-tasks/tasks/jobs/task';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type TaskRuns, taskRuns } from './in-process-run.ts';

const START = '2026-11-22T00:30:00Z';
const SESSION = 'mw-202611220230-k7qx';
const OTHER = 'mw-202611220330-z9wp';
const TENANT = '11111111-1111-4111-8111-111111111111';
const CLIENT = '22222222-2222-4222-8222-222222222222';
const SUBSCRIPTION = '33333333-3333-4333-8333-333333333333';
const BACKUP = '44444444-4444-4444-8444-444444444444';
const REPORT = '55555555-5555-4555-8555-555555555555';

const ACCESS = {
  'kubernetes-server': 'https://k8s.example.com:6443',
  'kubernetes-token': 'kubernetes-token',
  'azure-tenant-id': TENANT,
  'azure-client-id': CLIENT,
  'azure-client-secret': 'azure-client-secret-1',
  'github-token': 'github-token',
  'azure-devops-token': 'azure-devops-token',
  'rundeck-token': 'rundeck-token',
};

const JOBS = {
  kubernetes: '- { kind: kubernetes, namespace: shop, cronjobs: [export, mails, held] }',
  selected: '- { kind: kubernetes, namespace: shop, selector: "tier=batch" }',
  factory: `- { kind: data-factory, subscription: ${SUBSCRIPTION}, resource-group: data, factory: shop-data, triggers: [nightly, hourly, off] }`,
  devops: '- { kind: azure-devops, organization: example-org, project: platform, pipelines: [12, weekly, 14] }',
  github: '- { kind: github, repository: example-org/shop, workflows: [nightly.yml, stale.yml, off.yml] }',
  rundeck: `- { kind: rundeck, url: "https://rundeck.example.com", project: operations, jobs: [${BACKUP}, ${REPORT}] }`,
};

let runs: TaskRuns;
let kubernetes: StandIn;
let factory: StandIn;
let devops: StandIn;
let github: StandIn;
let rundeck: StandIn;

beforeAll(async () => {
  runs = await taskRuns(START);
});
afterAll(() => runs.close());
beforeEach(() => world());

interface Seeds {
  kubernetes?: Parameters<typeof kubernetesStandIn>[0];
  factory?: Partial<NonNullable<Parameters<typeof dataFactoryStandIn>[0]['factories']>[number]>;
  devops?: Parameters<typeof azureDevopsStandIn>[0];
  github?: Partial<Parameters<typeof githubStandIn>[0]>;
  rundeck?: Partial<Parameters<typeof rundeckStandIn>[0]>;
}

function world(seeds: Seeds = {}, fault?: (call: CallStart) => Fault | undefined): void {
  runs.clock.set(START);
  rmSync(join(runs.workingFolder, 'evidence'), { recursive: true, force: true });
  kubernetes = kubernetesStandIn(
    {
      namespaces: {
        shop: {
          cronjobs: [
            { name: 'export', schedule: '*/10 * * * *', labels: { tier: 'batch' } },
            { name: 'mails', schedule: '15 * * * *', labels: { tier: 'batch' }, annotations: { owner: 'mail' } },
            { name: 'held', schedule: '*/5 * * * *', suspend: true },
            { name: 'other', schedule: '0 3 * * *' },
          ],
        },
      },
      ...seeds.kubernetes,
    },
    runs.clock,
  );
  factory = dataFactoryStandIn(
    {
      factories: [
        {
          name: 'shop-data',
          subscription: SUBSCRIPTION,
          'resource-group': 'data',
          tenant: TENANT,
          tags: { team: 'data' },
          triggers: [
            { name: 'nightly', pipelines: ['load'] },
            { name: 'hourly', type: 'TumblingWindowTrigger', pipelines: ['slice'] },
            { name: 'off', state: 'Stopped', pipelines: ['old'] },
          ],
          ...seeds.factory,
        },
      ],
    },
    runs.clock,
  );
  devops = azureDevopsStandIn(
    {
      pipelines: [
        { id: 12, name: 'nightly', repository: 'platform', description: 'Nightly build.' },
        { id: 13, name: 'weekly', repository: 'platform' },
        { id: 14, name: 'retired', repository: 'platform', 'queue-status': 'disabled' },
      ],
      ...seeds.devops,
    },
    runs.clock,
  );
  github = githubStandIn(
    {
      repositories: [
        {
          name: 'example-org/shop',
          workflows: [
            { file: 'nightly.yml' },
            { file: 'stale.yml', state: 'disabled_inactivity' },
            { file: 'off.yml', state: 'disabled_manually' },
          ],
        },
      ],
      ...seeds.github,
    },
    runs.clock,
  );
  rundeck = rundeckStandIn(
    {
      jobs: [
        { id: BACKUP, name: 'backup', group: 'db' },
        { id: REPORT, name: 'report', 'schedule-enabled': false },
      ],
      ...seeds.rundeck,
    },
    runs.clock,
  );
  failing(fault ?? (() => undefined));
}

/** The same systems, their calls counted afresh. */
function failing(fault: (call: CallStart) => Fault | undefined): void {
  const directory = entraIdStandIn(
    { tenants: [{ id: TENANT, applications: [{ id: CLIENT, secret: 'azure-client-secret-1' }] }] },
    runs.clock,
  );
  runs.use([kubernetes, azureManagementStandIn([factory as never]), devops, github, rundeck, directory], { fault });
}

const run = (state: string, jobs: string, more: Record<string, string> = {}) =>
  runs.run(task, { state, jobs, session: SESSION, evidence: 'evidence', ...ACCESS, ...more });
const writes = () =>
  runs.calls().filter((call) => !call.startsWith('GET') && !/oauth2|selfsubject|queryPipe/.test(call));
const leftovers = () => [kubernetes, factory, devops, github, rundeck].flatMap((standIn) => standIn.leftovers());
const messageOf = (outcome: unknown) => (outcome as { message?: string }).message ?? '';
const states = () => ({
  kubernetes: kubernetes.state(),
  factory: factory.state(),
  devops: devops.state(),
  github: github.state(),
  rundeck: rundeck.state(),
});
const later = (time: string) => runs.clock.set(`2026-11-22T${time}Z`);

const ALL = [JOBS.kubernetes, JOBS.factory, JOBS.devops, JOBS.github, JOBS.rundeck].join('\n');

describe('jobs of every scheduler', () => {
  test('are paused, and stand exactly as before once they are resumed', async () => {
    const before = structuredClone(states());
    const pause = await run('pause', ALL);
    expect(pause.outcome).toEqual({ ok: true });
    expect(pause.outputs).toMatchObject({ changed: 'true' });
    expect(pause.outputs.paused?.split('\n')).toHaveLength(8);
    expect(pause.outputs['left-alone']?.split('\n')).toEqual([
      'CronJob shop/held',
      'trigger shop-data/off',
      'pipeline example-org/platform retired (14)',
      'workflow example-org/shop stale.yml',
      'workflow example-org/shop off.yml',
      'Rundeck job report',
    ]);
    expect(states()).toMatchObject({
      kubernetes: { cronjobs: [{ now: 'suspended' }, { now: 'suspended' }, { now: 'suspended' }, { now: 'active' }] },
      factory: { factories: [{ triggers: { nightly: 'Stopped', hourly: 'Stopped', off: 'Stopped' } }] },
      devops: { pipelines: [{ now: 'disabled' }, { now: 'disabled' }, { now: 'disabled' }] },
      github: {
        workflows: [{ now: 'disabled_manually' }, { now: 'disabled_inactivity' }, { now: 'disabled_manually' }],
      },
      rundeck: { jobs: [{ schedule: 'disabled' }, { schedule: 'disabled' }] },
    });
    expect(pause.warnings.join()).toContain('tumbling window');

    const resume = await run('resume', ALL);
    expect(resume.outcome).toEqual({ ok: true });
    expect(resume.outputs).toMatchObject({ changed: 'true', paused: '' });
    expect(states()).toEqual(before);
    expect(leftovers()).toEqual([]);
  });

  test('change nothing the second time, neither paused nor resumed', async () => {
    const first = await run('pause', ALL);
    failing(() => undefined);
    const second = await run('pause', ALL);
    expect(second.outcome).toEqual({ ok: true });
    expect(second.outputs).toEqual({ ...first.outputs, changed: 'false' });
    expect(writes()).toEqual([]);
    await run('resume', ALL);
    failing(() => undefined);
    expect((await run('resume', ALL)).outputs.changed).toBe('false');
    expect(writes()).toEqual([]);
  });

  test('are not touched in a dry run, which shows the plan', async () => {
    const dry = await run('pause', ALL, { 'dry-run': 'true' });
    expect(dry.shown).toContain('CronJob shop/export: active → paused');
    expect(dry.shown).toContain('trigger shop-data/nightly: Started → paused');
    expect(writes()).toEqual([]);
    await run('pause', ALL);
    failing(() => undefined);
    expect((await run('resume', ALL, { 'dry-run': 'true' })).outputs.changed).toBe('false');
    expect(writes()).toEqual([]);
  });

  test('are not paused at all when one of them is not there, and all that are missing are named', async () => {
    const { outcome } = await run(
      'pause',
      `${ALL}\n- { kind: kubernetes, namespace: shop, cronjobs: [exprot] }\n- { kind: github, repository: example-org/shop, workflows: [nigthly.yml] }`,
    );
    expect(outcome).toMatchObject({ ok: false, kind: 'input' });
    expect(messageOf(outcome)).toMatch(/no CronJob exprot.*no workflow nigthly\.yml/s);
    expect(writes()).toEqual([]);
  });

  test('are resumed even when one of the schedulers cannot be reached, which is named', async () => {
    await run('pause', ALL);
    failing(({ host }) => (host.startsWith('k8s') ? { status: 503 } : undefined));
    const { outcome } = await run('resume', ALL);
    expect(outcome).toMatchObject({ ok: false, kind: 'remote' });
    expect(messageOf(outcome)).toContain('The Kubernetes API at k8s.example.com:6443 answered 503');
    expect(states()).toMatchObject({
      kubernetes: { cronjobs: [{ now: 'suspended' }, {}, {}, {}] },
      factory: { factories: [{ triggers: { nightly: 'Started' } }] },
      github: { workflows: [{ now: 'active' }, {}, {}] },
    });
    failing(() => undefined);
    expect((await run('resume', ALL)).outcome).toEqual({ ok: true });
    expect(leftovers()).toEqual([]);
  });

  test('that another session holds are refused before any change', async () => {
    await run('pause', ALL, { session: OTHER });
    failing(() => undefined);
    const { outcome } = await run('pause', ALL);
    expect(outcome).toMatchObject({ ok: false, kind: 'conflict' });
    expect(messageOf(outcome)).toContain(`CronJob shop/export is held by the session ${OTHER}`);
    expect(writes()).toEqual([]);
    expect((await run('resume', ALL)).outputs.changed).toBe('false');
  });

  test('are paused and given back whichever answer to a change is lost', { timeout: 30_000 }, async () => {
    const before = structuredClone(states());
    await run('pause', ALL);
    const changes = writes().length;
    for (let broken = 1; broken <= changes; broken++) {
      let changed = 0;
      world({}, ({ method, path }) =>
        method !== 'GET' && !/oauth2|selfsubject/.test(path) && ++changed === broken ? 'lost' : undefined,
      );
      expect((await run('pause', ALL)).outcome, `change ${broken}`).toEqual({ ok: true });
      failing(() => undefined);
      expect((await run('resume', ALL)).outcome, `change ${broken}`).toEqual({ ok: true });
      expect(states()).toEqual(before);
    }
  });

  test('lack credentials: all of them are named at once', async () => {
    const { outcome } = await runs.run(task, { state: 'pause', jobs: ALL, session: SESSION });
    expect(outcome).toMatchObject({ ok: false, kind: 'input' });
    expect(messageOf(outcome)).toMatch(/github-token.*azure-devops-token.*rundeck-token/s);
    expect(runs.calls()).toEqual([]);
  });

  test('show no secret', async () => {
    const { shown } = await run('pause', ALL);
    for (const [name, value] of Object.entries(ACCESS))
      if (/token|secret/.test(name)) expect(shown.replaceAll(name, ''), name).not.toContain(value);
  });
});

describe('for sweep, finish-maintenance and pre-maintenance', () => {
  const given = (jobs: string) => ({ jobs: parseYaml(jobs, jobsSchema), access: access(), evidence: 'evidence' });

  test('everything that any session holds paused is found, and given back for one of them', async () => {
    await run('pause', JOBS.kubernetes);
    await run('pause', `${JOBS.factory}\n${JOBS.github}`, { session: OTHER });
    const found = await findPaused(context(), given(ALL));
    expect(found).toEqual([
      {
        system: 'Kubernetes k8s.example.com:6443, namespace shop',
        what: 'CronJob shop/export is suspended',
        session: SESSION,
      },
      {
        system: 'Kubernetes k8s.example.com:6443, namespace shop',
        what: 'CronJob shop/mails is suspended',
        session: SESSION,
      },
      { system: 'Data Factory shop-data', what: 'trigger shop-data/nightly is Stopped', session: OTHER },
      { system: 'Data Factory shop-data', what: 'trigger shop-data/hourly is Stopped', session: OTHER },
      {
        system: 'GitHub example-org/shop',
        what: 'workflow example-org/shop nightly.yml is disabled_manually',
        session: OTHER,
      },
    ]);
    await resumeJobs(context(), { ...given(ALL), session: OTHER, dryRun: false });
    expect(await findPaused(context(), given(ALL))).toHaveLength(2);
  });

  test('all that would keep jobs from being paused is told at once, without a change', async () => {
    expect(await checkAccess(context(), given(ALL))).toEqual([]);
    world({
      kubernetes: {
        tokens: [{ token: 'kubernetes-token', rules: [{ verbs: ['*'], resources: ['cronjobs'] }] }],
        namespaces: { shop: { cronjobs: [{ name: 'export' }] } },
      },
    });
    const problems = await checkAccess(context(), {
      ...given(`- { kind: kubernetes, namespace: shop, cronjobs: [export] }\n${JOBS.rundeck}`),
      access: { ...access(), rundeckToken: 'wrong' },
    });
    expect(problems).toHaveLength(2);
    expect(problems.join()).toMatch(/Rundeck answered 403.*may not patch cronjobs\/status/s);
    expect(await checkAccess(context(), { ...given(ALL), access: { ...access(), githubToken: undefined } })).toEqual([
      expect.stringContaining('github-token, for GitHub'),
    ]);
    expect(writes()).toEqual([]);
  });
});

describe('status and wait-idle', () => {
  test('tell who paused what', async () => {
    await run('pause', JOBS.kubernetes);
    const status = await run('status', JOBS.kubernetes);
    expect(status.outputs).toMatchObject({
      paused: 'CronJob shop/export\nCronJob shop/mails',
      'left-alone': 'CronJob shop/held',
      changed: 'false',
    });
    expect(status.shown).toContain(`CronJob shop/export: suspended, by ${SESSION}`);
  });

  test('wait until nothing runs any more, in any scheduler', async () => {
    world({
      kubernetes: { namespaces: { shop: { cronjobs: [{ name: 'export', running: 2, 'runs-for': 90 }] } } },
      factory: { runs: [{ pipeline: 'load', for: 40 }] },
      devops: { pipelines: [{ id: 12, name: 'nightly', repository: 'platform', running: 1, takes: 100 }] },
      github: {
        repositories: [{ name: 'example-org/shop', workflows: [{ file: 'nightly.yml', running: 1, takes: 30 }] }],
      },
      rundeck: { jobs: [{ id: BACKUP, name: 'backup', 'running-for': 120 }] },
    });
    const jobs = [
      '- { kind: kubernetes, namespace: shop, cronjobs: [export] }',
      JOBS.factory,
      '- { kind: azure-devops, organization: example-org, project: platform, pipelines: [12] }',
      '- { kind: github, repository: example-org/shop, workflows: [nightly.yml] }',
      `- { kind: rundeck, url: "https://rundeck.example.com", project: operations, jobs: [${BACKUP}] }`,
    ].join('\n');
    const status = await run('status', jobs);
    expect(status.outputs.running?.split('\n')).toEqual([
      'Job shop/export-1 of the CronJob export',
      'Job shop/export-2 of the CronJob export',
      'pipeline shop-data/load run-1 (InProgress)',
      'nightly 20261121.1 (inProgress)',
      'example-org/shop nightly.yml #8001 (in_progress)',
      'backup #41',
    ]);
    const idle = await run('wait-idle', jobs);
    expect(idle.outcome).toEqual({ ok: true });
    expect(idle.outputs.running).toBe('');
    expect(idle.shown).toContain('Waiting for Job shop/export-1 of the CronJob export');
    expect(idle.warnings.join()).toContain('Not paused, and may start again while this waits: CronJob shop/export');
    expect(runs.clock.now().toISOString()).toBe('2026-11-22T00:32:00.000Z');
  });

  test('give up before the deadline, and list what still runs', async () => {
    world({ kubernetes: { namespaces: { shop: { cronjobs: [{ name: 'export', running: 1, 'runs-for': 9_000 }] } } } });
    const { outcome, outputs } = await run('wait-idle', '- { kind: kubernetes, namespace: shop, cronjobs: [export] }', {
      deadline: '5m',
    });
    expect(outcome).toMatchObject({ ok: false, kind: 'timeout' });
    expect(messageOf(outcome)).toContain('Still running at the deadline: Job shop/export-1 of the CronJob export.');
    expect(outputs.running).toBe('Job shop/export-1 of the CronJob export');
    // In time to say so: at the deadline itself everything is cut short.
    expect(runs.clock.now().getTime()).toBeLessThanOrEqual(Date.parse(START) + 295_000);
  });
});

describe('CronJobs', () => {
  test('do not make up the runs that they missed', async () => {
    await run('pause', JOBS.kubernetes);
    later('02:20:30');
    await run('resume', JOBS.kubernetes);
    expect(kubernetes.state()).toMatchObject({ 'jobs started': [] });
    later('02:30:05');
    expect(kubernetes.state()).toMatchObject({ 'jobs started': [expect.stringMatching(/^shop\/export-/)] });
  });

  test('start the latest run they missed where that is asked for', async () => {
    const jobs = '- { kind: kubernetes, namespace: shop, cronjobs: [export, mails], missed: latest }';
    await run('pause', jobs);
    later('02:20:30');
    await run('resume', jobs);
    expect((kubernetes.state() as { 'jobs started': string[] })['jobs started']).toHaveLength(2);
  });

  test('are found by labels, and resumed although the labels were changed meanwhile', async () => {
    expect((await run('pause', JOBS.selected)).outputs.paused).toBe('CronJob shop/export\nCronJob shop/mails');
    const resume = await run('resume', '- { kind: kubernetes, namespace: shop, selector: "tier=none" }');
    expect(resume.outcome).toEqual({ ok: true });
    expect(leftovers()).toEqual([]);
    const { outcome } = await run('pause', '- { kind: kubernetes, namespace: shop, selector: "tier=none" }');
    expect(messageOf(outcome)).toContain('There is no CronJob with the labels tier=none in the namespace shop');
  });

  test('that change for another reason at the same moment are paused all the same', async () => {
    let touched = 0;
    failing(({ method, path }) => {
      if (method === 'PATCH' && path.includes('/export') && touched++ < 2) touch('export', { metadata: {} });
      return undefined;
    });
    expect((await run('pause', JOBS.kubernetes)).outcome).toEqual({ ok: true });
    expect(touched).toBe(3);
  });

  test('that somebody else suspends at the same moment are a conflict that shows both', async () => {
    let touched = false;
    failing(({ method, path }) => {
      if (method === 'PATCH' && path.includes('/export') && !touched) {
        touched = true;
        touch('export', { spec: { suspend: true } });
      }
      return undefined;
    });
    const { outcome } = await run('pause', JOBS.kubernetes);
    expect(outcome).toMatchObject({ ok: false, kind: 'conflict' });
    expect(messageOf(outcome)).toContain(
      'CronJob shop/export: Was active when the plan was made, and is suspended now.',
    );
    expect((await run('pause', JOBS.kubernetes)).outputs['left-alone']).toContain('shop/export');
  });

  test('that somebody resumed in between are a conflict for pause, and given up by resume', async () => {
    await run('pause', JOBS.kubernetes);
    touch('export', { spec: { suspend: false } });
    const { outcome } = await run('pause', JOBS.kubernetes);
    expect(outcome).toMatchObject({ ok: false, kind: 'conflict' });
    expect(messageOf(outcome)).toContain('CronJob shop/export was paused by this session and is active now');
    const resume = await run('resume', JOBS.kubernetes);
    expect(resume.outcome).toEqual({ ok: true });
    expect(resume.warnings.join()).toContain('CronJob shop/export is active already: somebody resumed it in between.');
    expect(leftovers()).toEqual([]);
  });

  test('with a note that was cut stay as they are, are named, and do not keep the others from being resumed', async () => {
    await run('pause', JOBS.kubernetes);
    touch('export', { metadata: { annotations: { 'maintenance-tasks/jobs': `mt1|${SESSION}|{"susp` } } });
    const { outcome } = await run('resume', JOBS.kubernetes);
    expect(outcome).toMatchObject({ ok: false, kind: 'conflict' });
    expect(messageOf(outcome)).toMatch(/CronJob shop\/export is suspended, and the note .* was cut or edited/);
    expect(kubernetes.state()).toMatchObject({ cronjobs: [{ now: 'suspended' }, { now: 'active' }, {}, {}] });
  });

  test('are refused beforehand where the access may not patch them, with the words of the role', async () => {
    const rules = [{ verbs: ['get', 'list'], resources: ['cronjobs'] }];
    world({
      kubernetes: {
        tokens: [{ token: 'kubernetes-token', rules }],
        namespaces: { shop: { cronjobs: [{ name: 'export' }] } },
      },
    });
    const { outcome } = await run('pause', '- { kind: kubernetes, namespace: shop, cronjobs: [export] }');
    expect(outcome).toMatchObject({ ok: false, kind: 'auth' });
    expect(messageOf(outcome)).toMatch(/may not patch cronjobs \(batch\).*may not patch cronjobs\/status/s);
    expect(writes()).toEqual([]);
  });

  test('are told with the API server’s own reason, and no more of it, when it refuses', async () => {
    world({
      kubernetes: {
        tokens: [{ token: 'kubernetes-token', rules: [] }],
        namespaces: { shop: { cronjobs: [{ name: 'export' }] } },
      },
    });
    const { outcome } = await run('pause', '- { kind: kubernetes, namespace: shop, cronjobs: [export] }');
    expect(messageOf(outcome)).toMatch(/answered 403 Forbidden: cronjobs\.batch is forbidden: User "system/);
    const wrong = await run('status', JOBS.kubernetes, { 'kubernetes-token': 'wrong-token' });
    expect(messageOf(wrong.outcome)).toContain('answered 401 Unauthorized');
    expect(wrong.outcome).toMatchObject({ kind: 'auth' });
  });

  test('a thousand are read page by page, patched a few at a time, and read again when the list grows too old', async () => {
    const many = Array.from({ length: 1_000 }, (_, index) => ({
      name: `job-${index}`,
      labels: { tier: 'batch' },
      schedule: '0 3 1 1 *',
    }));
    world({ kubernetes: { namespaces: { shop: { cronjobs: many } }, 'lists-kept-for': 60 } });
    let aged = false;
    failing(({ path }) => {
      if (path.includes('continue=') && !aged) {
        aged = true;
        runs.clock.set('2026-11-22T00:32:00Z');
      }
      return undefined;
    });
    const { outcome, outputs } = await run('pause', JOBS.selected);
    expect(outcome).toEqual({ ok: true });
    expect(outputs.paused?.split('\n')).toHaveLength(1_000);
    expect(runs.calls().filter((call) => call.endsWith(' 410'))).toHaveLength(1);
    // Two pages before and after, two that were lost to the old list, two reviews.
    expect(runs.calls().length).toBe(1_000 + 4 + 2 + 2);
  });
});

describe('Data Factory triggers', () => {
  test('are noted in tags of the factory before the first of them is stopped', async () => {
    await run('pause', JOBS.factory);
    const calls = writes();
    expect(calls[0]).toMatch(/^PATCH management\.azure\.com.*tags\/default/);
    expect(calls.slice(1).every((call) => call.includes('/stop'))).toBe(true);
    expect(factory.state()).toMatchObject({
      factories: [{ tags: { team: 'data', 'maintenance-tasks-jobs-1': expect.stringContaining(SESSION) } }],
    });
    failing(() => undefined);
    await run('resume', JOBS.factory);
    expect(writes().at(-1)).toMatch(/^PATCH management/);
    expect(factory.state()).toMatchObject({ factories: [{ tags: { team: 'data' } }] });
  });

  test('are waited for until the factory shows them stopped', async () => {
    world({ factory: { 'settles-after': 20 } });
    expect((await run('pause', JOBS.factory)).outcome).toEqual({ ok: true });
    expect(runs.clock.now().getTime()).toBeGreaterThanOrEqual(Date.parse(START) + 20_000);
  });

  test('of which only some could be started stay noted until the rest are', async () => {
    await run('pause', JOBS.factory);
    failing(({ path }) => (path.includes('/hourly/start') ? { status: 409 } : undefined));
    expect((await run('resume', JOBS.factory)).outcome).toMatchObject({ ok: false, kind: 'remote' });
    expect(factory.state()).toMatchObject({ factories: [{ triggers: { nightly: 'Started', hourly: 'Stopped' } }] });
    expect(leftovers().join()).toMatch(/hourly/);
    expect(leftovers().join()).not.toMatch(/nightly/);
    failing(() => undefined);
    expect((await run('resume', JOBS.factory)).outcome).toEqual({ ok: true });
    expect(leftovers()).toEqual([]);
  });
});

describe('Azure DevOps pipelines', () => {
  test('keep their description, whatever is written before it meanwhile', async () => {
    await run('pause', JOBS.devops);
    expect(devops.state()).toMatchObject({
      pipelines: [{ description: expect.stringMatching(/^Nightly build\.\nPaused for planned maintenance/) }, {}, {}],
    });
    await run('resume', JOBS.devops);
    expect(devops.state()).toMatchObject({
      pipelines: [{ now: 'enabled', description: 'Nightly build.' }, { now: 'enabled' }, { now: 'disabled' }],
    });
    expect((devops.state() as { pipelines: object[] }).pipelines[1]).not.toHaveProperty('description');
  });

  test('queue their runs where that is asked for, and say what that means', async () => {
    const jobs =
      '- { kind: azure-devops, organization: example-org, project: platform, pipelines: [12], meanwhile: queue }';
    const { warnings } = await run('pause', jobs);
    expect(warnings.join()).toContain('all start at once on resume');
    expect(devops.state()).toMatchObject({ pipelines: [{ now: 'paused' }, {}, {}] });
  });

  test('that are stored by somebody at the same moment are read anew', async () => {
    let edits = 0;
    failing(({ method }) => {
      if (method === 'PUT' && edits++ === 0) edit(12, { description: 'Edited meanwhile.' });
      return undefined;
    });
    expect((await run('pause', JOBS.devops)).outcome).toEqual({ ok: true });
    await run('resume', JOBS.devops);
    expect(devops.state()).toMatchObject({ pipelines: [{ now: 'enabled', description: 'Edited meanwhile.' }, {}, {}] });
  });

  test('that somebody disables at the same moment are a conflict that shows both', async () => {
    let edits = 0;
    failing(({ method }) => {
      if (method === 'PUT' && edits++ === 0) edit(12, { queueStatus: 'paused' });
      return undefined;
    });
    const { outcome } = await run('pause', JOBS.devops);
    expect(outcome).toMatchObject({ ok: false, kind: 'conflict' });
    expect(messageOf(outcome)).toContain(
      'Was enabled (revision 1) when the plan was made, and is paused (revision 2) now.',
    );
  });

  test('tell a sign-in page from an answer', async () => {
    world({ devops: { 'expired-token': true } });
    const { outcome } = await run('pause', JOBS.devops);
    expect(outcome).toMatchObject({ ok: false, kind: 'auth' });
  });
});

describe('schedulers without room for a note', () => {
  test('are remembered by the journal in the evidence folder, written before the first change', async () => {
    failing(({ method }) => (method === 'PUT' ? { status: 403 } : undefined));
    expect((await run('pause', JOBS.github)).outcome).toMatchObject({ ok: false, kind: 'auth' });
    expect(journals()).toHaveLength(1);
    failing(() => undefined);
    expect((await run('pause', JOBS.github)).outcome).toEqual({ ok: true });
    expect((await run('resume', JOBS.github)).outcome).toEqual({ ok: true });
    expect(github.state()).toMatchObject({
      workflows: [{ now: 'active' }, { now: 'disabled_inactivity' }, { now: 'disabled_manually' }],
    });
  });

  test('are not resumed where the journal is lost: whoever disabled them is not known', async () => {
    await run('pause', JOBS.github);
    rmSync(join(runs.workingFolder, 'evidence'), { recursive: true });
    expect((await run('resume', JOBS.github)).outputs.changed).toBe('false');
    expect(github.state()).toMatchObject({ workflows: [{ now: 'disabled_manually' }, {}, {}] });
  });

  test('refuse a journal that was cut', async () => {
    await run('pause', JOBS.github);
    writeFileSync(join(runs.workingFolder, 'evidence', journals()[0] as string), '{"format":1,');
    const { outcome } = await run('resume', JOBS.github);
    expect(outcome).toMatchObject({ ok: false, kind: 'refused' });
  });

  test('of Rundeck name what the token may not', async () => {
    world({ rundeck: { actions: ['read'] } });
    const { outcome } = await run(
      'pause',
      `- { kind: rundeck, url: "https://rundeck.example.com", project: operations, jobs: [${BACKUP}] }`,
    );
    expect(outcome).toMatchObject({ ok: false, kind: 'auth' });
    expect(messageOf(outcome)).toContain('Not authorized for action "toggle_schedule"');
    world({ rundeck: { 'oldest-version': 40 } });
    expect(messageOf((await run('pause', JOBS.rundeck)).outcome)).toContain('Give a higher api-version');
  });
});

describe('a job with commands of its own', () => {
  const script = (text: string) => {
    mkdirSync(runs.workingFolder, { recursive: true });
    writeFileSync(join(runs.workingFolder, 'job.mjs'), text);
  };
  const command = (...words: string[]) => JSON.stringify([process.execPath, 'job.mjs', ...words]);
  const JOB = () =>
    `- { kind: command, name: night-batch, status: ${command('status')}, pause: ${command('pause')}, resume: ${command('resume')}, running: ${command('running')}, environment: [BATCH_HOST], timeout: 20s }`;
  const BATCH = `
    import { existsSync, rmSync, writeFileSync } from 'node:fs';
    const [word] = process.argv.slice(2);
    if (word === 'pause') writeFileSync('paused', '');
    if (word === 'resume') rmSync('paused', { force: true });
    if (word === 'status') console.log('looking at ' + process.env.BATCH_HOST + ' ' + process.env.HTTPS_PROXY + '\\n' + (existsSync('paused') ? 'paused' : 'active'));
  `;

  test('is paused and resumed by them, with only the variables that are named', async () => {
    script(BATCH);
    process.env.BATCH_HOST = 'batch.example.com';
    const pause = await run('pause', JOB());
    expect(pause.outcome).toEqual({ ok: true });
    expect(pause.shown).toContain('looking at batch.example.com undefined');
    expect((await run('pause', JOB())).outputs.changed).toBe('false');
    expect((await run('status', JOB())).outputs).toMatchObject({ paused: 'job night-batch', running: '' });
    expect((await run('wait-idle', JOB())).outcome).toEqual({ ok: true });
    expect((await run('resume', JOB())).outcome).toEqual({ ok: true });
    expect((await run('status', JOB())).outputs).toMatchObject({ paused: '', 'left-alone': '' });
    delete process.env.BATCH_HOST;
  });

  test('fails with the command’s name when it ends badly, says nothing useful, or is not there', async () => {
    script('process.exit(3)');
    expect(messageOf((await run('pause', JOB())).outcome)).toMatch(/status command of night-batch .* ended with 3/);
    script('console.log("perhaps")');
    expect(messageOf((await run('pause', JOB())).outcome)).toContain('must end with the line active or paused');
    script('setInterval(() => {}, 1000)');
    expect(messageOf((await run('pause', JOB().replace('20s', '1s'))).outcome)).toContain('did not end within 1 s');
    const absent = JOB().replaceAll(JSON.stringify(process.execPath), '"no-such-program"');
    expect(messageOf((await run('pause', absent)).outcome)).toContain('is not a program of this machine');
  });
});

const access = () => ({
  kubernetes: { server: ACCESS['kubernetes-server'], token: ACCESS['kubernetes-token'] },
  azure: { tenantId: TENANT, clientId: CLIENT, clientSecret: ACCESS['azure-client-secret'] },
  githubToken: ACCESS['github-token'],
  azureDevopsToken: ACCESS['azure-devops-token'],
  rundeckToken: ACCESS['rundeck-token'],
});

function context() {
  const signal = new AbortController().signal;
  const deadline = new Date(runs.clock.now().getTime() + 900_000);
  const quiet = () => {};
  return {
    clock: runs.clock,
    signal,
    deadline,
    workingFolder: runs.workingFolder,
    keepSecret: quiet,
    identityToken: () => Promise.reject(new Error('no identity here')),
    azureConnection: () => undefined,
    http: createHttp({
      clock: runs.clock,
      signal,
      deadline,
      userAgent: 'maintenance-tasks/test',
      debug: quiet,
      info: quiet,
      environment: process.env,
    }),
    report: new Report(quiet),
    log: {
      debug: quiet,
      info: quiet,
      warning: quiet,
      progress: quiet,
      group: <T>(_: string, work: () => Promise<T>) => work(),
    },
  };
}

function journals(): string[] {
  return readdirSync(join(runs.workingFolder, 'evidence')).filter((name) => name.startsWith('jobs-journal-'));
}

/** A change by somebody else, past the proxy. */
function touch(name: string, change: object): void {
  const url = new URL(`https://k8s.example.com/apis/batch/v1/namespaces/shop/cronjobs/${name}`);
  const headers = { authorization: 'Bearer kubernetes-token', 'content-type': 'application/merge-patch+json' };
  const connectedTo = { host: 'k8s.example.com', port: 443 };
  void kubernetes.answer({ method: 'PATCH', url, connectedTo, headers, body: Buffer.from(JSON.stringify(change)) });
}

function edit(id: number, change: object): void {
  const url = new URL(`https://dev.azure.com/example-org/platform/_apis/build/definitions/${id}?api-version=7.1`);
  const connectedTo = { host: 'dev.azure.com', port: 443 };
  const headers = { authorization: 'Bearer azure-devops-token' };
  const known = devops.answer({ method: 'GET', url, connectedTo, headers, body: Buffer.alloc(0) }) as { body: object };
  const body = Buffer.from(JSON.stringify({ ...known.body, ...change }));
  void devops.answer({ method: 'PUT', url, connectedTo, headers, body });
}
