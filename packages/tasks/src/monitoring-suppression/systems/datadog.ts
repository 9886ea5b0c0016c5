import { createDatadog, type DatadogAlert } from '@maintenance-tasks/services/datadog/client';
import { type EntryOf, type MonitoringKind, markedText, ownOf, sorted, suppressionOf } from '../monitoring.ts';

type Entry = EntryOf<'datadog'>;

export const datadog: MonitoringKind<Entry> = {
  accountName: ({ site }) => `datadog ${site}`,
  coverage: (entry) => coverage(entry.scope, entry['monitor-tags']),
  exact: false,
  open(context, name, { site }, { datadogApiKey = '', datadogAppKey = '' }) {
    const client = createDatadog(context.http, { site, apiKey: datadogApiKey, appKey: datadogAppKey });
    const find = async () => {
      const downtimes = await client.downtimes();
      return downtimes.flatMap(({ id, status, message, scope, monitorTags, start, end }) => {
        if (status === 'canceled' || status === 'ended') return [];
        const covers = coverage(scope, monitorTags);
        return suppressionOf(message, { id, pending: status === 'scheduled', begins: start, ends: end, covers });
      });
    };
    return {
      name,
      find,
      // A scope is a search over whatever hosts there are by then: there is nothing to look up beforehand.
      problems: async () => [],
      async create({ scope, 'monitor-tags': monitorTags }, session, ends) {
        const covers = coverage(scope, monitorTags);
        const downtime = { message: markedText(session, covers), scope, monitorTags, end: ends };
        await client.create(downtime, async () => ownOf(await find(), session, covers)?.id);
      },
      end: ({ id }) => client.cancel(id, async () => (await find()).every((other) => other.id !== id)),
      async missed(since, entries) {
        const alerts = await client.alerts(since, context.clock.now());
        return alerts?.map((alert) => ({
          alert: alert.title,
          at: alert.at,
          suggestion: suggestion(alert, entries),
        }));
      },
    };
  },
};

function coverage(scope: string, tags: readonly string[]): string {
  const monitors = tags.join() === '*' ? 'all monitors' : `monitors tagged ${sorted(tags).join(', ')}`;
  return `${scope.trim()} of ${monitors}`;
}

/** What of a downtime would have to be different to cover the alert; a scope is a search, of which only plain tags are read. */
export function suggestion(
  { tags, monitorTags }: Pick<DatadogAlert, 'tags' | 'monitorTags'>,
  entries: readonly Entry[],
): string {
  const inScope = entries.find(({ scope }) => plainTags(scope)?.every((tag) => tags.includes(tag)));
  if (inScope) {
    const lacking = inScope['monitor-tags'].filter((tag) => tag !== '*' && !monitorTags.includes(tag));
    if (lacking.length > 0)
      return `scope ${inScope.scope} fits, and the monitor is not tagged ${lacking.join(', ')}: tag it, or add an entry with ${monitorTags.length > 0 ? `monitor-tags [${monitorTags.join(', ')}]` : "monitor-tags ['*']"}`;
    return `scope ${inScope.scope} fits: it went out before the downtime began or after it ended`;
  }
  const key = (tag: string) => tag.split(':')[0];
  // A tag of the same name as the scope's own is the nearest thing to it.
  const keys = entries.flatMap(({ scope }) => plainTags(scope) ?? []).map(key);
  const nearest = tags.filter((tag) => keys.includes(key(tag)));
  const own = nearest.length > 0 ? nearest : tags.filter((tag) => /^(env|service|host|cluster(_name)?):/.test(tag));
  return own.length > 0 ? `an entry with scope ${sorted(own).join(' AND ')}` : 'no tag of it tells where it belongs';
}

function plainTags(scope: string): string[] | undefined {
  const parts = scope.trim().split(/\s+AND\s+|\s+/);
  return parts.every((part) => /^[^\s:()*]+:[^\s()*]+$/.test(part)) ? parts : undefined;
}
