import { ANY_UNDO_MARK } from '@maintenance-tasks/core';
import { z } from 'zod';
import type { StandIn, StandInAnswer, StandInRequest, StandInWorld } from '../stand-in.ts';
import { objectIn } from './json-body.ts';

export const pagerdutySeed = z.strictObject({
  token: z.string().default('pagerduty-token').describe('The REST API key it knows.'),
  'read-only': z.boolean().default(false).describe('Whether the key may only read.'),
  region: z.enum(['us', 'eu']).default('us').describe('The account’s service region.'),
  users: z.array(z.email()).default(['release.manager@example.com']).describe('Mail addresses of its users.'),
  services: z
    .array(z.strictObject({ id: z.string(), name: z.string() }))
    .default([])
    .describe('Its services.'),
  windows: z
    .array(
      z.strictObject({
        description: z.string(),
        starts: z.iso.datetime(),
        ends: z.iso.datetime(),
        services: z.array(z.string()).min(1),
      }),
    )
    .default([])
    .describe('Maintenance windows that others made.'),
  incidents: z
    .array(z.strictObject({ title: z.string(), service: z.string(), created: z.iso.datetime() }))
    .default([])
    .describe('Incidents that are opened, and when.'),
  'requests-a-minute': z.int().positive().default(960).describe('Beyond these it answers 429.'),
});

interface Window {
  readonly id: string;
  readonly description: string;
  readonly start: number;
  end: number;
  readonly services: readonly string[];
}

const LARGEST_PAGE = 100;

/** PagerDuty's REST API v2 as far as maintenance windows go: https://developer.pagerduty.com/api-reference */
export function pagerdutyStandIn(given: z.input<typeof pagerdutySeed>, world: StandInWorld): StandIn {
  const seed = pagerdutySeed.parse(given);
  let nextId = 1;
  const idOf = (number: number) => `PW${String(number).padStart(5, '0')}`;
  const windows: Window[] = seed.windows.map(({ description, starts, ends, services }) => ({
    id: idOf(nextId++),
    description,
    start: Date.parse(starts),
    end: Date.parse(ends),
    services,
  }));
  let minute = 0;
  let used = 0;
  const now = () => world.now().getTime();
  const stateOf = ({ start, end }: Window) => (end <= now() ? 'past' : start > now() ? 'future' : 'ongoing');

  const serviceOf = (id: string) => {
    const name = seed.services.find((service) => service.id === id)?.name;
    return name === undefined ? undefined : { id, type: 'service_reference', summary: name };
  };

  function shown(window: Window) {
    return {
      id: window.id,
      type: 'maintenance_window',
      description: window.description,
      start_time: withoutMilliseconds(window.start),
      end_time: withoutMilliseconds(window.end),
      services: window.services.map((id) => serviceOf(id) ?? { id, type: 'service_reference' }),
    };
  }

  function create(body: Record<string, unknown> | undefined, from: string | undefined): StandInAnswer {
    if (!from) return refusal(400, 1_008, 'Requester User Not Found', 'From header is required');
    if (!seed.users.includes(from.toLowerCase())) return refusal(400, 1_008, 'Requester User Not Found');
    const asked = body?.maintenance_window as Record<string, unknown> | undefined;
    if (asked?.type !== 'maintenance_window') return invalid('Type must be maintenance_window');
    const [start, end] = [asked.start_time, asked.end_time].map((time) => instant(time));
    if (start === undefined || end === undefined) return invalid('Times must be ISO 8601 with an offset');
    if (end <= now()) return invalid('End time must be in the future');
    if (end <= start) return invalid('End time must be after start time');
    const services = Array.isArray(asked.services) ? (asked.services as { id?: unknown; type?: unknown }[]) : [];
    if (services.length === 0) return invalid('Services must be specified');
    if (services.some(({ id, type }) => type !== 'service_reference' || !serviceOf(String(id))))
      return invalid('Services must be references to services of this account');
    const window = {
      id: idOf(nextId++),
      description: String(asked.description ?? ''),
      // A start in the past is moved to now.
      start: Math.max(start, now()),
      end,
      services: services.map(({ id }) => String(id)),
    };
    windows.push(window);
    return { status: 201, body: { maintenance_window: shown(window) } };
  }

  function remove(id: string): StandInAnswer {
    const window = windows.find((each) => each.id === id);
    if (!window) return refusal(404, 2_100, 'Not Found');
    if (stateOf(window) === 'past')
      return refusal(405, 2_015, 'Maintenance windows of the past cannot be deleted or ended');
    if (stateOf(window) === 'future') windows.splice(windows.indexOf(window), 1);
    else window.end = now();
    return { status: 204 };
  }

  const silenced = (service: string, at: number) =>
    windows.some(({ start, end, services }) => start <= at && at < end && services.includes(service));
  /** While a window is open, events on its services open nothing, not afterwards either. */
  const incidents = () =>
    seed.incidents
      .map((one, index) => ({ ...one, number: index + 1, at: Date.parse(one.created) }))
      .filter(({ at, service }) => at <= now() && !silenced(service, at));

  function list(url: URL, key: string, rows: readonly object[]): StandInAnswer {
    const offset = Number(url.searchParams.get('offset') ?? 0);
    const limit = Math.min(Number(url.searchParams.get('limit') ?? 25), LARGEST_PAGE);
    const page = { limit, offset, more: rows.length > offset + limit, total: null };
    return { status: 200, body: { [key]: rows.slice(offset, offset + limit), ...page } };
  }

  function incidentsIn(url: URL): StandInAnswer {
    const [since, until] = ['since', 'until'].map((name) => Date.parse(url.searchParams.get(name) ?? ''));
    const rows = incidents().filter(({ at }) => at >= (since as number) && at <= (until as number));
    return list(
      url,
      'incidents',
      rows.map(({ number, title, service, at }) => ({
        id: `PI${number}`,
        incident_number: number,
        title,
        created_at: withoutMilliseconds(at),
        service: serviceOf(service) ?? { id: service },
      })),
    );
  }

  function carryOut({ method, url, headers, body }: StandInRequest): StandInAnswer {
    if (headers.authorization !== `Token token=${seed.token}`)
      return { status: 401, body: { error: { code: 2_006, message: 'Unauthorized' } } };
    if (!/application\/vnd\.pagerduty\+json;\s*version=2/.test(headers.accept ?? ''))
      return refusal(406, 2_000, 'The Accept header must name version 2');
    const [, resource, id] =
      /^\/(maintenance_windows|services|users|incidents)(?:\/([^/]+))?$/.exec(url.pathname) ?? [];
    if (method === 'GET' && resource === 'incidents') return incidentsIn(url);
    if (method === 'GET' && resource === 'users') {
      const query = (url.searchParams.get('query') ?? '').toLowerCase();
      const users = seed.users.filter((email) => email.includes(query)).map((email) => ({ email }));
      return list(url, 'users', users);
    }
    if (method === 'GET' && resource === 'services' && id) {
      const service = seed.services.find((each) => each.id === id);
      return service ? { status: 200, body: { service } } : refusal(404, 2_100, 'Not Found');
    }
    if (resource !== 'maintenance_windows') return refusal(404, 2_100, 'Not Found');
    if (method === 'GET' && !id) {
      const filter = url.searchParams.get('filter') ?? 'all';
      const wanted = windows.filter(
        (window) => filter === 'all' || (filter === 'open' ? stateOf(window) !== 'past' : stateOf(window) === filter),
      );
      return list(url, 'maintenance_windows', wanted.map(shown));
    }
    if (seed['read-only']) return refusal(403, 2_010, 'Access Denied');
    if (method === 'POST' && !id) return create(objectIn(body), headers.from);
    if (method === 'DELETE' && id) return remove(id);
    return refusal(405, 2_000, 'Method Not Allowed');
  }

  return {
    name: 'PagerDuty',
    hosts: [seed.region === 'us' ? 'api.pagerduty.com' : 'api.eu.pagerduty.com'],
    answer(request) {
      const seconds = Math.floor(now() / 1_000);
      const current = Math.floor(seconds / 60);
      used = current === minute ? used + 1 : 1;
      minute = current;
      const limit = seed['requests-a-minute'];
      const headers = {
        'ratelimit-limit': String(limit),
        'ratelimit-remaining': String(Math.max(0, limit - used)),
        'ratelimit-reset': String(60 - (seconds % 60)),
      };
      // No Retry-After: PagerDuty tells only by these headers.
      if (used > limit) return { ...refusal(429, 2_020, 'Rate Limit Exceeded'), headers };
      return { ...carryOut(request), headers };
    },
    state: () => ({
      services: seed.services.map(({ id, name }) => ({
        service: `${name} (${id})`,
        incidents: silenced(id, now()) ? 'silenced' : 'opened',
      })),
      windows: windows.map((window) => ({
        id: window.id,
        description: window.description,
        services: window.services,
        until: new Date(window.end).toISOString(),
        now: stateOf(window),
      })),
    }),
    leftovers: () =>
      windows
        .filter((window) => stateOf(window) !== 'past' && window.description.includes(ANY_UNDO_MARK))
        .map((window) => `PagerDuty maintenance window ${window.id} is ${stateOf(window)}: ${window.description}`),
  };
}

function instant(time: unknown): number | undefined {
  const withOffset =
    typeof time === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)$/.test(time);
  const at = withOffset ? Date.parse(time) : Number.NaN;
  return Number.isNaN(at) ? undefined : at;
}

function withoutMilliseconds(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19)}Z`;
}

function invalid(detail: string): StandInAnswer {
  return refusal(400, 2_001, 'Invalid Input Provided', detail);
}

function refusal(status: number, code: number, message: string, ...errors: string[]): StandInAnswer {
  return { status, body: { error: { code, message, ...(errors.length > 0 && { errors }) } } };
}
