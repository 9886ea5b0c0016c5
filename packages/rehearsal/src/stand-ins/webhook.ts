import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { StandIn, StandInRequest, StandInWorld } from '../stand-in.ts';
import { objectIn } from './json-body.ts';

export const webhookSeed = z.strictObject({
  url: z.url().default('https://hooks.example.com/maintenance').describe('Where it receives events.'),
  secret: z.string().optional().describe('Key of the signatures; without it none are looked at.'),
});

/** How far a signed timestamp may be from now, so that nothing recorded can be sent again later. */
const TOLERANCE = 300;

/** An own receiver of CloudEvents 1.0 in structured mode, which drops what it has already received. */
export function webhookStandIn(given: z.input<typeof webhookSeed>, world: StandInWorld): StandIn {
  const seed = webhookSeed.parse(given);
  const receiver = new URL(seed.url);
  const events: { at: string; key: string; type: string; subject: string; data: unknown; received: number }[] = [];

  function rightlySigned({ headers, body }: StandInRequest): boolean {
    if (seed.secret === undefined) return true;
    const timestamp = headers['maintenance-timestamp'] ?? '';
    if (!(Math.abs(Number(timestamp) - world.now().getTime() / 1_000) <= TOLERANCE)) return false;
    const expected = `v1=${createHmac('sha256', seed.secret).update(`${timestamp}.`).update(body).digest('hex')}`;
    const given = headers['maintenance-signature'] ?? '';
    return given.length === expected.length && timingSafeEqual(Buffer.from(given), Buffer.from(expected));
  }

  return {
    name: 'Webhook',
    hosts: [receiver.hostname],
    answer(request) {
      const { method, url, headers, body } = request;
      if (url.pathname !== receiver.pathname || url.search !== receiver.search) return { status: 404 };
      if (method !== 'POST') return { status: 405 };
      if (!/^application\/cloudevents\+json\b/.test(headers['content-type'] ?? '')) return { status: 415 };
      if (!rightlySigned(request)) return { status: 401 };
      const event = objectIn(body);
      const missing = ['id', 'source', 'type'].filter(
        (name) => typeof event?.[name] !== 'string' || event[name] === '',
      );
      if (event?.specversion !== '1.0' || missing.length > 0) return { status: 400, body: `lacks ${missing.join()}` };
      const key = `${event.source} ${event.id}`;
      const known = events.find((each) => each.key === key);
      if (known) known.received += 1;
      else
        events.push({
          at: world.now().toISOString(),
          key,
          type: String(event.type),
          subject: String(event.subject ?? ''),
          data: event.data,
          received: 1,
        });
      return { status: 204 };
    },
    state: () => ({ events }),
    // An event stays: it is the record of what was told.
    leftovers: () => [],
  };
}
