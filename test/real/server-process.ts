import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const READY_WITHIN = 30_000;
const ENDS_WITHIN = 10_000;

const running = new Set<ChildProcess>();

/** A server of ours. Whatever becomes of the run, it does not outlive it. */
export interface ServerProcess {
  readonly pid: number;
  stop(): Promise<void>;
}

/** @throws Error with what the server said, when it ends or is not ready in time */
export async function startServer(
  program: string,
  flags: readonly string[],
  isReady: () => Promise<boolean>,
): Promise<ServerProcess> {
  const child = spawn(program, flags, { stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => (said = (said + chunk).slice(-4_000)));
  const ended = once(child, 'exit').finally(() => running.delete(child));
  ended.catch((error: Error) => (said += error.message));
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    const hard = setTimeout(() => child.kill('SIGKILL'), ENDS_WITHIN);
    await ended;
    clearTimeout(hard);
  };
  for (const until = Date.now() + READY_WITHIN; ; await delay(100)) {
    if (await isReady().catch(() => false)) return { pid: child.pid as number, stop };
    const why = child.exitCode !== null || child.pid === undefined ? 'ended' : Date.now() > until && 'is not ready';
    if (!why) continue;
    await stop();
    throw new Error(`${program} ${why}:\n${said}`);
  }
}

/** Also when the run itself is cut short. */
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(130));

/** A port of loopback that nobody uses now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
