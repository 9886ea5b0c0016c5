import { type AnyContext, type Http, TaskError } from '@maintenance-tasks/core';

export interface PipelineTarget {
  readonly host: 'github' | 'azure-devops';
  /** `owner/name`, or `organization/project`. */
  readonly repository: string;
  readonly pipeline: string;
  /** With or without `refs/tags/`. */
  readonly tag: string;
  readonly apiUrl?: string | undefined;
}

export interface PipelineAccess {
  readonly githubToken?: string | undefined;
  readonly azureDevopsToken?: string | undefined;
}

export interface Run {
  readonly id: number;
  readonly url: string;
  /** Nothing while it has not ended. */
  readonly outcome: 'succeeded' | 'failed' | 'cancelled' | undefined;
  /** As its host says it: `in_progress`, `timed_out`, `partiallySucceeded`. */
  readonly detail: string;
  readonly commit: string;
}

export interface StartRequest {
  readonly tag: string;
  readonly commit: string;
  readonly correlation: string;
  readonly correlationInput: string;
  readonly inputs: Readonly<Record<string, string>>;
  readonly variables: Readonly<Record<string, string>>;
}

/** A pipeline of another repository, the same on either host. */
export interface OtherPipeline {
  /** Milliseconds until a run that was started is surely listed. */
  readonly listedWithin: number;
  /** The tag's commit, and whether a branch has the same name. */
  tag(name: string): Promise<{ readonly commit: string | undefined; readonly alsoBranch: boolean }>;
  /** Why this could not be started, or not be found again, one sentence each; reads only. */
  problems(request: StartRequest): Promise<string[]>;
  /** The run with that correlation, the newest of several. */
  find(request: Pick<StartRequest, 'tag' | 'commit' | 'correlation' | 'correlationInput'>): Promise<Run | undefined>;
  /** Runs at that tag that a session started, whatever with, and that have not ended. */
  running(request: Pick<StartRequest, 'tag' | 'commit'>, session: string): Promise<Run[]>;
  /** Starts it; nothing where the host does not say which run it became. `landed` finds it when the answer was lost. */
  start(request: StartRequest, landed: () => Promise<number | undefined>): Promise<number | undefined>;
  read(run: number): Promise<Run>;
  failedJobs(run: number): Promise<string[]>;
  artifacts(run: number): Promise<readonly { readonly name: string; readonly url: string }[]>;
  cancel(run: number): Promise<void>;
}

/** @throws TaskError `input` when the host's token is missing */
export async function openPipeline(
  { http, keepSecret }: { readonly http: Http; readonly keepSecret: AnyContext['keepSecret'] },
  target: PipelineTarget,
  access: PipelineAccess,
): Promise<OtherPipeline> {
  const token = target.host === 'github' ? access.githubToken : access.azureDevopsToken;
  if (!token) {
    throw new TaskError('input', {
      what: `${target.host === 'github' ? 'github-token' : 'azure-devops-token'} is missing.`,
      state: 'Nothing was started.',
      remedy: `It is needed for ${target.repository}; give it and run the task again.`,
    });
  }
  if (target.host === 'github') {
    const { githubPipeline } = await import('./github.ts');
    return githubPipeline(http, target, token);
  }
  const { azurePipeline } = await import('./azure-devops.ts');
  return azurePipeline(http, target, token, keepSecret);
}
