import { createHttp, type Http, type Outcome } from '@maintenance-tasks/core';
import type { CallStart, Fault } from '@maintenance-tasks/rehearsal/fault';
import type { StandInRequest } from '@maintenance-tasks/rehearsal/stand-in';
import { azureDevopsStandIn } from '@maintenance-tasks/rehearsal/stand-ins/azure-devops';
import { githubStandIn } from '@maintenance-tasks/rehearsal/stand-ins/github';
import { checkTags, findRunning } from '@maintenance-tasks/tasks/run-pipeline/tags';
import task from '@maintenance-tasks/tasks/run-pipeline/task';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type TaskRuns, taskRuns } from './in-process-run.ts';

const START = '2026-11-22T00:30:00Z';
const SESSION = 'mw-202611220230-k7qx';
const OTHER = 'mw-202611220330-z9wp';
const TAG = 'platform-0/2.102.0';
const COMMIT = '1'.repeat(40);
const MOVED = '2'.repeat(40);
const TOKENS = { 'github-token': 'github-token-1', 'azure-devops-token': 'azure-token-1' };

type GitHubSeed = Parameters<typeof githubStandIn>[0];
type Workflow = NonNullable<NonNullable<GitHubSeed['repositories']>[number]['workflows']>[number];
type AzureSeed = Parameters<typeof azureDevopsStandIn>[0];
type Pipeline = NonNullable<AzureSeed['pipelines']>[number];

let runs: TaskRuns;
let github: ReturnType<typeof githubStandIn>;
let azure: ReturnType<typeof azureDevopsStandIn>;

beforeAll(async () => {
  runs = await taskRuns(START);
});
afterAll(() => runs.close());
beforeEach(() => world());

interface Changes {
  workflow?: Partial<Workflow>;
  github?: Partial<GitHubSeed>;
  pipeline?: Partial<Pipeline>;
  azure?: Partial<AzureSeed>;
  refs?: Partial<NonNullable<AzureSeed['repositories']>[number]>;
}

function world(changes: Changes = {}): void {
  runs.clock.set(START);
  const refs = {
    branches: { main: MOVED, 'release/1': MOVED, both: MOVED },
    tags: { [TAG]: { commit: COMMIT, annotated: true } as const, 'v1.0': COMMIT, both: COMMIT },
    ...changes.refs,
  };
  const usual = { takes: 600, artifacts: ['plan', 'logs'], jobs: ['apply', 'check'] };
  github = githubStandIn(
    {
      token: TOKENS['github-token'],
      repositories: [
        { name: 'example-org/gateway', ...refs, workflows: [{ file: 'deploy.yml', ...usual, ...changes.workflow }] },
      ],
      ...changes.github,
    },
    runs.clock,
  );
  azure = azureDevopsStandIn(
    {
      token: TOKENS['azure-devops-token'],
      repositories: [{ name: 'gateway', ...refs }],
      pipelines: [{ id: 42, name: 'deploy', repository: 'gateway', ...usual, ...changes.pipeline }],
      ...changes.azure,
    },
    runs.clock,
  );
  failing(() => undefined);
}

function failing(fault: (call: CallStart) => Fault | undefined): void {
  runs.use([github, azure], { fault });
}

const WHERE = {
  github: { host: 'github', repository: 'example-org/gateway', pipeline: 'deploy.yml' },
  'azure-devops': { host: 'azure-devops', repository: 'example-org/platform', pipeline: 'deploy' },
} as const;
type HostName = keyof typeof WHERE;
const TARGETS = { github: { ...WHERE.github, tag: TAG }, 'azure-devops': { ...WHERE['azure-devops'], tag: TAG } };
const ACCESS = { access: { githubToken: TOKENS['github-token'], azureDevopsToken: TOKENS['azure-devops-token'] } };

const run = (host: HostName, more: Record<string, string> = {}) =>
  runs.run(task, { ...WHERE[host], tag: TAG, session: SESSION, ...TOKENS, ...more });

const stateOf = (host: HostName) =>
  ((host === 'github' ? github : azure).state() as { runs: Record<string, unknown>[] }).runs;
const starts = () => runs.calls().filter((call) => /^POST .*(dispatches|\/runs\?)/.test(call));
const messageOf = (outcome: Outcome) => (outcome.ok ? '' : outcome.message);

describe.each(['github', 'azure-devops'] as const)('run-pipeline on %s', (host) => {
  test('starts the pipeline at the tag’s commit, waits for it and gives back its outcome and artifacts', async () => {
    const { outcome, outputs, shown } = await run(host, { 'tag-commit': COMMIT });
    expect(outcome).toEqual({ ok: true });
    expect(outputs).toMatchObject({ outcome: 'succeeded', started: 'true', commit: COMMIT });
    expect(outputs.url).toMatch(/^https:\/\/(github\.com|dev\.azure\.com)\//);
    expect(outputs.artifacts?.split('\n').map((line) => line.split(' ')[0])).toEqual(['plan', 'logs']);
    expect(outputs.artifacts).toContain(' https://');
    expect(outputs.correlation).toMatch(new RegExp(`^${SESSION}-[0-9a-f]{8}$`));
    expect(stateOf(host)).toHaveLength(1);
    expect(stateOf(host)[0]?.at).toBe(`refs/tags/${TAG} (${COMMIT})`);
    expect(shown).toMatch(/Waiting for deploy\S* of .*: \w+; .* so far, .* left: https:/);
    expect(shown).toContain(outputs.url);
  });

  test('takes the run of the same start in the same session, running or ended, instead of starting another', async () => {
    const first = await run(host, { wait: 'false' });
    expect(first.outputs).toMatchObject({ outcome: 'running', started: 'true' });
    const second = await run(host);
    expect(second.outputs).toMatchObject({ outcome: 'succeeded', started: 'false', url: first.outputs.url });
    const third = await run(host);
    expect(third.outputs).toMatchObject({ outcome: 'succeeded', started: 'false', url: first.outputs.url });
    expect(stateOf(host)).toHaveLength(1);
  });

  test('starts another run for another session, for other inputs and for another attempt', async () => {
    await run(host, { wait: 'false' });
    await run(host, { wait: 'false', session: OTHER });
    await run(host, { wait: 'false', attempt: '2' });
    expect(stateOf(host)).toHaveLength(3);
  });

  test('starts nothing in a dry run, and shows what it would start', async () => {
    const { outcome, shown, outputs } = await run(host, { 'dry-run': 'true' });
    expect(outcome).toEqual({ ok: true });
    expect(shown).toContain(`not started in this session → run at ${TAG} (${COMMIT.slice(0, 12)})`);
    expect(outputs).toMatchObject({ commit: COMMIT, started: 'false' });
    expect(starts()).toEqual([]);
  });

  test.each([
    ['a tag that does not exist', { tag: 'v9' }, 'refused', 'has no tag v9'],
    ['a tag of which only the beginning exists', { tag: 'v1' }, 'refused', 'has no tag v1'],
    ['a branch', { tag: 'release/1' }, 'refused', 'release/1 is a branch'],
    ['a branch by its ref', { tag: 'refs/heads/main' }, 'input', 'refs/heads/main is not a tag'],
    ['a tag and a branch of one name', { tag: 'both' }, 'refused', 'both is a tag and a branch'],
    ['a tag that moved', { 'tag-commit': MOVED }, 'conflict', `approved with ${MOVED}, and it is ${COMMIT} now`],
    ['a tag’s object for its commit', { 'tag-commit': `a${COMMIT.slice(1)}` }, 'conflict', 'moved'],
  ])('refuses %s', async (_, inputs, kind, words) => {
    const { outcome } = await run(host, inputs);
    expect(outcome).toMatchObject({ ok: false, kind });
    expect(messageOf(outcome)).toContain(words);
    expect(starts()).toEqual([]);
  });

  test('runs a tag of the approved plan, and refuses one that moved since or is not in it', async () => {
    const plan = (commit: string) => ({
      'tag-commits': `example-org/other v9 ${MOVED}\n${WHERE[host].repository} ${TAG} ${commit}`,
    });
    const moved = await run(host, plan(MOVED));
    expect(moved.outcome).toMatchObject({ ok: false, kind: 'conflict' });
    const other = await run(host, { 'tag-commits': `example-org/other ${TAG} ${COMMIT}` });
    expect(other.outcome).toMatchObject({ ok: false, kind: 'refused' });
    expect(messageOf(other.outcome)).toContain('is not in the plan that was approved');
    expect(starts()).toEqual([]);
    const unplanned = { unplanned: 'true', reason: 'found at 04:20', 'dry-run': 'true' };
    const allowed = await run(host, { 'tag-commits': `example-org/other ${TAG} ${COMMIT}`, ...unplanned });
    expect(allowed.outcome).toEqual({ ok: true });
    expect((await run(host, plan(COMMIT))).outcome).toEqual({ ok: true });
    expect(starts()).toHaveLength(1);
  });

  test('ends a run that started at another commit, as the tag moved between the look and the start', async () => {
    const before = { github, 'azure-devops': azure }[host];
    world({ refs: { tags: { [TAG]: MOVED } } });
    const after = { github, 'azure-devops': azure }[host];
    let moved = false;
    const answer = (request: StandInRequest) => {
      // Azure DevOps refuses a ref and a commit that do not belong together; GitHub takes the ref alone.
      moved ||= request.method === 'POST';
      return (moved ? after : before).answer(request);
    };
    runs.use([{ ...after, answer }]);
    const { outcome } = await run(host);
    expect(outcome).toMatchObject({ ok: false, kind: host === 'github' ? 'conflict' : 'input' });
    const states = stateOf(host).map(({ now }) => now);
    expect(states).toEqual(host === 'github' ? ['cancelled'] : []);
  });

  test('takes a tag given as refs/tags/…', async () => {
    expect((await run(host, { tag: `refs/tags/${TAG}`, wait: 'false' })).outcome).toEqual({ ok: true });
    expect(stateOf(host)[0]?.at).toBe(`refs/tags/${TAG} (${COMMIT})`);
  });

  test('fails with the link and the jobs that failed when the other pipeline fails', async () => {
    world({ workflow: { 'fails-in': ['check'] }, pipeline: { 'fails-in': ['check'] } });
    const { outcome, outputs } = await run(host);
    expect(outcome).toMatchObject({ ok: false, kind: 'remote' });
    expect(messageOf(outcome)).toContain(outputs.url);
    expect(messageOf(outcome)).toMatch(/Jobs that did not succeed: check \(fail(ed|ure)\)\./);
    expect(outputs).toMatchObject({ outcome: 'failed' });
  });

  test('does not start it twice when the answer to the start is lost', async () => {
    let lost = 0;
    failing(({ method }) => (method === 'POST' && lost++ === 0 ? 'lost' : undefined));
    expect((await run(host)).outcome).toEqual({ ok: true });
    expect(lost).toBe(1);
    expect(stateOf(host)).toHaveLength(1);
  });

  test('starts it again when the start surely never arrived', async () => {
    let cut = 0;
    failing(({ method }) => (method === 'POST' && cut++ === 0 ? 'reset' : undefined));
    expect((await run(host)).outcome).toEqual({ ok: true });
    expect(stateOf(host)).toHaveLength(1);
  });

  test('stops waiting at its deadline and leaves the run, which the next one waits for', async () => {
    const { outcome, outputs } = await run(host, { deadline: '5m', 'on-cancel': 'cancel' });
    expect(outcome).toMatchObject({ ok: false, kind: 'timeout' });
    expect(messageOf(outcome)).toContain('It goes on: https://');
    expect(outputs).toMatchObject({ outcome: 'running', started: 'true', url: expect.stringMatching(/^https:/) });
    expect(stateOf(host)[0]?.now).toBe('running');
    expect((await run(host)).outputs).toMatchObject({ outcome: 'succeeded', started: 'false' });
  });

  test.each([
    ['cancel', 'was asked to end', /^cancell?ed$/],
    ['leave', 'goes on: https://', /^running$/],
  ])('when it is cancelled itself and told to %s the run, it says that the run %s', async (choice, words, now) => {
    const { outcome, outputs } = await cancelledWhileWaiting(host, { 'on-cancel': choice });
    expect(outcome).toMatchObject({ ok: false, kind: 'cancelled' });
    expect(messageOf(outcome)).toContain(words);
    expect(outputs.url).toMatch(/^https:/);
    expect(stateOf(host)[0]?.now).toMatch(now);
  });

  test('finds nothing wrong with a run that ended while it was being cancelled', async () => {
    // Over by the time the cancel arrives, which both hosts refuse then.
    const { outcome } = await cancelledWhileWaiting(host, { 'on-cancel': 'cancel' }, ({ method, path }) => {
      if (method === 'PATCH' || /cancel$/.test(path)) runs.clock.set('2026-11-22T01:30:00Z');
      return undefined;
    });
    expect(messageOf(outcome)).toContain('was asked to end');
    expect(stateOf(host)[0]?.now).toMatch(/^succe/);
  });

  test('says so when the run could not be cancelled', async () => {
    const { outcome } = await cancelledWhileWaiting(host, { 'on-cancel': 'cancel' }, ({ method, path }) =>
      method === 'PATCH' || /cancel$/.test(path) ? { status: 403 } : undefined,
    );
    expect(outcome).toMatchObject({ kind: 'cancelled' });
    expect(messageOf(outcome)).toMatch(/could not be asked to end \(.*403.*\): https:/);
  });

  test('takes an unplanned change only with a reason, and marks the evidence with it', async () => {
    const without = await run(host, { unplanned: 'true' });
    expect(without.outcome).toMatchObject({ ok: false, kind: 'input' });
    expect(starts()).toEqual([]);
    const { outcome, shown } = await run(host, { unplanned: 'true', reason: 'PLAT-1401: pool is full' });
    expect(outcome).toEqual({ ok: true });
    expect(shown).toContain('Reason: PLAT-1401: pool is full');
    expect(shown).toContain('#### Unplanned change');
    expect((await run(host, { reason: 'PLAT-1401' })).outcome).toMatchObject({ kind: 'input' });
  });

  test('says which token is missing, and which is wrong', async () => {
    const name = `${host === 'github' ? 'github' : 'azure-devops'}-token`;
    const missing = await runs.run(task, { ...WHERE[host], tag: TAG, session: SESSION });
    expect(missing.outcome).toMatchObject({ kind: 'input' });
    expect(messageOf(missing.outcome)).toContain(`${name} is missing`);
    const wrong = await run(host, { [name]: 'wrong-token' });
    expect(wrong.outcome).toMatchObject({ kind: 'auth' });
    expect(messageOf(wrong.outcome)).toContain(name);
    expect(wrong.shown).not.toContain('wrong-token');
    expect(wrong.shown).not.toContain(Buffer.from(':wrong-token').toString('base64'));
  });

  test('says that a pipeline is not there', async () => {
    const { outcome } = await run(host, { pipeline: 'other.yml' });
    expect(outcome).toMatchObject({ kind: 'input' });
    expect(messageOf(outcome)).toMatch(/has no (workflow|pipeline) other\.yml/);
  });
});

describe('run-pipeline on GitHub', () => {
  test('asks for the whole ref of the tag, as GitHub takes a branch of that name before it', async () => {
    await run('github', { wait: 'false' });
    expect(stateOf('github')[0]?.asked).toBe(`refs/tags/${TAG}`);
  });

  test.each([
    ['tells no run ids', { 'tells-runs': false }],
    ['refuses to be asked for run ids', { 'knows-run-details': false, 'tells-runs': false }],
    ['lists a run only after a while', { 'tells-runs': false, 'lists-after': 20 }],
  ])('finds the run by its name on a server that %s', async (_, seed) => {
    world({ github: { ...seed } });
    const repositories = [
      {
        name: 'example-org/gateway',
        tags: { [TAG]: COMMIT },
        workflows: [{ file: 'deploy.yml', takes: 60 }],
      },
    ];
    world({ github: { ...seed, repositories } });
    const { outcome, outputs } = await run('github');
    expect(outcome).toEqual({ ok: true });
    expect(outputs).toMatchObject({ outcome: 'succeeded', 'run-id': '9001' });
    expect(stateOf('github')).toHaveLength(1);
  });

  test('finds a run that was lost and is listed late, without starting another', async () => {
    world({ github: { 'lists-after': 20 } });
    let lost = 0;
    failing(({ method }) => (method === 'POST' && lost++ === 0 ? 'lost' : undefined));
    expect((await run('github')).outcome).toEqual({ ok: true });
    expect(stateOf('github')).toHaveLength(1);
  });

  test.each([
    ['has no correlation input', { inputs: {} }, 'has no input correlation-id, by which its run is found again'],
    ['does not show the correlation', { 'run-name': 'Deploy' }, 'does not show its input correlation-id in run-name'],
    ['cannot be dispatched', { dispatchable: false }, 'has no trigger workflow_dispatch'],
    ['is disabled', { state: 'disabled_manually' as const }, 'is disabled manually'],
    ['is no YAML', { content: 'on: [unclosed' }, 'is not YAML'],
  ])('explains before it starts anything that a workflow %s', async (_, workflow, words) => {
    world({ workflow });
    const { outcome } = await run('github');
    expect(outcome).toMatchObject({ ok: false, kind: 'refused' });
    expect(messageOf(outcome)).toContain(words);
    expect(starts()).toEqual([]);
  });

  test('names unknown and missing inputs together', async () => {
    world({ workflow: { inputs: { 'correlation-id': {}, environment: { required: true } } } });
    const { outcome } = await run('github', { inputs: 'enviroment: production' });
    expect(messageOf(outcome)).toContain('has no input enviroment.');
    expect(messageOf(outcome)).toContain('requires the input environment.');
    expect((await run('github', { inputs: 'environment: production' })).outcome).toEqual({ ok: true });
    expect(stateOf('github')[0]?.inputs).toMatchObject({ environment: 'production' });
  });

  test('passes the correlation in the input it is told', async () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: an expression of GitHub's
    world({ workflow: { inputs: { run_key: {} }, 'run-name': '${{ inputs.run_key }}' } });
    const { outputs } = await run('github', { 'correlation-input': 'run_key' });
    expect(stateOf('github')[0]).toMatchObject({
      title: outputs.correlation,
      inputs: { run_key: outputs.correlation },
    });
  });

  test('reaches a GitHub Enterprise Server', async () => {
    world({ github: { host: 'github.example.com', prefix: '/api/v3', 'knows-run-details': false } });
    const { outcome } = await run('github', { 'api-url': 'https://github.example.com/api/v3' });
    expect(outcome).toEqual({ ok: true });
    expect(runs.calls().every((call) => call.includes('github.example.com/api/v3'))).toBe(true);
  });
});

describe('run-pipeline on Azure DevOps', () => {
  test('finds the run by its parameter when whoever started it died before it was tagged', async () => {
    failing(({ method, path }) => (method === 'PUT' && path.includes('/tags/') ? { status: 403 } : undefined));
    expect((await run('azure-devops')).outcome).toMatchObject({ ok: false });
    expect(stateOf('azure-devops')[0]?.tags).toEqual([]);
    failing(() => undefined);
    expect((await run('azure-devops')).outputs).toMatchObject({ started: 'false', outcome: 'succeeded' });
    expect(stateOf('azure-devops')).toHaveLength(1);
  });

  test('explains that the pipeline has no parameter for the correlation', async () => {
    world({ pipeline: { parameters: {} } });
    const { outcome } = await run('azure-devops');
    expect(outcome).toMatchObject({ kind: 'input' });
    expect(messageOf(outcome)).toMatch(
      /Unexpected parameter 'correlationId'.*must be declared there, the correlation/s,
    );
    expect(stateOf('azure-devops')).toEqual([]);
  });

  test('sets template parameters and variables', async () => {
    world({ pipeline: { parameters: { correlationId: {}, environment: {} }, variables: ['RING'] } });
    await run('azure-devops', { inputs: 'environment: production', variables: 'RING: one' });
    expect(stateOf('azure-devops')[0]).toMatchObject({
      parameters: { environment: 'production' },
      variables: { RING: 'one' },
    });
  });

  test('tells pipelines of one name apart by their folder', async () => {
    const pipelines = [
      { id: 1, name: 'deploy', folder: '\\hub', repository: 'gateway' },
      { id: 2, name: 'deploy', folder: '\\platform\\gateway', repository: 'gateway', takes: 0 },
    ];
    world({ azure: { pipelines } });
    const both = await run('azure-devops');
    expect(messageOf(both.outcome)).toContain('\\hub\\deploy (1), \\platform\\gateway\\deploy (2)');
    const { outcome } = await run('azure-devops', { pipeline: 'platform/gateway/deploy' });
    expect(outcome).toEqual({ ok: true });
    expect((await run('azure-devops', { pipeline: '1', wait: 'false' })).outcome).toEqual({ ok: true });
  });

  test.each([
    ['is paused', { 'queue-status': 'paused' as const }, 'refused', 'is paused: its run would wait'],
    ['is disabled', { 'queue-status': 'disabled' as const }, 'refused', 'is disabled'],
    ['has its code elsewhere', { 'repository-type': 'GitHub' as const }, 'input', 'is not in Azure Repos'],
  ])('refuses a pipeline that %s', async (_, pipeline, kind, words) => {
    world({ pipeline });
    const { outcome } = await run('azure-devops');
    expect(outcome).toMatchObject({ kind });
    expect(messageOf(outcome)).toContain(words);
    expect(stateOf('azure-devops')).toEqual([]);
  });

  test('takes a sign-in page for what it is', async () => {
    world({ azure: { 'expired-token': true } });
    const { outcome } = await run('azure-devops');
    expect(outcome).toMatchObject({ kind: 'auth' });
    expect(messageOf(outcome)).toContain('did not accept the token (203)');
  });

  test('shows the token in no form, whatever the other side says again', async () => {
    const answer = (request: StandInRequest) =>
      request.method === 'POST'
        ? { status: 400, body: { message: `You sent ${request.headers.authorization}` } }
        : azure.answer(request);
    runs.use([{ ...azure, answer }]);
    const { outcome, shown } = await run('azure-devops');
    expect(messageOf(outcome)).toContain('You sent Basic ***');
    expect(shown).not.toContain(Buffer.from(`:${TOKENS['azure-devops-token']}`).toString('base64'));
  });

  test('sends a JSON web token as it is', async () => {
    const token = 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZ2VudCJ9.c2lnbmF0dXJl';
    world({ azure: { token } });
    expect((await run('azure-devops', { 'azure-devops-token': token })).outcome).toEqual({ ok: true });
  });
});

describe.each(['github', 'azure-devops'] as const)('what a session left running on %s', (host) => {
  test('is what it started and did not end, and nothing of other sessions', async () => {
    await run(host, { wait: 'false' });
    await run(host, { wait: 'false', attempt: '2' });
    await run(host, { wait: 'false', session: OTHER });
    const find = () =>
      inContext((context) => findRunning(context, { ...ACCESS, targets: [TARGETS[host]], session: SESSION }));
    const left = await find();
    expect(left).toHaveLength(2);
    expect(left[0]).toMatchObject({ session: SESSION, what: expect.stringMatching(/^deploy\S* of .* is .*: https:/) });
    await run(host);
    expect(await find()).toEqual([]);
  });
});

describe('the check of tags', () => {
  test('gives the commits of tags that are fine, and every problem of the others', async () => {
    const targets = [
      { ...WHERE.github, tag: TAG },
      { ...WHERE['azure-devops'], tag: TAG },
      { ...WHERE.github, tag: 'v9' },
      { ...WHERE['azure-devops'], tag: 'both' },
      { ...WHERE.github, repository: 'example-org/other', tag: TAG },
    ];
    const { problems, tags } = await inContext((context) => checkTags(context, { ...ACCESS, targets }));
    expect(tags.map(({ target, commit }) => [target.host, commit])).toEqual([
      ['github', COMMIT],
      ['azure-devops', COMMIT],
    ]);
    expect(problems).toEqual([
      expect.stringContaining('example-org/gateway has no tag v9'),
      expect.stringContaining('both is a tag and a branch'),
      expect.stringContaining('example-org/other has no tag'),
    ]);
    const without = await inContext((context) => checkTags(context, { targets, access: {} }));
    expect(without.problems).toHaveLength(5);
  });
});

/** A task's context, as far as looking needs one. */
async function inContext<Result>(
  look: (context: { http: Http; keepSecret: () => void }) => Promise<Result>,
): Promise<Result> {
  const http = createHttp({
    clock: runs.clock,
    signal: new AbortController().signal,
    deadline: new Date(runs.clock.now().getTime() + 60_000),
    userAgent: 'test',
    debug: () => {},
    info: () => {},
    environment: process.env,
  });
  try {
    return await look({ http, keepSecret: () => {} });
  } finally {
    http.close();
  }
}

/** As a host cancels a step: by a signal, here at the second look at the run. */
async function cancelledWhileWaiting(
  host: HostName,
  inputs: Record<string, string>,
  fault: (call: CallStart) => Fault | undefined = () => undefined,
) {
  let looks = 0;
  failing((call) => {
    const isLook = call.method === 'GET' && /\/(actions\/runs|build\/builds)\/\d+(\?|$)/.test(call.path);
    if (isLook && ++looks === 2) process.emit('SIGTERM', 'SIGTERM');
    return fault(call);
  });
  const ended = await run(host, inputs);
  expect(looks).toBeGreaterThan(1);
  return ended;
}
