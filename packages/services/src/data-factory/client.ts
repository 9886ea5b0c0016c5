import { type AnyContext, formatDuration, type HttpAnswer, type HttpRequest, TaskError } from '@maintenance-tasks/core';
import { type AzureAccess, azureToken, type SignInContext } from '../entra-id/client.ts';

const SYSTEM = 'Azure Data Factory';
const ARM = 'https://management.azure.com';
const SCOPE = `${ARM}/.default`;
const VERSION = 'api-version=2018-06-01';
const TAGS = '/providers/Microsoft.Resources/tags/default?api-version=2021-04-01';
const LOOK_EVERY = 3_000;
const SETTLES_WITHIN = 5 * 60_000;
/** Runs are asked for by when they last changed; none goes on for longer without a change than this. */
const LONGEST_RUN = 7 * 86_400_000;

export interface Trigger {
  readonly name: string;
  /** `ScheduleTrigger`, `TumblingWindowTrigger`, `BlobEventsTrigger` … */
  readonly type: string;
  /** `Started`, `Stopped`, `Disabled`. */
  readonly state: string;
  readonly pipelines: readonly string[];
}

export interface PipelineRun {
  readonly id: string;
  readonly pipeline: string;
  readonly status: string;
  readonly trigger: string | undefined;
}

export interface DataFactory {
  triggers(): Promise<Trigger[]>;
  trigger(name: string): Promise<Trigger | undefined>;
  /** Starts or stops a trigger, and waits until the factory shows it. */
  setState(name: string, state: 'Started' | 'Stopped'): Promise<void>;
  /** Runs of these pipelines that are under way or wait in the queue. */
  running(pipelines: readonly string[]): Promise<PipelineRun[]>;
  tags(): Promise<Readonly<Record<string, string>>>;
  /** Sets these tags of the factory and leaves all others as they are, whoever changes them meanwhile. */
  mergeTags(tags: Readonly<Record<string, string>>): Promise<void>;
  /** Takes these tags away, where they still have these values. */
  deleteTags(tags: Readonly<Record<string, string>>): Promise<void>;
}

/** A client of one factory: learn.microsoft.com/rest/api/datafactory, and /rest/api/resources/tags for its tags. */
export function createDataFactory(
  context: SignInContext & Pick<AnyContext, 'log'>,
  access: AzureAccess,
  place: { readonly subscription: string; readonly resourceGroup: string; readonly factory: string },
): DataFactory {
  const { http, clock, signal } = context;
  const scope = `${ARM}/subscriptions/${place.subscription}/resourceGroups/${encodeURIComponent(place.resourceGroup)}/providers/Microsoft.DataFactory/factories/${encodeURIComponent(place.factory)}`;
  const triggerUrl = (name: string, action = '') => `${scope}/triggers/${encodeURIComponent(name)}${action}?${VERSION}`;

  async function send(request: Pick<HttpRequest, 'method' | 'url' | 'json' | 'repeatable'>): Promise<HttpAnswer> {
    const attempt = (token: string) =>
      http.send({ system: SYSTEM, ...request, headers: { authorization: `Bearer ${token}` } });
    const token = await azureToken(context, access, SCOPE);
    const answer = await attempt(token);
    // A token may end between two calls.
    return answer.status === 401 ? attempt(await azureToken(context, access, SCOPE, { rejected: token })) : answer;
  }

  async function readTrigger(name: string): Promise<Trigger | undefined> {
    const answer = await send({ method: 'GET', url: triggerUrl(name) });
    return answer.status === 404 ? undefined : triggerOf(accepted(answer, place.factory).json() as TriggerRow);
  }

  async function patchTags(operation: 'Merge' | 'Delete', tags: Readonly<Record<string, string>>): Promise<void> {
    const json = { operation, properties: { tags } };
    accepted(await send({ method: 'PATCH', url: `${scope}${TAGS}`, json, repeatable: true }), place.factory);
  }

  return {
    trigger: readTrigger,

    async triggers() {
      const found: Trigger[] = [];
      let url: string | undefined = `${scope}/triggers?${VERSION}`;
      while (url) {
        const page = accepted(await send({ method: 'GET', url }), place.factory).json() as {
          value?: TriggerRow[];
          nextLink?: string;
        };
        found.push(...(page.value ?? []).map(triggerOf));
        // The token must not follow a link to anywhere else.
        url = page.nextLink?.startsWith(`${ARM}/`) ? page.nextLink : undefined;
      }
      return found;
    },

    async setState(name, state) {
      const action = state === 'Started' ? '/start' : '/stop';
      // Starting what is started does nothing; a lost answer is repeated.
      accepted(await send({ method: 'POST', url: triggerUrl(name, action), repeatable: true }), place.factory);
      const until = clock.now().getTime() + SETTLES_WITHIN;
      for (;;) {
        const now = await readTrigger(name);
        if (now?.state === state) return;
        if (!now || clock.now().getTime() >= until) {
          throw new TaskError('remote', {
            what: `The trigger ${name} of ${place.factory} shall be ${state} and is ${now?.state ?? 'gone'} after ${formatDuration(SETTLES_WITHIN)}.`,
            remedy: 'Look at the trigger in Azure Data Factory, then run the task again.',
          });
        }
        context.log.progress(`Waiting for the trigger ${name} to be ${state}; it is ${now.state}.`);
        await clock.sleep(LOOK_EVERY, signal);
      }
    },

    async running(pipelines) {
      const runs: PipelineRun[] = [];
      const now = clock.now().getTime();
      let continuationToken: string | undefined;
      do {
        const json = {
          lastUpdatedAfter: new Date(now - LONGEST_RUN).toISOString(),
          // A day ahead: the clock of the factory decides what is now.
          lastUpdatedBefore: new Date(now + 86_400_000).toISOString(),
          filters: [
            { operand: 'PipelineName', operator: 'In', values: pipelines },
            { operand: 'Status', operator: 'In', values: ['InProgress', 'Queued'] },
          ],
          ...(continuationToken && { continuationToken }),
        };
        const url = `${scope}/queryPipelineRuns?${VERSION}`;
        const page = accepted(await send({ method: 'POST', url, json, repeatable: true }), place.factory).json() as {
          value?: RunRow[];
          continuationToken?: string;
        };
        runs.push(
          ...(page.value ?? []).map((row) => ({
            id: row.runId,
            pipeline: row.pipelineName,
            status: row.status,
            trigger: row.invokedBy?.name,
          })),
        );
        continuationToken = page.continuationToken;
      } while (continuationToken);
      return runs;
    },

    async tags() {
      const body = accepted(await send({ method: 'GET', url: `${scope}${TAGS}` }), place.factory).json() as {
        properties?: { tags?: Record<string, string> };
      };
      return body.properties?.tags ?? {};
    },

    mergeTags: (tags) => patchTags('Merge', tags),
    deleteTags: (tags) => patchTags('Delete', tags),
  };
}

interface TriggerRow {
  readonly name: string;
  readonly properties?: {
    readonly type?: string;
    readonly runtimeState?: string;
    readonly pipelines?: readonly { readonly pipelineReference?: { readonly referenceName?: string } }[];
    /** A tumbling window has one pipeline only, and names it so. */
    readonly pipeline?: { readonly pipelineReference?: { readonly referenceName?: string } };
  };
}

interface RunRow {
  readonly runId: string;
  readonly pipelineName: string;
  readonly status: string;
  readonly invokedBy?: { readonly name?: string };
}

function triggerOf({ name, properties = {} }: TriggerRow): Trigger {
  const references = [...(properties.pipelines ?? []), ...(properties.pipeline ? [properties.pipeline] : [])];
  return {
    name,
    type: properties.type ?? 'unknown',
    state: properties.runtimeState ?? 'unknown',
    pipelines: references.flatMap(({ pipelineReference }) => pipelineReference?.referenceName ?? []),
  };
}

/** @throws TaskError for anything but success */
function accepted(answer: HttpAnswer, factory: string): HttpAnswer {
  if (answer.status >= 200 && answer.status < 300) return answer;
  const { code, message } = refusalOf(answer);
  const words = [code, message].filter((part) => part).join(': ');
  const what = `Azure answered ${answer.status}${words ? ` ${words}` : ''} for the data factory ${factory}.`;
  if (answer.status === 401 || answer.status === 403) {
    return refuse(
      'auth',
      what,
      'Grant the role Data Factory Contributor, and Tag Contributor, on the factory; a new role takes some minutes to work.',
    );
  }
  if (answer.status === 404) return refuse('input', what, 'Check subscription, resource group and factory.');
  return refuse('remote', what, 'Look at the factory in the Azure portal, then run the task again.');
}

function refuse(kind: 'auth' | 'input' | 'remote', what: string, remedy: string): never {
  throw new TaskError(kind, { what, remedy });
}

function refusalOf(answer: HttpAnswer): { code?: string; message?: string } {
  try {
    const { error } = JSON.parse(answer.text) as { error?: { code?: unknown; message?: unknown } };
    return {
      ...(typeof error?.code === 'string' && { code: answer.quote(error.code) }),
      ...(typeof error?.message === 'string' && { message: answer.quote(error.message).replace(/\.$/, '') }),
    };
  } catch {
    return {};
  }
}
