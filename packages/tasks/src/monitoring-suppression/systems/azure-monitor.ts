import { createAzureMonitor, type RuleCondition } from '@maintenance-tasks/services/azure-monitor/client';
import { type EntryOf, type MonitoringKind, markedText, noteOf, sorted, suppressionOf } from '../monitoring.ts';
import { fingerprint } from '../plan.ts';

type Entry = EntryOf<'azure-monitor'>;

const TAG = 'maintenance-tasks';
// The rule shall be in force by Azure's clock, too, where ours is fast.
const EARLY = 60_000;

export const azureMonitor: MonitoringKind<Entry> = {
  accountName: (entry) => `azure-monitor ${entry.subscription}/${entry['resource-group']}`.toLowerCase(),
  coverage: ({ scopes, conditions }) => coverage(scopes, conditions),
  exact: true,
  open(context, name, { subscription, 'resource-group': resourceGroup }, { azure = {} }) {
    const client = createAzureMonitor(context, azure, { subscription, resourceGroup });
    return {
      name,
      async find() {
        const now = context.clock.now().getTime();
        const rules = await client.rules();
        return rules.flatMap(({ name: id, enabled, description, tags, scopes, conditions, from, until }) => {
          // Rules stay when they are over, and when somebody has switched them off.
          if (!enabled || (until !== undefined && until.getTime() <= now)) return [];
          const pending = from !== undefined && from.getTime() > now;
          const covers = coverage(scopes, conditions);
          return suppressionOf(tags[TAG] ?? description, { id, pending, begins: from, ends: until, covers });
        });
      },
      async problems({ scopes }) {
        const groups = sorted(scopes.flatMap((scope) => /\/resourceGroups\/([^/]+)$/i.exec(scope)?.[1] ?? []));
        const known = await Promise.all(groups.map((group) => client.hasGroup(group)));
        const unknown = groups.filter((_, index) => known[index] === false);
        return unknown.length === 0 ? [] : [`Azure has no resource group ${unknown.join(', ')} in ${subscription}.`];
      },
      async create({ scopes, conditions }, session, ends) {
        const covers = coverage(scopes, conditions);
        await client.put({
          name: ruleName(session, covers),
          description: markedText(session, covers),
          tags: { [TAG]: noteOf(session, covers) },
          scopes: [...new Set(scopes)],
          conditions,
          from: new Date(context.clock.now().getTime() - EARLY),
          until: ends,
        });
      },
      end: ({ id }) => client.delete(id),
    };
  },
};

/** The same for the same session and coverage, so that making it twice makes one. */
export function ruleName(session: string, covers: string): string {
  return `maintenance-${session}-${fingerprint(covers).toString(36)}`;
}

/** Azure's ids are the same in whatever case they are written. */
function coverage(scopes: readonly string[], conditions: readonly RuleCondition[]): string {
  const texts = conditions.map(({ field, operator, values }) => `${field} ${operator} ${sorted(values).join(', ')}`);
  const where = texts.length > 0 ? ` where ${sorted(texts).join(' and ')}` : '';
  return `alerts of ${sorted(scopes.map((scope) => scope.toLowerCase())).join(', ')}${where}`;
}
