import { describe, expect, test } from 'vitest';
import type { StandIn } from '../stand-in.ts';
import { azureDevopsStandIn } from './azure-devops.ts';
import { githubStandIn } from './github.ts';

const COMMIT = '1'.repeat(40);
const OTHER = '2'.repeat(40);
const refs = {
  branches: { main: OTHER, both: OTHER },
  tags: { v1: { commit: COMMIT, annotated: true } as const, 'v1.1': COMMIT, both: COMMIT },
};

function clockAt(start: string) {
  let at = Date.parse(start);
  const pass = (seconds: number) => {
    at += seconds * 1_000;
  };
  return { now: () => new Date(at), pass };
}

function asking(standIn: StandIn, root: string, headers: Record<string, string>) {
  return async (method: string, path: string, body?: unknown) => {
    const url = new URL(`${root}${path}`);
    const connectedTo = { host: url.hostname, port: 443 };
    const sent = Buffer.from(body === undefined ? '' : JSON.stringify(body));
    const answer = await standIn.answer({ method, url, connectedTo, headers, body: sent });
    return { status: answer.status, body: answer.body as Record<string, unknown> };
  };
}

describe('the stand-in for GitHub', () => {
  function world(seed: Partial<Parameters<typeof githubStandIn>[0]> = {}) {
    const clock = clockAt('2026-11-22T00:30:00Z');
    const workflows = [{ file: 'deploy.yml', takes: 60, 'fails-in': ['check'] }];
    const github = githubStandIn({ repositories: [{ name: 'o/r', ...refs, workflows }], ...seed }, clock);
    const ask = asking(github, 'https://api.github.com/repos/o/r', { authorization: 'Bearer github-token' });
    const dispatch = (body: object) => ask('POST', '/actions/workflows/deploy.yml/dispatches', body);
    return { clock, github, ask, dispatch };
  }

  test('refuses unknown refs, inputs and fields in the words of the real one', async () => {
    const { dispatch, github } = world();
    expect(await dispatch({ ref: 'v2' })).toMatchObject({ status: 422, body: { message: 'No ref found for: v2' } });
    expect(await dispatch({ ref: COMMIT })).toMatchObject({ status: 422 });
    expect(await dispatch({ ref: 'v1', inputs: { x: '1' } })).toMatchObject({
      status: 422,
      body: { message: 'Unexpected inputs provided: ["x"]' },
    });
    expect((await dispatch({ ref: 'v1', wait: true })).status).toBe(400);
    expect(github.state()).toMatchObject({ runs: [] });
  });

  test('takes a branch before a tag of the same name, unless the ref is whole', async () => {
    const { dispatch, github } = world();
    await dispatch({ ref: 'both' });
    await dispatch({ ref: 'refs/tags/both' });
    expect(github.state()).toMatchObject({
      runs: [{ at: `refs/heads/both (${OTHER})` }, { at: `refs/tags/both (${COMMIT})` }],
    });
  });

  test('tells the run’s id only when asked to, and only if it knows how', async () => {
    expect(await world().dispatch({ ref: 'v1' })).toMatchObject({ status: 204 });
    const told = await world().dispatch({ ref: 'v1', return_run_details: true });
    expect(told).toMatchObject({ status: 200, body: { workflow_run_id: 9_001 } });
    const old = world({ 'knows-run-details': false });
    expect((await old.dispatch({ ref: 'v1', return_run_details: true })).status).toBe(400);
  });

  test('runs for its time, then ends as it shall, and cannot be cancelled any more', async () => {
    const { ask, dispatch, clock, github } = world();
    await dispatch({ ref: 'v1', inputs: { 'correlation-id': 'mw-202611220230-k7qx-1f0c9a2e' } });
    expect((await ask('GET', '/actions/runs/9001')).body).toMatchObject({ status: 'queued', conclusion: null });
    expect(github.leftovers()).toHaveLength(1);
    clock.pass(61);
    expect((await ask('GET', '/actions/runs/9001')).body).toMatchObject({ status: 'completed', conclusion: 'failure' });
    expect((await ask('POST', '/actions/runs/9001/cancel')).status).toBe(409);
    expect(github.leftovers()).toEqual([]);
  });

  test('gives an annotated tag as an object of its own, and no tag for a part of its name', async () => {
    const { ask } = world();
    const { object } = (await ask('GET', '/git/ref/tags/v1')).body as { object: { type: string; sha: string } };
    expect(object.type).toBe('tag');
    expect((await ask('GET', `/git/tags/${object.sha}`)).body).toMatchObject({
      object: { type: 'commit', sha: COMMIT },
    });
    expect((await ask('GET', '/git/ref/tags/v')).status).toBe(404);
  });

  test('knows only its token', async () => {
    const { github } = world();
    const ask = asking(github, 'https://api.github.com/repos/o/r', { authorization: 'Bearer other' });
    expect((await ask('GET', '/git/ref/tags/v1')).status).toBe(401);
  });
});

describe('the stand-in for Azure DevOps', () => {
  const authorization = `Basic ${Buffer.from(':azure-devops-token').toString('base64')}`;
  function world(seed: Partial<Parameters<typeof azureDevopsStandIn>[0]> = {}, headers = { authorization }) {
    const clock = clockAt('2026-11-22T00:30:00Z');
    const pipelines = [{ id: 42, name: 'deploy', repository: 'r', takes: 60, variables: ['RING'] }];
    const azure = azureDevopsStandIn({ repositories: [{ name: 'r', ...refs }], pipelines, ...seed }, clock);
    const ask = asking(azure, 'https://dev.azure.com/example-org/platform/_apis', headers);
    const start = (ref: string, more: object = {}, version?: string) =>
      ask('POST', '/pipelines/42/runs?api-version=7.1', {
        resources: { repositories: { self: { refName: ref, ...(version && { version }) } } },
        ...more,
      });
    return { clock, azure, ask, start };
  }

  test('refuses refs, parameters and variables that the pipeline does not have', async () => {
    const { start, azure } = world();
    expect((await start('refs/tags/v2')).body.message).toContain('The remote reference refs/tags/v2 was not found');
    expect((await start('refs/tags/v1', {}, OTHER)).status).toBe(400);
    expect((await start('refs/tags/v1', { templateParameters: { x: '1' } })).body.message).toBe(
      "Unexpected parameter 'x'",
    );
    expect((await start('refs/tags/v1', { variables: { X: { value: '1' } } })).body.message).toContain(
      'Settable at queue',
    );
    expect(azure.state()).toMatchObject({ runs: [] });
  });

  test('tells parameters of one run only, never in its list', async () => {
    const { ask, start } = world();
    await start('refs/tags/v1', { templateParameters: { correlationId: 'x' } }, COMMIT);
    const list = await ask('GET', '/build/builds?definitions=42&api-version=7.1');
    expect(list.body).toMatchObject({ value: [{ id: 7_001, sourceBranch: 'refs/tags/v1', sourceVersion: COMMIT }] });
    expect(JSON.stringify(list.body)).not.toContain('correlationId');
    const one = await ask('GET', '/pipelines/42/runs/7001?api-version=7.1');
    expect(one.body).toMatchObject({ templateParameters: { correlationId: 'x' } });
  });

  test('peels annotated tags only when asked to, and filters by the beginning', async () => {
    const { ask } = world();
    const path = '/git/repositories/repo-r/refs?filter=tags/v1&api-version=7.1';
    const plain = (await ask('GET', path)).body.value as { name: string; peeledObjectId?: string }[];
    expect(plain.map(({ name }) => name)).toEqual(['refs/tags/v1', 'refs/tags/v1.1']);
    expect(plain[0]).not.toHaveProperty('peeledObjectId');
    const peeled = (await ask('GET', `${path}&peelTags=true`)).body.value as { peeledObjectId?: string }[];
    expect(peeled.map(({ peeledObjectId }) => peeledObjectId)).toEqual([COMMIT, undefined]);
  });

  test('cannot cancel what has ended, and wants its version in every call', async () => {
    const { ask, start, clock } = world();
    await start('refs/tags/v1');
    clock.pass(61);
    expect((await ask('PATCH', '/build/builds/7001?api-version=7.1', { status: 'cancelling' })).status).toBe(400);
    expect((await ask('GET', '/build/builds/7001')).status).toBe(400);
  });

  test('shows a sign-in page to whoever it does not know and who does not ask to be refused', async () => {
    const path = '/build/definitions/42?api-version=7.1';
    expect((await world({}, { authorization: 'Basic x' }).ask('GET', path)).status).toBe(203);
    const suppressing = { authorization: 'Basic x', 'x-tfs-fedauthredirect': 'Suppress' };
    expect((await world({}, suppressing).ask('GET', path)).status).toBe(401);
  });
});
