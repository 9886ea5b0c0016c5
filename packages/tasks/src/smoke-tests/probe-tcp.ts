import { openSocket } from '@maintenance-tasks/core/socket';
import { endpointOf, type PlannedCheck } from './plan.ts';
import type { TcpCheck } from './schema.ts';
import type { Try } from './try.ts';

const LARGEST_BANNER = 4_096;

/** Connects, and where a greeting is expected listens until `isEnough` says so, the server ends or 4 KiB are read. */
export async function probeTcp(
  { check, via }: PlannedCheck<TcpCheck>,
  current: Try,
  isEnough: (banner: string) => boolean,
): Promise<string> {
  current.stage = 'connecting';
  const socket = await openSocket(endpointOf(check.host, check.port, via), current.signal);
  let banner = '';
  try {
    if (check.expect?.banner === undefined) return banner;
    current.stage = 'waiting for the greeting';
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      banner = (banner + chunk.toString('latin1')).slice(0, LARGEST_BANNER);
      if (isEnough(banner) || banner.length === LARGEST_BANNER) break;
    }
    return banner;
  } finally {
    socket.destroy();
  }
}
