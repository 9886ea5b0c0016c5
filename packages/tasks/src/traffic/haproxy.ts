import { type Change, formatDuration, parseDuration, TaskError } from '@maintenance-tasks/core';
import { createHaproxy, type Haproxy, type HaproxyServer } from '@maintenance-tasks/services/haproxy/client';
import {
  type DrainPlan,
  type GiveBack,
  type Noted,
  noteOf,
  planServerDrain,
  planServerRollOut,
} from './haproxy-plan.ts';
import type { TargetOf } from './schema.ts';
import { type Context, type Problem, type Site, type Standing, waitUntil } from './site.ts';

type Target = TargetOf<'haproxy'>;

const SYSTEM = 'HAProxy';
const LOOK_EVERY = 1_000;
/** As the evidence has it, too. */
const TAKEN_OUT = 'maint, once it has no sessions';

/** The servers of a backend on each HAProxy in front of them. */
export function haproxySite(context: Context, target: Target): Site {
  const { backend } = target;
  const proxies = target.sockets.map((socket) => createHaproxy(context, socket));

  return {
    name: `${SYSTEM} ${backend}`,

    async planDrain(session) {
      const plans: { proxy: Haproxy; plan: DrainPlan; before: readonly Noted[] }[] = [];
      const problems: Problem[] = [];
      for (const proxy of proxies) {
        const read = await readServers(proxy, target);
        problems.push(...read.problems);
        if (read.problems.length > 0) continue;
        const given = { session, minimum: target['minimum-healthy'] };
        const plan = planServerDrain(`${proxy.name}/${backend}`, read.all, read.wanted, given);
        problems.push(...plan.problems, ...(plan.drain.length > 0 ? await unfit(proxy) : []));
        plans.push({ proxy, plan, before: read.wanted });
      }
      const changes = plans.flatMap(({ proxy, plan, before }) =>
        plan.takeOut.map((server) =>
          drainChange(proxy, backend, before.find((each) => each.server.name === server)?.server),
        ),
      );
      return {
        changes: changes.flatMap((change) => change ?? []),
        problems,
        drained: plans.flatMap(({ proxy, plan }) => plan.drained.map((server) => shown(proxy, backend, server))),
        leftAlone: plans.flatMap(({ proxy, plan }) => plan.leftAlone.map((server) => shown(proxy, backend, server))),
        notes: [],
        async carryOut() {
          // On all of them before any wait: the servers are the same ones behind each.
          for (const { proxy, plan } of plans) {
            await proxy.setStates(
              backend,
              plan.drain.map((each) => ({ ...each, state: 'drain' })),
            );
            for (const { server } of plan.drain) context.report.changed(idOf(proxy, backend, server));
          }
          for (const { proxy, plan } of plans) await takeOut(context, proxy, target, plan.takeOut);
        },
      };
    },

    async planRollOut(session, left) {
      const plans: { proxy: Haproxy; giveBack: readonly GiveBack[] }[] = [];
      const problems: Problem[] = [];
      const leftAlone: string[] = [];
      for (const proxy of proxies) {
        const read = await readServers(proxy, target);
        // A server that was taken out of the configuration meanwhile keeps no other from being given back.
        problems.push(...read.problems);
        const plan = planServerRollOut(
          `${proxy.name}/${backend}`,
          read.wanted,
          session,
          (server) => left.get(idOf(proxy, backend, server)) === TAKEN_OUT,
        );
        problems.push(...plan.problems);
        leftAlone.push(...plan.leftAlone.map((server) => shown(proxy, backend, server)));
        plans.push({ proxy, giveBack: plan.giveBack });
      }
      return {
        changes: plans.flatMap(({ proxy, giveBack }) =>
          giveBack.map(({ server, told, to }) => ({
            id: idOf(proxy, backend, server),
            what: shown(proxy, backend, server),
            before: told,
            after: to,
          })),
        ),
        problems,
        drained: [],
        leftAlone,
        notes: leftAlone.map((what) => `${what} was not taken out by this session; it is left as it is.`),
        async carryOut() {
          for (const { proxy, giveBack } of plans) {
            await proxy.setStates(
              backend,
              giveBack.map(({ server, to }) => ({ server, state: to, note: '' })),
            );
            for (const { server } of giveBack) context.report.changed(idOf(proxy, backend, server));
            await verify(context, proxy, target, giveBack);
          }
        },
      };
    },

    async standings() {
      const standings: Standing[] = [];
      for (const proxy of proxies) {
        const { wanted, problems } = await readServers(proxy, target);
        standings.push(
          ...problems.map(({ text }) => ({
            system: SYSTEM,
            what: `${proxy.name}/${backend}`,
            stands: text,
            session: '',
          })),
          ...wanted.map(({ server, note }) => ({
            system: SYSTEM,
            what: shown(proxy, backend, server.name),
            stands: `${server.told} (${server.status}), ${server.sessions} sessions`,
            session: note?.session ?? '',
          })),
        );
      }
      return standings;
    },

    async accessProblems() {
      const problems: string[] = [];
      for (const proxy of proxies) problems.push(...(await unfit(proxy)).map(({ text }) => text));
      return problems;
    },
  };
}

async function readServers(
  proxy: Haproxy,
  { backend, servers }: Target,
): Promise<{
  readonly all: readonly HaproxyServer[];
  readonly wanted: readonly Noted[];
  readonly problems: readonly Problem[];
}> {
  const all = await proxy.servers(backend);
  if (all === undefined)
    return {
      all: [],
      wanted: [],
      problems: [{ kind: 'input', text: `HAProxy at ${proxy.name} has no backend ${backend}.` }],
    };
  const known = servers.flatMap((name) => all.find((server) => server.name === name) ?? []);
  const notes = await proxy.notes(
    backend,
    known.map(({ name }) => name),
  );
  const unknown = servers.filter((name) => !all.some((server) => server.name === name));
  return {
    all,
    wanted: known.map((server, index) => ({ server, note: noteOf(notes[index] ?? '') })),
    problems: unknown.map((name) => ({
      kind: 'input',
      text: `${proxy.name}/${backend} has no server ${name}; it has ${all.map((server) => server.name).join(', ') || 'none'}.`,
    })),
  };
}

/** Waits until the servers have no sessions, and takes each out as soon as it has none. */
async function takeOut(context: Context, proxy: Haproxy, target: Target, servers: readonly string[]): Promise<void> {
  const { backend } = target;
  const started = context.clock.now().getTime();
  const cutAfter = target['cut-after'] === undefined ? undefined : parseDuration(target['cut-after']);
  const open = new Set(servers);
  let hasCut = false;
  await waitUntil(context, LOOK_EVERY, async () => {
    if (open.size === 0) return undefined;
    const all = (await proxy.servers(backend)) ?? [];
    const busy: string[] = [];
    const idle: string[] = [];
    for (const name of open) {
      const server = all.find((each) => each.name === name);
      if (server?.told !== 'drain') throw notAsTold(proxy, backend, name, server, 'drain');
      if (server.sessions > 0 || server.queued > 0) {
        busy.push(`${shown(proxy, backend, name)} has ${server.sessions} sessions (${server.queued} queued)`);
        continue;
      }
      idle.push(name);
    }
    await proxy.setStates(
      backend,
      idle.map((server) => ({ server, state: 'maint' })),
    );
    for (const name of idle) open.delete(name);
    if (open.size === 0) return undefined;
    if (cutAfter !== undefined && !hasCut && context.clock.now().getTime() - started >= cutAfter) {
      hasCut = true;
      context.report.note(`Cut after ${formatDuration(cutAfter)}: ${busy.join('; ')}.`);
      for (const name of open) await proxy.shutSessions(backend, name);
    }
    return busy.join('; ');
  });
  await verify(
    context,
    proxy,
    target,
    servers.map((server) => ({ server, to: 'maint' })),
  );
}

async function verify(
  context: Context,
  proxy: Haproxy,
  { backend }: Target,
  aims: readonly Pick<GiveBack, 'server' | 'to'>[],
): Promise<void> {
  if (aims.length === 0) return;
  const all = (await proxy.servers(backend)) ?? [];
  for (const { server: name, to } of aims) {
    const server = all.find((each) => each.name === name);
    if (server?.told !== to) throw notAsTold(proxy, backend, name, server, to);
    context.report.verified(idOf(proxy, backend, name));
  }
}

function notAsTold(
  proxy: Haproxy,
  backend: string,
  name: string,
  server: HaproxyServer | undefined,
  to: string,
): TaskError {
  return new TaskError('conflict', {
    what: `${shown(proxy, backend, name)} was told ${to} and is ${server?.told ?? 'gone'} (${server?.status ?? 'not in the configuration'}) now: somebody else changed it, or HAProxy was reloaded.`,
    remedy: 'Find out who changes it, then run the task again.',
  });
}

/** A state that could not be remembered is not changed. */
async function unfit(proxy: Haproxy): Promise<Problem[]> {
  try {
    if (await proxy.canKeepNotes()) return [];
  } catch (error) {
    if (!(error instanceof TaskError) || error.kind !== 'auth') throw error;
    return [{ kind: 'auth', text: `${error.text.what} ${error.text.remedy}` }];
  }
  return [
    {
      kind: 'refused',
      text: `HAProxy at ${proxy.name} cannot keep a note (\`set var\` of its runtime API, since 2.4), so nobody could tell afterwards what was taken out by whom.`,
    },
  ];
}

function drainChange(proxy: Haproxy, backend: string, server: HaproxyServer | undefined): Change | undefined {
  if (!server) return undefined;
  return {
    id: idOf(proxy, backend, server.name),
    what: shown(proxy, backend, server.name),
    before: `${server.told} (${server.status}, ${server.sessions} sessions)`,
    after: TAKEN_OUT,
  };
}

function shown(proxy: Haproxy, backend: string, server: string): string {
  return `${proxy.name} ${backend}/${server}`;
}

function idOf(proxy: Haproxy, backend: string, server: string): string {
  return `traffic:haproxy:${proxy.name}:${backend}/${server}`;
}
