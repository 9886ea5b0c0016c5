import { type AnyContext, type HttpAnswer, type HttpRequest, retryAfter, TaskError } from '@maintenance-tasks/core';
import { type AzureAccess, azureToken, type SignInContext } from '../entra-id/client.ts';
import { gatewayError, refusalOf } from './gateway-error.ts';

/** The newest version that Microsoft’s reference documents; GET and PUT must have the same, or the PUT drops settings. */
const API_VERSION = '2025-07-01';
const ARM = 'https://management.azure.com';
const SCOPE = `${ARM}/.default`;
const SYSTEM = 'Azure Application Gateway';
/** learn.microsoft.com/rest/api/authorization/permissions/list-for-resource */
const PERMISSIONS = '/providers/Microsoft.Authorization/permissions?api-version=2022-04-01';
const NEEDED = ['read', 'write', 'backendhealth/action'].map((each) => `Microsoft.Network/applicationGateways/${each}`);
const POLL = 10_000;
/** Nobody is served better by asking more often, whatever the service says. */
const SHORTEST_POLL = 250;
const BUSY_WAIT = 15_000;

export type Context = SignInContext & Pick<AnyContext, 'log' | 'deadline'>;

export interface GatewayName {
  readonly subscription: string;
  readonly resourceGroup: string;
  readonly gateway: string;
}

export interface BackendAddress {
  readonly ipAddress?: string;
  readonly fqdn?: string;
}

export interface BackendPool {
  readonly id: string;
  readonly name: string;
  readonly etag?: string;
  readonly properties?: {
    readonly backendAddresses?: readonly BackendAddress[];
    /** Members that were attached by their network card: read-only here. */
    readonly backendIPConfigurations?: readonly { readonly id?: string }[];
    readonly [more: string]: unknown;
  };
  readonly [more: string]: unknown;
}

/** The gateway as it is read and sent back: whole, with all that is not named here. */
export interface Gateway {
  readonly id: string;
  readonly name: string;
  readonly etag?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly properties: {
    readonly provisioningState?: string;
    readonly operationalState?: string;
    readonly backendAddressPools?: readonly BackendPool[];
    readonly [more: string]: unknown;
  };
  readonly [more: string]: unknown;
}

/** Health of one server of a pool, as one of the pool's settings sees it. */
export interface ServerHealth {
  readonly pool: string;
  readonly address: string;
  readonly health: string;
}

/** What became of a replacement. Unless it is `done`, the gateway must be read and edited anew before the next one. */
export type Replaced =
  | { readonly kind: 'done' }
  | { readonly kind: 'again'; readonly why: string; readonly wait: number }
  /** Nobody knows whether it was carried out. */
  | { readonly kind: 'unknown'; readonly error: TaskError };

export interface ApplicationGateway {
  /** Reads it; waits while another operation changes it. */
  settled(): Promise<Gateway>;
  read(): Promise<Gateway>;
  /**
   * Replaces the whole gateway, once: a body that is sent a second time would undo what somebody else did in between
   * (github.com/Azure/azure-cli/issues/28615). Follows the operation to its end.
   */
  replace(body: Gateway): Promise<Replaced>;
  health(): Promise<ServerHealth[]>;
  /** What of the needed actions these credentials may not do there; none where Azure does not tell. */
  denied(): Promise<string[]>;
}

/** Raw REST rather than an SDK: the SDKs drop every field they do not know from what they send back. */
export function createApplicationGateway(context: Context, access: AzureAccess, name: GatewayName): ApplicationGateway {
  const { http, log, clock, signal } = context;
  const path = `/subscriptions/${name.subscription}/resourceGroups/${name.resourceGroup}/providers/Microsoft.Network/applicationGateways/${name.gateway}`;
  const url = (suffix = '') => `${ARM}${path}${suffix}?api-version=${API_VERSION}`;

  async function send(request: Omit<HttpRequest, 'system'>): Promise<HttpAnswer> {
    const token = await azureToken(context, access, SCOPE);
    const answer = await sendAs(token, request);
    if (answer.status !== 401) return answer;
    return sendAs(await azureToken(context, access, SCOPE, { rejected: token }), request);
  }

  const sendAs = (token: string, request: Omit<HttpRequest, 'system'>) =>
    http.send({ ...request, system: SYSTEM, headers: { ...request.headers, authorization: `Bearer ${token}` } });

  async function read(): Promise<Gateway> {
    const answer = await send({ method: 'GET', url: url() });
    if (answer.status !== 200) throw gatewayError(answer, name, 'it was read');
    return answer.json() as Gateway;
  }

  /** The address comes from an answer; the token goes nowhere else than to Azure's own. */
  function operationAddress(answer: HttpAnswer): string | undefined {
    const address = answer.headers['azure-asyncoperation'] ?? answer.headers.location;
    if (address === undefined) return undefined;
    if (URL.canParse(address) && new URL(address).origin === ARM) return address;
    throw new TaskError('remote', {
      what: `${SYSTEM} asks to follow its operation at another place than ${new URL(ARM).host}.`,
      remedy: 'Something else than Azure may answer here; look at the proxy of the runner.',
    });
  }

  async function pause(answer: HttpAnswer, awaited: string, started: number): Promise<void> {
    const asked = retryAfter(answer.headers['retry-after'], clock.now()) ?? POLL;
    await waitFor(awaited, Math.max(SHORTEST_POLL, asked), started);
  }

  async function waitFor(awaited: string, milliseconds: number, started: number): Promise<void> {
    const now = clock.now().getTime();
    const left = context.deadline.getTime() - now;
    if (milliseconds >= left) {
      throw new TaskError('timeout', {
        what: `The application gateway ${name.gateway} did not end in time: ${awaited}.`,
        remedy:
          'Run the task again: it looks how the gateway stands and goes on from there. Give it a longer deadline.',
      });
    }
    log.progress(
      `Waiting for ${name.gateway}: ${awaited}, for ${Math.round((now - started) / 1_000)} s now; ${Math.round(left / 1_000)} s left.`,
    );
    await clock.sleep(milliseconds, signal);
  }

  async function follow(answer: HttpAnswer): Promise<Replaced> {
    const started = clock.now().getTime();
    const address = operationAddress(answer);
    // Without an operation to follow, how the gateway reads back must do.
    for (let last = answer; address !== undefined; ) {
      await pause(last, 'Azure carries out the update', started);
      last = await send({ method: 'GET', url: address });
      if (last.status >= 400) throw gatewayError(last, name, 'its update was followed');
      const { status, error } = last.json() as { status?: string; error?: { code?: string; message?: string } };
      if (status === 'Succeeded') break;
      if (status === 'Canceled' || isSuperseded(error?.code)) {
        return { kind: 'again', why: 'another change superseded the update', wait: 0 };
      }
      if (status === 'Failed') {
        throw new TaskError('remote', {
          what: `Azure could not carry out the update of the application gateway ${name.gateway}: ${last.quote(error?.code ?? 'no code')}: ${last.quote(error?.message ?? '')}.`,
          remedy: 'Look at the gateway’s provisioning state in the portal, put it right, then run the task again.',
        });
      }
    }
    return { kind: 'done' };
  }

  return {
    read,

    async settled() {
      const started = clock.now().getTime();
      for (;;) {
        const gateway = await read();
        if (gateway.properties.provisioningState !== 'Updating') return gateway;
        await waitFor('somebody’s update of it is under way', BUSY_WAIT, started);
      }
    },

    async replace(body) {
      let answer: HttpAnswer;
      try {
        answer = await send({
          method: 'PUT',
          url: url(),
          json: body,
          // Whether the service enforces it is not documented; where it does, nobody’s change is lost.
          headers: body.etag ? { 'if-match': body.etag } : {},
          // Never by the transport: what it would send again is stale by then.
          patience: -1,
        });
      } catch (error) {
        if (error instanceof TaskError && error.kind === 'remote') return { kind: 'unknown', error };
        throw error;
      }
      if (answer.status >= 200 && answer.status < 300) return follow(answer);
      const { code } = refusalOf(answer);
      const asked = retryAfter(answer.headers['retry-after'], clock.now());
      if (answer.status === 412) return { kind: 'again', why: 'somebody else changed it meanwhile', wait: 0 };
      if (answer.status === 429 || (answer.status === 409 && isBusy(code)))
        return { kind: 'again', why: `it is busy (${answer.status} ${answer.quote(code)})`, wait: asked ?? BUSY_WAIT };
      const error = gatewayError(answer, name, 'it was changed');
      if (answer.status === 408 || answer.status >= 500) return { kind: 'unknown', error };
      throw error;
    },

    async health() {
      // It only looks, in spite of its method.
      let answer = await send({ method: 'POST', url: url('/backendhealth'), repeatable: true });
      const started = clock.now().getTime();
      const address = answer.status === 202 ? operationAddress(answer) : undefined;
      while (answer.status === 202 && address) {
        await pause(answer, 'Azure asks for the health of the backends', started);
        answer = await send({ method: 'GET', url: address });
      }
      if (answer.status !== 200) throw gatewayError(answer, name, 'the health of its backends was read');
      return serversOf(answer.json() as HealthBody);
    },

    async denied() {
      const answer = await send({ method: 'GET', url: `${ARM}${path}${PERMISSIONS}` });
      if (answer.status !== 200) return [];
      const { value = [] } = answer.json() as { value?: readonly Permission[] };
      return NEEDED.filter((action) => !value.some((permission) => allows(permission, action)));
    },
  };
}

interface Permission {
  readonly actions?: readonly string[];
  readonly notActions?: readonly string[];
}

/** Of each role by itself: what one role leaves out another may grant. */
function allows({ actions = [], notActions = [] }: Permission, action: string): boolean {
  const names = (pattern: string) =>
    new RegExp(`^${pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`, 'i').test(action);
  return actions.some(names) && !notActions.some(names);
}

interface HealthBody {
  readonly backendAddressPools?: readonly {
    readonly backendAddressPool?: { readonly id?: string };
    readonly backendHttpSettingsCollection?: readonly {
      readonly servers?: readonly { readonly address?: string; readonly health?: string }[];
    }[];
  }[];
}

function serversOf({ backendAddressPools = [] }: HealthBody): ServerHealth[] {
  return backendAddressPools.flatMap(({ backendAddressPool, backendHttpSettingsCollection = [] }) => {
    const pool = (backendAddressPool?.id ?? '').split('/').at(-1) ?? '';
    return backendHttpSettingsCollection.flatMap(({ servers = [] }) =>
      servers.map(({ address = '', health = 'Unknown' }) => ({ pool, address, health })),
    );
  });
}

function isSuperseded(code: string | undefined): boolean {
  return code === 'CanceledAndSupersededDueToAnotherOperation';
}

function isBusy(code: string): boolean {
  return /AnotherOperation|InternalRetriable|Conflict(ing)?ConcurrentWrite/i.test(code);
}
