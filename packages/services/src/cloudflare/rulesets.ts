import type { Http, HttpRequest } from '@maintenance-tasks/core';
import { cloudflareApi, open } from './api.ts';
import type { Zone } from './client.ts';
import type { Need } from './refusal.ts';

const PHASE = 'http_request_firewall_custom';
/** developers.cloudflare.com/ruleset-engine/rules-language/expressions: maximum rule expression length. */
export const LONGEST_EXPRESSION = 4_096;

/** A custom rule as it is written; fields that nobody here looks at are carried along. */
export interface RuleDefinition {
  readonly action: string;
  readonly action_parameters?: unknown;
  readonly expression: string;
  readonly description?: string;
  readonly enabled?: boolean;
  /** Stable, unlike the version: the rule's id unless given. */
  readonly ref?: string;
  readonly [other: string]: unknown;
}

export interface Rule extends RuleDefinition {
  readonly id: string;
}

/** The custom rules of a zone, in the order in which they are looked at. */
export interface Ruleset {
  readonly id: string;
  readonly rules?: readonly Rule[];
}

/** Whether the zone's rules read as if it had been done; asked when the outcome of a change is unknown. */
type Landed = (ruleset: Ruleset | undefined) => boolean;

export interface CloudflareRulesets {
  /** The zone's custom rules; nothing when it never had any. */
  customRules(zone: Zone): Promise<Ruleset | undefined>;
  /** Makes the zone's first ruleset. Refused when there is one by now; a PUT would replace all that is in it. */
  createRuleset(zone: Zone, rule: RuleDefinition, landed: Landed): Promise<void>;
  deleteRuleset(zone: Zone, ruleset: Ruleset, landed: Landed): Promise<void>;
  /** Adds the rule before all others. */
  addFirst(zone: Zone, ruleset: Ruleset, rule: RuleDefinition, landed: Landed): Promise<void>;
  /** Replaces the whole rule: what is not sent is gone. */
  replace(zone: Zone, ruleset: Ruleset, id: string, rule: RuleDefinition, landed: Landed): Promise<void>;
  delete(zone: Zone, ruleset: Ruleset, id: string, landed: Landed): Promise<void>;
}

/** Rules that a zone may have (developers.cloudflare.com/waf/custom-rules: availability). */
export function mostRules({ plan }: Zone): number {
  const most: Readonly<Record<string, number>> = { pro: 20, business: 100, enterprise: 1_000 };
  return most[plan?.legacy_id ?? 'free'] ?? 5;
}

/** The rule without what Cloudflare writes into it itself. */
export function definitionOf(rule: Rule): RuleDefinition {
  const { id: _id, version: _version, last_updated: _updated, categories: _categories, ...definition } = rule;
  return definition;
}

/**
 * The custom rules of zones (developers.cloudflare.com/ruleset-engine/rulesets-api). No write can be made to depend on a
 * version, so whoever changes a rule reads it right before.
 *
 * @throws TaskError `auth` from every call when the token lacks what the call needs, `remote` for other refusals
 */
export function cloudflareRulesets(http: Http, token: string): CloudflareRulesets {
  const { request } = cloudflareApi(http, token);

  async function customRules(zone: Zone): Promise<Ruleset | undefined> {
    const asked = request('GET', `/zones/${zone.id}/rulesets/phases/${PHASE}/entrypoint`);
    const answer = await http.send(asked);
    if (answer.status === 404) return undefined;
    return open(asked, answer, { permission: 'Zone WAF Read', zone: zone.name }).result as Ruleset;
  }

  async function change(zone: Zone, asked: HttpRequest, landed: Landed): Promise<void> {
    const need: Need = { permission: 'Zone WAF Write', zone: zone.name };
    await http.write(
      asked,
      (answer) => {
        // A ruleset's deletion is answered 204, without a body.
        if (answer.status !== 204) open(asked, answer, need);
        return true;
      },
      async () => landed(await customRules(zone)) || undefined,
    );
  }

  const at = (zone: Zone, ruleset: Ruleset) => `/zones/${zone.id}/rulesets/${ruleset.id}`;
  return {
    customRules,

    createRuleset(zone, rule, landed) {
      const ruleset = { name: 'default', kind: 'zone', phase: PHASE, rules: [rule] };
      return change(zone, request('POST', `/zones/${zone.id}/rulesets`, ruleset), landed);
    },

    deleteRuleset: (zone, ruleset, landed) => change(zone, request('DELETE', at(zone, ruleset)), landed),

    addFirst: (zone, ruleset, rule, landed) =>
      change(zone, request('POST', `${at(zone, ruleset)}/rules`, { ...rule, position: { index: 1 } }), landed),

    replace: (zone, ruleset, id, rule, landed) =>
      change(zone, request('PATCH', `${at(zone, ruleset)}/rules/${id}`, rule), landed),

    delete: (zone, ruleset, id, landed) => change(zone, request('DELETE', `${at(zone, ruleset)}/rules/${id}`), landed),
  };
}
