import { type HttpAnswer, type HttpRequest, TaskError } from '@maintenance-tasks/core';
import { type AzureAccess, azureToken, type SignInContext } from '../entra-id/client.ts';

const SYSTEM = 'Azure Monitor';
const BASE = 'https://management.azure.com';
const SCOPE = `${BASE}/.default`;
const VERSION = '2021-08-08';
const GROUPS_VERSION = '2021-04-01';

export interface RuleCondition {
  readonly field: string;
  readonly operator: string;
  readonly values: readonly string[];
}

export interface ProcessingRule {
  readonly name: string;
  readonly enabled: boolean;
  readonly description: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly scopes: readonly string[];
  readonly conditions: readonly RuleCondition[];
  readonly from: Date | undefined;
  /** Nothing for a rule without an end, one that recurs, or one in another time zone than UTC. */
  readonly until: Date | undefined;
}

export interface AzureMonitor {
  /** All alert processing rules of the resource group. */
  rules(): Promise<ProcessingRule[]>;
  /** Whether a resource group of the subscription exists; nothing when the identity may not ask. */
  hasGroup(resourceGroup: string): Promise<boolean | undefined>;
  /** Makes the rule, or makes it anew: its name is ours, so that sending it twice does no more than once. */
  put(
    rule: Omit<ProcessingRule, 'enabled' | 'from' | 'until'> & { readonly from: Date; readonly until: Date },
  ): Promise<void>;
  /** A rule that is gone already is fine. */
  delete(name: string): Promise<void>;
}

/** A client of Azure Monitor's alert processing rules in one resource group. */
export function createAzureMonitor(
  context: SignInContext,
  access: AzureAccess,
  { subscription, resourceGroup }: { readonly subscription: string; readonly resourceGroup: string },
): AzureMonitor {
  const inSubscription = `${BASE}/subscriptions/${encodeURIComponent(subscription)}/resourceGroups`;
  const rules = `${inSubscription}/${encodeURIComponent(resourceGroup)}/providers/Microsoft.AlertsManagement/actionRules`;
  const urlOf = (name: string) => `${rules}/${encodeURIComponent(name)}?api-version=${VERSION}`;

  async function send(request: Omit<HttpRequest, 'system' | 'headers'>): Promise<HttpAnswer> {
    const attempt = async (rejected?: string) => {
      const token = await azureToken(context, access, SCOPE, { rejected });
      const headers = { authorization: `Bearer ${token}` };
      // Named PUT and DELETE: once or twice is the same.
      return { token, answer: await context.http.send({ ...request, system: SYSTEM, headers, repeatable: true }) };
    };
    const first = await attempt();
    // A token may be withdrawn before its time; a new one is asked for once.
    return first.answer.status === 401 ? (await attempt(first.token)).answer : first.answer;
  }

  return {
    async rules() {
      const rows: RuleRow[] = [];
      const seen = new Set<string>();
      for (let url: string | undefined = `${rules}?api-version=${VERSION}`; url; ) {
        seen.add(url);
        const page = accepted(await send({ method: 'GET', url })).json() as { value?: RuleRow[]; nextLink?: string };
        rows.push(...(page.value ?? []));
        url = page.nextLink || undefined;
        // The token goes wherever this leads.
        if (url && (seen.has(url) || !url.startsWith(`${BASE}/`))) throw strangePage();
      }
      return rows.map(ruleOf);
    },

    async hasGroup(group) {
      const url = `${inSubscription}/${encodeURIComponent(group)}?api-version=${GROUPS_VERSION}`;
      const answer = await send({ method: 'GET', url });
      if (answer.status === 404) return false;
      if (answer.status === 403) return undefined;
      accepted(answer);
      return true;
    },

    async put({ name, description, tags, scopes, conditions, from, until }) {
      const json = {
        location: 'Global',
        tags,
        properties: {
          description,
          enabled: true,
          scopes,
          ...(conditions.length > 0 && { conditions }),
          // Local times without an offset; zones have Windows names there, of which UTC needs no translation.
          schedule: { effectiveFrom: local(from), effectiveUntil: local(until), timeZone: 'UTC' },
          actions: [{ actionType: 'RemoveAllActionGroups' }],
        },
      };
      accepted(await send({ method: 'PUT', url: urlOf(name), json }));
    },

    async delete(name) {
      const answer = await send({ method: 'DELETE', url: urlOf(name) });
      if (answer.status !== 404) accepted(answer);
    },
  };
}

interface RuleRow {
  readonly name: string;
  readonly tags?: Readonly<Record<string, string>> | null;
  readonly properties: {
    readonly enabled?: boolean;
    readonly description?: string | null;
    readonly scopes?: readonly string[];
    readonly conditions?: readonly RuleCondition[] | null;
    readonly schedule?: {
      readonly effectiveFrom?: string | null;
      readonly effectiveUntil?: string | null;
      readonly timeZone?: string | null;
      readonly recurrences?: readonly unknown[] | null;
    } | null;
  };
}

function ruleOf({ name, tags, properties }: RuleRow): ProcessingRule {
  const { effectiveFrom, effectiveUntil, timeZone, recurrences } = properties.schedule ?? {};
  const plain = (timeZone ?? 'UTC') === 'UTC' && (recurrences ?? []).length === 0;
  return {
    name,
    enabled: properties.enabled ?? true,
    description: properties.description ?? '',
    tags: tags ?? {},
    scopes: properties.scopes ?? [],
    conditions: properties.conditions ?? [],
    from: plain ? instantOf(effectiveFrom) : undefined,
    until: plain ? instantOf(effectiveUntil) : undefined,
  };
}

function instantOf(time: string | null | undefined): Date | undefined {
  if (!time) return undefined;
  const date = new Date(/Z$|[+-]\d\d:\d\d$/.test(time) ? time : `${time}Z`);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

function local(date: Date): string {
  return date.toISOString().slice(0, 19);
}

/** @throws TaskError for anything but success */
function accepted(answer: HttpAnswer): HttpAnswer {
  if (answer.status >= 200 && answer.status < 300) return answer;
  const reason = errorMessage(answer);
  const what = `Azure Monitor answered ${answer.status}${reason ? `: ${reason}` : ''}.`;
  if (answer.status === 401 || answer.status === 403) {
    throw new TaskError('auth', {
      what,
      remedy:
        'Give the identity the role Monitoring Contributor on the resource group of the rule, or a role with Microsoft.AlertsManagement/actionRules/read, write and delete.',
    });
  }
  if (answer.status === 400 || answer.status === 404) {
    throw new TaskError('input', {
      what,
      remedy: 'Correct subscription, resource-group, scopes or conditions of this rule.',
    });
  }
  throw new TaskError('remote', {
    what,
    remedy: 'Look at the alert processing rules in the Azure portal, then run the task again.',
  });
}

function strangePage(): TaskError {
  return new TaskError('remote', {
    what: 'Azure Monitor named a next page that is not its own, or that was read already.',
    remedy: 'A proxy may stand between the runner and Azure; look at it, then run the task again.',
  });
}

function errorMessage(answer: HttpAnswer): string {
  try {
    const { error } = JSON.parse(answer.text) as { error?: { code?: string; message?: string } };
    return answer.quote([error?.code, error?.message].filter((part) => typeof part === 'string').join(': '));
  } catch {
    return '';
  }
}
