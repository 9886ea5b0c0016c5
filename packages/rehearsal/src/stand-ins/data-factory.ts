import { ANY_UNDO_MARK } from '@maintenance-tasks/core';
import { z } from 'zod';
import type { StandInAnswer, StandInRequest, StandInWorld } from '../stand-in.ts';
import type { AzureService } from './azure-management.ts';
import { callerOf } from './azure-token.ts';
import { objectIn } from './json-body.ts';

const trigger = z.strictObject({
  name: z.string(),
  type: z.enum(['ScheduleTrigger', 'TumblingWindowTrigger', 'BlobEventsTrigger']).default('ScheduleTrigger'),
  state: z.enum(['Started', 'Stopped', 'Disabled']).default('Started'),
  pipelines: z.array(z.string()).default([]),
});

export const dataFactorySeed = z.strictObject({
  factories: z
    .array(
      z.strictObject({
        name: z.string(),
        subscription: z.string(),
        'resource-group': z.string(),
        tenant: z.string().optional().describe('Directory (tenant) whose tokens it accepts; any unless told.'),
        writers: z.array(z.string()).optional().describe('Applications that may change it; all unless told.'),
        tags: z.record(z.string(), z.string()).default({}),
        triggers: z.array(trigger).default([]),
        runs: z
          .array(z.strictObject({ pipeline: z.string(), for: z.int().min(0).describe('Seconds until it ends.') }))
          .default([])
          .describe('Pipeline runs that are under way at the start.'),
        'settles-after': z.int().min(0).default(0).describe('Seconds until a trigger shows its new state.'),
      }),
    )
    .default([]),
});

type FactorySeed = z.infer<typeof dataFactorySeed>['factories'][number];

interface Trigger {
  readonly seed: FactorySeed['triggers'][number];
  state: 'Started' | 'Stopped' | 'Disabled';
  shownFrom: number;
  before: 'Started' | 'Stopped' | 'Disabled';
}

interface Factory {
  readonly seed: FactorySeed;
  readonly triggers: readonly Trigger[];
  tags: Record<string, string>;
}

const PATH =
  /^\/subscriptions\/([^/]+)\/resourcegroups\/([^/]+)\/providers\/microsoft\.datafactory\/factories\/([^/]+)(\/.*)?$/i;
const TAGS = '/providers/microsoft.resources/tags/default';
const PAGE = 50;
const MOST_TAGS = 50;

/** Azure Data Factory's triggers, and the tags of the factory: learn.microsoft.com/rest/api/datafactory, 2018-06-01. */
export function dataFactoryStandIn(given: z.input<typeof dataFactorySeed>, world: StandInWorld): AzureService {
  const now = () => world.now().getTime();
  const begun = now();
  const factories: Factory[] = dataFactorySeed.parse(given).factories.map((seed) => ({
    seed,
    tags: { ...seed.tags },
    triggers: seed.triggers.map((each) => ({ seed: each, state: each.state, before: each.state, shownFrom: 0 })),
  }));
  const shownState = (one: Trigger) => (now() >= one.shownFrom ? one.state : one.before);

  const shown = (one: Trigger) => ({
    name: one.seed.name,
    properties: {
      type: one.seed.type,
      runtimeState: shownState(one),
      ...(one.seed.type === 'TumblingWindowTrigger'
        ? { pipeline: reference(one.seed.pipelines[0] ?? '') }
        : { pipelines: one.seed.pipelines.map(reference) }),
    },
  });

  function move(factory: Factory, one: Trigger, state: 'Started' | 'Stopped'): StandInAnswer {
    if (one.state === 'Disabled')
      return refusal(400, 'TriggerDisabled', `Trigger ${one.seed.name} is disabled by the service.`);
    if (one.state !== state) {
      one.before = one.state;
      one.state = state;
      one.shownFrom = now() + factory.seed['settles-after'] * 1_000;
    }
    return { status: factory.seed['settles-after'] > 0 ? 202 : 200 };
  }

  function ofTags(factory: Factory, { method, url, body }: StandInRequest): StandInAnswer {
    if (url.searchParams.get('api-version') !== '2021-04-01') return badVersion();
    const answer = () => ({ status: 200, body: { properties: { tags: factory.tags } } });
    if (method === 'GET') return answer();
    if (method !== 'PATCH') return refusal(405, 'MethodNotAllowed', 'Not allowed.');
    const given = objectIn(body) as { operation?: string; properties?: { tags?: Record<string, string> } } | undefined;
    const tags = given?.properties?.tags ?? {};
    const tooLong = Object.entries(tags).find(([name, value]) => name.length > 512 || String(value).length > 256);
    if (tooLong) return refusal(400, 'InvalidTagValueLength', `Tag ${tooLong[0]} is too long.`);
    if (Object.keys(tags).some((name) => /[<>%&\\?/]/.test(name)))
      return refusal(400, 'InvalidTagNameCharacters', 'Tag names must not contain <>%&\\?/.');
    if (given?.operation === 'Merge') {
      const merged = { ...factory.tags, ...tags };
      if (Object.keys(merged).length > MOST_TAGS)
        return refusal(400, 'TagCountExceeded', `The number of tags exceeds the maximum of ${MOST_TAGS}.`);
      factory.tags = merged;
    } else if (given?.operation === 'Delete') {
      factory.tags = Object.fromEntries(Object.entries(factory.tags).filter(([name, value]) => tags[name] !== value));
    } else return refusal(400, 'InvalidRequestContent', 'The operation must be Merge, Replace or Delete.');
    return answer();
  }

  function query(factory: Factory, body: Record<string, unknown> | undefined): StandInAnswer {
    if (!body?.lastUpdatedAfter || !body.lastUpdatedBefore)
      return refusal(400, 'BadRequest', 'lastUpdatedAfter and lastUpdatedBefore are required.');
    const filters = (body.filters ?? []) as { operand: string; operator: string; values: string[] }[];
    const values = (operand: string) => filters.find((filter) => filter.operand === operand)?.values;
    const rows = factory.seed.runs
      .map((run, index) => ({
        runId: `run-${index + 1}`,
        pipelineName: run.pipeline,
        status: now() < begun + run.for * 1_000 ? 'InProgress' : 'Succeeded',
      }))
      .filter(({ pipelineName, status }) => {
        const [names, states] = [values('PipelineName'), values('Status')];
        return (!names || names.includes(pipelineName)) && (!states || states.includes(status));
      });
    return { status: 200, body: { value: rows } };
  }

  function carryOut(factory: Factory, rest: string, request: StandInRequest): StandInAnswer {
    const { method, url, body } = request;
    if (rest.toLowerCase() === TAGS) return ofTags(factory, request);
    if (url.searchParams.get('api-version') !== '2018-06-01') return badVersion();
    if (rest === '/queryPipelineRuns' && method === 'POST') return query(factory, objectIn(body));
    if (rest === '/triggers' && method === 'GET') {
      const start = Number(url.searchParams.get('$skiptoken') ?? 0);
      const next = new URL(url);
      next.searchParams.set('$skiptoken', String(start + PAGE));
      const more = factory.triggers.length > start + PAGE && { nextLink: next.href };
      return { status: 200, body: { value: factory.triggers.slice(start, start + PAGE).map(shown), ...more } };
    }
    const [, name, action] = /^\/triggers\/([^/]+)(?:\/(start|stop))?$/.exec(rest) ?? [];
    const one = factory.triggers.find(({ seed }) => seed.name === name);
    if (!one) return refusal(404, 'TriggerNotFound', `The trigger ${name ?? ''} was not found.`);
    if (method === 'GET' && !action) return { status: 200, body: shown(one) };
    if (method === 'POST' && action) return move(factory, one, action === 'start' ? 'Started' : 'Stopped');
    if (method === 'PUT' && one.state === 'Started')
      return refusal(
        400,
        'TriggerEnabledCannotUpdate',
        'Cannot update enabled Trigger; the trigger needs to be disabled first.',
      );
    return refusal(405, 'MethodNotAllowed', 'Not allowed.');
  }

  return {
    name: 'Azure Data Factory',
    hosts: ['management.azure.com'],
    owns: (path) => PATH.test(decodeURI(path)),
    answer(request) {
      const [, subscription = '', group = '', name = '', rest = ''] =
        PATH.exec(decodeURIComponent(request.url.pathname)) ?? [];
      const factory = factories.find(
        ({ seed }) =>
          same(seed.subscription, subscription) && same(seed['resource-group'], group) && same(seed.name, name),
      );
      const expected = { audience: 'https://management.azure.com', tenantId: factory?.seed.tenant };
      const caller = callerOf(request.headers.authorization, expected, world.now());
      if (!caller) return refusal(401, 'AuthenticationFailed', 'Authentication failed.');
      if (!factory) return refusal(404, 'ResourceNotFound', `The factory ${name} was not found.`);
      const reads = request.method === 'GET' || rest === '/queryPipelineRuns';
      if (!reads && factory.seed.writers && !factory.seed.writers.includes(caller.clientId))
        return refusal(
          403,
          'AuthorizationFailed',
          `The client '${caller.clientId}' does not have authorization to perform this action.`,
        );
      return carryOut(factory, rest, request);
    },
    state: () => ({
      factories: factories.map(({ seed, tags, triggers }) => ({
        name: seed.name,
        tags: { ...tags },
        triggers: Object.fromEntries(triggers.map((one) => [one.seed.name, one.state])),
      })),
    }),
    leftovers: () =>
      factories.flatMap(({ seed, tags }) =>
        Object.entries(tags)
          .filter(([, value]) => value.includes(ANY_UNDO_MARK))
          .map(([name, value]) => `The data factory ${seed.name} carries the tag ${name}: ${value}`),
      ),
  };
}

function reference(name: string) {
  return { pipelineReference: { type: 'PipelineReference', referenceName: name } };
}

/** Azure's names are the same in whatever case they are written; those of triggers are not. */
function same(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

function badVersion(): StandInAnswer {
  return refusal(400, 'InvalidApiVersionParameter', 'The api-version is not known for this resource.');
}

function refusal(status: number, code: string, message: string): StandInAnswer {
  return { status, body: { error: { code, message } } };
}
