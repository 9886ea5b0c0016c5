import { ANY_UNDO_MARK } from '@maintenance-tasks/core';
import { z } from 'zod';
import type { StandIn, StandInAnswer, StandInRequest, StandInWorld } from '../stand-in.ts';
import { objectIn } from './json-body.ts';

export const pingdomSeed = z.strictObject({
  token: z.string().default('pingdom-token').describe('The API token it knows.'),
  'read-only': z.boolean().default(false).describe('Whether the token’s level is only Read.'),
  checks: z
    .array(z.strictObject({ id: z.int().positive(), name: z.string() }))
    .default([])
    .describe('The uptime checks of the account.'),
  windows: z
    .array(
      z.strictObject({
        description: z.string(),
        from: z.iso.datetime(),
        to: z.iso.datetime(),
        checks: z.array(z.int()).default([]),
      }),
    )
    .default([])
    .describe('Maintenance windows that others made.'),
  'requests-a-minute': z.int().positive().default(600).describe('Beyond these it answers 429.'),
});

interface Window {
  id: number;
  description: string;
  from: number;
  to: number;
  effectiveto: number;
  uptime: number[];
}

/** How many rows a page has at most is not documented: fewer than callers may ask for. */
const LARGEST_PAGE = 60;

/** Pingdom's API 3.1 as far as maintenance windows go: https://docs.pingdom.com/api/ */
export function pingdomStandIn(given: z.input<typeof pingdomSeed>, world: StandInWorld): StandIn {
  const seed = pingdomSeed.parse(given);
  const windows: Window[] = seed.windows.map(({ description, from, to, checks }, index) => {
    const until = Date.parse(to) / 1_000;
    return {
      id: 1_001 + index,
      description,
      from: Date.parse(from) / 1_000,
      to: until,
      effectiveto: until,
      uptime: checks,
    };
  });
  let nextId = 1_001 + windows.length;
  let minute = 0;
  let used = 0;
  const now = () => Math.floor(world.now().getTime() / 1_000);

  /** A time as Pingdom takes it: 1 is now, anything else must lie ahead. */
  function timeOf(value: unknown): number | undefined {
    const time = Number(value);
    if (!Number.isInteger(time)) return undefined;
    if (time === 1) return now();
    return time > now() ? time : undefined;
  }

  function idsOf(value: unknown): number[] | undefined {
    if (value === undefined || value === '') return [];
    const ids = String(value).split(',').map(Number);
    return ids.every((id) => seed.checks.some((check) => check.id === id)) ? ids : undefined;
  }

  function create(body: Record<string, unknown> | undefined): StandInAnswer {
    if (!body) return refusal(400, 'Bad Request', 'Invalid parameter value: request body');
    for (const field of ['description', 'from', 'to']) {
      if (body[field] === undefined || body[field] === '')
        return refusal(400, 'Bad Request', `Missing parameter: ${field}`);
    }
    const [from, to] = [timeOf(body.from), timeOf(body.to)];
    if (from === undefined) return refusal(400, 'Bad Request', 'Invalid parameter value: from must be in the future');
    if (to === undefined || to <= from) return refusal(400, 'Bad Request', 'Invalid parameter value: to');
    const uptime = idsOf(body.uptimeids);
    if (!uptime) return refusal(400, 'Bad Request', 'Invalid parameter value: uptimeids');
    const id = nextId++;
    windows.push({ id, description: String(body.description), from, to, effectiveto: to, uptime });
    return { status: 200, body: { maintenance: { id } } };
  }

  function change(window: Window, body: Record<string, unknown> | undefined): StandInAnswer {
    if (!body) return refusal(400, 'Bad Request', 'Invalid parameter value: request body');
    if (window.to <= now()) return refusal(400, 'Bad Request', 'Maintenance windows of the past cannot be changed');
    if (body.from !== undefined && window.from <= now())
      return refusal(400, 'Bad Request', 'The start of a running maintenance window cannot be changed');
    const [to, effectiveto] = [body.to ?? window.to, body.effectiveto ?? body.to ?? window.effectiveto].map(timeOf);
    if (to === undefined || effectiveto === undefined || to < window.from)
      return refusal(400, 'Bad Request', 'Invalid parameter value: to');
    Object.assign(window, {
      to,
      effectiveto,
      ...(body.description !== undefined && { description: String(body.description) }),
    });
    return { status: 200, body: { message: 'Maintenance window successfully modified!' } };
  }

  function remove(window: Window): StandInAnswer {
    if (window.from <= now()) return refusal(400, 'Bad Request', 'Only future maintenance windows can be deleted');
    windows.splice(windows.indexOf(window), 1);
    return { status: 200, body: { message: 'Maintenance window successfully deleted!' } };
  }

  function carryOut({ method, url, headers, body }: StandInRequest): StandInAnswer {
    if (headers.authorization !== `Bearer ${seed.token}`) return refusal(401, 'Unauthorized', 'Invalid token');
    const [, resource, id] = /^\/api\/3\.1\/(maintenance|checks)(?:\/(\d+))?$/.exec(url.pathname) ?? [];
    if (!resource) return refusal(404, 'Not Found', 'Not found');
    const [offset, limit] = [
      Number(url.searchParams.get('offset') ?? 0),
      Math.min(Number(url.searchParams.get('limit') ?? LARGEST_PAGE), LARGEST_PAGE),
    ];
    if (resource === 'checks') {
      if (method !== 'GET' || id) return refusal(405, 'Method Not Allowed', 'Not allowed');
      const checks = seed.checks
        .slice(offset, offset + limit)
        .map((check) => ({ ...check, status: 'up', type: 'http' }));
      return { status: 200, body: { checks, counts: { total: seed.checks.length } } };
    }
    if (method === 'GET' && !id)
      return { status: 200, body: { maintenance: windows.slice(offset, offset + limit).map(shownWindow) } };
    if (method !== 'GET' && seed['read-only']) return refusal(403, 'Forbidden', 'Read-only token');
    if (method === 'POST' && !id) return create(objectIn(body));
    const window = windows.find((each) => each.id === Number(id));
    if (!window) return refusal(404, 'Not Found', 'Maintenance window not found');
    if (method === 'GET') return { status: 200, body: { maintenance: shownWindow(window) } };
    if (method === 'PUT') return change(window, objectIn(body));
    if (method === 'DELETE') return remove(window);
    return refusal(405, 'Method Not Allowed', 'Not allowed');
  }

  const running = () => windows.filter(({ from, to }) => from <= now() && to > now());
  return {
    name: 'Pingdom',
    hosts: ['api.pingdom.com'],
    answer(request) {
      const current = Math.floor(now() / 60);
      used = current === minute ? used + 1 : 1;
      minute = current;
      const left = Math.max(0, seed['requests-a-minute'] - used);
      const reset = 60 - (now() % 60);
      const headers = {
        'req-limit-short': `Remaining: ${left} Time until reset: ${reset}`,
        'req-limit-long': `Remaining: 31900 Time until reset: 2500000`,
      };
      // No Retry-After: Pingdom tells only by these headers.
      if (used > seed['requests-a-minute'])
        return { ...refusal(429, 'Too Many Requests', 'Request limit exceeded'), headers };
      return { ...carryOut(request), headers };
    },
    state: () => ({
      checks: seed.checks.map(({ id, name }) => ({
        check: `${name} (${id})`,
        alerts: running().some(({ uptime }) => uptime.includes(id)) ? 'silenced' : 'sent',
      })),
      windows: windows.map(({ id, description, from, to, uptime }) => ({
        id,
        description,
        from: new Date(from * 1_000).toISOString(),
        to: new Date(to * 1_000).toISOString(),
        checks: uptime,
        now: to <= now() ? 'over' : from > now() ? 'to come' : 'running',
      })),
    }),
    leftovers: () =>
      windows
        .filter(({ to, description }) => to > now() && description.includes(ANY_UNDO_MARK))
        .map(({ id, description }) => `Pingdom window ${id} is in force: ${description}`),
  };
}

function shownWindow({ uptime, ...window }: Window) {
  return { ...window, recurrencetype: 'none', repeatevery: 0, checks: { uptime, tms: [] } };
}

function refusal(statuscode: number, statusdesc: string, errormessage: string): StandInAnswer {
  return { status: statuscode, body: { error: { statuscode, statusdesc, errormessage } } };
}
