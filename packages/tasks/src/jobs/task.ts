import { choice, defineTask, sessionInputs, yaml, yamlFile } from '@maintenance-tasks/core';
import { azureAccess, kubernetesAccess, pipelineTokens, rundeckToken } from '../credentials.ts';

export default defineTask({
  name: 'jobs',
  azure: { id: '8f0d2f6b-5b0e-4c57-9d52-3e1f7b8a6c14', category: 'Utility' },
  summary:
    'Pauses scheduled jobs (Kubernetes CronJobs, Data Factory triggers, Azure DevOps pipelines, GitHub workflows, Rundeck, any scheduler with a command), waits until they are idle, and resumes exactly what it paused.',
  needs: {
    Kubernetes: [
      'batch/cronjobs: get, list, patch',
      'batch/cronjobs/status: patch (so that runs missed meanwhile are not made up)',
      'batch/jobs: list',
    ],
    'Azure Data Factory': [
      'Microsoft.DataFactory/factories/triggers/read',
      'Microsoft.DataFactory/factories/triggers/start/action',
      'Microsoft.DataFactory/factories/triggers/stop/action',
      'Microsoft.DataFactory/factories/querypipelineruns/action',
      'Microsoft.Resources/tags/read and write on the factory (role Tag Contributor)',
    ],
    'Azure DevOps': ['Build (read and execute)', 'Edit build pipeline on the paused pipelines'],
    GitHub: ['Actions: read and write'],
    Rundeck: ['read on the jobs', 'toggle_schedule or toggle_execution on the jobs'],
  },
  mutates: true,
  inputs: {
    state: choice(['pause', 'resume', 'status', 'wait-idle'], {
      required: true,
      describe:
        'pause them, resume what this session paused, only look (status), or wait until nothing of them runs any more (wait-idle; pausing does not stop what runs).',
    }),
    jobs: yaml(async () => (await import('./schema.ts')).jobsSchema, {
      describe: 'Which jobs of which scheduler: a YAML list, as the part jobs of the window file.',
      example:
        '- { kind: kubernetes, namespace: shop, cronjobs: [nightly-export] }\n- { kind: github, repository: example-org/shop, workflows: [nightly.yml] }',
    }),
    'window-file': yamlFile(async () => (await import('../window/schema.ts')).windowSchema, {
      describe: 'Instead of jobs: the window file, whose part jobs says which they are.',
      example: 'maintenance-window.yaml',
    }),
    ...kubernetesAccess,
    ...azureAccess,
    ...pipelineTokens,
    'rundeck-token': rundeckToken,
    ...sessionInputs,
  },
  outputs: {
    paused: 'The jobs that this session holds paused after this run, one a line.',
    'left-alone': 'The jobs that somebody else had paused before, one a line: resume leaves them as they are.',
    running: 'What still runs of the jobs, one a line (status, wait-idle).',
    changed: 'Whether this run changed anything: true or false.',
  },
  async run({ inputs, ...context }) {
    const { state, session } = inputs;
    const { partOf } = await import('../window/part.ts');
    const jobs = partOf('jobs', inputs.jobs, inputs['window-file']);
    const { jobsAccessOf } = await import('./access.ts');
    const scope = { session, jobs, access: jobsAccessOf(inputs), evidence: inputs.evidence };
    if (state === 'status' || state === 'wait-idle') {
      const { jobsStatus, waitUntilIdle } = await import('./idle.ts');
      return asOutputs(await (state === 'status' ? jobsStatus : waitUntilIdle)(context, scope));
    }
    const { pauseJobs } = await import('./pause.ts');
    const { resumeJobs } = await import('./resume.ts');
    return asOutputs(
      await (state === 'pause' ? pauseJobs : resumeJobs)(context, { ...scope, dryRun: inputs['dry-run'] }),
    );
  },
});

function asOutputs(result: {
  readonly paused: readonly string[];
  readonly leftAlone: readonly string[];
  readonly running?: readonly string[];
  readonly changed: boolean;
}) {
  return {
    paused: result.paused.join('\n'),
    'left-alone': result.leftAlone.join('\n'),
    running: (result.running ?? []).join('\n'),
    changed: String(result.changed),
  };
}
