import { type Change, formatDuration } from '@maintenance-tasks/core';
import {
  type ApplicationGateway,
  createApplicationGateway,
  type Gateway,
  type ServerHealth,
} from '@maintenance-tasks/services/application-gateway/client';
import type { AzureAccess } from '@maintenance-tasks/services/entra-id/client';
import { change, idOf, problemsOf, unfit } from './gateway-change.ts';
import { bindsByCookie, drainSeconds } from './gateway-draining.ts';
import {
  addressesOf,
  healthyWithout,
  notedPools,
  type PoolEdit,
  planPoolDrain,
  planPoolRollOut,
  poolOf,
} from './gateway-plan.ts';
import type { TargetOf } from './schema.ts';
import { type Context, type Problem, type Site, waitUntil } from './site.ts';

type Target = TargetOf<'application-gateway'>;

const SYSTEM = 'Azure Application Gateway';
/** Updates take 45 to 90 s as a rule, sometimes many minutes. A run that was lost does not know when its own ended. */
const LONG_OPERATION = 5 * 60_000;
const HEALTH_WITHIN = 2 * 60_000;
const LOOK_EVERY = 5_000;

/** One gateway with all of its pools that are named: one write for all of them. */
export function gatewaySite(context: Context, access: AzureAccess, targets: readonly [Target, ...Target[]]): Site {
  const [{ subscription, 'resource-group': resourceGroup, gateway: name }] = targets;
  const client = createApplicationGateway(context, access, { subscription, resourceGroup, gateway: name });
  const pools = targets.map((target) => ({
    pool: target.pool,
    members: target.members,
    minimumHealthy: target['minimum-healthy'],
  }));
  const planned = (gateway: Gateway, session: string) => {
    const now = context.clock.now().getTime();
    return pools.map((target) => planPoolDrain(gateway, target, session, now));
  };

  return {
    name: `${SYSTEM} ${name}`,

    async planDrain(session) {
      const gateway = await client.settled();
      const plans = planned(gateway, session);
      const problems = [...problemsOf(plans), ...unfit(gateway)];
      const health = problems.length === 0 ? await client.health() : [];
      if (problems.length === 0) {
        plans.forEach(({ edit, drained }, index) => {
          const { pool, minimumHealthy } = pools[index] as (typeof pools)[number];
          const healthy = healthyWithout(health, pool, drained);
          if (edit && healthy.length < minimumHealthy) problems.push(tooFew(name, pool, healthy, minimumHealthy));
        });
      }
      const edits = plans.flatMap(({ edit }) => edit ?? []);
      return {
        changes: edits.map((edit) => changeOf(name, edit)),
        problems,
        drained: plans.flatMap(({ drained }, index) =>
          drained.map((member) => shown(name, pools[index]?.pool ?? '', member)),
        ),
        leftAlone: [],
        notes: pools
          .filter(({ pool }, index) => plans[index]?.edit && bindsByCookie(gateway, pool))
          .map(
            ({ pool }) =>
              `Sessions that ${name} binds to a member by cookie go on reaching members that leave the pool ${pool}.`,
          ),
        async carryOut() {
          let ended = context.clock.now().getTime();
          if (edits.length > 0) {
            const again = (now: Gateway) => planned(now, session);
            await change(context, client, name, again, edits);
            ended = context.clock.now().getTime();
          } else if (plans.length > 0) {
            // Drained by an earlier run, which may have been lost before the connections had ended.
            ended = Math.min(ended, Math.max(...plans.map(({ since = 0 }) => since)) + LONG_OPERATION);
          }
          const seconds = Math.max(...pools.map(({ pool }) => drainSeconds(gateway, pool)));
          await letConnectionsEnd(context, name, ended + seconds * 1_000);
          if (edits.length > 0) await tableOfHealth(context, client, name, pools, health);
        },
      };
    },

    async planRollOut(session) {
      const gateway = await client.settled();
      const held = notedPools(gateway).filter((each) => each.session === session);
      const plans = held.map(({ pool }) => planPoolRollOut(gateway, pool, session));
      const edits = plans.flatMap(({ edit }) => edit ?? []);
      // A pool that cannot be given back keeps no other from it.
      const again = (now: Gateway) => edits.map(({ pool }) => planPoolRollOut(now, pool, session));
      return {
        changes: edits.map((edit) => changeOf(name, edit)),
        problems: [...problemsOf(plans), ...(edits.length > 0 ? unfit(gateway) : [])],
        drained: [],
        leftAlone: [],
        notes: [],
        async carryOut() {
          if (edits.length === 0) return;
          const health = await client.health();
          await change(context, client, name, again, edits);
          const back = edits.map((edit) => ({
            pool: edit.pool,
            members: addressNames(edit).filter((address) => !standsIn(gateway, edit.pool, address)),
          }));
          await letMembersRecover(context, client, name, back);
          await tableOfHealth(context, client, name, edits, health);
        },
      };
    },

    async standings() {
      const gateway = await client.read();
      const held = notedPools(gateway).map(({ pool, session, members }) => ({
        system: SYSTEM,
        what: `${name}/${pool}`,
        stands: `without ${members}`,
        session,
      }));
      const others = pools.filter(
        ({ pool }) => !held.some(({ what }) => what.toLowerCase() === `${name}/${pool}`.toLowerCase()),
      );
      return [
        ...held,
        ...others.map(({ pool }) => ({
          system: SYSTEM,
          what: `${name}/${pool}`,
          stands: standsWith(gateway, pool),
          session: '',
        })),
      ];
    },

    async accessProblems() {
      const denied = await client.denied();
      return denied.length === 0
        ? []
        : [`The access to Azure lacks ${denied.join(' and ')} on the application gateway ${name}.`];
    },
  };
}

async function letConnectionsEnd(context: Context, name: string, until: number): Promise<void> {
  await waitUntil(context, 1_000, async () => {
    const left = until - context.clock.now().getTime();
    return left <= 0
      ? undefined
      : `${name} lets connections end that its former members still have, ${formatDuration(left)} more`;
  });
}

/** Members that stay down get no traffic from the gateway: that is worth a warning, and no reason to take them out again. */
async function letMembersRecover(
  context: Context,
  client: ApplicationGateway,
  name: string,
  back: readonly { readonly pool: string; readonly members: readonly string[] }[],
): Promise<void> {
  const until = context.clock.now().getTime() + HEALTH_WITHIN;
  const missing = async () => {
    const health = await client.health();
    return back.flatMap(({ pool, members }) => {
      const healthy = healthyWithout(health, pool, []).map((address) => address.toLowerCase());
      return members.filter((member) => !healthy.includes(member.toLowerCase()));
    });
  };
  let down: string[] = [];
  await waitUntil(context, LOOK_EVERY, async () => {
    down = await missing();
    if (down.length === 0 || context.clock.now().getTime() >= until) return undefined;
    return `${name} does not find ${down.join(', ')} healthy yet`;
  });
  if (down.length > 0)
    context.log.warning(
      `${down.join(', ')} are back in ${name} and were not found healthy within ${formatDuration(HEALTH_WITHIN)}: the gateway sends them nothing until they are.`,
    );
}

async function tableOfHealth(
  context: Context,
  client: ApplicationGateway,
  name: string,
  pools: readonly { readonly pool: string }[],
  before: readonly ServerHealth[],
): Promise<void> {
  const after = await client.health();
  const cell = (health: readonly ServerHealth[], pool: string) => {
    const of = health.filter((each) => each.pool.toLowerCase() === pool.toLowerCase());
    return of.map(({ address, health: state }) => `${address} ${state}`).join(', ') || 'nothing';
  };
  context.report.table({
    title: `Backend health of ${name}`,
    columns: ['Pool', 'Before', 'After'],
    rows: pools.map(({ pool }) => [pool, cell(before, pool), cell(after, pool)]),
  });
}

function tooFew(name: string, pool: string, healthy: readonly string[], minimum: number): Problem {
  return {
    kind: 'refused',
    text: `The pool ${pool} of ${name} would be left with ${healthy.length} healthy members (${healthy.join(', ') || 'none'}), and minimum-healthy is ${minimum}.`,
  };
}

function changeOf(gateway: string, { pool, before, after }: PoolEdit): Change {
  return { id: idOf(gateway, pool), what: `${gateway}/${pool}`, before, after };
}

function shown(gateway: string, pool: string, member: string): string {
  return `${gateway}/${pool} ${member}`;
}

function addressNames({ addresses }: PoolEdit): string[] {
  return addresses.map(({ ipAddress, fqdn }) => ipAddress ?? fqdn ?? '');
}

function standsIn(gateway: Gateway, pool: string, address: string): boolean {
  const found = poolOf(gateway, pool);
  return found !== undefined && addressesOf(found).some(({ ipAddress, fqdn }) => (ipAddress ?? fqdn) === address);
}

function standsWith(gateway: Gateway, pool: string): string {
  const found = poolOf(gateway, pool);
  return found
    ? addressesOf(found)
        .map(({ ipAddress, fqdn }) => ipAddress ?? fqdn ?? '')
        .join(', ') || 'no members'
    : 'no such pool';
}
