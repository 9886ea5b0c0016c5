import { type AnyContext, type Http, TaskError } from '@maintenance-tasks/core';
import { authorizationOf } from '@maintenance-tasks/services/azure-devops/authorization';
import {
  type AzureBuild,
  type AzurePipeline,
  createAzureDevOps,
} from '@maintenance-tasks/services/azure-devops/client';
import type { OtherPipeline, PipelineTarget, Run } from './other-pipeline.ts';
import { isOfSession } from './plan.ts';

const PUBLIC_API = 'https://dev.azure.com';
/** Each costs a call; a tag has no more runs than this in one night. */
const MOST_LOOKED_INTO = 50;

export function azurePipeline(
  http: Http,
  target: PipelineTarget,
  token: string,
  keepSecret: AnyContext['keepSecret'],
): OtherPipeline {
  const azure = createAzureDevOps(http, {
    apiUrl: target.apiUrl ?? PUBLIC_API,
    authorization: authorizationOf(token, keepSecret),
    project: target.repository,
  });
  let known: Promise<AzurePipeline> | undefined;
  const pipeline = () => {
    known ??= look();
    return known;
  };

  async function look(): Promise<AzurePipeline> {
    const found = await azure.pipeline(target.pipeline);
    if (!found) {
      throw new TaskError('input', {
        what: `${target.repository} has no pipeline ${target.pipeline}, or the token may not see it.`,
        state: 'Nothing was started.',
        remedy: 'Give the pipeline’s id, or its name as the Pipelines page shows it.',
      });
    }
    if (found.repository.type === 'TfsGit') return found;
    throw new TaskError('input', {
      what: `The code of ${target.pipeline} is not in Azure Repos (but ${found.repository.type || 'nowhere'}), where its tags are looked up.`,
      state: 'Nothing was started.',
      remedy: 'Start it by hand at the tag’s commit, or move it to a repository of the project.',
    });
  }

  return {
    listedWithin: 5_000,

    async tag(name) {
      const { repository } = await pipeline();
      const [commit, alsoBranch] = await Promise.all([
        azure.tagCommit(repository.id, name),
        azure.hasBranch(repository.id, name),
      ]);
      return { commit, alsoBranch };
    },

    async problems({ inputs, correlationInput }) {
      const { name, queueStatus } = await pipeline();
      return [
        ...(queueStatus === 'enabled'
          ? []
          : [
              `The pipeline ${name} is ${queueStatus}${queueStatus === 'paused' ? ': its run would wait until somebody resumes it' : ''}.`,
            ]),
        ...(correlationInput in inputs ? [`${correlationInput} is given its value by this task.`] : []),
      ];
    },

    async find({ tag, commit, correlation, correlationInput }) {
      const { id } = await pipeline();
      const builds = (await azure.builds(id, `refs/tags/${tag}`)).filter((build) => build.commit === commit);
      const tagged = builds.find(({ tags }) => tags.includes(correlation));
      if (tagged) return runOf(tagged);
      // Whoever started it may have died before it was tagged. The parameters are told for one run at a time only
      // (https://github.com/MicrosoftDocs/vsts-rest-api-specs/issues/579).
      for (const build of builds.slice(0, MOST_LOOKED_INTO)) {
        const parameters = await azure.parametersOf(id, build.id);
        if (parameters[correlationInput] === correlation) return runOf(build);
      }
      return undefined;
    },

    async running({ tag }, session) {
      const { id } = await pipeline();
      const builds = await azure.builds(id, `refs/tags/${tag}`);
      const found: Run[] = [];
      for (const build of builds.filter(({ status }) => status !== 'completed').slice(0, MOST_LOOKED_INTO)) {
        const values = build.tags.length > 0 ? build.tags : Object.values(await azure.parametersOf(id, build.id));
        if (values.some((value) => isOfSession(String(value), session))) found.push(runOf(build));
      }
      return found;
    },

    async start({ tag, commit, correlation, correlationInput, inputs, variables }, landed) {
      const parameters = { ...inputs, [correlationInput]: correlation };
      const { id } = await pipeline();
      const run = await azure.start(id, { ref: `refs/tags/${tag}`, commit, parameters, variables }, landed);
      await azure.addTag(run, correlation);
      return run;
    },

    read: async (run) => runOf(await azure.build(run)),
    failedJobs: (run) => azure.failedJobs(run),
    artifacts: (run) => azure.artifacts(run),
    cancel: (run) => azure.cancel(run),
  };
}

function runOf({ id, url, status, result, commit }: AzureBuild): Run {
  if (status !== 'completed') return { id, url, commit, outcome: undefined, detail: status };
  const outcomes: Readonly<Record<string, Run['outcome']>> = { succeeded: 'succeeded', canceled: 'cancelled' };
  // Partly succeeded is what steps with continueOnError leave: not what was asked for.
  return { id, url, commit, outcome: outcomes[result ?? ''] ?? 'failed', detail: result ?? 'failed' };
}
