import { expect, it } from 'vitest';
import { compareRuns } from './parity.ts';
import type { Call } from './proxy.ts';
import type { HostRun, StepRun } from './run-record.ts';

function run(host: 'github' | 'azure', calls: string[], task = 'notify', result = 'succeeded'): HostRun {
  const step = { key: 's/1', kind: 'task', task, title: 'Tell', result } as unknown as StepRun;
  return {
    host,
    stages: [{ jobs: [{ steps: [step] }] }],
    calls: calls.map((call) => {
      const [method, address] = call.split(' ') as [string, string];
      const slash = address.indexOf('/');
      return { step: 's/1', method, host: address.slice(0, slash), path: address.slice(slash) } as unknown as Call;
    }),
  } as unknown as HostRun;
}

const differences = (left: string[], right: string[]) =>
  compareRuns(run('github', left), run('azure', right))[0]?.differences;

it.each([
  ['the same calls', ['GET a/x', 'POST a/y'], ['GET a/x', 'POST a/y']],
  ['reads in another order', ['GET a/1', 'GET a/2'], ['GET a/2', 'GET a/1']],
  [
    'writes to different systems in another order: they are told at once',
    ['POST a/', 'POST b/'],
    ['POST b/', 'POST a/'],
  ],
  [
    'two objects of a cluster the other way round',
    ['PATCH k/apis/batch/v1/namespaces/shop/cronjobs/a/status', 'PATCH k/apis/batch/v1/namespaces/shop/cronjobs/b'],
    ['PATCH k/apis/batch/v1/namespaces/shop/cronjobs/b', 'PATCH k/apis/batch/v1/namespaces/shop/cronjobs/a/status'],
  ],
  [
    'another session, another id',
    ['PUT a/mw-202611221200-abcd/0a1b2c3d-0000-4000-8000-000000000001'],
    ['PUT a/mw-202611221200-wxyz/0a1b2c3d-0000-4000-8000-000000000002'],
  ],
  ['each host’s own token service', ['GET run.actions.githubusercontent.com/t'], ['POST vstoken.dev.azure.com/t']],
])('takes for the same: %s', (_what, left, right) => {
  expect(differences(left, right)).toEqual([]);
});

it.each([
  ['a call that only one makes', ['GET a/x', 'DELETE a/y'], ['GET a/x'], ['DELETE a/y: 1 × on github, 0 × on azure']],
  ['a call that one makes more often', ['GET a/x', 'GET a/x'], ['GET a/x'], ['GET a/x: 2 × on github, 1 × on azure']],
  [
    'writes to one object of a cluster in another order',
    ['PATCH k/apis/batch/v1/namespaces/shop/cronjobs/a/status', 'PATCH k/apis/batch/v1/namespaces/shop/cronjobs/a'],
    ['PATCH k/apis/batch/v1/namespaces/shop/cronjobs/a', 'PATCH k/apis/batch/v1/namespaces/shop/cronjobs/a/status'],
    [
      'in another order: PATCH k/apis/batch/v1/namespaces/shop/cronjobs/a/status on github, PATCH k/apis/batch/v1/namespaces/shop/cronjobs/a on azure',
    ],
  ],
  [
    'writes to one system in another order',
    ['PUT a/1', 'PUT a/2'],
    ['PUT a/2', 'PUT a/1'],
    ['in another order: PUT a/1 on github, PUT a/2 on azure'],
  ],
])('shows %s', (_what, left, right, expected) => {
  expect(differences(left, right)).toEqual(expected);
});

it('shows another result, another task, and a step that one host lacks', () => {
  expect(compareRuns(run('github', []), run('azure', [], 'notify', 'failed'))[0]?.differences).toEqual([
    'succeeded on github, failed on azure',
  ]);
  expect(compareRuns(run('github', []), run('azure', [], 'sweep'))[0]).toMatchObject({
    same: false,
    differences: ['github runs notify here, azure sweep'],
  });
  expect(compareRuns(run('github', []), { ...run('azure', []), stages: [] })[0]?.same).toBe(false);
});
