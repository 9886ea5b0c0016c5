import { z } from 'zod';
import type { StandIn, StandInAnswer, StandInRequest, StandInWorld } from '../stand-in.ts';

const job = z.strictObject({
  id: z.guid(),
  name: z.string(),
  group: z.string().default(''),
  scheduled: z.boolean().default(true).describe('Whether it has a schedule at all.'),
  'schedule-enabled': z.boolean().default(true),
  'execution-enabled': z.boolean().default(true),
  'running-for': z.int().min(0).default(0).describe('Seconds that an execution goes on which runs at the start.'),
});

export const rundeckSeed = z.strictObject({
  host: z.string().default('rundeck.example.com').describe('Host of the server.'),
  token: z.string().default('rundeck-token').describe('The API token it knows.'),
  actions: z
    .array(z.enum(['read', 'toggle_schedule', 'toggle_execution']))
    .default(['read', 'toggle_schedule', 'toggle_execution'])
    .describe('What the ACL of the token’s user allows.'),
  'oldest-version': z.int().default(14).describe('The lowest API version it answers.'),
  project: z.string().default('operations'),
  jobs: z.array(job).default([]),
});

/** Rundeck's job switches: https://docs.rundeck.com/docs/api/ */
export function rundeckStandIn(given: z.input<typeof rundeckSeed>, world: StandInWorld): StandIn {
  const seed = rundeckSeed.parse(given);
  const begun = world.now().getTime();
  const jobs = seed.jobs.map((one) => ({ ...one }));

  function carryOut({ method, url }: StandInRequest): StandInAnswer {
    const [, version, rest = ''] = /^\/api\/(\d+)(\/.*)$/.exec(url.pathname) ?? [];
    if (!version || Number(version) < seed['oldest-version'])
      return refusal(400, 'api.error.api-version.unsupported', `Unsupported API Version "${version ?? ''}".`);
    if (rest === `/project/${seed.project}/jobs` && method === 'GET')
      return {
        status: 200,
        // Those that the user may not read are not there.
        body: !seed.actions.includes('read')
          ? []
          : jobs.map(({ id, name, group, scheduled, ...is }) => ({
              id,
              name,
              group,
              project: seed.project,
              scheduled,
              scheduleEnabled: is['schedule-enabled'],
              enabled: is['execution-enabled'],
            })),
      };
    const [, id, what, verb] =
      /^\/job\/([^/]+)\/(schedule|execution|executions)(?:\/(enable|disable))?$/.exec(rest) ?? [];
    const one = jobs.find((each) => each.id === id);
    if (!one) return refusal(404, 'api.error.item.doesnotexist', `Job ID does not exist: ${id ?? ''}`);
    if (what === 'executions' && method === 'GET') {
      const runs = world.now().getTime() < begun + one['running-for'] * 1_000;
      return { status: 200, body: { paging: {}, executions: runs ? [{ id: 41, status: 'running' }] : [] } };
    }
    if (method !== 'POST' || !verb || (what !== 'schedule' && what !== 'execution'))
      return refusal(404, 'api.error.invalid.request', 'The request is not known.');
    if (!seed.actions.includes(`toggle_${what}`))
      return refusal(403, 'api.error.item.unauthorized', `Not authorized for action "toggle_${what}" for Job ID ${id}`);
    one[`${what}-enabled`] = verb === 'enable';
    return { status: 200, body: { success: true } };
  }

  return {
    name: 'Rundeck',
    hosts: [seed.host],
    answer: (request) =>
      request.headers['x-rundeck-auth-token'] === seed.token
        ? carryOut(request)
        : refusal(403, 'unauthorized', 'unauthorized'),
    state: () => ({
      jobs: jobs.map(({ name, ...is }) => ({
        name,
        schedule: is['schedule-enabled'] ? 'enabled' : 'disabled',
        execution: is['execution-enabled'] ? 'enabled' : 'disabled',
      })),
    }),
    // Its switches have no room for a mark.
    leftovers: () => [],
  };
}

function refusal(status: number, errorCode: string, message: string): StandInAnswer {
  return { status, body: { error: true, apiversion: 46, errorCode, message } };
}
