import { type Http, type HttpAnswer, TaskError } from '@maintenance-tasks/core';

const SYSTEM = 'Rundeck';

export interface RundeckJob {
  readonly id: string;
  readonly name: string;
  readonly group: string;
  /** Whether it has a schedule at all. */
  readonly scheduled: boolean;
  readonly scheduleEnabled: boolean;
  /** Whether anybody may run it. */
  readonly executionEnabled: boolean;
}

export type Switch = 'schedule' | 'execution';

export interface Rundeck {
  /** All jobs of the project. */
  jobs(): Promise<RundeckJob[]>;
  setEnabled(id: string, what: Switch, enabled: boolean): Promise<void>;
  /** Executions of a job that run now: `nightly #42`. */
  running(job: RundeckJob): Promise<string[]>;
}

/** A client of one project's jobs: https://docs.rundeck.com/docs/api/ */
export function createRundeck(
  http: Http,
  options: { readonly url: string; readonly token: string; readonly project: string; readonly version: number },
): Rundeck {
  const base = `${options.url.replace(/\/+$/, '')}/api/${options.version}`;
  const common = { system: SYSTEM, headers: { 'x-rundeck-auth-token': options.token } };

  return {
    async jobs() {
      const url = `${base}/project/${encodeURIComponent(options.project)}/jobs`;
      const rows = accepted(await http.send({ ...common, method: 'GET', url })).json();
      return (Array.isArray(rows) ? (rows as JobRow[]) : []).map((row) => ({
        id: row.id,
        name: row.name ?? row.id,
        group: row.group ?? '',
        scheduled: row.scheduled === true,
        // Left out by servers that do not know the switch: then it is on.
        scheduleEnabled: row.scheduleEnabled !== false,
        executionEnabled: row.enabled !== false,
      }));
    },

    async setEnabled(id, what, enabled) {
      const url = `${base}/job/${encodeURIComponent(id)}/${what}/${enabled ? 'enable' : 'disable'}`;
      // It sets a switch: sent twice, it stands as if sent once.
      const answer = accepted(await http.send({ ...common, method: 'POST', url, repeatable: true }));
      if ((answer.json() as { success?: unknown } | null)?.success !== true) {
        throw new TaskError('remote', {
          what: `Rundeck answered ${answer.status}, but not that it switched the ${what} of the job ${id}.`,
          remedy: 'Look at the job in Rundeck, then run the task again.',
        });
      }
    },

    async running({ id, name }) {
      const url = `${base}/job/${encodeURIComponent(id)}/executions?status=running&max=100`;
      const { executions = [] } = accepted(await http.send({ ...common, method: 'GET', url })).json() as {
        executions?: { readonly id: number }[];
      };
      return executions.map((execution) => `${name} #${execution.id}`);
    },
  };
}

interface JobRow {
  readonly id: string;
  readonly name?: string;
  readonly group?: string;
  readonly scheduled?: boolean;
  readonly scheduleEnabled?: boolean;
  readonly enabled?: boolean;
}

/** @throws TaskError for anything but success */
function accepted(answer: HttpAnswer): HttpAnswer {
  if (answer.status >= 200 && answer.status < 300) return answer;
  const { code, message } = refusalOf(answer);
  const what = `Rundeck answered ${answer.status}${message ? `: ${message}` : ''}${code ? ` (${code})` : ''}.`;
  if (/unsupported/.test(code)) {
    throw new TaskError('input', { what, remedy: 'Give a higher api-version: the server has a minimum.' });
  }
  if (answer.status === 401 || answer.status === 403) {
    throw new TaskError('auth', {
      what,
      remedy:
        'Check rundeck-token: that it is not over, and that the ACL of its user allows read, and toggle_schedule or toggle_execution, on the jobs.',
    });
  }
  if (answer.status === 404)
    throw new TaskError('input', { what, remedy: 'Check the address, the project and the ids of the jobs.' });
  throw new TaskError('remote', { what, remedy: 'Look at the health of Rundeck, then run the task again.' });
}

function refusalOf(answer: HttpAnswer): { readonly code: string; readonly message: string } {
  try {
    const { errorCode, message } = JSON.parse(answer.text) as { errorCode?: unknown; message?: unknown };
    return {
      code: typeof errorCode === 'string' ? answer.quote(errorCode) : '',
      message: typeof message === 'string' ? answer.quote(message).replace(/\.$/, '') : '',
    };
  } catch {
    return { code: '', message: '' };
  }
}
