import { type Http, TaskError } from '@maintenance-tasks/core';
import { createGitHub, type GitHubRun, type GitHubWorkflow } from '@maintenance-tasks/services/github/client';
import type { OtherPipeline, PipelineTarget, Run } from './other-pipeline.ts';
import { isOfSession } from './plan.ts';
import { workflowProblems } from './workflow-file.ts';

const PUBLIC_API = 'https://api.github.com';

export function githubPipeline(http: Http, target: PipelineTarget, token: string): OtherPipeline {
  const github = createGitHub(http, { apiUrl: target.apiUrl ?? PUBLIC_API, token, repository: target.repository });
  let known: Promise<GitHubWorkflow> | undefined;
  const workflow = () => {
    known ??= look();
    return known;
  };

  async function look(): Promise<GitHubWorkflow> {
    const found = await github.workflow(target.pipeline);
    if (found) return found;
    throw new TaskError('input', {
      what: `${target.repository} has no workflow ${target.pipeline}, or the token may not see it.`,
      state: 'Nothing was started.',
      remedy:
        'Give the name of a file in .github/workflows; it must be on the default branch, too, or GitHub does not know it.',
    });
  }

  return {
    // Lists of runs lag behind by some seconds: https://github.com/Codex-/return-dispatch
    listedWithin: 30_000,

    tag: async (name) => {
      const [commit, alsoBranch] = await Promise.all([github.tagCommit(name), github.hasBranch(name)]);
      return { commit, alsoBranch };
    },

    async problems({ commit, tag, correlationInput, inputs, variables }) {
      const { path, state } = await workflow();
      const text = await github.file(path, commit);
      return [
        ...(state === 'active' ? [] : [`The workflow ${path} is ${state.replaceAll('_', ' ')}.`]),
        ...(Object.keys(variables).length > 0
          ? ['variables are for Azure DevOps; a GitHub workflow takes inputs.']
          : []),
        ...(text === undefined
          ? [`There is no ${path} at the tag ${tag}.`]
          : workflowProblems(text, { path, correlationInput, inputs: Object.keys(inputs) })),
      ];
    },

    async find({ commit, correlation }) {
      const runs = await github.dispatchedRuns((await workflow()).id, commit);
      const found = runs.find(({ title }) => title.includes(correlation));
      return found && runOf(found);
    },

    async running({ commit }, session) {
      const runs = await github.dispatchedRuns((await workflow()).id, commit);
      return runs.filter(({ title, status }) => status !== 'completed' && isOfSession(title, session)).map(runOf);
    },

    // The whole ref: of a branch and a tag with the same name, GitHub takes the branch for the short one
    // (https://github.com/OpenAdminOS/OpenAdminOS/pull/78).
    start: async ({ tag, inputs, correlationInput, correlation }, landed) =>
      github.dispatch(
        (await workflow()).id,
        { ref: `refs/tags/${tag}`, inputs: { ...inputs, [correlationInput]: correlation } },
        landed,
      ),

    read: async (run) => runOf(await github.run(run)),
    failedJobs: (run) => github.failedJobs(run),
    artifacts: (run) => github.artifacts(run),
    cancel: (run) => github.cancel(run),
  };
}

function runOf({ id, url, status, conclusion, commit }: GitHubRun): Run {
  if (status !== 'completed') return { id, url, commit, outcome: undefined, detail: status };
  const outcomes: Readonly<Record<string, Run['outcome']>> = { success: 'succeeded', cancelled: 'cancelled' };
  return { id, url, commit, outcome: outcomes[conclusion ?? ''] ?? 'failed', detail: conclusion ?? 'failed' };
}
