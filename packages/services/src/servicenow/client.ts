import { type Http, type HttpAnswer, type HttpRequest, TaskError } from '@maintenance-tasks/core';

const SYSTEM = 'ServiceNow';

export interface ServiceNowChange {
  readonly id: string;
  readonly number: string;
  /** The value, such as `-1`. */
  readonly state: string;
  /** The word for it, as this instance has it: `Implement`. */
  readonly stateLabel: string;
  /** All entries of each journal as one text; nothing where this user may not read it. */
  readonly journals: { readonly work_notes: string | undefined; readonly comments: string | undefined };
}

/** `work_notes` is read by staff, `comments` by the customer as well. */
export type Journal = keyof ServiceNowChange['journals'];

export interface NextState {
  readonly value: string;
  readonly label: string;
}

export interface ServiceNow {
  /** Nothing when there is no change of that number, or it may not be read. */
  change(number: string): Promise<ServiceNowChange | undefined>;
  /** The states that the change's model lets it go to now, by value and word. */
  nextStates(id: string): Promise<NextState[]>;
  /** Appends to a journal; nothing in it can be edited or taken back. */
  append(id: string, journal: Journal, text: string, landed: () => Promise<boolean>): Promise<void>;
  /** Moves the change as its model allows. Returns the state that it has then. */
  move(
    id: string,
    to: { readonly state: string; readonly closeCode?: string | undefined; readonly closeNotes?: string | undefined },
    landed: () => Promise<string | undefined>,
  ): Promise<string>;
}

/** A client of ServiceNow's Table API and Change Management API, as far as one change goes. */
export function createServiceNow(
  http: Http,
  options: {
    readonly url: string;
    readonly user?: string | undefined;
    readonly password?: string | undefined;
    readonly token?: string | undefined;
  },
): ServiceNow {
  const base = options.url.replace(/\/+$/, '');
  const authorization = options.token
    ? `Bearer ${options.token}`
    : `Basic ${Buffer.from(`${options.user}:${options.password}`).toString('base64')}`;
  const common = { system: SYSTEM, headers: { accept: 'application/json', authorization } };
  const request = (method: HttpRequest['method'], path: string, json?: unknown): HttpRequest => ({
    ...common,
    method,
    url: `${base}${path}`,
    ...(json !== undefined && { json }),
  });
  const changePath = (id: string) => `/api/sn_chg_rest/change/${encodeURIComponent(id)}`;

  return {
    async change(number) {
      const query = new URLSearchParams({
        sysparm_query: `number=${number}`,
        sysparm_fields: 'sys_id,number,state,work_notes,comments',
        // Journals are told as display values only, all entries in one text.
        sysparm_display_value: 'all',
        sysparm_limit: '1',
      });
      const answer = accepted(await http.send(request('GET', `/api/now/table/change_request?${query}`)));
      const row = (answer.json() as { result?: readonly ChangeRow[] }).result?.[0];
      if (!row) return undefined;
      return {
        id: row.sys_id.value,
        number: row.number.value,
        state: row.state.value,
        stateLabel: row.state.display_value,
        journals: { work_notes: row.work_notes?.display_value, comments: row.comments?.display_value },
      };
    },

    async nextStates(id) {
      const answer = accepted(await http.send(request('GET', `${changePath(id)}/nextstates`)));
      const { result } = answer.json() as {
        result?: {
          available_states?: readonly string[];
          state_label?: Readonly<Record<string, string>>;
        };
      };
      return (result?.available_states ?? []).map((value) => ({
        value: String(value),
        label: result?.state_label?.[value] ?? String(value),
      }));
    },

    async append(id, journal, text, landed) {
      await http.write(
        request('PATCH', `/api/now/table/change_request/${encodeURIComponent(id)}`, { [journal]: text }),
        (answer) => {
          accepted(answer);
          return true;
        },
        async () => (await landed()) || undefined,
      );
    },

    move: (id, { state, closeCode, closeNotes }, landed) =>
      http.write(
        request('PATCH', changePath(id), {
          state,
          ...(closeCode && { close_code: closeCode }),
          ...(closeNotes && { close_notes: closeNotes }),
        }),
        (answer) => stateOf(accepted(answer)),
        landed,
      ),
  };
}

interface Field {
  readonly value: string;
  readonly display_value: string;
}

interface ChangeRow {
  readonly sys_id: Field;
  readonly number: Field;
  readonly state: Field;
  readonly work_notes?: Field;
  readonly comments?: Field;
}

/** The Change API tells values and words, the Table API's form values only. */
function stateOf(answer: HttpAnswer): string {
  const { result } = answer.json() as { result?: { state?: Field | string } };
  const state = result?.state;
  return String(typeof state === 'object' ? state.value : (state ?? ''));
}

/** @throws TaskError for anything but success */
function accepted(answer: HttpAnswer): HttpAnswer {
  if (answer.status >= 200 && answer.status < 300) return answer;
  const reason = reasonOf(answer);
  const what = `ServiceNow answered ${answer.status}${reason ? `: ${reason}` : ''}.`;
  if (answer.status === 401) {
    throw new TaskError('auth', {
      what,
      remedy: 'Check servicenow-token, or servicenow-user and servicenow-password; the user must not be locked out.',
    });
  }
  if (answer.status === 403) {
    throw new TaskError('auth', {
      what,
      remedy:
        'The user needs REST access, read and write of change_request (role itil or sn_change_write), and the Change Management API for state.',
    });
  }
  if (answer.status === 404) {
    throw new TaskError('input', {
      what,
      remedy: 'Check the address; the plugin Change Management REST API (sn_chg_rest) must be there for state.',
    });
  }
  if (answer.status === 400) {
    throw new TaskError('refused', {
      what,
      remedy: 'The change’s model does not allow this now, or asks for more (close-code and close-notes to close it).',
    });
  }
  throw new TaskError('remote', { what, remedy: 'Look whether the instance is up, then run the task again.' });
}

function reasonOf(answer: HttpAnswer): string {
  try {
    const { error } = JSON.parse(answer.text) as { error?: { message?: unknown; detail?: unknown } | string };
    if (typeof error === 'string') return answer.quote(error);
    const texts = [error?.message, error?.detail].filter((text) => typeof text === 'string' && text !== '');
    return answer.quote(texts.join(': ')).replace(/\.$/, '');
  } catch {
    return '';
  }
}
