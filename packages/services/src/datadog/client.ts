import { type Http, type HttpAnswer, type Quota, TaskError } from '@maintenance-tasks/core';

const SYSTEM = 'Datadog';
// Datadog’s own default: what it gives for sure, so that a short page is the last one.
const PAGE = 30;
const EVENTS = 100;
const MOST_PAGES = 10;
/** Recoveries and the like are events, too. */
const ALARMING = new Set(['error', 'failure', 'warning', 'warn', 'alert']);

export interface DatadogDowntime {
  readonly id: string;
  /** `active`, `scheduled`, `canceled` or `ended`; cancelled ones stay readable for about two days. */
  readonly status: string;
  readonly message: string;
  readonly scope: string;
  readonly monitorTags: readonly string[];
  readonly start: Date | undefined;
  /** Nothing for a downtime without an end, or one that recurs. */
  readonly end: Date | undefined;
}

/** A monitor that changed to alert or warn and told so: what a downtime covers makes no event. */
export interface DatadogAlert {
  readonly title: string;
  readonly at: Date;
  readonly monitorTags: readonly string[];
  /** Of the event: those of what the monitor looked at among them. */
  readonly tags: readonly string[];
}

export interface Datadog {
  downtimes(): Promise<DatadogDowntime[]>;
  /** What was alerted between the two, the latest first; nothing when the application key may not read events. */
  alerts(since: Date, until: Date): Promise<DatadogAlert[] | undefined>;
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
  const api = `https://api.${options.site}/api/v2`;
  const base = `${api}/downtime`;
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

    async alerts(since, until) {
      const rows: EventRow[] = [];
      const query = new URLSearchParams({
        'filter[query]': 'source:alert',
        'filter[from]': since.toISOString(),
        'filter[to]': until.toISOString(),
        sort: '-timestamp',
        'page[limit]': String(EVENTS),
      });
      for (let page = 0; page < MOST_PAGES; page++) {
        const answer = await http.send({ ...common, method: 'GET', url: `${api}/events?${query}` });
        if (answer.status === 403) return undefined;
        const { data = [], meta } = accepted(answer).json() as EventPage;
        rows.push(...data);
        if (!meta?.page?.after) break;
        query.set('page[cursor]', meta.page.after);
      }
      return rows.filter(({ attributes }) => ALARMING.has(attributes.attributes?.status ?? '')).map(alertOf);
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
    readonly schedule?: { readonly start?: string | null; readonly end?: string | null };
  };
}

interface EventPage {
  readonly data?: readonly EventRow[];
  readonly meta?: { readonly page?: { readonly after?: string } };
}

interface EventRow {
  readonly attributes: {
    readonly timestamp?: string;
    readonly tags?: readonly string[];
    readonly attributes?: {
      readonly title?: string;
      readonly status?: string;
      readonly monitor?: { readonly name?: string; readonly tags?: readonly string[] };
    };
  };
}

function alertOf({ attributes }: EventRow): DatadogAlert {
  const { title, monitor } = attributes.attributes ?? {};
  return {
    title: monitor?.name ?? title ?? '',
    at: new Date(attributes.timestamp ?? 0),
    monitorTags: monitor?.tags ?? [],
    tags: attributes.tags ?? [],
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
    start: attributes.schedule?.start ? new Date(attributes.schedule.start) : undefined,
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
