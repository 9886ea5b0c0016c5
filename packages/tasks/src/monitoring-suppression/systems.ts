import {
  ANY_UNDO_MARK,
  type AnyContext,
  decodeUndoNote,
  encodeUndoNote,
  isDamaged,
  TaskError,
} from '@maintenance-tasks/core';
import { type Alertmanager, createAlertmanager } from '@maintenance-tasks/services/alertmanager/client';
import { canonical } from '@maintenance-tasks/services/alertmanager/matchers';
import { createDatadog, type Datadog } from '@maintenance-tasks/services/datadog/client';
import { createPingdom, type Pingdom } from '@maintenance-tasks/services/pingdom/client';
import {
  coverage,
  datadogCoverage,
  fingerprint,
  type MonitoringCredentials,
  matchersOf,
  missingCredentials,
  type Suppression,
} from './plan.ts';
import type { SuppressedSystem } from './schema.ts';

export type Context = Pick<AnyContext, 'http' | 'log' | 'report' | 'clock' | 'signal'>;

/** One account of one monitoring system. Several entries of `systems` may be in the same one. */
export interface Monitoring {
  /** As outputs and messages name it: `pingdom`, `datadog datadoghq.eu`, `alertmanager alerts.example.com`. */
  readonly name: string;
  /** Everything in force, or about to be, that carries any session's mark. */
  find(): Promise<Suppression[]>;
  /** What of an entry does not exist there, one sentence each; reads only. */
  problems(entry: SuppressedSystem): Promise<string[]>;
  /** Silences an entry from now on; returns the id. */
  create(entry: SuppressedSystem, session: string, ends: Date): Promise<string>;
  end(suppression: Suppression): Promise<void>;
}

/**
 * The accounts that the entries are in, each once.
 *
 * @throws TaskError `input` when credentials are missing, all of them named
 */
export function monitoringOf(
  context: Context,
  systems: readonly SuppressedSystem[],
  credentials: MonitoringCredentials,
): Map<SuppressedSystem, Monitoring> {
  const missing = missingCredentials(systems, credentials);
  if (missing.length > 0) {
    throw new TaskError('input', {
      what: `Credentials are missing: ${missing.join('; ')}.`,
      remedy: 'Give all of them and run it again.',
    });
  }
  const accounts = new Map<string, Monitoring>();
  return new Map(
    systems.map((entry) => {
      const name = accountName(entry);
      const account = accounts.get(name) ?? createMonitoring(context, name, entry, credentials);
      accounts.set(name, account);
      return [entry, account];
    }),
  );
}

/** As outputs and messages name the account that an entry is in. */
export function accountName(entry: SuppressedSystem): string {
  if (entry.system === 'pingdom') return 'pingdom';
  if (entry.system === 'datadog') return `datadog ${entry.site}`;
  const url = new URL(entry.url);
  return `alertmanager ${url.host}${url.pathname.replace(/\/+$/, '')}`;
}

function createMonitoring(
  context: Context,
  name: string,
  entry: SuppressedSystem,
  credentials: MonitoringCredentials,
): Monitoring {
  const { pingdomToken = '', datadogApiKey = '', datadogAppKey = '' } = credentials;
  if (entry.system === 'pingdom') return pingdomMonitoring(context, name, createPingdom(context.http, pingdomToken));
  if (entry.system === 'datadog') {
    const { site } = entry;
    return datadogMonitoring(name, createDatadog(context.http, { site, apiKey: datadogApiKey, appKey: datadogAppKey }));
  }
  const { alertmanagerUser: user, alertmanagerPassword: password } = credentials;
  return alertmanagerMonitoring(context, name, createAlertmanager(context.http, { url: entry.url, user, password }));
}

// Pingdom's list has no state: what began at Pingdom's now lies in the future of a slow clock of ours.
const CLOCK_TOLERANCE = 60_000;

function pingdomMonitoring(context: Context, name: string, pingdom: Pingdom): Monitoring {
  const find = async () => {
    const now = context.clock.now().getTime();
    const windows = await pingdom.windows();
    return windows.flatMap(({ id, description, from, to, checks }) => {
      if (to.getTime() <= now) return [];
      const covers = coverage({ system: 'pingdom', checks: [...checks] });
      return suppressionOf(description, {
        id: String(id),
        pending: from.getTime() > now + CLOCK_TOLERANCE,
        ends: to,
        covers,
      });
    });
  };
  return {
    name,
    find,
    async problems(entry) {
      if (entry.system !== 'pingdom') return [];
      const known = new Set((await pingdom.checks()).map(({ id }) => id));
      const unknown = entry.checks.filter((id) => !known.has(id));
      return unknown.length === 0 ? [] : [`Pingdom has no uptime check ${unknown.join(', ')} that this token can see.`];
    },
    async create(entry, session, ends) {
      if (entry.system !== 'pingdom') throw wrongAccount(name, entry);
      const window = {
        description: markedText(session, coverage(entry)),
        to: ends,
        checks: [...new Set(entry.checks)],
      };
      const id = await pingdom.create(window, async () => {
        const own = ownOf(await find(), session, coverage(entry));
        return own && Number(own.id);
      });
      return String(id);
    },
    end: ({ id, pending }) =>
      pingdom.end({ id: Number(id), begun: !pending }, async () => (await find()).every((other) => other.id !== id)),
  };
}

function datadogMonitoring(name: string, datadog: Datadog): Monitoring {
  const find = async () => {
    const downtimes = await datadog.downtimes();
    return downtimes.flatMap(({ id, status, message, scope, monitorTags, end }) => {
      if (status === 'canceled' || status === 'ended') return [];
      const covers = datadogCoverage(scope, monitorTags);
      return suppressionOf(message, { id, pending: status === 'scheduled', ends: end, covers });
    });
  };
  return {
    name,
    find,
    // A scope is a search over whatever hosts there are by then: there is nothing to look up beforehand.
    problems: async () => [],
    create(entry, session, ends) {
      if (entry.system !== 'datadog') throw wrongAccount(name, entry);
      const downtime = {
        message: markedText(session, coverage(entry)),
        scope: entry.scope,
        monitorTags: entry['monitor-tags'],
        end: ends,
      };
      return datadog.create(downtime, async () => ownOf(await find(), session, coverage(entry))?.id);
    },
    end: ({ id }) => datadog.cancel(id, async () => (await find()).every((other) => other.id !== id)),
  };
}

function alertmanagerMonitoring(context: Context, name: string, alertmanager: Alertmanager): Monitoring {
  const find = async () => {
    const silences = await alertmanager.silences();
    return silences.flatMap(({ id, state, comment, endsAt, matchers }) => {
      if (state === 'expired') return [];
      const covers = `alerts with ${canonical(matchers)}`;
      return suppressionOf(comment, { id, pending: state === 'pending', ends: endsAt, covers });
    });
  };
  return {
    name,
    find,
    problems: async () => [],
    create(entry, session, ends) {
      if (entry.system !== 'alertmanager') throw wrongAccount(name, entry);
      const silence = {
        matchers: matchersOf(entry.matchers),
        now: context.clock.now(),
        endsAt: ends,
        comment: markedText(session, coverage(entry)),
      };
      return alertmanager.create(silence, async () => ownOf(await find(), session, coverage(entry))?.id);
    },
    end: ({ id }) => alertmanager.expire(id),
  };
}

// Pingdom does not say how long a description may be; the note without its sentence has about 60 characters.
const LONGEST_NOTE = 120;

/** What a person sees in the other system's list, and by which any later run finds it again. */
function markedText(session: string, covers: string): string {
  const note = encodeUndoNote({ session, state: fingerprint(covers) }, LONGEST_NOTE);
  return `Planned maintenance ${session}: silenced by a pipeline, ends by itself. ${note}`;
}

function suppressionOf(text: string, found: Omit<Suppression, 'session' | 'madeFor'>): Suppression[] {
  if (!text.includes(ANY_UNDO_MARK)) return [];
  const note = decodeUndoNote(text);
  if (!note) return [];
  const madeFor = !isDamaged(note) && typeof note.state === 'number' ? note.state : undefined;
  return [{ ...found, session: note.session, madeFor }];
}

function ownOf(found: readonly Suppression[], session: string, covers: string): Suppression | undefined {
  return found.find((one) => one.session === session && one.madeFor === fingerprint(covers));
}

function wrongAccount(name: string, entry: SuppressedSystem): Error {
  return new Error(`${entry.system} is not in ${name}`);
}
