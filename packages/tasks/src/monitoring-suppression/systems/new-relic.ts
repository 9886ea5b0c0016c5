import { createNewRelic, type MutingCondition } from '@maintenance-tasks/services/new-relic/client';
import { type EntryOf, type MonitoringKind, markedText, ownOf, sorted, suppressionOf } from '../monitoring.ts';

// The rule shall begin now by New Relic's clock, too, where ours is fast.
const EARLY = 60_000;

export const newRelic: MonitoringKind<EntryOf<'new-relic'>> = {
  accountName: ({ account, region }) => `new-relic ${region === 'us' ? '' : `${region} `}${account}`,
  coverage: ({ conditions, match }) => coverage(operatorOf(match), conditions),
  exact: true,
  open(context, name, { account, region }, { newRelicKey: key = '' }) {
    const client = createNewRelic(context.http, { account, region, key });
    const find = async () => {
      const now = context.clock.now().getTime();
      const rules = await client.rules();
      return rules.flatMap(({ id, description, enabled, operator, conditions, starts, ends }) => {
        // Rules stay listed when they are over, and when somebody has switched them off.
        if (!enabled || (ends !== undefined && ends.getTime() <= now)) return [];
        const pending = starts !== undefined && starts.getTime() > now;
        return suppressionOf(description, {
          id,
          pending,
          begins: starts,
          ends,
          covers: coverage(operator, conditions),
        });
      });
    };
    return {
      name,
      find,
      // Conditions are compared with whatever issues open by then: there is nothing to look up beforehand.
      problems: async () => [],
      async create({ conditions, match }, session, ends) {
        const operator = operatorOf(match);
        const covers = coverage(operator, conditions);
        const rule = {
          name: `Planned maintenance ${session}`,
          description: markedText(session, covers),
          operator,
          conditions,
          starts: new Date(context.clock.now().getTime() - EARLY),
          ends,
        };
        await client.create(rule, async () => ownOf(await find(), session, covers)?.id);
      },
      end: ({ id }) => client.delete(id, async () => (await find()).every((other) => other.id !== id)),
    };
  },
};

function operatorOf(match: 'all' | 'any'): 'AND' | 'OR' {
  return match === 'all' ? 'AND' : 'OR';
}

function coverage(operator: string, conditions: readonly MutingCondition[]): string {
  const texts = conditions.map(({ attribute, operator: compares, values }) =>
    [attribute, compares, sorted(values).join(', ')].filter((part) => part !== '').join(' '),
  );
  return `issues with ${sorted(texts).join(` ${operator} `)}`;
}
