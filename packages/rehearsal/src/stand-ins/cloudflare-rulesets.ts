import { createHash } from 'node:crypto';
import { Refusal } from './cloudflare-records.ts';
import type { RuleSeed, ZoneSeed } from './cloudflare-seed.ts';

const PHASE = 'http_request_firewall_custom';
const LONGEST_EXPRESSION = 4_096;
/** developers.cloudflare.com/waf/custom-rules: availability. */
const MOST_RULES = { free: 5, pro: 20, business: 100, enterprise: 1_000 } as const;
const ACTIONS = ['block', 'challenge', 'js_challenge', 'managed_challenge', 'skip', 'log'];

interface StoredRule {
  readonly id: string;
  readonly version: string;
  readonly last_updated: string;
  readonly ref: string;
  readonly action: string;
  readonly expression: string;
  readonly enabled: boolean;
  readonly description?: string;
  readonly [other: string]: unknown;
}

interface StoredRuleset {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly kind: 'zone';
  readonly phase: string;
  readonly version: string;
  readonly last_updated: string;
  readonly rules: readonly StoredRule[];
}

type Input = Readonly<Record<string, unknown>>;

interface Asked {
  readonly method: string;
  /** What follows `/rulesets` in the path. */
  readonly path: readonly string[];
  readonly body: () => Input;
}

/**
 * The custom rules of one zone and the rules for changing them: every write makes a new version, and none can be made to
 * depend on one. Source: developers.cloudflare.com/ruleset-engine/rulesets-api.
 */
export class ZoneRulesets {
  readonly #zone: ZoneSeed;
  readonly #now: () => Date;
  readonly #lists: () => readonly string[];
  #ruleset: StoredRuleset | undefined;
  #made = 0;

  constructor(zone: ZoneSeed, now: () => Date, lists: () => readonly string[]) {
    this.#zone = zone;
    this.#now = now;
    this.#lists = lists;
  }

  /** Once all lists are there that expressions may refer to. */
  seed(rules: readonly RuleSeed[] | undefined): void {
    if (rules) this.#ruleset = this.#assembled({ name: 'default', rules });
  }

  get rules(): readonly StoredRule[] {
    return this.#ruleset?.rules ?? [];
  }

  /** Nothing for a zone without custom rules. */
  get shown(): readonly object[] | undefined {
    return this.#ruleset?.rules.map(({ id, version: _version, last_updated: _updated, ref, ...rule }) => ({
      ...(ref !== id && { ref }),
      ...rule,
    }));
  }

  refersTo(list: string): boolean {
    return this.rules.some(({ expression }) => listsIn(expression).includes(list));
  }

  /** The answer's result; nothing where it is a 204. */
  answer({ method, path, body }: Asked): unknown {
    if (path.length === 0) {
      if (method === 'GET') return this.#ruleset ? [withoutRules(this.#ruleset)] : [];
      if (method === 'POST') return this.#create(body());
      throw notAllowed(method);
    }
    if (path[0] === 'phases') return this.#onEntrypoint(method, path, body);
    const ruleset = this.#ruleset;
    if (!ruleset || path[0] !== ruleset.id) throw new Refusal(404, 10002, `could not find ruleset "${path[0]}"`);
    if (path.length === 1) {
      if (method === 'GET') return ruleset;
      if (method === 'PUT') return this.#save(this.#replaced(body()));
      if (method !== 'DELETE') throw notAllowed(method);
      this.#ruleset = undefined;
      return undefined;
    }
    if (path[1] !== 'rules') throw new Refusal(404, 7000, 'No route for that URI');
    return this.#save(this.#withRule(method, path[2], body));
  }

  #onEntrypoint(method: string, path: readonly string[], body: () => Input): unknown {
    if (path[1] !== PHASE || path[2] !== 'entrypoint') throw new Refusal(404, 7000, 'No route for that URI');
    if (method === 'GET') {
      if (this.#ruleset) return this.#ruleset;
      throw new Refusal(404, 10003, `could not find entrypoint ruleset in the "${PHASE}" phase`);
    }
    if (method !== 'PUT') throw notAllowed(method);
    return this.#save(this.#ruleset ? this.#replaced(body()) : this.#assembled(body()));
  }

  #create(input: Input): StoredRuleset {
    if (input.kind !== 'zone' || input.phase !== PHASE || !input.name)
      throw new Refusal(400, 20120, 'a ruleset needs a name, the kind zone and a known phase');
    if (this.#ruleset)
      throw new Refusal(400, 20217, `a ruleset of the kind zone exists already in the phase "${PHASE}"`);
    return this.#save(this.#assembled(input));
  }

  #assembled(input: Input): StoredRuleset {
    return this.#versioned({
      id: this.#newId('ruleset'),
      name: String(input.name ?? 'default'),
      description: String(input.description ?? ''),
      kind: 'zone',
      phase: PHASE,
      version: '0',
      last_updated: '',
      rules: this.#rulesOf(input),
    });
  }

  /** All rules that are not sent are gone. */
  #replaced(input: Input): StoredRuleset {
    return this.#versioned({ ...(this.#ruleset as StoredRuleset), rules: this.#rulesOf(input) });
  }

  #rulesOf({ rules = [] }: Input): readonly StoredRule[] {
    if (!Array.isArray(rules)) throw new Refusal(400, 20021, 'rules must be an array');
    const stored: StoredRule[] = [];
    for (const rule of rules as Input[]) stored.push(this.#rule(rule, undefined, stored));
    return stored;
  }

  #withRule(method: string, id: string | undefined, body: () => Input): StoredRuleset {
    const ruleset = this.#ruleset as StoredRuleset;
    const { rules } = ruleset;
    if (id === undefined) {
      if (method !== 'POST') throw notAllowed(method);
      const { position, ...input } = body();
      return this.#versioned({ ...ruleset, rules: placed(rules, this.#rule(input, undefined, rules), position) });
    }
    const rule = rules.find((each) => each.id === id);
    if (!rule) throw new Refusal(404, 10004, `could not find rule "${id}" in the ruleset`);
    const others = rules.filter((each) => each !== rule);
    if (method === 'DELETE') return this.#versioned({ ...ruleset, rules: others });
    if (method !== 'PATCH') throw notAllowed(method);
    const { position, ...input } = body();
    // A body with nothing but a position is a move; of any other body the rule is made anew, from that alone.
    const changed = Object.keys(input).length === 0 ? rule : this.#rule(input, rule, others);
    const moved = position === undefined ? rules.map((each) => (each === rule ? changed : each)) : undefined;
    return this.#versioned({ ...ruleset, rules: moved ?? placed(others, changed, position) });
  }

  #rule(input: Input, former: StoredRule | undefined, others: readonly StoredRule[]): StoredRule {
    const { action, expression, enabled = true, ref, description, ...rest } = input;
    if (typeof action !== 'string' || !ACTIONS.includes(action))
      throw new Refusal(400, 20016, 'a rule needs an action that this phase knows');
    if (action === 'log' && this.#zone.plan !== 'enterprise')
      throw new Refusal(403, 20121, 'not entitled to use the log action');
    if (typeof expression !== 'string' || expression === '')
      throw new Refusal(400, 20127, 'a rule needs an expression');
    this.#checkExpression(expression);
    const id = former?.id ?? this.#newId('rule');
    if (others.some((other) => other.ref === ref)) throw new Refusal(400, 20018, `the ref "${String(ref)}" is in use`);
    return {
      ...rest,
      id,
      version: String(Number(former?.version ?? 0) + 1),
      last_updated: this.#now().toISOString(),
      ref: typeof ref === 'string' && ref !== '' ? ref : id,
      action,
      expression,
      enabled: enabled === true,
      ...(typeof description === 'string' && { description }),
    };
  }

  #checkExpression(expression: string): void {
    if (expression.length > LONGEST_EXPRESSION)
      throw new Refusal(400, 20127, `an expression has at most ${LONGEST_EXPRESSION} characters`);
    const missing = listsIn(expression).find((name) => !this.#lists().includes(name));
    if (missing) throw new Refusal(400, 20127, `'$${missing}' is not a valid list name`);
  }

  #versioned(ruleset: StoredRuleset): StoredRuleset {
    const most = MOST_RULES[this.#zone.plan];
    if (ruleset.rules.length > most)
      throw new Refusal(400, 20217, `exceeded maximum number of rules in the phase ${PHASE}: ${most}`);
    return { ...ruleset, version: String(Number(ruleset.version) + 1), last_updated: this.#now().toISOString() };
  }

  #save(ruleset: StoredRuleset): StoredRuleset {
    this.#ruleset = ruleset;
    return ruleset;
  }

  #newId(of: string): string {
    this.#made += 1;
    return createHash('md5').update(`${this.#zone.name} ${of} ${this.#made}`).digest('hex');
  }
}

/** Names behind a dollar sign outside of quotes. */
function listsIn(expression: string): string[] {
  return [...expression.replace(/"(?:[^"\\]|\\.)*"/g, '').matchAll(/\$([a-z0-9_]+)/g)].map(
    ([, name]) => name as string,
  );
}

function placed(rules: readonly StoredRule[], rule: StoredRule, position: unknown): readonly StoredRule[] {
  const { index, before, after } = (position ?? {}) as { index?: number; before?: string; after?: string };
  let at = rules.length;
  if (index !== undefined) at = index - 1;
  else if (before !== undefined) at = before === '' ? 0 : rules.findIndex(({ id }) => id === before);
  else if (after !== undefined) at = after === '' ? rules.length : rules.findIndex(({ id }) => id === after) + 1;
  if (!Number.isInteger(at) || at < 0 || at > rules.length) throw new Refusal(400, 20024, 'invalid position');
  return [...rules.slice(0, at), rule, ...rules.slice(at)];
}

function withoutRules({ rules: _rules, ...ruleset }: StoredRuleset) {
  return ruleset;
}

function notAllowed(method: string): Refusal {
  return new Refusal(405, 7001, `Method ${method} not available for that URI.`);
}
