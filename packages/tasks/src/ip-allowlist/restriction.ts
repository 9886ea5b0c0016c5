import { decodeUndoNote, encodeUndoNote, isDamaged, TaskError } from '@maintenance-tasks/core';
import type { Zone } from '@maintenance-tasks/services/cloudflare/client';
import {
  definitionOf,
  LONGEST_EXPRESSION,
  mostRules,
  type Rule,
  type RuleDefinition,
  type Ruleset,
} from '@maintenance-tasks/services/cloudflare/rulesets';
import type { Problem } from './plan.ts';

/** No limit is documented; this is what the longest comments of the same API have. */
const DESCRIPTION_ROOM = 500;

/** The fields of somebody's rule that a session changes, as they were before it. */
type Former = Pick<RuleDefinition, 'action' | 'action_parameters' | 'expression' | 'description' | 'enabled'>;

/** What a rule's description remembers. One letter each: there is little room. */
interface Memory {
  /** The list. */
  readonly l: string;
  /** The hosts. */
  readonly h: readonly string[];
  /** How the rule was, where it was there before. */
  readonly w?: Former;
  /** The whole ruleset was made for it. */
  readonly n?: 1;
}

/** A zone and its custom rules, as they were read. */
export interface ZoneRules {
  readonly zone: Zone;
  readonly ruleset: Ruleset | undefined;
}

/** A rule that carries a session's note. */
export interface Restriction {
  readonly zone: Zone;
  readonly rule: Rule;
  readonly session: string;
  /** Nothing when the note was edited. */
  readonly memory?: Memory;
}

export interface RuleChange {
  readonly zone: Zone;
  readonly id: string;
  readonly before: string;
  readonly after: string;
}

/** Which rule of the zone limits its hosts to the list, and how it is brought about. */
export interface LimitPlan {
  readonly problems: readonly Problem[];
  readonly warnings: readonly string[];
  /** Nothing when it stands already. */
  readonly change?: RuleChange & {
    readonly definition: RuleDefinition;
    /** The rule that is changed; without it, one is made. */
    readonly changes?: Rule;
  };
}

export interface FreePlan {
  readonly problems: readonly Problem[];
  readonly changes: readonly (RuleChange & {
    readonly rule: Rule;
    /** What the rule is given back as; a rule that a session made is deleted. */
    readonly restored?: RuleDefinition;
    /** With the rule goes the ruleset that was made for it. */
    readonly withRuleset?: true;
  })[];
}

/** Blocks whoever is not on the list, on these hosts only. Host headers may come in any case. */
export function expressionOf(hosts: readonly string[], list: string): string {
  const quoted = hosts.map((host) => `"${host}"`).join(' ');
  return `(lower(http.host) in {${quoted}} and not ip.src in $${list})`;
}

/** The stable name of the rule that a session makes: found again even when its description was edited. */
export function refOf(session: string): string {
  return `maintenance_${session.replaceAll('-', '_')}`;
}

export function ruleReportId(zone: Zone): string {
  return `allowlist:rule:${zone.name}`;
}

export function restrictionsOf({ zone, ruleset }: ZoneRules): Restriction[] {
  return (ruleset?.rules ?? []).flatMap((rule) => {
    const note = decodeUndoNote(rule.description);
    if (!note) return [];
    const memory = isDamaged(note) ? undefined : memoryOf(note.state);
    return [{ zone, rule, session: note.session, ...(memory && { memory }) }];
  });
}

/** Whether the rule is as the session left it. */
export function isAsSet({ rule, memory }: Restriction): boolean {
  return (
    memory !== undefined &&
    rule.action === 'block' &&
    rule.action_parameters === undefined &&
    rule.enabled !== false &&
    rule.expression === expressionOf(memory.h, memory.l)
  );
}

export function shownRule({ action, expression, enabled }: RuleDefinition): string {
  return `${action} ${expression}${enabled === false ? ' (disabled)' : ''}`;
}

/** Whether a rule reads as it was written. */
export function readsAs(rule: Rule, wanted: RuleDefinition): boolean {
  return (
    rule.action === wanted.action &&
    rule.expression === wanted.expression &&
    (rule.description ?? '') === (wanted.description ?? '') &&
    (rule.enabled ?? true) === (wanted.enabled ?? true) &&
    (wanted.ref === undefined || rule.ref === wanted.ref)
  );
}

export function planLimit(
  at: ZoneRules,
  wanted: {
    readonly hosts: readonly string[];
    readonly list: string;
    readonly session: string;
    readonly rule?: string;
  },
): LimitPlan {
  const { zone, ruleset } = at;
  const { hosts, list, session } = wanted;
  const rules = ruleset?.rules ?? [];
  const found = restrictionsOf(at);
  const own = found.find((each) => each.session === session);
  if (own) return { problems: problemsOfOwn(own, wanted), warnings: [] };
  const problems: Problem[] = [...driftOfRef(at, session)];
  for (const each of found.filter(({ memory }) => memory?.h.some((host) => hosts.includes(host))))
    problems.push({
      kind: 'conflict',
      text: `${zone.name}: session ${each.session} limits ${each.memory?.h.join(', ')} by a rule of its own; finish that session first (state: remove, or sweep).`,
    });
  const named = wanted.rule === undefined ? undefined : rules.find(({ ref, id }) => [ref, id].includes(wanted.rule));
  if (wanted.rule !== undefined && !named)
    problems.push({ text: `${zone.name}: there is no custom rule with the ref or id ${wanted.rule}.` });
  if (named && found.some(({ rule }) => rule === named))
    problems.push({
      kind: 'conflict',
      text: `${zone.name}: the rule ${wanted.rule} is in use by another session; finish that one first.`,
    });
  if (!named && rules.length >= mostRules(zone))
    problems.push({
      text: `${zone.name}: it has ${rules.length} custom rules, and its plan allows ${mostRules(zone)}. Name one that may be changed for the time being with rule.`,
    });
  const expression = expressionOf(hosts, list);
  if (expression.length > LONGEST_EXPRESSION)
    problems.push({
      text: `${zone.name}: the rule for ${hosts.length} hosts would have ${expression.length} characters, and at most ${LONGEST_EXPRESSION} are allowed. Name fewer hosts.`,
    });
  const described = description(session, {
    l: list,
    h: hosts,
    ...(named && { w: formerOf(named) }),
    ...(!ruleset && { n: 1 }),
  });
  if ('problem' in described) problems.push({ text: `${zone.name}: ${described.problem}` });
  if (problems.length > 0 || 'problem' in described) return { problems, warnings: [] };
  const set = { action: 'block', expression, enabled: true, description: described.text };
  return {
    problems,
    warnings: named ? skippedBefore(at, named) : [],
    change: {
      zone,
      id: ruleReportId(zone),
      before: named ? shownRule(named) : 'no rule of its own',
      after: shownRule(set),
      definition: named ? { ...othersOf(named), ...set } : { ref: refOf(session), ...set },
      ...(named && { changes: named }),
    },
  };
}

export function planFree(at: ZoneRules, session: string): FreePlan {
  const { zone, ruleset } = at;
  const own = restrictionsOf(at).filter((each) => each.session === session);
  const isRight = (each: Restriction) => isAsSet(each) || isReverted(each);
  return {
    problems: [...own.filter((each) => !isRight(each)).map(driftProblem), ...driftOfRef(at, session)],
    changes: own.filter(isRight).map(({ rule, memory }) => {
      const restored = memory?.w && { ...othersOf(rule), ...memory.w };
      const withRuleset = !restored && memory?.n === 1 && ruleset?.rules?.length === 1;
      return {
        zone,
        id: ruleReportId(zone),
        before: shownRule(rule),
        after: restored ? shownRule(restored) : withRuleset ? 'no rules, as before' : 'no rule of its own',
        rule,
        ...(restored && { restored }),
        ...(withRuleset && { withRuleset }),
      };
    }),
  };
}

/** Drift, with what was set and what was found. */
function driftProblem(restriction: Restriction): Problem {
  const { zone, rule, memory } = restriction;
  const label = rule.ref ?? rule.id;
  if (!memory)
    return {
      kind: 'conflict',
      text: `${zone.name}: the note in the description of the custom rule ${label} was edited to "${rule.description}" and cannot be trusted. It stands as ${shownRule(rule)}. Restore or delete it by hand.`,
    };
  const set = shownRule({ action: 'block', expression: expressionOf(memory.h, memory.l) });
  const was = memory.w ? ` Before the session it was ${shownRule(memory.w)}.` : ' Before the session it was not there.';
  return {
    kind: 'conflict',
    text: `${zone.name}: the session set the custom rule ${label} to ${set}, and somebody changed it since: it stands as ${shownRule(rule)}.${was} Put the one that is right by hand, with the former description.`,
  };
}

function problemsOfOwn(own: Restriction, { hosts, list }: { hosts: readonly string[]; list: string }): Problem[] {
  if (!isAsSet(own)) return [driftProblem(own)];
  const asked = expressionOf(hosts, list);
  if (own.rule.expression === asked) return [];
  return [
    {
      kind: 'conflict',
      text: `${own.zone.name}: this session has the rule ${own.rule.expression} there already, and is asked for ${asked}. Remove the first (state: remove), then add the other.`,
    },
  ];
}

/** A rule that a session made and that has lost its note. */
function driftOfRef({ zone, ruleset }: ZoneRules, session: string): Problem[] {
  const lost = (ruleset?.rules ?? []).find((rule) => rule.ref === refOf(session) && !decodeUndoNote(rule.description));
  if (!lost) return [];
  return [
    {
      kind: 'conflict',
      text: `${zone.name}: the description of this session’s custom rule ${lost.ref} held its note, and somebody changed it to "${lost.description ?? ''}". It stands as ${shownRule(lost)}. Delete it by hand.`,
    },
  ];
}

/** Somebody put the former rule back and left the note: only that is still to be taken away. */
function isReverted({ rule, memory }: Restriction): boolean {
  return (
    memory?.w !== undefined &&
    rule.action === memory.w.action &&
    rule.expression === memory.w.expression &&
    (rule.enabled ?? true) === (memory.w.enabled ?? true)
  );
}

/** A skip rule that comes first lets requests past all later ones. */
function skippedBefore({ zone, ruleset }: ZoneRules, named: Rule): string[] {
  const rules = ruleset?.rules ?? [];
  const skips = rules.slice(0, rules.indexOf(named)).filter(({ action, enabled }) => action === 'skip' && enabled);
  return skips.map(
    (skip) =>
      `${zone.name}: the custom rule ${skip.ref ?? skip.id} comes before ${named.ref ?? named.id} and may let requests past it: ${shownRule(skip)}.`,
  );
}

function formerOf({ action, action_parameters: parameters, expression, description: text, enabled }: Rule): Former {
  return {
    action,
    expression,
    ...(parameters !== undefined && { action_parameters: parameters }),
    ...(text !== undefined && { description: text }),
    ...(enabled !== undefined && { enabled }),
  };
}

/** What of a rule a session leaves alone. A change replaces the whole rule, so this must be sent with it. */
function othersOf(rule: Rule): Readonly<Record<string, unknown>> {
  const {
    action: _a,
    action_parameters: _p,
    expression: _e,
    description: _d,
    enabled: _n,
    ...others
  } = definitionOf(rule);
  return others;
}

function description(session: string, memory: Memory): { readonly text: string } | { readonly problem: string } {
  try {
    return { text: encodeUndoNote({ session, state: memory }, DESCRIPTION_ROOM) };
  } catch (error) {
    if (!(error instanceof TaskError)) throw error;
    return { problem: error.text.what };
  }
}

/** Anybody may have written it. */
function memoryOf(state: unknown): Memory | undefined {
  const { l, h, w } = (state ?? {}) as Partial<Memory>;
  const isWhole =
    typeof l === 'string' &&
    Array.isArray(h) &&
    h.every((host) => typeof host === 'string') &&
    (w === undefined || (typeof w.action === 'string' && typeof w.expression === 'string'));
  return isWhole ? (state as Memory) : undefined;
}
