import { type Http, type HttpAnswer, TaskError } from '@maintenance-tasks/core';
import { mayCarryPassword } from './address.ts';
import type { Matcher } from './matchers.ts';

const SYSTEM = 'Alertmanager';
// Alertmanager moves a start in the past to its own now; this way a fast clock of ours leaves no gap.
const EARLY = 60_000;

export interface Silence {
  readonly id: string;
  readonly state: 'pending' | 'active' | 'expired';
  readonly comment: string;
  readonly startsAt: Date;
  readonly endsAt: Date;
  readonly matchers: readonly Matcher[];
}

export interface FiringAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly startsAt: Date;
}

export interface Alertmanager {
  /** All silences that are still kept, expired ones included: servers before 0.34 cannot filter by state. */
  silences(): Promise<Silence[]>;
  /** Alerts that fire now and are neither silenced nor inhibited; those that are over it does not remember. */
  unsilenced(): Promise<FiringAlert[]>;
  /** Starts a silence now; `landed` finds it when the answer was lost. Returns its id. */
  create(
    silence: {
      readonly matchers: readonly Matcher[];
      readonly now: Date;
      readonly endsAt: Date;
      readonly comment: string;
    },
    landed: () => Promise<string | undefined>,
  ): Promise<string>;
  /** Ends a silence; one that is over, or that nobody knows any more, is fine. */
  expire(id: string): Promise<void>;
}

/**
 * A client of Alertmanager's API v2.
 *
 * @param options.url with the path prefix, if there is one
 * @param options.password sent as a bearer token when there is no user
 * @throws TaskError `refused` when a password would leave the machine unencrypted
 */
export function createAlertmanager(
  http: Http,
  options: { readonly url: string; readonly user?: string | undefined; readonly password?: string | undefined },
): Alertmanager {
  if (options.password && !mayCarryPassword(options.url)) {
    throw new TaskError('refused', {
      what: `The password of Alertmanager would go to ${new URL(options.url).host} unencrypted.`,
      remedy: 'Give an https address, or leave alertmanager-password out if that server asks for none.',
    });
  }
  const base = `${options.url.replace(/\/+$/, '')}/api/v2`;
  const common = { system: SYSTEM, headers: authorization(options) };

  async function silence(id: string): Promise<Silence | undefined> {
    const answer = await http.send({ ...common, method: 'GET', url: `${base}/silence/${encodeURIComponent(id)}` });
    if (answer.status === 404) return undefined;
    return silenceOf(accepted(answer).json() as SilenceRow);
  }

  return {
    async silences() {
      const answer = accepted(await http.send({ ...common, method: 'GET', url: `${base}/silences` }));
      return (answer.json() as SilenceRow[]).map(silenceOf);
    },

    async unsilenced() {
      const url = `${base}/alerts?active=true&silenced=false&inhibited=false`;
      const answer = accepted(await http.send({ ...common, method: 'GET', url }));
      const alerts = answer.json() as { readonly labels: Record<string, string>; readonly startsAt: string }[];
      return alerts.map(({ labels, startsAt }) => ({ labels, startsAt: new Date(startsAt) }));
    },

    create: ({ matchers, now, endsAt, comment }, landed) =>
      http.write(
        {
          ...common,
          method: 'POST',
          url: `${base}/silences`,
          json: {
            matchers,
            startsAt: new Date(now.getTime() - EARLY).toISOString(),
            endsAt: endsAt.toISOString(),
            createdBy: 'maintenance-tasks',
            comment,
          },
        },
        (answer) => (accepted(answer).json() as { silenceID: string }).silenceID,
        landed,
      ),

    async expire(id) {
      const isOver = async () => ((await silence(id))?.state ?? 'expired') === 'expired';
      await http.write(
        { ...common, method: 'DELETE', url: `${base}/silence/${encodeURIComponent(id)}` },
        (answer) => {
          // An unknown id is 404 since 0.26.
          if (answer.status !== 404) accepted(answer);
          return true;
        },
        // Before 0.26 an unknown id is a 500 as any other.
        async () => (await isOver()) || undefined,
      );
    },
  };
}

interface SilenceRow {
  readonly id: string;
  readonly status: { readonly state: Silence['state'] };
  readonly comment: string;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly matchers: readonly (Omit<Matcher, 'isEqual'> & { readonly isEqual?: boolean })[];
}

function silenceOf(row: SilenceRow): Silence {
  return {
    id: row.id,
    state: row.status.state,
    comment: row.comment,
    startsAt: new Date(row.startsAt),
    endsAt: new Date(row.endsAt),
    matchers: row.matchers.map((matcher) => ({ ...matcher, isEqual: matcher.isEqual ?? true })),
  };
}

function authorization({
  user,
  password,
}: {
  user?: string | undefined;
  password?: string | undefined;
}): Record<string, string> {
  if (!password) return {};
  if (!user) return { authorization: `Bearer ${password}` };
  return { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` };
}

/** @throws TaskError for anything but success */
function accepted(answer: HttpAnswer): HttpAnswer {
  if (answer.status >= 200 && answer.status < 300) return answer;
  const reason = errorMessage(answer);
  const what = `Alertmanager answered ${answer.status}${reason ? `: ${reason}` : ''}.`;
  if (answer.status === 401 || answer.status === 403) {
    throw new TaskError('auth', { what, remedy: 'Check alertmanager-user and alertmanager-password.' });
  }
  if (answer.status === 400 || answer.status === 422) {
    throw new TaskError('input', { what, remedy: 'Correct the matchers of this silence.' });
  }
  throw new TaskError('remote', {
    what,
    remedy:
      answer.status === 404
        ? 'Check the address: it must be what Alertmanager’s own pages start with, path prefix included.'
        : 'Look at Alertmanager’s Silences page, then run the task again.',
  });
}

/** Errors are a JSON string, `{code, message}`, or a proxy's page, which is not shown. */
function errorMessage(answer: HttpAnswer): string {
  try {
    const body = JSON.parse(answer.text) as string | { message?: string } | null;
    return answer.quote(typeof body === 'string' ? body : (body?.message ?? ''));
  } catch {
    return '';
  }
}
