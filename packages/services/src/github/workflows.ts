import { type Http, type HttpAnswer, TaskError } from '@maintenance-tasks/core';
import { githubQuota } from './client.ts';
import { reasonOf } from './reason.ts';

const SYSTEM = 'GitHub';
/** Everything a run can be before it is completed: https://docs.github.com/en/rest/actions/workflow-runs */
const UNDER_WAY = ['in_progress', 'queued', 'waiting', 'pending', 'requested'];
const PAGE = 100;

export interface WorkflowState {
  readonly id: number;
  readonly name: string;
  /** `active`, `disabled_manually`, `disabled_inactivity`, `disabled_fork`, `deleted`. */
  readonly state: string;
}

export interface Workflows {
  /** By its file name; nothing when there is no such workflow. */
  workflow(file: string): Promise<WorkflowState | undefined>;
  /** Doing it twice does no more than doing it once; the state is looked at first all the same. */
  setEnabled(id: number, enabled: boolean): Promise<void>;
  /** Runs that are not completed: `Nightly 1234 (in_progress)`. */
  running(workflow: WorkflowState): Promise<string[]>;
}

/** A client of the workflows of one repository, as far as switching them off and on goes. */
export function createWorkflows(
  http: Http,
  options: { readonly apiUrl: string; readonly token: string; readonly repository: string },
): Workflows {
  http.respectQuota(SYSTEM, githubQuota);
  const base = `${options.apiUrl.replace(/\/+$/, '')}/repos/${options.repository}/actions/workflows`;
  const headers = {
    accept: 'application/vnd.github+json',
    authorization: `Bearer ${options.token}`,
    'x-github-api-version': '2022-11-28',
  };
  const common = { system: SYSTEM, headers };

  return {
    async workflow(file) {
      const answer = await http.send({ ...common, method: 'GET', url: `${base}/${encodeURIComponent(file)}` });
      return answer.status === 404 ? undefined : (accepted(answer).json() as WorkflowState);
    },

    async setEnabled(id, enabled) {
      const url = `${base}/${id}/${enabled ? 'enable' : 'disable'}`;
      const look = async () => {
        const now = accepted(await http.send({ ...common, method: 'GET', url: `${base}/${id}` })).json();
        return ((now as WorkflowState).state === 'active') === enabled ? DONE : undefined;
      };
      accepted(await http.write<HttpAnswer>({ ...common, method: 'PUT', url }, (answer) => answer, look));
    },

    async running({ id, name }) {
      const found: string[] = [];
      for (const status of UNDER_WAY) {
        for (let page = 1; ; page++) {
          const url = `${base}/${id}/runs?status=${status}&per_page=${PAGE}&page=${page}`;
          const { workflow_runs: rows = [] } = accepted(await http.send({ ...common, method: 'GET', url })).json() as {
            workflow_runs?: { readonly run_number?: number; readonly id: number }[];
          };
          found.push(...rows.map((row) => `${name} #${row.run_number ?? row.id} (${status})`));
          if (rows.length < PAGE) break;
        }
      }
      return found;
    },
  };
}

const DONE: HttpAnswer = { status: 204, headers: {}, text: '', json: () => undefined, quote: String };

/** @throws TaskError for anything but success */
function accepted(answer: HttpAnswer): HttpAnswer {
  if (answer.status >= 200 && answer.status < 300) return answer;
  const reason = reasonOf(answer);
  const what = `GitHub answered ${answer.status}${reason ? `: ${reason}` : ''}.`;
  if (answer.status === 401 || answer.status === 403) {
    throw new TaskError('auth', {
      what,
      remedy:
        'Check github-token: it needs Actions: read and write on the repository; limits of the token are answered so, too.',
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
