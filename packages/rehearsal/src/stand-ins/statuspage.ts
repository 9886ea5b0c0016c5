import { ANY_UNDO_MARK } from '@maintenance-tasks/core';
import { z } from 'zod';
import type { StandIn, StandInAnswer, StandInRequest, StandInWorld } from '../stand-in.ts';
import { objectIn } from './json-body.ts';

const STATUSES = [
  'operational',
  'under_maintenance',
  'degraded_performance',
  'partial_outage',
  'major_outage',
] as const;
const status = z.enum(STATUSES);

export const statuspageSeed = z.strictObject({
  key: z.string().default('statuspage-key').describe('The API key it knows.'),
  pages: z.array(z.string()).min(1).default(['examplepage']).describe('Ids of the pages.'),
  components: z
    .array(z.strictObject({ id: z.string(), name: z.string(), status: status.default('operational') }))
    .default([])
    .describe('Components of the pages, and how they stand.'),
  'requests-a-minute': z.int().positive().default(60).describe('Beyond these in any 60 seconds it answers 420.'),
});

const incidentBody = z.object({
  name: z.string().min(1).max(255),
  status: z.enum(['scheduled', 'in_progress', 'verifying', 'completed']),
  body: z.string().max(25_000).optional(),
  scheduled_for: z.iso.datetime({ offset: true }),
  scheduled_until: z.iso.datetime({ offset: true }),
  scheduled_auto_completed: z.boolean().default(false),
  auto_transition_to_operational_state: z.boolean().default(false),
  auto_transition_deliver_notifications_at_end: z.boolean().default(false),
  deliver_notifications: z.boolean().default(true),
  component_ids: z.array(z.string()).default([]),
  components: z.record(z.string(), status).default({}),
  metadata: z.record(z.string(), z.record(z.string(), z.unknown())).default({}),
});
const incidentChange = incidentBody
  .pick({ status: true, components: true })
  .partial()
  .extend({ deliver_notifications: z.boolean().default(true) });

interface Incident extends z.infer<typeof incidentBody> {
  readonly id: string;
  readonly page: string;
  completed: number | undefined;
}

/** Scheduled maintenance on Statuspage: https://developer.statuspage.io/ */
export function statuspageStandIn(given: z.input<typeof statuspageSeed>, world: StandInWorld): StandIn {
  const seed = statuspageSeed.parse(given);
  const components = seed.components.map((one) => ({ ...one }));
  const incidents: Incident[] = [];
  /** What subscribers were mailed. */
  const mailed: string[] = [];
  let asked: number[] = [];
  const now = () => world.now().getTime();

  /** What Statuspage does by itself when the time has come. */
  function passTime(): void {
    for (const incident of incidents) {
      const until = Date.parse(incident.scheduled_until);
      if (incident.completed !== undefined || !incident.scheduled_auto_completed || until > now()) continue;
      incident.completed = until;
      incident.status = 'completed';
      if (incident.auto_transition_to_operational_state)
        set(Object.fromEntries(incident.component_ids.map((id) => [id, 'operational' as const])));
      if (incident.auto_transition_deliver_notifications_at_end) mailed.push(`${incident.name}: completed`);
    }
  }

  function set(statuses: Readonly<Record<string, z.infer<typeof status>>>): void {
    for (const component of components) component.status = statuses[component.id] ?? component.status;
  }

  const unknownIn = (ids: readonly string[]) => ids.filter((id) => !components.some((each) => each.id === id));

  function shown({ completed: _, component_ids: ids, components: __, body: ___, ...incident }: Incident) {
    return { ...incident, components: components.filter(({ id }) => ids.includes(id)) };
  }

  function create(page: string, asked: unknown): StandInAnswer {
    const read = incidentBody.safeParse(asked);
    if (!read.success) return refusal(422, `${read.error.issues[0]?.path.join('.')} is invalid`);
    const unknown = unknownIn([...read.data.component_ids, ...Object.keys(read.data.components)]);
    if (unknown.length > 0) return refusal(422, `Component ${unknown.join(', ')} is not on this page`);
    if (Date.parse(read.data.scheduled_until) <= Date.parse(read.data.scheduled_for))
      return refusal(422, 'Scheduled until must be after scheduled for');
    const incident = {
      ...read.data,
      id: `inc${String(incidents.length + 1).padStart(5, '0')}`,
      page,
      completed: undefined,
    };
    incidents.push(incident);
    set(incident.components);
    if (incident.deliver_notifications) mailed.push(`${incident.name}: ${incident.status}`);
    return { status: 201, body: shown(incident) };
  }

  function change(incident: Incident, asked: unknown): StandInAnswer {
    const read = incidentChange.safeParse(asked);
    if (!read.success) return refusal(422, `${read.error.issues[0]?.path.join('.')} is invalid`);
    if (incident.completed !== undefined) return refusal(422, 'A completed maintenance cannot be changed');
    const { status: next, components: statuses = {}, deliver_notifications: notify } = read.data;
    const unknown = unknownIn(Object.keys(statuses));
    if (unknown.length > 0) return refusal(422, `Component ${unknown.join(', ')} is not on this page`);
    if (next) incident.status = next;
    if (next === 'completed') incident.completed = now();
    set(statuses);
    if (notify) mailed.push(`${incident.name}: ${incident.status}`);
    return { status: 200, body: shown(incident) };
  }

  function list(url: URL, rows: readonly object[]): StandInAnswer {
    const size = Math.min(Number(url.searchParams.get('per_page') ?? 100), 100);
    const start = (Number(url.searchParams.get('page') ?? 1) - 1) * size;
    return { status: 200, body: rows.slice(start, start + size) };
  }

  function carryOut({ method, url, headers, body }: StandInRequest): StandInAnswer {
    if (headers.authorization !== `OAuth ${seed.key}`) return refusal(401, 'Could not authenticate');
    const [, page = '', path = ''] = /^\/v1\/pages\/([^/]+)(\/.*)$/.exec(url.pathname) ?? [];
    if (!seed.pages.includes(page)) return refusal(404, 'Page not found');
    const incident = () => objectIn(body)?.incident;
    if (method === 'GET' && path === '/components') return list(url, components);
    if (method === 'POST' && path === '/incidents') return create(page, incident());
    const inState = (...states: Incident['status'][]) =>
      incidents.filter((each) => each.page === page && states.includes(each.status));
    if (method === 'GET' && path === '/incidents/active_maintenance')
      return list(url, inState('in_progress', 'verifying').map(shown));
    if (method === 'GET' && path === '/incidents/upcoming') return list(url, inState('scheduled').map(shown));
    const found = incidents.find((each) => each.page === page && path === `/incidents/${each.id}`);
    if (!found) return refusal(404, 'Not found');
    if (method === 'GET') return { status: 200, body: shown(found) };
    return method === 'PATCH' ? change(found, incident()) : refusal(405, 'Not allowed');
  }

  return {
    name: 'Statuspage',
    hosts: ['api.statuspage.io'],
    answer(request) {
      passTime();
      asked = [...asked.filter((at) => at > now() - 60_000), now()];
      // Its own word for too many requests, and no Retry-After.
      if (asked.length > seed['requests-a-minute']) return refusal(420, 'Too many requests');
      return carryOut(request);
    },
    state() {
      passTime();
      return {
        components: components.map(({ id, name, status: stands }) => ({
          component: `${name} (${id})`,
          status: stands,
        })),
        incidents: incidents.map(({ id, name, status: stands, scheduled_until: until, metadata }) => ({
          id,
          name,
          until,
          metadata,
          now: stands,
        })),
        mailed: [...mailed],
      };
    },
    leftovers() {
      passTime();
      return incidents
        .filter(
          ({ status: stands, metadata }) => stands !== 'completed' && JSON.stringify(metadata).includes(ANY_UNDO_MARK),
        )
        .map(
          ({ id, name, status: stands, metadata }) =>
            `Statuspage ${id} is ${stands}: ${name} ${JSON.stringify(metadata)}`,
        );
    },
  };
}

function refusal(code: number, error: string): StandInAnswer {
  return { status: code, body: { error } };
}
