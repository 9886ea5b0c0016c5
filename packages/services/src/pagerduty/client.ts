import { type Http, type HttpAnswer, type Quota, TaskError } from '@maintenance-tasks/core';

const SYSTEM = 'PagerDuty';
const ADDRESSES = { us: 'https://api.pagerduty.com', eu: 'https://api.eu.pagerduty.com' } as const;
const PAGE = 100;
// PagerDuty moves a start in the past to its own now; this way a fast clock of ours leaves no gap.
const EARLY = 60_000;
/** Offset and limit together may not be more: https://developer.pagerduty.com/docs/pagination */
const MOST_ROWS = 10_000;

export type PagerDutyRegion = keyof typeof ADDRESSES;

export interface PagerDutyWindow {
  readonly id: string;
  readonly description: string;
  readonly starts: Date;
  readonly ends: Date;
  readonly services: readonly string[];
}

export interface PagerDutyIncident {
  readonly number: number;
  readonly title: string;
  readonly created: Date;
  readonly service: { readonly id: string; readonly name: string };
}

export interface PagerDuty {
  /** Maintenance windows that run or are to come. */
  windows(): Promise<PagerDutyWindow[]>;
  /** Its name; nothing when there is no such service. */
  service(id: string): Promise<string | undefined>;
  /** Whether somebody signs in with this address; nothing when the token may not ask. */
  hasUser(email: string): Promise<boolean | undefined>;
  /** Opens a window at once; `landed` finds it when the answer was lost. Returns its id. */
  create(
    window: {
      readonly description: string;
      readonly now: Date;
      readonly ends: Date;
      readonly services: readonly string[];
      readonly from: string;
    },
    landed: () => Promise<string | undefined>,
  ): Promise<string>;
  /** Ends a window; one that is over, or gone, is fine. `over` tells whether it is. */
  end(id: string, over: () => Promise<boolean>): Promise<void>;
  incidents(since: Date, until: Date): Promise<PagerDutyIncident[]>;
}

/** A client of PagerDuty's REST API v2, as far as maintenance windows need it. */
export function createPagerDuty(
  http: Http,
  { region, token }: { readonly region: PagerDutyRegion; readonly token: string },
): PagerDuty {
  http.respectQuota(SYSTEM, pagerDutyQuota);
  const base = ADDRESSES[region];
  const headers = { authorization: `Token token=${token}`, accept: 'application/vnd.pagerduty+json;version=2' };
  const common = { system: SYSTEM, headers };

  async function list<Row extends { readonly id: string }>(path: string, key: string): Promise<Row[]> {
    const rows = new Map<string, Row>();
    for (let offset = 0; offset < MOST_ROWS; ) {
      const url = `${base}${path}${path.includes('?') ? '&' : '?'}limit=${PAGE}&offset=${offset}`;
      const answer = accepted(await http.send({ ...common, method: 'GET', url }));
      const body = answer.json() as Record<string, Row[] | undefined> & { readonly more?: boolean };
      const page = body[key] ?? [];
      for (const row of page) rows.set(row.id, row);
      offset += page.length;
      // `total` is null unless asked for: only `more` tells.
      if (body.more !== true || page.length === 0) break;
    }
    return [...rows.values()];
  }

  return {
    async windows() {
      const rows = await list<WindowRow>('/maintenance_windows?filter=open', 'maintenance_windows');
      return rows.map((row) => ({
        id: row.id,
        description: row.description ?? '',
        starts: new Date(row.start_time),
        ends: new Date(row.end_time),
        services: row.services.map(({ id }) => id),
      }));
    },

    async service(id) {
      const answer = await http.send({ ...common, method: 'GET', url: `${base}/services/${encodeURIComponent(id)}` });
      if (answer.status === 404) return undefined;
      return (accepted(answer).json() as { service: { name?: string } }).service.name ?? id;
    },

    async hasUser(email) {
      const url = `${base}/users?query=${encodeURIComponent(email)}&limit=${PAGE}`;
      const answer = await http.send({ ...common, method: 'GET', url });
      if (answer.status === 403) return undefined;
      const { users = [] } = accepted(answer).json() as { users?: readonly { readonly email?: string }[] };
      return users.some((user) => user.email?.toLowerCase() === email.toLowerCase());
    },

    create: ({ description, now, ends, services, from }, landed) =>
      http.write(
        {
          ...common,
          headers: { ...headers, from },
          method: 'POST',
          url: `${base}/maintenance_windows`,
          json: {
            maintenance_window: {
              type: 'maintenance_window',
              description,
              start_time: new Date(now.getTime() - EARLY).toISOString(),
              end_time: ends.toISOString(),
              services: services.map((id) => ({ id, type: 'service_reference' })),
            },
          },
        },
        (answer) => (accepted(answer).json() as { maintenance_window: { id: string } }).maintenance_window.id,
        landed,
      ),

    async end(id, over) {
      await http.write(
        { ...common, method: 'DELETE', url: `${base}/maintenance_windows/${encodeURIComponent(id)}` },
        (answer) => {
          // 405 is for a window that is over already: https://developer.pagerduty.com/api-reference (maintenance windows).
          if (answer.status !== 405 && answer.status !== 404) accepted(answer);
          return true;
        },
        async () => (await over()) || undefined,
      );
    },

    async incidents(since, until) {
      const path = `/incidents?since=${since.toISOString()}&until=${until.toISOString()}&sort_by=created_at:desc`;
      const rows = await list<IncidentRow>(path, 'incidents');
      return rows.map((row) => ({
        number: row.incident_number ?? 0,
        title: row.title ?? row.summary ?? '',
        created: new Date(row.created_at),
        service: { id: row.service?.id ?? '', name: row.service?.summary ?? row.service?.id ?? '' },
      }));
    },
  };
}

interface WindowRow {
  readonly id: string;
  readonly description?: string | null;
  readonly start_time: string;
  readonly end_time: string;
  readonly services: readonly { readonly id: string }[];
}

interface IncidentRow {
  readonly id: string;
  readonly incident_number?: number;
  readonly title?: string;
  readonly summary?: string;
  readonly created_at: string;
  readonly service?: { readonly id: string; readonly summary?: string };
}

/** PagerDuty tells the seconds to wait in its own header, not in Retry-After. */
export function pagerDutyQuota(headers: Readonly<Record<string, string>>): Quota | undefined {
  const [remaining, reset] = [headers['ratelimit-remaining'], headers['ratelimit-reset']];
  if (!remaining || !reset || !/^\d+$/.test(remaining) || !/^\d+$/.test(reset)) return undefined;
  return { remaining: Number(remaining), resetsInSeconds: Number(reset) };
}

/** @throws TaskError for anything but success */
function accepted(answer: HttpAnswer): HttpAnswer {
  if (answer.status >= 200 && answer.status < 300) return answer;
  const reason = errorMessage(answer);
  const what = `PagerDuty answered ${answer.status}${reason ? `: ${reason}` : ''}.`;
  if (answer.status === 401 || answer.status === 403) {
    throw new TaskError('auth', {
      what,
      remedy: 'Check pagerduty-token and the region: it must be a REST API key that may write (not a read-only one).',
    });
  }
  if (answer.status === 400) {
    throw new TaskError('input', {
      what,
      remedy: 'Correct services or from of this window; from must be the address of a PagerDuty user.',
    });
  }
  throw new TaskError('remote', {
    what,
    remedy: 'Look at PagerDuty’s Maintenance Windows page, then run the task again.',
  });
}

function errorMessage(answer: HttpAnswer): string {
  try {
    const { error } = JSON.parse(answer.text) as { error?: { message?: string; errors?: unknown[] } | string };
    if (typeof error === 'string') return answer.quote(error);
    const details = Array.isArray(error?.errors) ? error.errors.filter((one) => typeof one === 'string') : [];
    return answer.quote([error?.message, ...details].filter((part) => part).join(': '));
  } catch {
    return '';
  }
}
