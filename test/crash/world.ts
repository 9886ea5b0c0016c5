import type { StandIn } from '@maintenance-tasks/rehearsal/stand-in';

/** When every run of the crash matrix starts, and a session whose window is open then. */
export const START = new Date('2026-11-22T00:30:00Z');
export const SESSION = 'mw-202611220230-k7qx';

/** A maintenance page as it should be. */
export function pageStandIn(host: string): StandIn {
  const headers = { 'retry-after': '3600', 'cache-control': 'no-store' };
  return {
    name: 'maintenance page',
    hosts: [host],
    answer: () => ({ status: 503, headers, body: 'Back soon.' }),
    state: () => ({}),
    leftovers: () => [],
  };
}
