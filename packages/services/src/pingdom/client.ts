import { type Http, type HttpAnswer, type HttpRequest, type Quota, TaskError } from '@maintenance-tasks/core';

const BASE = 'https://api.pingdom.com/api/3.1';
const SYSTEM = 'Pingdom';
const PAGE = 100;
/** Pingdom takes only times in the future, and this for “now”: https://docs.pingdom.com/api/ (maintenance). */
const NOW = 1;

export interface PingdomWindow {
  readonly id: number;
  readonly description: string;
  readonly from: Date;
  readonly to: Date;
  readonly checks: readonly number[];
}

export interface PingdomCheck {
  readonly id: number;
  readonly name: string;
}

export interface Pingdom {
  /** All maintenance windows, past ones included. */
  windows(): Promise<PingdomWindow[]>;
  checks(): Promise<PingdomCheck[]>;
  /** Starts a window now; `landed` finds it when the answer was lost. Returns its id. */
  create(
    window: { readonly description: string; readonly to: Date; readonly checks: readonly number[] },
    landed: () => Promise<number | undefined>,
  ): Promise<number>;
  /** Ends a running window now, deletes one that has not begun. `over` tells whether it is over already. */
  end(window: { readonly id: number; readonly begun: boolean }, over: () => Promise<boolean>): Promise<void>;
}

/** A client of Pingdom's API 3.1, as far as maintenance windows need it. */
export function createPingdom(http: Http, token: string): Pingdom {
  http.respectQuota(SYSTEM, pingdomQuota);
  const common = { system: SYSTEM, headers: { authorization: `Bearer ${token}` } };

  async function list<Row extends { readonly id: number }>(path: string, key: string): Promise<Row[]> {
    const rows = new Map<number, Row>();
    for (;;) {
      const url = `${BASE}${path}?limit=${PAGE}&offset=${rows.size}`;
      const answer = accepted(await http.send({ ...common, method: 'GET', url }));
      const page = (answer.json() as Record<string, Row[] | undefined>)[key] ?? [];
      const known = rows.size;
      for (const row of page) rows.set(row.id, row);
      // Not a short page: a server may give fewer than it is asked for, and a window that is overlooked is not ended.
      if (rows.size === known) return [...rows.values()];
    }
  }

  return {
    async windows() {
      const rows = await list<WindowRow>('/maintenance', 'maintenance');
      return rows.map((row) => ({
        id: row.id,
        description: row.description ?? '',
        from: new Date(row.from * 1_000),
        to: new Date(row.to * 1_000),
        checks: row.checks?.uptime ?? [],
      }));
    },

    checks: () => list<PingdomCheck>('/checks', 'checks'),

    create: ({ description, to, checks }, landed) =>
      http.write(
        {
          ...common,
          method: 'POST',
          url: `${BASE}/maintenance`,
          json: { description, from: NOW, to: seconds(to), uptimeids: checks.join(',') },
        },
        (answer) => (accepted(answer).json() as { maintenance: { id: number } }).maintenance.id,
        landed,
      ),

    async end({ id, begun }, over) {
      const url = `${BASE}/maintenance/${id}`;
      const cutShort: HttpRequest = { ...common, method: 'PUT', url, json: { to: NOW, effectiveto: NOW } };
      const remove: HttpRequest = { ...common, method: 'DELETE', url };
      const landed = async () => ((await over()) ? SUCCESS : undefined);
      // A running window cannot be deleted, one in the future cannot be cut short; Pingdom's clock decides which it is.
      const [first, second] = begun ? [cutShort, remove] : [remove, cutShort];
      const answer = await http.write<Answered>(first, (answer) => answer, landed);
      if (answer.status !== 400 && answer.status !== 403) accepted(answer);
      else accepted(await http.write<Answered>(second, (other) => (other.status < 300 ? other : answer), landed));
    },
  };
}

type Answered = Pick<HttpAnswer, 'status' | 'text' | 'quote'>;
const SUCCESS: Answered = { status: 200, text: '', quote: String };

interface WindowRow {
  readonly id: number;
  readonly description?: string;
  readonly from: number;
  readonly to: number;
  readonly checks?: { readonly uptime?: number[] };
}

/** `Remaining: 394 Time until reset: 3589`, of whichever of the two limits is nearer. */
export function pingdomQuota(headers: Readonly<Record<string, string>>): Quota | undefined {
  const quotas = ['req-limit-short', 'req-limit-long'].flatMap((name) => {
    const [remaining, reset] = (headers[name]?.match(/\d+/g) ?? []).map(Number);
    return remaining === undefined || reset === undefined ? [] : [{ remaining, resetsInSeconds: reset }];
  });
  return quotas.sort((a, b) => a.remaining - b.remaining || b.resetsInSeconds - a.resetsInSeconds)[0];
}

function seconds(date: Date): number {
  return Math.floor(date.getTime() / 1_000);
}

/** @throws TaskError for anything but success */
function accepted<A extends Answered>(answer: A): A {
  if (answer.status >= 200 && answer.status < 300) return answer;
  const reason = errorMessage(answer);
  const what = `Pingdom answered ${answer.status}${reason ? `: ${reason}` : ''}.`;
  if (answer.status === 401 || answer.status === 403) {
    throw new TaskError('auth', {
      what,
      remedy: 'Check pingdom-token: it must be a token of API 3.1, and its level Read/Write.',
    });
  }
  throw new TaskError('remote', { what, remedy: 'Look at Pingdom’s Maintenance page, then run the task again.' });
}

function errorMessage(answer: Answered): string {
  try {
    const { error } = JSON.parse(answer.text) as { error?: { errormessage?: string; statusdesc?: string } };
    return answer.quote(error?.errormessage ?? error?.statusdesc ?? '');
  } catch {
    return '';
  }
}
