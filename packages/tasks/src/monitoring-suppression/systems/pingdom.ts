import { createPingdom } from '@maintenance-tasks/services/pingdom/client';
import { type EntryOf, type MonitoringKind, markedText, ownOf, suppressionOf } from '../monitoring.ts';

// Pingdom's list has no state: what began at Pingdom's now lies in the future of a slow clock of ours.
const CLOCK_TOLERANCE = 60_000;

export const pingdom: MonitoringKind<EntryOf<'pingdom'>> = {
  accountName: () => 'pingdom',
  coverage: ({ checks }) => coverage(checks),
  exact: true,
  open(context, name, _entry, { pingdomToken = '' }) {
    const client = createPingdom(context.http, pingdomToken);
    const find = async () => {
      const now = context.clock.now().getTime();
      const windows = await client.windows();
      return windows.flatMap(({ id, description, from, to, checks }) => {
        if (to.getTime() <= now) return [];
        const pending = from.getTime() > now + CLOCK_TOLERANCE;
        const found = { id: String(id), pending, begins: from, ends: to, covers: coverage(checks) };
        return suppressionOf(description, found);
      });
    };
    return {
      name,
      find,
      async problems({ checks }) {
        const known = new Set((await client.checks()).map(({ id }) => id));
        const unknown = checks.filter((id) => !known.has(id));
        return unknown.length === 0
          ? []
          : [`Pingdom has no uptime check ${unknown.join(', ')} that this token can see.`];
      },
      async create({ checks }, session, ends) {
        const covers = coverage(checks);
        const window = { description: markedText(session, covers), to: ends, checks: [...new Set(checks)] };
        await client.create(window, async () => {
          const own = ownOf(await find(), session, covers);
          return own && Number(own.id);
        });
      },
      end: ({ id, pending }) =>
        client.end({ id: Number(id), begun: !pending }, async () => (await find()).every((other) => other.id !== id)),
    };
  },
};

function coverage(checks: readonly number[]): string {
  return `checks ${[...new Set(checks)].sort((a, b) => a - b).join(', ')}`;
}
