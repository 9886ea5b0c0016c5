import type { CrashScenario, States } from '@maintenance-tasks/rehearsal/crash-matrix';
import { azureDevopsStandIn } from '@maintenance-tasks/rehearsal/stand-ins/azure-devops';
import { azureManagementStandIn } from '@maintenance-tasks/rehearsal/stand-ins/azure-management';
import { dataFactoryStandIn } from '@maintenance-tasks/rehearsal/stand-ins/data-factory';
import { entraIdStandIn } from '@maintenance-tasks/rehearsal/stand-ins/entra-id';
import { githubStandIn } from '@maintenance-tasks/rehearsal/stand-ins/github';
import { kubernetesStandIn } from '@maintenance-tasks/rehearsal/stand-ins/kubernetes';
import { rundeckStandIn } from '@maintenance-tasks/rehearsal/stand-ins/rundeck';
import { SESSION } from './world.ts';

const TENANT = '11111111-1111-4111-8111-111111111111';
const CLIENT = '22222222-2222-4222-8222-222222222222';
const SUBSCRIPTION = '33333333-3333-4333-8333-333333333333';
const BACKUP = '44444444-4444-4444-8444-444444444444';
const secrets = {
  'kubernetes-token': 'rehearsal-kubernetes-token',
  'azure-client-secret': 'rehearsal-azure-client-secret',
  'azure-devops-token': 'rehearsal-azure-devops-token',
  'github-token': 'rehearsal-github-token',
  'rundeck-token': 'rehearsal-rundeck-token',
};
const inputs = {
  ...secrets,
  'kubernetes-server': 'https://k8s.example.com:6443',
  'azure-tenant-id': TENANT,
  'azure-client-id': CLIENT,
  session: SESSION,
};

/** What carries its note with it: from any state that a lost run leaves, any other run finds it. */
const noted = `
- { kind: kubernetes, namespace: shop, cronjobs: [export, held] }
- { kind: data-factory, subscription: ${SUBSCRIPTION}, resource-group: data, factory: shop-data, triggers: [nightly, off] }
- { kind: azure-devops, organization: example-org, project: platform, pipelines: [12, 13] }
`;
/** What the journal remembers: a run that is lost takes it along where its folder is lost. */
const journalled = `
- { kind: github, repository: example-org/shop, workflows: [nightly.yml, off.yml] }
- { kind: rundeck, url: "https://rundeck.example.com", project: operations, jobs: [${BACKUP}] }
`;
const JOURNAL = {
  format: 1,
  session: SESSION,
  number: 1,
  event: 'paused',
  jobs: ['github example-org/shop nightly.yml', `rundeck rundeck.example.com operations ${BACKUP} schedule`],
};

const notedWorld: CrashScenario['world'] = (time) => [
  kubernetesStandIn(
    {
      tokens: [{ token: secrets['kubernetes-token'] }],
      namespaces: {
        shop: {
          cronjobs: [
            { name: 'export', schedule: '0 3 1 1 *' },
            { name: 'held', suspend: true },
          ],
        },
      },
    },
    time,
  ),
  azureManagementStandIn([
    dataFactoryStandIn(
      {
        factories: [
          {
            name: 'shop-data',
            subscription: SUBSCRIPTION,
            'resource-group': 'data',
            tenant: TENANT,
            triggers: [{ name: 'nightly' }, { name: 'off', state: 'Stopped' }],
          },
        ],
      },
      time,
    ),
  ]),
  entraIdStandIn(
    { tenants: [{ id: TENANT, applications: [{ id: CLIENT, secret: secrets['azure-client-secret'] }] }] },
    time,
  ),
  azureDevopsStandIn(
    {
      token: secrets['azure-devops-token'],
      pipelines: [
        { id: 12, name: 'nightly', repository: 'platform', description: 'Nightly build.' },
        { id: 13, name: 'retired', repository: 'platform', 'queue-status': 'disabled' },
      ],
    },
    time,
  ),
];

const journalledWorld: CrashScenario['world'] = (time) => [
  githubStandIn(
    {
      token: secrets['github-token'],
      repositories: [
        {
          name: 'example-org/shop',
          workflows: [{ file: 'nightly.yml' }, { file: 'off.yml', state: 'disabled_manually' }],
        },
      ],
    },
    time,
  ),
  rundeckStandIn({ token: secrets['rundeck-token'], jobs: [{ id: BACKUP, name: 'backup' }] }, time),
];

/** Everything but who was asked for tokens how often. */
function view({ Kubernetes, Azure, 'Azure DevOps': devops, GitHub, Rundeck }: States): unknown {
  return { Kubernetes, Azure, devops, GitHub, Rundeck };
}

const task = 'jobs';
const pause = (jobs: string) => ({ task, inputs: { ...inputs, jobs, state: 'pause' } });
const resume = (jobs: string) => ({ task, inputs: { ...inputs, jobs, state: 'resume' } });

const scenarios: CrashScenario[] = [
  { name: 'jobs pause', ...pause(noted), world: notedWorld, view, sweep: resume(noted) },
  { name: 'jobs resume', ...resume(noted), before: [pause(noted)], world: notedWorld, view, sweep: resume(noted) },
  { name: 'jobs pause, by the journal', ...pause(journalled), world: journalledWorld, view },
  {
    name: 'jobs resume, by the journal',
    ...resume(journalled),
    before: [pause(journalled)],
    files: { [`maintenance-evidence/jobs-journal-${SESSION}-00000000.json`]: JSON.stringify(JOURNAL) },
    world: journalledWorld,
    view,
  },
];
export default scenarios;
