import { randomUUID } from 'node:crypto';
import { ANY_UNDO_MARK } from '@maintenance-tasks/core';
import { z } from 'zod';
import type { StandIn, StandInAnswer, StandInRequest, StandInWorld } from '../stand-in.ts';
import { objectIn } from './json-body.ts';

export const datadogSeed = z.strictObject({
  site: z.string().default('datadoghq.com').describe('The organisation’s site.'),
  'api-key': z.string().default('datadog-api-key').describe('The API key it knows.'),
  'app-key': z.string().default('datadog-app-key').describe('The application key it knows.'),
  scopes: z.array(z.string()).default(['monitors_downtime']).describe('Scopes of the application key.'),
  downtimes: z
    .array(
      z.strictObject({
        message: z.string().default(''),
        scope: z.string(),
        'monitor-tags': z.array(z.string()).default(['*']),
        start: z.iso.datetime(),
        end: z.iso.datetime().optional(),
      }),
    )
    .default([])
    .describe('Downtimes that others made.'),
  alerts: z
    .array(
      z.strictObject({
        monitor: z.string(),
        tags: z.array(z.string()).default([]),
        'monitor-tags': z.array(z.string()).default([]),
        at: z.iso.datetime(),
      }),
    )
    .default([])
    .describe('What monitors alert of, and when; a downtime that is on then keeps it quiet.'),
  'requests-a-minute': z.int().positive().default(300).describe('Beyond these it answers 429.'),
});

interface Downtime {
  readonly id: string;
  readonly message: string;
  readonly scope: string;
  readonly monitor: { readonly monitor_tags?: unknown; readonly monitor_id?: unknown };
  readonly start: number;
  readonly end: number | undefined;
  canceled: number | undefined;
}

// Cancelled and ended ones stay readable for about two days.
const KEPT = 2 * 86_400_000;

/** Datadog's downtimes, API v2: https://docs.datadoghq.com/api/latest/downtimes/ */
export function datadogStandIn(given: z.input<typeof datadogSeed>, world: StandInWorld): StandIn {
  const seed = datadogSeed.parse(given);
  const downtimes: Downtime[] = seed.downtimes.map((one) => ({
    id: randomUUID(),
    message: one.message,
    scope: one.scope,
    monitor: { monitor_tags: one['monitor-tags'] },
    start: Date.parse(one.start),
    end: one.end === undefined ? undefined : Date.parse(one.end),
    canceled: undefined,
  }));
  let minute = 0;
  let used = 0;
  const now = () => world.now().getTime();

  function statusOf({ start, end, canceled }: Downtime): 'canceled' | 'ended' | 'scheduled' | 'active' {
    if (canceled !== undefined) return 'canceled';
    if (end !== undefined && end <= now()) return 'ended';
    return start > now() ? 'scheduled' : 'active';
  }

  const readable = () =>
    downtimes.filter((one) => {
      const over = one.canceled ?? one.end;
      return over === undefined || over > now() - KEPT;
    });

  function shown(one: Downtime) {
    return {
      type: 'downtime',
      id: one.id,
      attributes: {
        message: one.message,
        scope: one.scope,
        status: statusOf(one),
        monitor_identifier: one.monitor,
        schedule: { start: withOffset(one.start), end: one.end === undefined ? null : withOffset(one.end) },
        canceled: one.canceled === undefined ? null : withOffset(one.canceled),
      },
    };
  }

  function create(body: Record<string, unknown> | undefined): StandInAnswer {
    const data = body?.data as { type?: unknown; attributes?: Record<string, unknown> } | undefined;
    if (data?.type !== 'downtime') return refusal(400, 'Invalid request: data.type must be downtime');
    const { scope, monitor_identifier, schedule, message } = data.attributes ?? {};
    if (typeof scope !== 'string' || scope.trim() === '') return refusal(400, 'Invalid request: scope is required');
    const monitor = monitor_identifier as Downtime['monitor'] | undefined;
    const tagged = Array.isArray(monitor?.monitor_tags) && monitor.monitor_tags.length > 0;
    if (tagged === (monitor?.monitor_id !== undefined))
      return refusal(400, 'Invalid request: monitor_identifier needs either monitor_id or monitor_tags');
    const times = (schedule ?? {}) as { start?: string; end?: string };
    // Looked at once: the clock of a crash matrix does not stand still between two looks.
    const time = now();
    const start = times.start === undefined ? time : Date.parse(times.start);
    const end = times.end === undefined ? undefined : Date.parse(times.end);
    if (Number.isNaN(start) || Number.isNaN(end)) return refusal(400, 'Invalid request: schedule has an invalid time');
    if (start < time) return refusal(400, 'Invalid request: start must not be in the past');
    if (end !== undefined && end <= start) return refusal(400, 'Invalid request: end must be after start');
    const one = {
      id: randomUUID(),
      message: String(message ?? ''),
      scope,
      monitor: monitor ?? {},
      start,
      end,
      canceled: undefined,
    };
    downtimes.push(one);
    return { status: 200, body: { data: shown(one) } };
  }

  /** A monitor in downtime makes no event. Of a scope only plain tags are understood here. */
  function silenced(alert: (typeof seed.alerts)[number]): boolean {
    const at = Date.parse(alert.at);
    return downtimes.some(({ start, end, canceled, scope, monitor }) => {
      const tags = monitor.monitor_tags as readonly string[] | undefined;
      const covers =
        scope.split(/\s+AND\s+|\s+/).every((tag) => tag === '*' || alert.tags.includes(tag)) &&
        tags?.every((tag) => tag === '*' || alert['monitor-tags'].includes(tag));
      return (
        covers && start <= at && at < Math.min(end ?? Number.POSITIVE_INFINITY, canceled ?? Number.POSITIVE_INFINITY)
      );
    });
  }

  function events(url: URL): StandInAnswer {
    if (!seed.scopes.includes('events_read')) return refusal(403, 'Failed permission authorization checks');
    const [from, to] = ['from', 'to'].map((name) => Date.parse(url.searchParams.get(`filter[${name}]`) ?? ''));
    const told = seed.alerts.filter((alert) => {
      const at = Date.parse(alert.at);
      return at >= (from as number) && at <= Math.min(to as number, now()) && !silenced(alert);
    });
    const limit = Number(url.searchParams.get('page[limit]') ?? 10);
    const start = Number(url.searchParams.get('page[cursor]') ?? 0);
    const data = told.slice(start, start + limit).map(({ monitor, tags, 'monitor-tags': monitorTags, at }) => ({
      type: 'event',
      attributes: {
        timestamp: at,
        tags,
        attributes: { title: `[Triggered] ${monitor}`, status: 'error', monitor: { name: monitor, tags: monitorTags } },
      },
    }));
    const meta = told.length > start + limit ? { page: { after: String(start + limit) } } : {};
    return { status: 200, body: { data, meta } };
  }

  function carryOut({ method, url, headers, body }: StandInRequest): StandInAnswer {
    if (!headers['dd-api-key'] || !headers['dd-application-key']) return refusal(401, 'Unauthorized');
    if (headers['dd-api-key'] !== seed['api-key'] || headers['dd-application-key'] !== seed['app-key'])
      return refusal(403, 'Forbidden');
    if (url.pathname === '/api/v2/events' && method === 'GET') return events(url);
    if (!seed.scopes.includes('monitors_downtime')) return refusal(403, 'Failed permission authorization checks');
    const [matched, id] = /^\/api\/v2\/downtime(?:\/([^/]+))?$/.exec(url.pathname) ?? [];
    if (!matched) return refusal(404, 'Not Found');
    if (method === 'POST' && !id) return create(objectIn(body));
    if (method === 'GET' && !id) {
      const offset = Number(url.searchParams.get('page[offset]') ?? 0);
      const limit = Number(url.searchParams.get('page[limit]') ?? 30);
      const current = url.searchParams.get('current_only') === 'true';
      const rows = readable().filter((one) => !current || statusOf(one) === 'active');
      const page = { total_filtered_count: rows.length };
      return { status: 200, body: { data: rows.slice(offset, offset + limit).map(shown), meta: { page } } };
    }
    const one = readable().find((each) => each.id === id);
    if (!one) return refusal(404, 'Downtime not found');
    if (method === 'GET') return { status: 200, body: { data: shown(one) } };
    if (method !== 'DELETE') return refusal(405, 'Method not allowed');
    const status = statusOf(one);
    if (status === 'canceled' || status === 'ended') return refusal(400, `Downtime is already ${status}`);
    one.canceled = now();
    return { status: 204 };
  }

  return {
    name: 'Datadog',
    hosts: [`api.${seed.site}`],
    answer(request) {
      const seconds = Math.floor(now() / 1_000);
      const current = Math.floor(seconds / 60);
      used = current === minute ? used + 1 : 1;
      minute = current;
      const limit = seed['requests-a-minute'];
      const headers = {
        'x-ratelimit-limit': String(limit),
        'x-ratelimit-period': '60',
        'x-ratelimit-remaining': String(Math.max(0, limit - used)),
        'x-ratelimit-reset': String(60 - (seconds % 60)),
      };
      if (used > limit) return { ...refusal(429, 'Too many requests'), headers };
      return { ...carryOut(request), headers };
    },
    state: () => ({
      downtimes: readable().map((one) => ({
        id: one.id,
        scope: one.scope,
        monitors: one.monitor,
        message: one.message,
        until: one.end === undefined ? 'no end' : new Date(one.end).toISOString(),
        now: statusOf(one),
      })),
    }),
    leftovers: () =>
      downtimes
        .filter((one) => ['active', 'scheduled'].includes(statusOf(one)) && one.message.includes(ANY_UNDO_MARK))
        .map((one) => `Datadog downtime ${one.id} is ${statusOf(one)}: ${one.message}`),
  };
}

/** `2026-11-22T06:00:00+00:00`: Datadog keeps whole seconds and writes the offset out. */
function withOffset(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19)}+00:00`;
}

function refusal(status: number, text: string): StandInAnswer {
  return { status, body: { errors: [text] } };
}
