import type { CrashScenario, States } from '@maintenance-tasks/rehearsal/crash-matrix';
import { azureDevopsStandIn } from '@maintenance-tasks/rehearsal/stand-ins/azure-devops';
import { githubStandIn } from '@maintenance-tasks/rehearsal/stand-ins/github';
import { SESSION } from './world.ts';

const COMMIT = '1'.repeat(40);
const refs = { branches: { main: '2'.repeat(40) }, tags: { 'v1.0': { commit: COMMIT, annotated: true } as const } };
const course = { takes: 0, artifacts: ['plan'] };
const tokens = { 'github-token': 'rehearsal-github-token', 'azure-devops-token': 'rehearsal-azure-devops-token' };

/** Started once, whatever happened: twice would be there twice. */
function startedRuns(states: States): unknown {
  return Object.values(states).map((state) =>
    (state as { runs: { of: string; at: string }[] }).runs.map(({ of, at }) => `${of} at ${at}`),
  );
}

const scenarios: CrashScenario[] = [
  {
    name: 'run-pipeline on GitHub',
    task: 'run-pipeline',
    inputs: {
      host: 'github',
      repository: 'example-org/gateway',
      pipeline: 'deploy.yml',
      tag: 'v1.0',
      session: SESSION,
      ...tokens,
    },
    world: (time) => [
      githubStandIn(
        {
          token: tokens['github-token'],
          repositories: [{ name: 'example-org/gateway', ...refs, workflows: [{ file: 'deploy.yml', ...course }] }],
        },
        time,
      ),
    ],
    view: startedRuns,
  },
  {
    name: 'run-pipeline on Azure DevOps',
    task: 'run-pipeline',
    inputs: {
      host: 'azure-devops',
      repository: 'example-org/platform',
      pipeline: 'deploy',
      tag: 'v1.0',
      session: SESSION,
      ...tokens,
    },
    world: (time) => [
      azureDevopsStandIn(
        {
          token: tokens['azure-devops-token'],
          repositories: [{ name: 'gateway', ...refs }],
          pipelines: [{ id: 42, name: 'deploy', repository: 'gateway', ...course }],
        },
        time,
      ),
    ],
    view: startedRuns,
  },
];
export default scenarios;
