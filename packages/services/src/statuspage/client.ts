import { type Clock, type Http, type HttpAnswer, type Quota, TaskError } from '@maintenance-tasks/core';

const SYSTEM = 'Statuspage';
const BASE = 'https://api.statuspage.io/v1';
const PAGE = 100;
/** A key may be used once a second, counted over a minute. No header tells; more is answered by 420. */
const CALLS_A_MINUTE = 60;

/** How a component stands: `operational`, `under_maintenance`, `degraded_performance`, `partial_outage`, `major_outage`. */
export type ComponentStatus = string;

export interface StatuspageComponent {
  readonly id: string;
  readonly name: string;
  readonly status: ComponentStatus;
}

export interface ScheduledMaintenance {
  readonly id: string;
  /** `scheduled`, `in_progress`, `verifying` or `completed`. */
  readonly status: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly components: readonly string[];
  readonly starts: Date | undefined;
  readonly ends: Date | undefined;
}

export interface Statuspage {
  /** Scheduled maintenance that runs or is to come. */
  maintenances(): Promise<ScheduledMaintenance[]>;
  components(): Promise<StatuspageComponent[]>;
  /** Begins a maintenance at once; `landed` finds it when the answer was lost. Returns its id. */
  create(
    maintenance: {
      readonly title: string;
      readonly text: string;
      readonly starts: Date;
      readonly ends: Date;
      readonly components: readonly string[];
      readonly metadata: Readonly<Record<string, unknown>>;
      /** Whether subscribers are mailed. Statuspage itself would, unless told not to. */
      readonly notify: boolean;
    },
    landed: () => Promise<string | undefined>,
  ): Promise<string>;
  /** Completes a maintenance and gives its components their status, in one call. `over` tells whether it is completed. */
  complete(
    maintenance: {
      readonly id: string;
      readonly components: Readonly<Record<string, ComponentStatus>>;
      readonly notify: boolean;
    },
    over: () => Promise<boolean>,
  ): Promise<void>;
}

/** A client of Statuspage's scheduled maintenance on one page. */
export function createStatuspage(
  http: Http,
  clock: Clock,
  { page, key }: { readonly page: string; readonly key: string },
): Statuspage {
  http.respectQuota(SYSTEM, ownQuota(clock));
  const base = `${BASE}/pages/${encodeURIComponent(page)}`;
  const common = { system: SYSTEM, headers: { authorization: `OAuth ${key}` } };

  async function list<Row extends { readonly id: string }>(path: string): Promise<Row[]> {
    const rows = new Map<string, Row>();
    for (let number = 1; ; number++) {
      const url = `${base}/${path}?page=${number}&per_page=${PAGE}`;
      const some = accepted(await http.send({ ...common, method: 'GET', url })).json();
      const known = rows.size;
      for (const row of Array.isArray(some) ? (some as Row[]) : []) rows.set(row.id, row);
      // Not a short page: which lists have pages, and how large, is not the same for all.
      if (rows.size === known) return [...rows.values()];
    }
  }

  return {
    async maintenances() {
      const running = await list<IncidentRow>('incidents/active_maintenance');
      const rows = new Map(
        [...running, ...(await list<IncidentRow>('incidents/upcoming'))].map((row) => [row.id, row]),
      );
      return [...rows.values()].map((row) => ({
        id: row.id,
        status: row.status,
        metadata: row.metadata ?? {},
        components: (row.components ?? []).map(({ id }) => id),
        starts: row.scheduled_for ? new Date(row.scheduled_for) : undefined,
        ends: row.scheduled_until ? new Date(row.scheduled_until) : undefined,
      }));
    },

    components: () => list<StatuspageComponent>('components'),

    create: ({ title, text, starts, ends, components, metadata, notify }, landed) =>
      http.write(
        {
          ...common,
          method: 'POST',
          url: `${base}/incidents`,
          json: {
            incident: {
              name: title,
              body: text,
              status: 'in_progress',
              scheduled_for: starts.toISOString(),
              scheduled_until: ends.toISOString(),
              scheduled_auto_in_progress: true,
              scheduled_auto_completed: true,
              auto_transition_to_maintenance_state: true,
              auto_transition_to_operational_state: true,
              deliver_notifications: notify,
              auto_transition_deliver_notifications_at_start: notify,
              auto_transition_deliver_notifications_at_end: notify,
              component_ids: components,
              components: Object.fromEntries(components.map((id) => [id, 'under_maintenance'])),
              metadata,
            },
          },
        },
        (answer) => (accepted(answer).json() as { id: string }).id,
        landed,
      ),

    async complete({ id, components, notify }, over) {
      await http.write(
        {
          ...common,
          method: 'PATCH',
          url: `${base}/incidents/${encodeURIComponent(id)}`,
          json: { incident: { status: 'completed', deliver_notifications: notify, components } },
        },
        (answer) => {
          accepted(answer);
          return true;
        },
        async () => (await over()) || undefined,
      );
    },
  };
}

/** What is left of the minute, as far as this run itself has used it. */
export function ownQuota(clock: Clock): () => Quota {
  let calls: number[] = [];
  return () => {
    const now = clock.now().getTime();
    calls = [...calls.filter((at) => at > now - 60_000), now];
    const oldest = calls[0] ?? now;
    return { remaining: CALLS_A_MINUTE - calls.length, resetsInSeconds: (oldest + 60_000 - now) / 1_000 };
  };
}

interface IncidentRow {
  readonly id: string;
  readonly status: string;
  readonly metadata?: Readonly<Record<string, unknown>> | null;
  readonly components?: readonly { readonly id: string }[] | null;
  readonly scheduled_for?: string | null;
  readonly scheduled_until?: string | null;
}

/** @throws TaskError for anything but success */
function accepted(answer: HttpAnswer): HttpAnswer {
  if (answer.status >= 200 && answer.status < 300) return answer;
  const reason = errorMessage(answer);
  const what = `Statuspage answered ${answer.status}${reason ? `: ${reason}` : ''}.`;
  if (answer.status === 401 || answer.status === 403)
    throw new TaskError('auth', {
      what,
      remedy: 'Check statuspage-key: it must be an API key of an account that owns the page.',
    });
  if (answer.status === 400 || answer.status === 404 || answer.status === 422)
    throw new TaskError('input', { what, remedy: 'Correct page, components, title or text of this maintenance.' });
  if (answer.status === 420 || answer.status === 429)
    throw new TaskError('remote', {
      what,
      remedy: 'Its key may be used once a second; see who else uses it, wait a minute, then run the task again.',
    });
  throw new TaskError('remote', {
    what,
    remedy: 'Look at the page’s Incidents in Statuspage, then run the task again.',
  });
}

/** Errors are `{error: text}` or `{error: [texts]}`, or a proxy's page, which is not shown. */
function errorMessage(answer: HttpAnswer): string {
  try {
    const { error } = JSON.parse(answer.text) as { error?: unknown };
    const texts = (Array.isArray(error) ? error : [error]).filter((one) => typeof one === 'string');
    return answer.quote(texts.join('; '));
  } catch {
    return '';
  }
}
