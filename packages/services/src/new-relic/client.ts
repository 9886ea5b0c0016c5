import {
  type Http,
  type HttpAnswer,
  type HttpRequest,
  parseLocalTime,
  TaskError,
  toInstant,
} from '@maintenance-tasks/core';

const SYSTEM = 'New Relic';
const ADDRESSES = { us: 'https://api.newrelic.com/graphql', eu: 'https://api.eu.newrelic.com/graphql' } as const;

export type NewRelicRegion = keyof typeof ADDRESSES;

export interface MutingCondition {
  readonly attribute: string;
  readonly operator: string;
  readonly values: readonly string[];
}

export interface MutingRule {
  readonly id: string;
  readonly description: string;
  readonly enabled: boolean;
  /** `AND` or `OR`. */
  readonly operator: string;
  readonly conditions: readonly MutingCondition[];
  readonly starts: Date | undefined;
  /** Nothing for a rule without an end, or one that recurs. */
  readonly ends: Date | undefined;
}

export interface NewRelic {
  /** All muting rules of the account, those that are over included. */
  rules(): Promise<MutingRule[]>;
  /** Mutes at once; `landed` finds the rule when the answer was lost. Returns its id. */
  create(
    rule: {
      readonly name: string;
      readonly description: string;
      readonly operator: 'AND' | 'OR';
      readonly conditions: readonly MutingCondition[];
      readonly starts: Date;
      readonly ends: Date;
    },
    landed: () => Promise<string | undefined>,
  ): Promise<string>;
  /** `gone` tells whether it is deleted already. */
  delete(id: string, gone: () => Promise<boolean>): Promise<void>;
}

const LIST = `query($account: Int!) { actor { account(id: $account) { alerts { mutingRules {
  id description enabled
  condition { operator conditions { attribute operator values } }
  schedule { startTime endTime timeZone repeat }
} } } } }`;
const CREATE = `mutation($account: Int!, $rule: AlertsMutingRuleInput!) {
  alertsMutingRuleCreate(accountId: $account, rule: $rule) { id } }`;
const DELETE = `mutation($account: Int!, $id: ID!) { alertsMutingRuleDelete(accountId: $account, id: $id) { id } }`;

/** A client of New Relic's muting rules (NerdGraph). */
export function createNewRelic(
  http: Http,
  { account, region, key }: { readonly account: number; readonly region: NewRelicRegion; readonly key: string },
): NewRelic {
  const request = (query: string, variables: object): HttpRequest => ({
    system: SYSTEM,
    method: 'POST',
    url: ADDRESSES[region],
    headers: { 'api-key': key },
    json: { query, variables: { account, ...variables } },
  });

  return {
    async rules() {
      const answer = await http.send({ ...request(LIST, {}), repeatable: true });
      const { actor } = dataOf<{ actor?: { account?: { alerts?: { mutingRules?: RuleRow[] | null } | null } | null } }>(
        answer,
      );
      // An account that the key cannot see comes as null, and not always with an error beside it.
      const rules = actor?.account?.alerts?.mutingRules;
      if (!rules) throw refused(`New Relic shows no muting rules of account ${account}.`);
      return rules.map(ruleOf);
    },

    create({ name, description, operator, conditions, starts, ends }, landed) {
      // Local times without an offset: in UTC nothing has to be converted, and no summer time can shift them.
      // newrelic/terraform-provider-newrelic, website/docs/r/alert_muting_rule.html.markdown
      const schedule = { startTime: local(starts), endTime: local(ends), timeZone: 'UTC' };
      const rule = { name, description, enabled: true, condition: { operator, conditions }, schedule };
      return http.write(
        request(CREATE, { rule }),
        (answer) => dataOf<{ alertsMutingRuleCreate: { id: string } }>(answer).alertsMutingRuleCreate.id,
        landed,
      );
    },

    async delete(id, gone) {
      await http.write(
        request(DELETE, { id }),
        (answer) => {
          dataOf(answer);
          return true;
        },
        async () => (await gone()) || undefined,
      );
    },
  };
}

interface RuleRow {
  readonly id: string | number;
  readonly description?: string | null;
  readonly enabled: boolean;
  readonly condition: {
    readonly operator: string;
    readonly conditions: readonly (Omit<MutingCondition, 'values'> & { readonly values?: readonly string[] | null })[];
  };
  readonly schedule?: {
    readonly startTime?: string | null;
    readonly endTime?: string | null;
    readonly timeZone?: string;
    readonly repeat?: string | null;
  } | null;
}

function ruleOf(row: RuleRow): MutingRule {
  const { startTime, endTime, timeZone = 'UTC', repeat } = row.schedule ?? {};
  return {
    id: String(row.id),
    description: row.description ?? '',
    enabled: row.enabled,
    operator: row.condition.operator,
    conditions: row.condition.conditions.map(({ attribute, operator, values }) => ({
      attribute,
      operator,
      values: values ?? [],
    })),
    starts: instantOf(startTime, timeZone),
    ends: repeat ? undefined : instantOf(endTime, timeZone),
  };
}

/** Times are shown without an offset in the documentation, and read with one by New Relic's own client. */
export function instantOf(time: string | null | undefined, timeZone: string): Date | undefined {
  if (!time) return undefined;
  const [, bare, offset] = /^(.+?)(Z|[+-]\d\d:?\d\d)?$/.exec(time) ?? [];
  if (bare === undefined) return undefined;
  if (offset || timeZone === 'UTC') return new Date(`${bare}${offset ?? 'Z'}`);
  const written = parseLocalTime(bare.slice(0, 16).replace('T', ' '));
  const instant = written && toInstant(written, timeZone);
  return instant?.kind === 'exact' ? instant.at : undefined;
}

function local(date: Date): string {
  return date.toISOString().slice(0, 19);
}

interface GraphError {
  readonly message?: string;
  readonly extensions?: { readonly errorClass?: string; readonly code?: string };
}

/**
 * GraphQL says most of its errors with status 200, beside data that is null then.
 *
 * @throws TaskError for anything but success
 */
function dataOf<Data>(answer: HttpAnswer): Data {
  const { data, errors } = bodyOf<Data>(answer);
  const [first] = errors ?? [];
  if (answer.status === 200 && first === undefined && data) return data;
  const reason = first?.message ? answer.quote(first.message) : '';
  const what = `New Relic answered ${answer.status}${reason ? `: ${reason}` : ''}.`;
  const code = `${first?.extensions?.errorClass ?? ''} ${first?.extensions?.code ?? ''} ${first?.message ?? ''}`;
  if (answer.status === 401 || answer.status === 403 || /access.?denied|forbidden|unauthori[sz]ed|api.?key/i.test(code))
    throw refused(what);
  if (/too.?many.?requests/i.test(code))
    throw new TaskError('remote', { what, remedy: 'Wait a minute, then run the task again.' });
  if (/bad.?user.?input|invalid.?input|validation/i.test(code))
    throw new TaskError('input', { what, remedy: 'Correct the conditions of this muting rule.' });
  throw new TaskError('remote', { what, remedy: 'Look at New Relic’s Muting rules page, then run the task again.' });
}

function bodyOf<Data>(answer: HttpAnswer): { data?: Data | null; errors?: readonly GraphError[] } {
  try {
    const body = JSON.parse(answer.text) as { data?: Data | null; errors?: readonly GraphError[] } | null;
    return { ...body, errors: Array.isArray(body?.errors) ? body.errors : [] };
  } catch {
    return {};
  }
}

function refused(what: string): TaskError {
  return new TaskError('auth', {
    what,
    remedy:
      'Check new-relic-key and the account’s number and region: it must be a user key whose user may change alerts there.',
  });
}
