import { inParallel } from '@maintenance-tasks/core';
import { createPagerDuty, type PagerDutyIncident } from '@maintenance-tasks/services/pagerduty/client';
import { type EntryOf, type MonitoringKind, markedText, ownOf, sorted, suppressionOf } from '../monitoring.ts';

type Entry = EntryOf<'pagerduty'>;

// PagerDuty's list has no state: what began at PagerDuty's now lies in the future of a slow clock of ours.
const CLOCK_TOLERANCE = 60_000;
const AT_ONCE = 4;

export const pagerduty: MonitoringKind<Entry> = {
  accountName: ({ region }) => (region === 'us' ? 'pagerduty' : `pagerduty ${region}`),
  coverage: ({ services }) => coverage(services),
  exact: true,
  open(context, name, { region }, { pagerdutyToken: token = '' }) {
    const client = createPagerDuty(context.http, { region, token });
    const find = async () => {
      const now = context.clock.now().getTime();
      const windows = await client.windows();
      return windows.flatMap(({ id, description, starts, ends, services }) => {
        if (ends.getTime() <= now) return [];
        const pending = starts.getTime() > now + CLOCK_TOLERANCE;
        return suppressionOf(description, { id, pending, begins: starts, ends, covers: coverage(services) });
      });
    };
    return {
      name,
      find,
      async problems({ services, from }) {
        const names = await inParallel(services, AT_ONCE, (id) => client.service(id));
        const unknown = services.filter((_, index) => names[index] === undefined);
        const noUser = (await client.hasUser(from)) === false;
        return [
          ...(unknown.length > 0 ? [`PagerDuty has no service ${unknown.join(', ')} that this token can see.`] : []),
          ...(noUser ? [`PagerDuty has no user ${from}: from must be the address of one.`] : []),
        ];
      },
      async create({ services, from }, session, ends) {
        const covers = coverage(services);
        const description = markedText(session, covers);
        const window = { description, now: context.clock.now(), ends, services: sorted(services), from };
        await client.create(window, async () => ownOf(await find(), session, covers)?.id);
      },
      end: ({ id }) => client.end(id, async () => (await find()).every((other) => other.id !== id)),
      async missed(since, entries) {
        const incidents = await client.incidents(since, context.clock.now());
        return incidents.map((incident) => ({
          alert: `#${incident.number} ${incident.title}`,
          at: incident.created,
          suggestion: suggestion(incident, entries),
        }));
      },
    };
  },
};

function coverage(services: readonly string[]): string {
  return `services ${sorted(services).join(', ')}`;
}

/** What of a window would have to be different to keep the incident from being opened. */
export function suggestion(
  { service }: Pick<PagerDutyIncident, 'service'>,
  entries: readonly Pick<Entry, 'services'>[],
): string {
  if (entries.some(({ services }) => services.includes(service.id)))
    return `service ${service.id} (${service.name}) is covered: it was opened before the window began or after it ended, or by hand`;
  return `service ${service.id} (${service.name}) added to services`;
}
