import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { systemClock, TaskError } from '@maintenance-tasks/core';
import { afterEach, expect, test } from 'vitest';
import { createHaproxy } from './client.ts';

let server: Server;
const lines: string[] = [];
afterEach(() => {
  server.close();
  lines.length = 0;
});

/** Something that listens where a runtime API should. */
async function listening(hear: (line: string, socket: Socket) => void) {
  server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', (line) => {
      lines.push(String(line).trim());
      hear(String(line).trim(), socket);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const log = { debug: () => {}, info: () => {}, warning: () => {}, progress: () => {} };
  const context = { signal: new AbortController().signal, clock: systemClock, log } as unknown as Parameters<
    typeof createHaproxy
  >[0];
  return createHaproxy(context, `tcp://127.0.0.1:${port}`);
}

const STATE = `1
# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight
3 web 1 a 192.0.2.1 2 0 1
3 web 2 b 192.0.2.2 2 8 1
3 web 3 c 192.0.2.3 0 5 1
3 web 4 d 192.0.2.4 0 32 1
3 web 5 e 192.0.2.5 2 64 1
3 web 6 f 192.0.2.6 2 4 1

`;
// In another order than the version before had it, and with a column nobody knows.
const STAT = `# pxname,new,svname,scur,qcur,status,type,
web,?,a,3,1,UP 1/3,2,
web,?,b,0,0,DRAIN,2,
web,?,c,0,0,MAINT,2,
web,?,d,0,0,MAINT (resolution),2,
web,?,e,0,0,no check,2,
web,?,f,0,0,DOWN,2,

`;

test('reads servers by the names of columns, whatever pieces the answer comes in', async () => {
  const haproxy = await listening((_line, socket) => {
    socket.write((STATE + STAT).slice(0, 100));
    setTimeout(() => socket.end((STATE + STAT).slice(100)), 20);
  });
  const servers = await haproxy.servers('web');
  expect(servers?.map(({ name, told, serves, sessions, queued }) => [name, told, serves, sessions, queued])).toEqual([
    ['a', 'ready', true, 3, 1],
    ['b', 'drain', false, 0, 0],
    ['c', 'maint', false, 0, 0],
    ['d', 'inherited', false, 0, 0],
    // 0x40 only says that its name came from the socket, 0x04 that it was disabled once in the configuration.
    ['e', 'ready', true, 0, 0],
    ['f', 'ready', false, 0, 0],
  ]);
});

test('takes silence for success and any text for a refusal', async () => {
  const haproxy = await listening((line, socket) => socket.end(line.includes('gone') ? 'No such server.\n\n' : '\n'));
  await haproxy.setStates('web', [{ server: 'a', state: 'maint' }]);
  await expect(haproxy.setStates('web', [{ server: 'gone', state: 'maint' }])).rejects.toMatchObject({
    kind: 'remote',
    message: expect.stringContaining('No such server.'),
  });
});

test('asks again when the connection is cut, and gives up after three times', async () => {
  let cuts = 2;
  const haproxy = await listening((_line, socket) => (cuts-- > 0 ? socket.destroy() : socket.end('\n')));
  await haproxy.setStates('web', [{ server: 'a', state: 'ready' }]);
  expect(lines).toHaveLength(3);
  cuts = 99;
  const failed = await haproxy.setStates('web', [{ server: 'a', state: 'ready' }]).catch((error: unknown) => error);
  expect(failed).toBeInstanceOf(TaskError);
  expect(lines).toHaveLength(6);
});

test('keeps lines short enough for one buffer of HAProxy', async () => {
  const haproxy = await listening((_line, socket) => socket.end('\n'));
  const changes = Array.from({ length: 500 }, (_, index) => ({
    server: `server-with-a-long-name-${index}`,
    state: 'drain' as const,
    note: 'mt1|mw-202611220600-k7qx|0|abc123',
  }));
  await haproxy.setStates('web', changes);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(10_000);
  expect(lines.length).toBeLessThan(20);
  expect(lines.join(';').match(/set server /g)).toHaveLength(500);
  expect(lines.every((line) => line.startsWith('experimental-mode on;'))).toBe(true);
});

test('keeps notes of servers apart whose names differ in a dash only', async () => {
  const haproxy = await listening((_line, socket) => socket.end('Variable not found.\n\n'));
  await haproxy.notes('web', ['a-b', 'a_b', 'a.b', 'a:b']);
  const names = [...(lines[0] ?? '').matchAll(/get var (\S+?)(?:;|$)/g)].map(([, name]) => name);
  expect(new Set(names).size).toBe(4);
  expect(names.every((name) => /^proc\.\w+$/.test(name ?? ''))).toBe(true);
});
