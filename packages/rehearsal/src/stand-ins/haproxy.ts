import { ANY_UNDO_MARK } from '@maintenance-tasks/core';
import { z } from 'zod';
import type { StandIn, StandInAnswer, StandInWorld } from '../stand-in.ts';

const server = z.strictObject({
  name: z.string(),
  state: z.enum(['ready', 'drain', 'maint']).default('ready').describe('What an administrator told it.'),
  up: z.boolean().default(true),
  sessions: z.int().min(0).default(0).describe('Sessions it has at the start.'),
  'session-seconds': z.int().min(0).default(0).describe('When they end, counted from when it gets no new ones.'),
});

export const haproxySeed = z.strictObject({
  name: z.string().default('HAProxy'),
  host: z.string().default('lb1.example.com'),
  port: z.int().positive().default(9_999).describe('Where its runtime API listens.'),
  level: z.enum(['admin', 'operator', 'user']).default('admin'),
  version: z.string().default('2.6.12'),
  backends: z.record(z.string(), z.array(server)).default({}),
});

interface Server {
  readonly name: string;
  readonly up: boolean;
  readonly lasts: number;
  state: 'ready' | 'drain' | 'maint';
  sessions: number;
  since: number;
}

const ADMIN = { ready: 0, drain: 0x08, maint: 0x01 };
const RESTRICTED = 'This command is restricted to experimental mode only.\n';

/** The runtime API of HAProxy 2.6 as `show stat`, `show servers state`, `set server` and `set var` of it behave. */
export function haproxyStandIn(given: z.input<typeof haproxySeed>, world: StandInWorld): StandIn {
  const seed = haproxySeed.parse(given);
  const now = () => world.now().getTime();
  const variables = new Map<string, string>();
  const backends = new Map(
    Object.entries(seed.backends).map(([name, servers]) => [
      name,
      servers.map(
        (each): Server => ({
          name: each.name,
          up: each.up,
          lasts: each['session-seconds'] * 1_000,
          state: each.state,
          sessions: each.sessions,
          since: now(),
        }),
      ),
    ]),
  );

  const sessionsOf = (one: Server) => (one.state !== 'ready' && now() - one.since >= one.lasts ? 0 : one.sessions);

  function statusOf(one: Server): string {
    if (one.state === 'maint') return 'MAINT';
    if (!one.up) return 'DOWN';
    return one.state === 'drain' ? 'DRAIN' : 'UP';
  }

  function showStat(backend: string): string {
    const rows = (backends.get(backend) ?? []).map(
      (one, index) => `${backend},${one.name},0,0,${sessionsOf(one)},9,,${statusOf(one)},1,3,${index + 1},2,`,
    );
    if (!backends.has(backend)) return 'No such proxy.\n';
    return `# pxname,svname,qcur,qmax,scur,smax,slim,status,weight,iid,sid,type,\n${rows.map((row) => `${row}\n`).join('')}`;
  }

  function showState(backend: string): string {
    const servers = backends.get(backend);
    if (!servers) return "Can't find backend.\n";
    const rows = servers.map(
      (one, index) =>
        `3 ${backend} ${index + 1} ${one.name} 192.0.2.${index + 1} ${one.state === 'maint' ? 0 : 2} ${ADMIN[one.state]} 1 1\n`,
    );
    return `1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight\n${rows.join('')}`;
  }

  function setServer(name: string, state: string): string {
    if (seed.level !== 'admin') return 'Permission denied\n';
    const [backend = '', serverName] = name.split('/');
    if (!serverName) return "Require 'backend/server'.\n";
    const servers = backends.get(backend);
    if (!servers) return 'No such backend.\n';
    const one = servers.find((each) => each.name === serverName);
    if (!one) return 'No such server.\n';
    if (state !== 'ready' && state !== 'drain' && state !== 'maint')
      return "'set server <srv> state' expects 'ready', 'drain' and 'maint'.\n";
    if (one.state === 'ready' && state !== 'ready') one.since = now();
    one.state = state;
    return '';
  }

  function one(command: string, mode: { experimental: boolean }): string {
    const stat = /^show stat (\S+) 4 -1$/.exec(command);
    if (stat) return showStat(stat[1] as string);
    const state = /^show servers state (\S+)$/.exec(command);
    if (state) return showState(state[1] as string);
    const set = /^set server (\S+) state (\S+)$/.exec(command);
    if (set) return setServer(set[1] as string, set[2] as string);
    const shut = /^shutdown sessions server ([^/\s]+)\/(\S+)$/.exec(command);
    if (shut) {
      const found = backends.get(shut[1] as string)?.find((each) => each.name === shut[2]);
      if (!found) return 'No such server.\n';
      found.sessions = 0;
      return '';
    }
    if (command === 'experimental-mode on') {
      mode.experimental = true;
      return seed.level === 'admin' ? '' : 'Permission denied\n';
    }
    const get = /^get var (proc\.[\w.]+)$/.exec(command);
    if (get) {
      if (seed.level === 'user') return 'Permission denied\n';
      const value = variables.get(get[1] as string);
      return value === undefined ? 'Variable not found.\n' : `${get[1]}: type=str value=<${value}>`;
    }
    const keep = /^set var (proc\.[\w.]+) str\(([^()"\\\s;]*)\)$/.exec(command);
    if (keep) {
      if (!mode.experimental || seed.level !== 'admin') return RESTRICTED;
      variables.set(keep[1] as string, keep[2] as string);
      return '';
    }
    return 'Unknown command, but maybe one of the following ones is a better match:\n  help\n  quit\n';
  }

  return {
    name: seed.name,
    hosts: [seed.host],
    speaksLines: ({ host, port }) => host === seed.host && port === seed.port,
    answer({ body }): StandInAnswer {
      const mode = { experimental: false };
      const commands = body.toString('utf8').trim().split(';');
      // Each answer ends with an empty line.
      return { status: 200, body: commands.map((command) => `${one(command.trim(), mode)}\n`).join('') };
    },
    state: () =>
      Object.fromEntries(
        [...backends].map(([backend, servers]) => [
          backend,
          servers.map((each) => `${each.name}: ${each.state}, ${sessionsOf(each)} sessions`),
        ]),
      ),
    leftovers: () =>
      [...variables]
        .filter(([, value]) => value.includes(ANY_UNDO_MARK))
        .map(([name]) => `${seed.name} keeps a note in ${name}`),
  };
}
