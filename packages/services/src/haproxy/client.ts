import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type AnyContext, messageOf, TaskError } from '@maintenance-tasks/core';
import { openSocket } from '@maintenance-tasks/core/socket';
import { type HaproxySocket, parseHaproxySocket } from './address.ts';

/** What of a task the runtime API needs. */
export type Context = Pick<AnyContext, 'signal' | 'clock' | 'log'>;

export type ServerState = 'ready' | 'drain' | 'maint';

/** A server as HAProxy sees it (management.txt, 9.1 and 9.3: show stat, show servers state). */
export interface HaproxyServer {
  readonly name: string;
  /** What it was told by an administrator. `inherited` is maintenance it has from another server, or from DNS. */
  readonly told: ServerState | 'inherited';
  /** `UP`, `DOWN`, `no check`, `MAINT (via …)` … */
  readonly status: string;
  /** Whether it gets new sessions. */
  readonly serves: boolean;
  readonly sessions: number;
  readonly queued: number;
}

export interface StateChange {
  readonly server: string;
  readonly state: ServerState;
  /** Left out, what is kept about it stays. */
  readonly note?: string;
}

export interface Haproxy {
  /** Host or file, for messages. */
  readonly name: string;
  /** Nothing when there is no such backend. */
  servers(backend: string): Promise<HaproxyServer[] | undefined>;
  /** The texts that were kept about these servers, in their order. */
  notes(backend: string, servers: readonly string[]): Promise<string[]>;
  /** Changes the states of servers, and by the same line keeps a text about each as long as this process of HAProxy lives. */
  setStates(backend: string, changes: readonly StateChange[]): Promise<void>;
  /** Whether texts can be kept; reads and writes nothing but an empty one of its own. */
  canKeepNotes(): Promise<boolean>;
  /** Cuts the sessions that a server still has. */
  shutSessions(backend: string, server: string): Promise<void>;
}

const TIMEOUT = 10_000;
const ATTEMPTS = 3;
const LARGEST_ANSWER = 16 * 1024 * 1024;
/** A line must fit into one of HAProxy’s buffers (tune.bufsize, 16 KiB unless told). */
const LONGEST_LINE = 8_000;

const FORCED_MAINT = 0x01;
const OTHER_MAINT = 0x02 | 0x20;
const FORCED_DRAIN = 0x08;

/** A client of HAProxy’s runtime API. Every command of it may be sent twice without doing more than once. */
export function createHaproxy(context: Context, address: string): Haproxy {
  const socket = parseHaproxySocket(address);
  if ('problem' in socket) throw new Error(socket.problem);
  const name = socket.kind === 'tcp' ? `${socket.host}:${socket.port}` : socket.path;

  async function ask(line: string): Promise<string> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await askOnce(socket as HaproxySocket, line, context.signal);
      } catch (cause) {
        context.signal.throwIfAborted();
        if (cause instanceof TaskError) throw cause;
        if (attempt === ATTEMPTS) throw unreachable(name, cause);
        context.log.info(
          `HAProxy at ${name} could not be asked (${messageOf(cause)}), attempt ${attempt} of ${ATTEMPTS}.`,
        );
        await context.clock.sleep(500 * attempt, context.signal);
      }
    }
  }

  /** Changes are answered by silence; any text is a refusal. */
  async function tell(line: string): Promise<void> {
    const answer = (await ask(line)).trim();
    if (answer !== '') throw refused(name, answer);
  }

  return {
    name,

    async servers(backend) {
      const answer = await ask(`show servers state ${backend};show stat ${backend} 4 -1`);
      if (/^Can't find backend|^No such/m.test(answer)) return undefined;
      if (/Permission denied/.test(answer)) throw refused(name, answer.trim());
      return serversOf(answer, backend, name);
    },

    async notes(backend, servers) {
      const found = new Map<string, string>();
      for (const line of linesOf(servers.map((server) => `get var ${noteName(backend, server)}`))) {
        const answer = await ask(line);
        if (/Permission denied/.test(answer)) throw refused(name, answer.trim());
        for (const [, key, text] of answer.matchAll(/^(proc\.\w+): type=str value=<(.*)>$/gm))
          found.set(key as string, text as string);
      }
      return servers.map((server) => found.get(noteName(backend, server)) ?? '');
    },

    async setStates(backend, changes) {
      const commands = changes.map(({ server, state, note }) => {
        const keep = note === undefined ? '' : `set var ${noteName(backend, server)} str(${note});`;
        return `${keep}set server ${backend}/${server} state ${state}`;
      });
      const first = changes.some(({ note }) => note !== undefined) ? 'experimental-mode on;' : '';
      for (const line of linesOf(commands)) await tell(`${first}${line}`);
    },

    async canKeepNotes() {
      const key = 'proc.maintenance_tasks';
      const answer = await ask(`experimental-mode on;set var ${key} str();get var ${key}`);
      if (/Permission denied/.test(answer)) throw refused(name, 'Permission denied');
      return answer.includes(`${key}: type=str`);
    },

    shutSessions: (backend, server) => tell(`shutdown sessions server ${backend}/${server}`),
  };
}

/** As many commands a line as it has room for. */
function linesOf(commands: readonly string[]): string[] {
  const lines: string[] = [];
  for (const command of commands) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + command.length < LONGEST_LINE)
      lines[lines.length - 1] = `${last};${command}`;
    else lines.push(command);
  }
  return lines;
}

/** Without a prompt HAProxy answers one line and closes. */
async function askOnce(socket: HaproxySocket, line: string, signal: AbortSignal): Promise<string> {
  const patience = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT)]);
  const connection = socket.kind === 'tcp' ? await openSocket(socket, patience) : await openFile(socket.path, patience);
  try {
    connection.write(`${line}\n`);
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of connection as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > LARGEST_ANSWER) throw new Error('it does not stop answering');
      chunks.push(chunk);
    }
    patience.throwIfAborted();
    // A connection that was cut looks like one that was closed; HAProxy ends each answer with an empty line.
    const answer = Buffer.concat(chunks).toString('utf8');
    if (!answer.endsWith('\n')) throw new Error('the connection was cut');
    return answer;
  } finally {
    connection.destroy();
  }
}

async function openFile(path: string, signal: AbortSignal): Promise<Socket> {
  const connection = connect({ path });
  signal.addEventListener('abort', () => connection.destroy(), { once: true });
  connection.on('error', () => {});
  await once(connection, 'connect', { signal });
  return connection;
}

/** Names of variables have letters, digits, dots and underscores only. */
function noteName(backend: string, server: string): string {
  const part = (text: string) =>
    text.replace(/[^A-Za-z0-9]/g, (character) => `_${character.charCodeAt(0).toString(16)}_`);
  return `proc.maintenance_tasks_${part(backend)}__${part(server)}`;
}

function serversOf(answer: string, backend: string, name: string): HaproxyServer[] {
  const lines = answer.split('\n');
  const states = rowsOf(lines, '# be_id ', ' ');
  const stats = rowsOf(lines, '# pxname,', ',');
  const told = new Map(states.map((row) => [row.srv_name, Number(row.srv_admin_state)]));
  return stats
    .filter(({ pxname, type }) => pxname === backend && type === '2')
    .map((row) => {
      const state = told.get(row.svname as string);
      if (state === undefined || Number.isNaN(state)) throw refused(name, `nothing about the state of ${row.svname}`);
      const status = row.status ?? '';
      return {
        name: row.svname as string,
        told: toldOf(state),
        status,
        serves: /^(UP|no check|NOLB)/.test(status) && toldOf(state) === 'ready',
        sessions: Number(row.scur) || 0,
        queued: Number(row.qcur) || 0,
      };
    });
}

function toldOf(state: number): HaproxyServer['told'] {
  if (state & FORCED_MAINT) return 'maint';
  if (state & OTHER_MAINT) return 'inherited';
  return state & FORCED_DRAIN ? 'drain' : 'ready';
}

/** Columns go by their names: new ones are added with each version. */
function rowsOf(lines: readonly string[], head: string, separator: string): Record<string, string | undefined>[] {
  const start = lines.findIndex((line) => line.startsWith(head));
  if (start < 0) return [];
  const columns = (lines[start] as string).slice(2).split(separator);
  const end = lines.findIndex((line, index) => index > start && line === '');
  return lines.slice(start + 1, end < 0 ? undefined : end).map((line) => {
    const cells = line.split(separator);
    return Object.fromEntries(columns.map((column, index) => [column, cells[index]]));
  });
}

function refused(name: string, text: string): TaskError {
  const line = text.split('\n')[0]?.slice(0, 200) ?? '';
  if (/permission denied/i.test(line)) {
    return new TaskError('auth', {
      what: `HAProxy at ${name} does not allow this on its socket (${line}).`,
      remedy: 'Give a stats socket with `level admin`.',
    });
  }
  return new TaskError('remote', {
    what: `HAProxy at ${name} answered: ${line}`,
    remedy: 'Look at this HAProxy and at the names of backend and server, then run the task again.',
  });
}

function unreachable(name: string, cause: unknown): TaskError {
  return new TaskError(
    'remote',
    {
      what: `HAProxy at ${name} could not be asked: ${messageOf(cause)}.`,
      remedy:
        'Check that its stats socket listens there and that the runner may reach it, then run the task again: what is done already is left as it is.',
    },
    { cause },
  );
}
