import {
  boolean,
  choice,
  defineTask,
  duration,
  integer,
  list,
  map,
  sessionInputs,
  text,
} from '@maintenance-tasks/core';
import { pipelineTokens } from '../credentials.ts';
import { unplannedInputs } from '../unplanned.ts';

export default defineTask({
  name: 'run-pipeline',
  azure: { id: '1dcce33b-0e81-4c6b-8991-121cc36230b2', category: 'Deploy' },
  summary:
    'Starts another repository’s pipeline at an exact tag, on GitHub or Azure DevOps, once in a session, and waits for its outcome.',
  needs: {
    GitHub: ['Contents: read', 'Actions: read and write'],
    'Azure DevOps': ['Code (read)', 'Build (read and execute)'],
  },
  mutates: true,
  inputs: {
    host: choice(['github', 'azure-devops'], { required: true, describe: 'Where the other pipeline runs.' }),
    repository: text({
      required: true,
      describe: 'On GitHub: owner/name. On Azure DevOps: organization/project.',
      example: 'example-org/app-gateway',
      pattern: /^[^/\s][^/]*\/[^/]*[^/\s]$/,
      patternMeans: 'of the form owner/name or organization/project',
    }),
    pipeline: text({
      required: true,
      describe:
        'On GitHub: the workflow’s file name. On Azure DevOps: the pipeline’s id or name, with its folders where the name is there more than once.',
      example: 'deploy.yml',
    }),
    tag: text({
      required: true,
      describe:
        'The tag to run it at, exactly. A tag that does not exist, or has the name of a branch as well, is refused.',
      example: 'platform-0/2.102.0',
    }),
    'tag-commit': text({
      describe:
        'The commit that the tag stood for when the plan was approved; a tag that moved since is refused. Left out, only moves while this task runs are noticed.',
      pattern: /^[0-9a-f]{40}$/,
      patternMeans: 'the full id of a commit (40 characters)',
    }),
    'tag-commits': list({
      describe:
        'Instead of tag-commit: all tags of the plan, as pre-maintenance gave them out. A tag that is not among them was not approved, and is only run with unplanned.',
      example: 'example-org/app-gateway platform-0/2.102.0 1b2c…',
      pattern: /^\S+ \S+ [0-9a-f]{40}$/,
      patternMeans: 'a repository, a tag and a commit',
    }),
    inputs: map({
      describe: 'Inputs of the workflow, or template parameters of the Azure pipeline: name: value, one a line.',
      example: 'environment: production',
    }),
    variables: map({
      describe: 'Azure DevOps only: variables that the pipeline lets be set at queue time: name: value, one a line.',
    }),
    'correlation-input': text({
      describe:
        'Input (or template parameter) of the other pipeline that receives the correlation, by which the run is found again instead of started twice. Unless told, correlation-id on GitHub, where the workflow must show it by run-name, and correlationId on Azure DevOps.',
      pattern: /^[A-Za-z_][A-Za-z0-9_-]*$/,
      patternMeans: 'the name of an input',
    }),
    attempt: integer({
      default: '1',
      min: 1,
      max: 99,
      describe: 'Raise it to start the same once more in the same session; otherwise the run that is there is taken.',
    }),
    wait: boolean({ default: 'true', describe: 'Wait for the outcome. A run that fails then fails this task.' }),
    'on-cancel': choice(['leave', 'cancel'], {
      default: 'leave',
      describe:
        'What becomes of the other run when this one is cancelled while it waits. At its deadline it is always left.',
    }),
    ...unplannedInputs,
    'api-url': text({
      describe:
        'Address of the API where it is not the public one: https://github.example.com/api/v3 of a GitHub Enterprise Server, https://devops.example.com/tfs of an Azure DevOps Server (the organization is then the collection).',
      pattern: /^https:\/\/[^\s?#@]+$/,
      patternMeans: 'an https address without user, query or fragment',
    }),
    ...pipelineTokens,
    ...sessionInputs,
    deadline: duration({
      default: '1h',
      describe: 'When to give up, counted from the start of the task. Run it again to go on waiting for the same run.',
    }),
  },
  outputs: {
    'run-id': 'Id of the run.',
    url: 'Where a person can look at the run.',
    outcome: 'succeeded, failed or cancelled; running where it was not waited for.',
    commit: 'The commit that the tag stands for.',
    correlation: 'The value by which the run is found.',
    started: 'Whether this run of the task started it: true or false (it was there already).',
    artifacts: 'Artifacts of the run, one a line: name, space, address.',
  },
  async run({ inputs, ...context }) {
    const { requireReason, noteUnplanned } = await import('../unplanned.ts');
    const { runPipeline } = await import('./run.ts');
    const { approvedCommit } = await import('./plan.ts');
    requireReason(inputs);
    noteUnplanned(context.report, inputs, `${inputs.pipeline} of ${inputs.repository} at ${inputs.tag}`);
    return runPipeline(context, {
      target: {
        host: inputs.host,
        repository: inputs.repository,
        pipeline: inputs.pipeline,
        tag: inputs.tag,
        apiUrl: inputs['api-url'],
      },
      expectedCommit: inputs['tag-commit'] ?? approvedCommit(inputs),
      inputs: inputs.inputs ?? {},
      variables: inputs.variables ?? {},
      correlationInput: inputs['correlation-input'],
      attempt: inputs.attempt,
      wait: inputs.wait,
      onCancel: inputs['on-cancel'],
      access: { githubToken: inputs['github-token'], azureDevopsToken: inputs['azure-devops-token'] },
      session: inputs.session,
      dryRun: inputs['dry-run'],
    });
  },
});
