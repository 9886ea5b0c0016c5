import { type Http, type HttpAnswer, type HttpRequest, type Quota, TaskError } from '@maintenance-tasks/core';
import { reasonOf } from './reason.ts';

const SYSTEM = 'GitHub';
const PAGE = 100;
/** A search over runs ends here, whatever there is: https://docs.github.com/en/rest/actions/workflow-runs */
const MOST_RUNS = 1_000;

export interface GitHubRun {
  readonly id: number;
  /** What the run is called: the workflow's `run-name`, evaluated. Inputs themselves are shown nowhere. */
  readonly title: string;
  /** `queued`, `in_progress`, `waiting` (for an approval), `completed` … */
  readonly status: string;
  /** Once completed: `success`, `failure`, `cancelled`, `timed_out` … */
  readonly conclusion: string | undefined;
  readonly commit: string;
  readonly url: string;
}

export interface GitHubWorkflow {
  readonly id: number;
  readonly path: string;
  /** `active`, `disabled_manually` … */
  readonly state: string;
}

export interface GitHub {
  /** The commit that a tag stands for, an annotated one, too; nothing when there is no such tag. */
  tagCommit(tag: string): Promise<string | undefined>;
  hasBranch(name: string): Promise<boolean>;
  /** A text file as it is in that commit. */
  file(path: string, commit: string): Promise<string | undefined>;
  workflow(file: string): Promise<GitHubWorkflow | undefined>;
  /** Runs that were started by hand or by a call on that commit, newest first. */
  dispatchedRuns(workflow: number, commit: string): Promise<GitHubRun[]>;
  /**
   * Starts a workflow. Returns the run's id where the server tells it (github.com does since February 2026).
   * `landed` finds the run when the answer was lost.
   */
  dispatch(
    workflow: number,
    start: { readonly ref: string; readonly inputs: Readonly<Record<string, string>> },
    landed: () => Promise<number | undefined>,
  ): Promise<number | undefined>;
  run(id: number): Promise<GitHubRun>;
  /** Names of the jobs of the last attempt that did not succeed, with how they ended. */
  failedJobs(run: number): Promise<string[]>;
  artifacts(run: number): Promise<{ readonly name: string; readonly url: string }[]>;
  /** Asks for the run's end; one that is over already is left as it is. */
  cancel(run: number): Promise<void>;
}

/** A client of GitHub's REST API for one repository, as far as starting and following workflow runs goes. */
export function createGitHub(
  http: Http,
  options: { readonly apiUrl: string; readonly token: string; readonly repository: string },
): GitHub {
  http.respectQuota(SYSTEM, githubQuota);
  const [owner = '', name = ''] = options.repository.split('/');
  const base = `${options.apiUrl.replace(/\/+$/, '')}/repos/${encodeURIComponent(owner)}/${encodeURIComponent(name)}`;
  const common = {
    system: SYSTEM,
    headers: {
      accept: 'application/vnd.github+json',
      authorization: `Bearer ${options.token}`,
      'x-github-api-version': '2022-11-28',
    },
  };
  const get = (path: string) => http.send({ ...common, method: 'GET', url: `${base}${path}` });

  async function found(path: string): Promise<HttpAnswer | undefined> {
    const answer = await get(path);
    return answer.status === 404 ? undefined : accepted(answer);
  }

  async function list<Row>(path: string, key: string, most = Number.POSITIVE_INFINITY): Promise<Row[]> {
    const rows: Row[] = [];
    for (let page = 1; rows.length < most; page++) {
      const url = `${path}${path.includes('?') ? '&' : '?'}per_page=${PAGE}&page=${page}`;
      const more = (accepted(await get(url)).json() as Record<string, Row[] | undefined>)[key] ?? [];
      rows.push(...more);
      if (more.length < PAGE) break;
    }
    return rows;
  }

  async function start(request: HttpRequest, landed: () => Promise<number | undefined>): Promise<Started> {
    return http.write<Started>(request, startedBy, async () => {
      const run = await landed();
      return run === undefined ? undefined : { run };
    });
  }

  return {
    async tagCommit(tag) {
      const reference = (await found(`/git/ref/tags/${pathOf(tag)}`))?.json() as Reference | undefined;
      // Older servers answer with all that begin with the name.
      if (reference?.ref !== `refs/tags/${tag}`) return undefined;
      let object = reference.object;
      // The tag of a tag is possible, but nobody needs more than a few.
      for (let depth = 0; object.type === 'tag' && depth < 5; depth++) {
        object = (accepted(await get(`/git/tags/${object.sha}`)).json() as Pick<Reference, 'object'>).object;
      }
      return object.type === 'commit' ? object.sha : undefined;
    },

    async hasBranch(branch) {
      const reference = (await found(`/git/ref/heads/${pathOf(branch)}`))?.json() as Reference | undefined;
      return reference?.ref === `refs/heads/${branch}`;
    },

    async file(path, commit) {
      const url = `${base}/contents/${pathOf(path)}?ref=${encodeURIComponent(commit)}`;
      const headers = { ...common.headers, accept: 'application/vnd.github.raw+json' };
      const answer = await http.send({ ...common, method: 'GET', url, headers });
      return answer.status === 404 ? undefined : accepted(answer).text;
    },

    async workflow(file) {
      const answer = await found(`/actions/workflows/${encodeURIComponent(file)}`);
      return answer?.json() as GitHubWorkflow | undefined;
    },

    async dispatchedRuns(workflow, commit) {
      const path = `/actions/workflows/${workflow}/runs?event=workflow_dispatch&head_sha=${commit}`;
      return (await list<RunRow>(path, 'workflow_runs', MOST_RUNS)).map(runOf);
    },

    async dispatch(workflow, { ref, inputs }, landed) {
      const request = { ...common, method: 'POST', url: `${base}/actions/workflows/${workflow}/dispatches` } as const;
      const started = await start({ ...request, json: { ref, inputs, return_run_details: true } }, landed);
      // Enterprise Server up to 3.20 refuses what it does not know: https://github.com/cli/cli/issues/12672
      const known = started === 'unknown field' ? await start({ ...request, json: { ref, inputs } }, landed) : started;
      if (known === 'unknown field') throw new Error('GitHub refused a request without the field it refused before');
      return known.run;
    },

    run: async (id) => runOf(accepted(await get(`/actions/runs/${id}`)).json() as RunRow),

    async failedJobs(run) {
      const jobs = await list<JobRow>(`/actions/runs/${run}/jobs?filter=latest`, 'jobs');
      return jobs
        .filter(({ conclusion }) => conclusion && !['success', 'skipped', 'neutral'].includes(conclusion))
        .map(({ name: job, conclusion }) => `${job} (${conclusion})`);
    },

    artifacts: async (run) =>
      (await list<ArtifactRow>(`/actions/runs/${run}/artifacts`, 'artifacts'))
        .filter(({ expired }) => !expired)
        .map(({ name: artifact, archive_download_url: url }) => ({ name: artifact, url })),

    async cancel(run) {
      const url = `${base}/actions/runs/${run}/cancel`;
      // Twice is no more than once, and 409 means that it is over.
      const answer = await http.send({ ...common, method: 'POST', url, repeatable: true });
      if (answer.status !== 409) accepted(answer);
    },
  };
}

type Started = { readonly run: number | undefined } | 'unknown field';

function startedBy(answer: HttpAnswer): Started {
  if (answer.status === 400) return 'unknown field';
  if (answer.status === 422) {
    throw new TaskError('input', {
      what: `GitHub refused to start the workflow: ${reasonOf(answer) ?? 'it answered 422'}.`,
      remedy:
        'Look at the inputs of the workflow as it is at the tag: each one that is given must be declared under on.workflow_dispatch.inputs, the correlation input too.',
    });
  }
  accepted(answer);
  // 204 where run details are not told.
  return { run: answer.status === 200 ? (answer.json() as { workflow_run_id?: number }).workflow_run_id : undefined };
}

interface Reference {
  readonly ref?: string;
  readonly object: { readonly sha: string; readonly type: string };
}

interface RunRow {
  readonly id: number;
  readonly display_title?: string;
  readonly status: string | null;
  readonly conclusion?: string | null;
  readonly head_sha: string;
  readonly html_url: string;
}

interface JobRow {
  readonly name: string;
  readonly conclusion: string | null;
}

interface ArtifactRow {
  readonly name: string;
  readonly expired: boolean;
  readonly archive_download_url: string;
}

function runOf(row: RunRow): GitHubRun {
  return {
    id: row.id,
    title: row.display_title ?? '',
    status: row.status ?? 'unknown',
    conclusion: row.conclusion ?? undefined,
    commit: row.head_sha,
    url: row.html_url,
  };
}

/** Slashes belong to the name of a tag, a branch or a file. */
function pathOf(name: string): string {
  return name.split('/').map(encodeURIComponent).join('/');
}

/** The reset is a moment by GitHub's clock; its Date header tells that clock. */
export function githubQuota(headers: Readonly<Record<string, string>>): Quota | undefined {
  const [remaining, reset, date] = [headers['x-ratelimit-remaining'], headers['x-ratelimit-reset'], headers.date];
  if (!remaining || !reset || !date || !/^\d+$/.test(remaining) || !/^\d+$/.test(reset)) return undefined;
  const seconds = Number(reset) - Date.parse(date) / 1_000;
  return Number.isNaN(seconds) ? undefined : { remaining: Number(remaining), resetsInSeconds: Math.max(0, seconds) };
}

/** @throws TaskError for anything but success */
function accepted(answer: HttpAnswer): HttpAnswer {
  if (answer.status >= 200 && answer.status < 300) return answer;
  const reason = reasonOf(answer);
  const what = `GitHub answered ${answer.status}${reason ? `: ${reason}` : ''}.`;
  if (answer.status === 403 && isLimit(answer)) {
    throw new TaskError('remote', {
      what,
      remedy: 'This is a rate limit, of the token or a secondary one: wait some minutes, then run the task again.',
    });
  }
  if (answer.status === 401 || answer.status === 403) {
    throw new TaskError('auth', {
      what,
      remedy:
        'Check github-token: it needs Contents: read and Actions: read and write on the other repository, and single sign-on where the organisation asks for it.',
    });
  }
  if (answer.status === 404) {
    throw new TaskError('input', {
      what,
      remedy: 'Check the name of the repository; of one that the token may not see, GitHub says the same.',
    });
  }
  throw new TaskError('remote', { what, remedy: 'Look at the repository’s Actions page, then run the task again.' });
}

function isLimit({ headers }: HttpAnswer): boolean {
  return headers['x-ratelimit-remaining'] === '0' || headers['retry-after'] !== undefined;
}
