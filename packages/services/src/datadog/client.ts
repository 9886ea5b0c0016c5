import { type Http, type HttpAnswer, type Quota, TaskError } from '@maintenance-tasks/core';

const SYSTEM = 'Datadog';
// Datadog’s own default: what it gives for sure, so that a short page is the last one.
const PAGE = 30;

export interface DatadogDowntime {
  readonly id: string;
  /** `active`, `scheduled`, `canceled` or `ended`; cancelled ones stay readable for about two days. */
  readonly status: string;
  readonly message: string;
  readonly scope: string;
  readonly monitorTags: readonly string[];
  /** Nothing for a downtime without an end, or one that recurs. */
  readonly end: Date | undefined;
}

export interface Datadog {
  downtimes(): Promise<DatadogDowntime[]>;
  /** Starts a downtime now; `landed` finds it when the answer was lost. Returns its id. */
  create(
    downtime: {
      readonly message: string;
      readonly scope: string;
      readonly monitorTags: readonly string[];
      readonly end: Date;
    },
    landed: () => Promise<string | undefined>,
  ): Promise<string>;
  /** `over` tells whether it is cancelled or ended already. */
  cancel(id: string, over: () => Promise<boolean>): Promise<void>;
}

/** A client of Datadog's downtimes (API v2). */
export function createDatadog(
  http: Http,
  options: { readonly site: string; readonly apiKey: string; readonly appKey: string },
): Datadog {
  http.respectQuota(SYSTEM, datadogQuota);
  const base = `https://api.${options.site}/api/v2/downtime`;
  const common = {
    system: SYSTEM,
    headers: { 'dd-api-key': options.apiKey, 'dd-application-key': options.appKey },
  };

  return {
    async downtimes() {
      const rows: DowntimeRow[] = [];
      for (;;) {
        // Not current_only: that leaves out scheduled ones.
        const url = `${base}?page[offset]=${rows.length}&page[limit]=${PAGE}`;
        const answer = accepted(await http.send({ ...common, method: 'GET', url }));
        const page = (answer.json() as { data?: DowntimeRow[] }).data ?? [];
        rows.push(...page);
        if (page.length < PAGE) return rows.map(downtimeOf);
      }
    },

    create: ({ message, scope, monitorTags, end }, landed) =>
      http.write(
        {
          ...common,
          method: 'POST',
          url: base,
          json: {
            data: {
              type: 'downtime',
              attributes: {
                message,
                scope,
                monitor_identifier: { monitor_tags: monitorTags },
                // Without a start it starts now; a start from our clock could lie in Datadog's past.
                schedule: { end: end.toISOString() },
              },
            },
          },
        },
        (answer) => (accepted(answer).json() as { data: { id: string } }).data.id,
        landed,
      ),

    async cancel(id, over) {
      await http.write(
        { ...common, method: 'DELETE', url: `${base}/${encodeURIComponent(id)}` },
        (answer) => {
          accepted(answer);
          return true;
        },
        async () => (await over()) || undefined,
      );
    },
  };
}

interface DowntimeRow {
  readonly id: string;
  readonly attributes: {
    readonly status?: string;
    readonly message?: string | null;
    readonly scope?: string;
    readonly monitor_identifier?: { readonly monitor_tags?: string[]; readonly monitor_id?: number };
    readonly schedule?: { readonly end?: string | null };
  };
}

function downtimeOf({ id, attributes }: DowntimeRow): DatadogDowntime {
  const monitor = attributes.monitor_identifier;
  return {
    id,
    status: attributes.status ?? '',
    message: attributes.message ?? '',
    scope: attributes.scope ?? '',
    monitorTags: monitor?.monitor_tags ?? (monitor?.monitor_id ? [`monitor_id:${monitor.monitor_id}`] : []),
    end: attributes.schedule?.end ? new Date(attributes.schedule.end) : undefined,
  };
}

/** Datadog tells the seconds to wait in its own header, not in Retry-After. */
export function datadogQuota(headers: Readonly<Record<string, string>>): Quota | undefined {
  const [remaining, reset] = [headers['x-ratelimit-remaining'], headers['x-ratelimit-reset']];
  if (!remaining || !reset || !/^\d+$/.test(remaining) || !/^\d+$/.test(reset)) return undefined;
  return { remaining: Number(remaining), resetsInSeconds: Number(reset) };
}

/** @throws TaskError for anything but success */
function accepted(answer: HttpAnswer): HttpAnswer {
  if (answer.status >= 200 && answer.status < 300) return answer;
  const reason = errorMessage(answer);
  const what = `Datadog answered ${answer.status}${reason ? `: ${reason}` : ''}.`;
  if (answer.status === 401 || answer.status === 403) {
    throw new TaskError('auth', {
      what,
      remedy:
        'Check datadog-api-key and datadog-app-key: both must belong to the organisation on this site, and the application key needs the scope monitors_downtime.',
    });
  }
  if (answer.status === 400) {
    throw new TaskError('input', { what, remedy: 'Correct scope or monitor-tags of this downtime.' });
  }
  throw new TaskError('remote', { what, remedy: 'Look at Datadog’s Manage Downtimes page, then run the task again.' });
}

function errorMessage(answer: HttpAnswer): string {
  try {
    const { errors } = JSON.parse(answer.text) as { errors?: unknown[] };
    const first = errors?.[0];
    return answer.quote(typeof first === 'string' ? first : ((first as { detail?: string } | undefined)?.detail ?? ''));
  } catch {
    return '';
  }
}
