import { randomUUID } from 'node:crypto';
import { ANY_UNDO_MARK } from '@maintenance-tasks/core';
import { z } from 'zod';
import type { StandIn, StandInAnswer, StandInRequest, StandInWorld } from '../stand-in.ts';
import { objectIn } from './json-body.ts';

const matcher = z.strictObject({
  name: z.string(),
  value: z.string(),
  isRegex: z.boolean(),
  isEqual: z.boolean().default(true),
});

export const alertmanagerSeed = z.strictObject({
  host: z.string().default('alerts.example.com').describe('The host name it answers for.'),
  prefix: z
    .string()
    .regex(/^(\/[^/]+)*$/)
    .default('')
    .describe('Path prefix, such as /alertmanager.'),
  version: z
    .string()
    .regex(/^0\.\d+\.\d+$/)
    .default('0.28.0')
    .describe('Its version; refusals differ between them.'),
  user: z
    .string()
    .optional()
    .describe('User of basic authentication; with only a password a bearer token is asked for.'),
  password: z.string().optional().describe('Password or bearer token; without it everybody may do everything.'),
  silences: z
    .array(
      z.strictObject({
        matchers: z.array(matcher.partial({ isRegex: true })).min(1),
        starts: z.iso.datetime(),
        ends: z.iso.datetime(),
        comment: z.string().default(''),
      }),
    )
    .default([])
    .describe('Silences that others made.'),
  alerts: z.array(z.record(z.string(), z.string())).default([]).describe('Labels of the alerts that are firing.'),
  'firing-since': z.iso.datetime().default('2000-01-01T00:00:00Z').describe('When these alerts begin to fire.'),
});

type Matcher = z.infer<typeof matcher>;

interface Silence {
  readonly id: string;
  readonly matchers: readonly Matcher[];
  readonly startsAt: number;
  endsAt: number;
  readonly createdBy: string;
  readonly comment: string;
}

// Expired silences stay listed for the retention time, five days unless told.
const RETENTION = 120 * 3_600_000;

/** Prometheus Alertmanager's API v2: https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml */
export function alertmanagerStandIn(given: z.input<typeof alertmanagerSeed>, world: StandInWorld): StandIn {
  const seed = alertmanagerSeed.parse(given);
  const minor = Number(seed.version.split('.')[1]);
  const silences: Silence[] = seed.silences.map(({ matchers, starts, ends, comment }) => ({
    id: randomUUID(),
    matchers: matchers.map(({ isRegex = false, ...each }) => ({ ...each, isRegex })),
    startsAt: Date.parse(starts),
    endsAt: Date.parse(ends),
    createdBy: 'somebody',
    comment,
  }));
  const now = () => world.now().getTime();

  function stateOf({ startsAt, endsAt }: Silence): 'expired' | 'pending' | 'active' {
    if (endsAt <= now()) return 'expired';
    return startsAt > now() ? 'pending' : 'active';
  }

  const kept = () => silences.filter(({ endsAt }) => endsAt > now() - RETENTION);

  function shown(silence: Silence) {
    return {
      ...silence,
      startsAt: new Date(silence.startsAt).toISOString(),
      endsAt: new Date(silence.endsAt).toISOString(),
      status: { state: stateOf(silence) },
      updatedAt: new Date(now()).toISOString(),
    };
  }

  function post(body: Record<string, unknown> | undefined): StandInAnswer {
    if (!body)
      return { status: 400, body: { code: 400, message: 'parsing silence body from "" failed: invalid JSON' } };
    if (!Array.isArray(body.matchers) || body.matchers.length === 0)
      return { status: 422, body: { code: 612, message: 'matchers in body should have at least 1 items' } };
    for (const field of ['comment', 'createdBy', 'startsAt', 'endsAt']) {
      if (typeof body[field] !== 'string')
        return { status: 422, body: { code: 602, message: `${field} in body is required` } };
    }
    const matchers = z.array(matcher).safeParse(body.matchers);
    if (!matchers.success) {
      const path = matchers.error.issues[0]?.path.join('.') ?? '';
      return { status: 422, body: { code: 602, message: `matchers.${path} in body is required` } };
    }
    const wrong = matchers.data.findIndex(({ value, isRegex }) => isRegex && !isExpression(value));
    if (wrong >= 0) return text(400, `silence invalid: invalid label matcher ${wrong}: invalid regular expression`);
    const [asked, endsAt] = [Date.parse(String(body.startsAt)), Date.parse(String(body.endsAt))];
    if (Number.isNaN(asked) || Number.isNaN(endsAt))
      return { status: 400, body: { code: 400, message: 'parsing silence body failed: invalid time' } };
    if (endsAt <= asked) return text(400, 'Failed to create silence: start time must be before end time');
    if (endsAt < now()) return text(400, "Failed to create silence: end time can't be in the past");
    if (matchers.data.every(matchesEmpty))
      return text(400, 'silence invalid: at least one matcher must not match the empty string');
    const known = typeof body.id === 'string' && body.id !== '' ? kept().find(({ id }) => id === body.id) : undefined;
    if (body.id && !known) return text(404, 'silence not found');
    const startsAt = Math.max(asked, now());
    if (
      known &&
      stateOf(known) !== 'expired' &&
      sameMatchers(known.matchers, matchers.data) &&
      known.startsAt === asked
    ) {
      known.endsAt = endsAt;
      return { status: 200, body: { silenceID: known.id } };
    }
    // What an update changes beyond the end makes a new silence and ends the old one.
    if (known && stateOf(known) !== 'expired') known.endsAt = now();
    const silence = {
      id: randomUUID(),
      matchers: matchers.data,
      startsAt,
      endsAt,
      createdBy: String(body.createdBy),
      comment: String(body.comment),
    };
    silences.push(silence);
    return { status: 200, body: { silenceID: silence.id } };
  }

  function mayEnter(authorization: string | undefined): boolean {
    if (seed.password === undefined) return true;
    const expected = seed.user
      ? `Basic ${Buffer.from(`${seed.user}:${seed.password}`).toString('base64')}`
      : `Bearer ${seed.password}`;
    return authorization === expected;
  }

  function answer({ method, url, headers, body }: StandInRequest): StandInAnswer {
    if (!mayEnter(headers.authorization)) return { status: 401, body: 'Unauthorized\n' };
    if (!url.pathname.startsWith(`${seed.prefix}/`)) return { status: 404, body: '404 page not found\n' };
    const path = url.pathname.slice(seed.prefix.length);
    if (path === '/-/ready' || path === '/-/healthy') return { status: 200, body: 'OK' };
    if (path.startsWith('/api/v1/'))
      return minor >= 27
        ? { status: 410, body: { status: 'deprecated', error: 'The v1 API has been removed; use /api/v2.' } }
        : { status: 200, body: { status: 'success', data: [] } };
    if (path === '/api/v2/status' && method === 'GET')
      return {
        status: 200,
        body: { cluster: { status: 'disabled' }, versionInfo: { version: seed.version }, uptime: '' },
      };
    if (path === '/api/v2/alerts' && method === 'GET') return { status: 200, body: alertsIn(url) };
    if (path === '/api/v2/silences' && method === 'GET') return { status: 200, body: kept().map(shown) };
    if (path === '/api/v2/silences' && method === 'POST') return post(objectIn(body));
    const [, id] = /^\/api\/v2\/silence\/([^/]+)$/.exec(path) ?? [];
    if (!id) return { status: 404, body: { code: 404, message: `path ${path} was not found` } };
    if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id))
      return { status: 422, body: { code: 601, message: `silenceID in path must be of type uuid: "${id}"` } };
    const silence = kept().find((each) => each.id === id);
    if (method === 'GET') return silence ? { status: 200, body: shown(silence) } : { status: 404 };
    if (method !== 'DELETE') return { status: 405, body: { code: 405, message: `method ${method} is not allowed` } };
    // https://github.com/prometheus/alertmanager/pull/3352
    if (!silence) return minor >= 26 ? { status: 404 } : text(500, 'silence not found');
    if (stateOf(silence) !== 'expired') silence.endsAt = now();
    return { status: 200 };
  }

  const silencing = (labels: Readonly<Record<string, string>>) =>
    silences.some(
      (one) => stateOf(one) === 'active' && one.matchers.every((each) => matches(each, labels[each.name] ?? '')),
    );
  const firing = () => (Date.parse(seed['firing-since']) <= now() ? seed.alerts : []);

  function alertsIn(url: URL): object[] {
    const withSilenced = url.searchParams.get('silenced') !== 'false';
    return firing()
      .filter((labels) => withSilenced || !silencing(labels))
      .map((labels) => ({
        labels,
        annotations: {},
        startsAt: new Date(seed['firing-since']).toISOString(),
        status: { state: silencing(labels) ? 'suppressed' : 'active' },
      }));
  }

  return {
    name: 'Alertmanager',
    hosts: [seed.host],
    answer,
    state: () => ({
      alerts: seed.alerts.map((labels) => ({ labels, notification: silencing(labels) ? 'silenced' : 'sent' })),
      silences: kept().map((one) => ({
        id: one.id,
        matchers: one.matchers.map(
          ({ name, value, isRegex, isEqual }) =>
            `${name}${isEqual ? '=' : '!'}${isRegex ? '~' : isEqual ? '' : '='}${value}`,
        ),
        comment: one.comment,
        until: new Date(one.endsAt).toISOString(),
        now: stateOf(one),
      })),
    }),
    leftovers: () =>
      silences
        .filter((one) => stateOf(one) !== 'expired' && one.comment.includes(ANY_UNDO_MARK))
        .map((one) => `Alertmanager silence ${one.id} is ${stateOf(one)}: ${one.comment}`),
  };
}

function matches({ value, isRegex, isEqual }: Matcher, label: string): boolean {
  const equal = isRegex ? new RegExp(`^(?:${value})$`).test(label) : value === label;
  return equal === isEqual;
}

function isExpression(value: string): boolean {
  try {
    new RegExp(value);
    return true;
  } catch {
    return false;
  }
}

function matchesEmpty(one: Matcher): boolean {
  return matches(one, '');
}

function sameMatchers(a: readonly Matcher[], b: readonly Matcher[]): boolean {
  const sorted = (list: readonly Matcher[]) =>
    list
      .map(({ name, value, isRegex, isEqual }) => JSON.stringify([name, value, isRegex, isEqual]))
      .sort()
      .join();
  return sorted(a) === sorted(b);
}

/** Some errors are a bare JSON string, not an object. */
function text(status: number, message: string): StandInAnswer {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(message) };
}
