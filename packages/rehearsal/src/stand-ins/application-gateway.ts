import { createHash } from 'node:crypto';
import { ANY_UNDO_MARK } from '@maintenance-tasks/core';
import { z } from 'zod';
import type { StandInAnswer, StandInRequest, StandInWorld } from '../stand-in.ts';
import type { AzureService } from './azure-management.ts';
import { callerOf } from './azure-token.ts';
import { objectIn } from './json-body.ts';

const pool = z.strictObject({
  name: z.string(),
  members: z.array(z.string()).default([]).describe('IP addresses and host names.'),
  attached: z.int().min(0).default(0).describe('Members attached by their network card.'),
  down: z.array(z.string()).default([]).describe('Members that are not healthy.'),
});

const gateway = z.strictObject({
  name: z.string(),
  subscription: z.string(),
  'resource-group': z.string(),
  tenant: z.string().optional().describe('Directory (tenant) whose tokens it accepts; any unless told.'),
  writers: z.array(z.string()).optional().describe('Applications that may change it; all unless told.'),
  tags: z.record(z.string(), z.string()).optional(),
  pools: z.array(pool).default([]),
  'drain-seconds': z.int().positive().max(3_600).optional().describe('Connection draining; off unless told.'),
  'cookie-affinity': z.boolean().default(false),
  state: z.enum(['Succeeded', 'Failed']).default('Succeeded').describe('provisioningState at the start.'),
  'operational-state': z.enum(['Running', 'Stopped']).default('Running'),
  'update-seconds': z.int().min(0).default(0).describe('How long an update takes.'),
  'heeds-if-match': z.boolean().default(true).describe('Whether a stale If-Match is refused; not documented.'),
  busy: z.int().min(0).default(0).describe('Changes that are refused at first (429), as if something else locked it.'),
  rival: z
    .strictObject({
      pool: z.string(),
      adds: z.string(),
      when: z
        .enum(['before', 'during'])
        .describe('before: between our look and our PUT; during: their PUT supersedes ours.'),
    })
    .optional()
    .describe('Somebody else who changes the gateway once, when the first change of it comes.'),
});

export const applicationGatewaySeed = z.strictObject({ gateways: z.array(gateway).default([]) });

type GatewaySeed = z.infer<typeof gateway>;
type Json = Record<string, unknown>;

interface Gateway {
  readonly seed: GatewaySeed;
  readonly id: string;
  /** As it was last sent. */
  body: Json;
  /** The change under way. */
  operation: Operation | undefined;
  version: number;
  rivalCame: boolean;
  busy: number;
}

interface Operation {
  readonly id: string;
  readonly ends: number;
  status: 'InProgress' | 'Succeeded' | 'Canceled';
}

const PATH =
  /^\/subscriptions\/([^/]+)\/resourcegroups\/([^/]+)\/providers\/microsoft\.network\/applicationgateways\/([^/]+)(\/backendhealth|\/providers\/microsoft\.authorization\/permissions)?$/i;
const OPERATION =
  /^\/subscriptions\/([^/]+)\/providers\/microsoft\.network\/locations\/westeurope\/(operations|operationresults)\/([^/]+)$/i;
const MANAGEMENT = 'https://management.azure.com';

/** Azure Application Gateways: learn.microsoft.com/rest/api/application-gateway/application-gateways. */
export function applicationGatewayStandIn(
  given: z.input<typeof applicationGatewaySeed>,
  world: StandInWorld,
): AzureService {
  const now = () => world.now().getTime();
  const gateways: Gateway[] = applicationGatewaySeed.parse(given).gateways.map(seeded);
  const operations = new Map<string, { readonly gateway: Gateway; readonly operation: Operation }>();
  let count = 0;

  function settle(one: Gateway): void {
    const { operation } = one;
    if (operation?.status !== 'InProgress' || now() < operation.ends) return;
    operation.status = 'Succeeded';
    one.operation = undefined;
  }

  /** As a GET shows it: with the states, and etags that change with each change. */
  function shown(one: Gateway): Json {
    const etag = `W/"${one.seed.name}-${one.version}"`;
    const properties = one.body.properties as Json;
    const provisioningState = one.operation ? 'Updating' : one.seed.state;
    const pools = (properties.backendAddressPools as Json[]).map((each) => ({
      ...each,
      etag,
      type: 'Microsoft.Network/applicationGateways/backendAddressPools',
      properties: { ...(each.properties as Json), provisioningState },
    }));
    return {
      ...one.body,
      id: one.id,
      name: one.seed.name,
      etag,
      properties: {
        ...properties,
        provisioningState,
        operationalState: one.seed['operational-state'],
        backendAddressPools: pools,
      },
    };
  }

  function replace(one: Gateway, request: StandInRequest): StandInAnswer {
    const { rival } = one.seed;
    if (one.busy > 0) {
      one.busy -= 1;
      const busy = refusal(429, 'RetryableErrorDueToAnotherOperation', 'Another operation is in progress.');
      return { ...busy, headers: { 'retry-after': '1' } };
    }
    const comes = rival !== undefined && !one.rivalCame;
    one.rivalCame = true;
    if (comes && rival.when === 'before') change(one, withMember(one.body, rival.pool, rival.adds));
    const match = request.headers['if-match'];
    if (
      one.seed['heeds-if-match'] &&
      match !== undefined &&
      match !== '*' &&
      match !== (shown(one) as { etag: string }).etag
    )
      return refusal(412, 'PreconditionFailed', 'Precondition failed.');
    const body = objectIn(request.body);
    const problem = problemOf(body, one);
    if (!body || problem) return refusal(400, 'InvalidRequestFormat', problem ?? 'Cannot parse the request.');
    // A change that comes while another is under way takes its place: github.com/Azure/azure-cli/issues/21156
    if (one.operation) one.operation.status = 'Canceled';
    const before = one.body;
    const operation = change(one, body);
    if (comes && rival.when === 'during') {
      operation.status = 'Canceled';
      change(one, withMember(before, rival.pool, rival.adds));
    }
    return {
      status: 200,
      headers: {
        'azure-asyncoperation': `${MANAGEMENT}/subscriptions/${one.seed.subscription}/providers/Microsoft.Network/locations/westeurope/operations/${operation.id}?api-version=2025-07-01`,
        'retry-after': '0',
      },
      body: shown(one),
    };
  }

  function change(one: Gateway, body: Json): Operation {
    const { etag: _etag, ...rest } = body;
    one.body = structuredClone(rest);
    one.version += 1;
    const id = createHash('sha256').update(`${one.id} ${++count}`).digest('hex').slice(0, 12);
    const operation: Operation = { id, ends: now() + one.seed['update-seconds'] * 1_000, status: 'InProgress' };
    one.operation = operation;
    operations.set(id, { gateway: one, operation });
    return operation;
  }

  function health(one: Gateway, request: StandInRequest): StandInAnswer {
    if (request.method !== 'POST') return refusal(405, 'MethodNotAllowed', 'Not allowed.');
    if (one.seed['operational-state'] !== 'Running')
      return refusal(400, 'ApplicationGatewayIsNotRunning', `${one.seed.name} is stopped.`);
    const id = `health-${one.seed.name}`;
    return {
      status: 202,
      headers: {
        location: `${MANAGEMENT}/subscriptions/${one.seed.subscription}/providers/Microsoft.Network/locations/westeurope/operationResults/${id}?api-version=2025-07-01`,
        'retry-after': '0',
      },
    };
  }

  function healthOf(one: Gateway): Json {
    const pools = (one.body.properties as Json).backendAddressPools as Json[];
    return {
      backendAddressPools: pools.map((each) => {
        const seed = one.seed.pools.find(({ name }) => name === each.name);
        const members = [...membersOf(each), ...attachedTo(seed)];
        return {
          backendAddressPool: { id: each.id },
          backendHttpSettingsCollection: [
            {
              backendHttpSettings: { id: `${one.id}/backendHttpSettingsCollection/https` },
              servers: members.map((address) => ({ address, health: seed?.down.includes(address) ? 'Down' : 'Up' })),
            },
          ],
        };
      }),
    };
  }

  function followed(kind: string, id: string): StandInAnswer {
    if (kind.toLowerCase() === 'operationresults') {
      const one = gateways.find(({ seed }) => id === `health-${seed.name}`);
      return one ? { status: 200, body: healthOf(one) } : refusal(404, 'NotFound', 'No such operation.');
    }
    const found = operations.get(id);
    if (!found) return refusal(404, 'NotFound', 'No such operation.');
    settle(found.gateway);
    const { status } = found.operation;
    const error = {
      code: 'CanceledAndSupersededDueToAnotherOperation',
      message: `Operation was canceled and superseded by another operation.`,
    };
    return {
      status: 200,
      headers: { 'retry-after': status === 'InProgress' ? '1' : '0' },
      body: { status, ...(status === 'Canceled' && { error }) },
    };
  }

  function carryOut(request: StandInRequest): StandInAnswer {
    const { method, url, headers } = request;
    const [, , kind, operation] = OPERATION.exec(url.pathname) ?? [];
    const [, subscription, group, name, part] = PATH.exec(url.pathname) ?? [];
    const audience = MANAGEMENT;
    const caller = callerOf(headers.authorization, { audience }, world.now());
    if (!caller) return refusal(401, 'InvalidAuthenticationToken', 'The access token is missing or invalid.');
    if (!url.searchParams.has('api-version'))
      return refusal(400, 'MissingApiVersionParameter', 'The api-version query parameter is required.');
    if (kind && operation) return followed(kind, operation);
    const one = gateways.find(
      ({ seed }) =>
        isSame(seed.subscription, subscription) && isSame(seed['resource-group'], group) && isSame(seed.name, name),
    );
    if (!one)
      return refusal(
        404,
        'ResourceNotFound',
        `The Resource 'Microsoft.Network/applicationGateways/${name}' under resource group '${group}' was not found.`,
      );
    if (one.seed.tenant && caller.tenantId !== one.seed.tenant)
      return refusal(401, 'InvalidAuthenticationTokenTenant', 'The access token is from the wrong issuer.');
    settle(one);
    const writes = one.seed.writers?.includes(caller.clientId) ?? true;
    if (part?.toLowerCase().endsWith('/permissions')) {
      const actions = writes
        ? ['Microsoft.Network/*']
        : ['*/read', 'Microsoft.Network/applicationGateways/backendhealth/action'];
      return { status: 200, body: { value: [{ actions, notActions: [] }] } };
    }
    if (part) return health(one, request);
    if (method === 'GET') return { status: 200, body: shown(one) };
    if (method !== 'PUT') return refusal(405, 'MethodNotAllowed', 'Not allowed.');
    if (!writes)
      return refusal(
        403,
        'AuthorizationFailed',
        `The client '${caller.clientId}' does not have authorization to perform action 'Microsoft.Network/applicationGateways/write' over scope '${one.id}'.`,
      );
    return replace(one, request);
  }

  return {
    name: 'Azure Application Gateway',
    hosts: ['management.azure.com'],
    owns: (path) => PATH.test(path) || OPERATION.test(path),
    answer: carryOut,
    state: () =>
      gateways.map((one) => ({
        gateway: one.seed.name,
        tags: one.body.tags ?? {},
        pools: Object.fromEntries(
          ((one.body.properties as Json).backendAddressPools as Json[]).map((each) => [
            each.name,
            membersOf(each).join(', '),
          ]),
        ),
        settings: (one.body.properties as Json).backendHttpSettingsCollection,
        extra: (one.body.properties as Json).somethingNewer,
      })),
    leftovers: () =>
      gateways.flatMap((one) =>
        Object.entries((one.body.tags ?? {}) as Record<string, string>)
          .filter(([, value]) => value.includes(ANY_UNDO_MARK))
          .map(([key]) => `${one.seed.name} has the tag ${key} of a session`),
      ),
  };
}

function seeded(seed: GatewaySeed): Gateway {
  const id = `/subscriptions/${seed.subscription}/resourceGroups/${seed['resource-group']}/providers/Microsoft.Network/applicationGateways/${seed.name}`;
  const settings = `${id}/backendHttpSettingsCollection/https`;
  const body = {
    id,
    name: seed.name,
    type: 'Microsoft.Network/applicationGateways',
    location: 'westeurope',
    ...(seed.tags && { tags: { ...seed.tags } }),
    properties: {
      sku: { name: 'WAF_v2', tier: 'WAF_v2', capacity: 2 },
      backendAddressPools: seed.pools.map((each) => ({
        id: `${id}/backendAddressPools/${each.name}`,
        name: each.name,
        properties: {
          backendAddresses: each.members.map((member) =>
            /^[\d.]+$|:/.test(member) ? { ipAddress: member } : { fqdn: member },
          ),
          ...(each.attached > 0 && {
            backendIPConfigurations: attachedTo(each).map((address) => ({ id: `/subscriptions/x/nic-${address}` })),
          }),
        },
      })),
      backendHttpSettingsCollection: [
        {
          id: settings,
          name: 'https',
          properties: {
            port: 443,
            protocol: 'Https',
            cookieBasedAffinity: seed['cookie-affinity'] ? 'Enabled' : 'Disabled',
            ...(seed['drain-seconds'] && {
              connectionDraining: { enabled: true, drainTimeoutInSec: seed['drain-seconds'] },
            }),
          },
        },
      ],
      requestRoutingRules: seed.pools.map((each) => ({
        id: `${id}/requestRoutingRules/${each.name}`,
        name: each.name,
        properties: {
          ruleType: 'Basic',
          backendAddressPool: { id: `${id}/backendAddressPools/${each.name}` },
          backendHttpSettings: { id: settings },
        },
      })),
      // A setting that no client of ours knows: whoever sends the gateway back must not lose it.
      somethingNewer: { mode: 'kept', list: [1, 2, 3] },
    },
  };
  return { seed, id, body, operation: undefined, version: 1, rivalCame: false, busy: seed.busy };
}

/** What the service refuses: a change that is not the whole gateway, and tags beyond their limits. */
function problemOf(body: Json | undefined, one: Gateway): string | undefined {
  const properties = body?.properties as Json | undefined;
  for (const key of ['sku', 'backendAddressPools', 'backendHttpSettingsCollection', 'requestRoutingRules'])
    if (properties?.[key] === undefined) return `The property ${key} is required on ${one.seed.name}.`;
  const names = new Set(((properties?.backendAddressPools ?? []) as Json[]).map(({ name }) => name));
  const lost = ((one.body.properties as Json).backendAddressPools as Json[]).find(({ name }) => !names.has(name));
  if (lost) return `The pool ${String(lost.name)} is still referenced by a request routing rule.`;
  const tags = Object.entries((body?.tags ?? {}) as Record<string, string>);
  if (tags.length > 50) return 'The number of tags is more than 50.';
  const bad = tags.find(([key, value]) => key.length > 512 || /[<>%&\\?/]/.test(key) || value.length > 256);
  return (
    bad &&
    `The tag ${bad[0].slice(0, 40)} is not allowed: its name or value is too long, or has a character it must not have.`
  );
}

function withMember(body: Json, poolName: string, member: string): Json {
  const copy = structuredClone(body);
  for (const each of (copy.properties as Json).backendAddressPools as Json[])
    if (each.name === poolName)
      ((each.properties as Json).backendAddresses as Json[]).push(
        /^[\d.]+$|:/.test(member) ? { ipAddress: member } : { fqdn: member },
      );
  return copy;
}

function membersOf(each: Json): string[] {
  const list = ((each.properties as Json).backendAddresses ?? []) as { ipAddress?: string; fqdn?: string }[];
  return list.map(({ ipAddress, fqdn }) => ipAddress ?? fqdn ?? '');
}

function attachedTo(seed: GatewaySeed['pools'][number] | undefined): string[] {
  return Array.from({ length: seed?.attached ?? 0 }, (_, index) => `10.200.0.${index + 4}`);
}

function isSame(one: string, other: string | undefined): boolean {
  return one.toLowerCase() === other?.toLowerCase();
}

function refusal(status: number, code: string, message: string): StandInAnswer {
  return { status, body: { error: { code, message } } };
}
