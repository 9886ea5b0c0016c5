import { TaskError } from '@maintenance-tasks/core';
import { createAlertmanager } from '@maintenance-tasks/services/alertmanager/client';
import {
  canonical,
  formatMatcher,
  type Matcher,
  matchesValue,
  parseMatcher,
} from '@maintenance-tasks/services/alertmanager/matchers';
import { type EntryOf, type MonitoringKind, markedText, ownOf, suppressionOf } from '../monitoring.ts';

export const alertmanager: MonitoringKind<EntryOf<'alertmanager'>> = {
  accountName({ url }) {
    const { host, pathname } = new URL(url);
    return `alertmanager ${host}${pathname.replace(/\/+$/, '')}`;
  },
  coverage: ({ matchers }) => coverage(matchersOf(matchers)),
  exact: true,
  open(context, name, { url }, { alertmanagerUser: user, alertmanagerPassword: password }) {
    const client = createAlertmanager(context.http, { url, user, password });
    const find = async () => {
      const silences = await client.silences();
      return silences.flatMap(({ id, state, comment, startsAt, endsAt, matchers }) => {
        if (state === 'expired') return [];
        const covers = coverage(matchers);
        return suppressionOf(comment, { id, pending: state === 'pending', begins: startsAt, ends: endsAt, covers });
      });
    };
    return {
      name,
      find,
      problems: async () => [],
      async create(entry, session, ends) {
        const matchers = matchersOf(entry.matchers);
        const comment = markedText(session, coverage(matchers));
        const silence = { matchers, now: context.clock.now(), endsAt: ends, comment };
        await client.create(silence, async () => ownOf(await find(), session, coverage(matchers))?.id);
      },
      end: ({ id }) => client.expire(id),
      async missed(since, entries) {
        const alerts = (await client.unsilenced()).filter(({ startsAt }) => startsAt >= since);
        const asked = entries.map(({ matchers }) => matchersOf(matchers));
        return alerts.map(({ labels, startsAt }) => ({
          alert: inWords(labels),
          at: startsAt,
          suggestion: suggestion(labels, asked),
        }));
      },
    };
  },
};

function coverage(matchers: readonly Matcher[]): string {
  return `alerts with ${canonical(matchers)}`;
}

/** The matchers, which the schema has already checked. */
function matchersOf(texts: readonly string[]): Matcher[] {
  return texts.map((text) => {
    const matcher = parseMatcher(text);
    if ('problem' in matcher)
      throw new TaskError('input', { what: `${matcher.problem}.`, remedy: 'Correct the matcher.' });
    return matcher;
  });
}

type Labels = Readonly<Record<string, string>>;

function inWords({ alertname = 'alert without a name', ...labels }: Labels): string {
  const rest = Object.entries(labels).map(([name, value]) => `${name}="${value}"`);
  return `${alertname}${rest.length > 0 ? ` (${rest.sort().join(', ')})` : ''}`;
}

/**
 * The matchers that would have caught an alert: those of the entry that came nearest, each that failed widened to the
 * alert's own value, or left out for the alert's name where it has no such label.
 */
export function suggestion(labels: Labels, entries: readonly (readonly Matcher[])[]): string {
  const failing = (matchers: readonly Matcher[]) =>
    matchers.filter((matcher) => matchesValue(matcher, labels[matcher.name] ?? '') === false);
  const nearest = [...entries].sort((a, b) => failing(a).length - failing(b).length)[0] ?? [];
  const failed = failing(nearest);
  if (failed.length === 0 && nearest.length > 0)
    return 'the matchers fit: it went out before the silence began or after it ended';
  if (failed.length === nearest.length) return `shares nothing with what is silenced; ${byName(labels)} would catch it`;
  const widened = nearest.flatMap((matcher) => (failed.includes(matcher) ? wider(matcher, labels) : [matcher]));
  const matchers = widened.length < nearest.length ? [...nameOf(labels), ...widened] : widened;
  return `matchers ${canonical(matchers)}`;
}

function wider({ name, value, isRegex, isEqual }: Matcher, labels: Labels): Matcher[] {
  const label = labels[name];
  if (!isEqual || label === undefined) return [];
  const either = `${isRegex ? value : escaped(value)}|${escaped(label)}`;
  return [{ name, value: either, isRegex: true, isEqual: true }];
}

function nameOf({ alertname }: Labels): Matcher[] {
  return alertname === undefined ? [] : [{ name: 'alertname', value: alertname, isRegex: false, isEqual: true }];
}

function byName(labels: Labels): string {
  return nameOf(labels).map(formatMatcher)[0] ?? 'a matcher on one of its labels';
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
