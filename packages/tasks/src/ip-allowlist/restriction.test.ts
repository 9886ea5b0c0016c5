import type { Zone } from '@maintenance-tasks/services/cloudflare/client';
import type { Rule, RuleDefinition } from '@maintenance-tasks/services/cloudflare/rulesets';
import { describe, expect, test } from 'vitest';
import { planFree, planLimit, type ZoneRules } from './restriction.ts';

const SESSION = 'mw-202611220230-k7qx';
const zone: Zone = { id: 'z', name: 'example.com', status: 'active', paused: false, plan: { legacy_id: 'pro' } };
const wanted = { hosts: ['my.example.com'], list: 'access', session: SESSION };
const theirs: Rule = {
  id: 'r1',
  ref: 'theirs',
  version: '3',
  last_updated: '2026-01-01T00:00:00Z',
  action: 'skip',
  action_parameters: { ruleset: 'current' },
  expression: 'http.host eq "my.example.com"',
  enabled: true,
  logging: { enabled: true },
};
const withRules = (...rules: Rule[]): ZoneRules => ({ zone, ruleset: { id: 'rs', rules } });
const stored = (definition: RuleDefinition | undefined, change: Partial<Rule> = {}): Rule =>
  ({ id: 'r9', ...definition, ...change }) as Rule;

describe('limiting', () => {
  test('makes a rule whose description gives it back, and says once it stands that nothing is to be done', () => {
    const { change, problems } = planLimit(withRules(), wanted);
    expect(problems).toEqual([]);
    expect(change?.definition).toEqual({
      ref: 'maintenance_mw_202611220230_k7qx',
      action: 'block',
      enabled: true,
      expression: '(lower(http.host) in {"my.example.com"} and not ip.src in $access)',
      description: expect.stringContaining(`mt1|${SESSION}|{"l":"access","h":["my.example.com"]}|`) as string,
    });
    expect(planLimit(withRules(stored(change?.definition)), wanted)).toEqual({ problems: [], warnings: [] });
  });

  test('sends the whole of a rule that is there already, without what Cloudflare writes itself', () => {
    const { change } = planLimit(withRules(theirs), { ...wanted, rule: 'theirs' });
    expect(change?.definition).toEqual({
      ref: 'theirs',
      logging: { enabled: true },
      action: 'block',
      enabled: true,
      expression: expect.stringContaining('$access') as string,
      description: expect.stringContaining(`mt1|${SESSION}|`) as string,
    });
    const { changes } = planFree(withRules(stored(change?.definition, { id: 'r1' })), SESSION);
    const { id: _id, version: _version, last_updated: _updated, ...before } = theirs;
    expect(changes[0]?.restored).toEqual(before);
  });

  test('warns of a rule before it that lets requests past', () => {
    const plan = planLimit(withRules(theirs, { ...theirs, id: 'r2', ref: 'ours' }), { ...wanted, rule: 'ours' });
    expect(plan.warnings).toEqual([expect.stringMatching(/theirs comes before ours and may let requests past/)]);
  });

  test.each([
    ['too many hosts for one expression', { hosts: hosts(300) }, withRules(), /at most 4096/],
    ['more hosts than the note has room for', { hosts: hosts(100) }, withRules(), /there is room for 500/],
    ['no rule left in the plan', {}, withRules(...Array.from({ length: 20 }, () => theirs)), /plan allows 20/],
    ['no such rule', { rule: 'none' }, withRules(theirs), /no custom rule with the ref or id none/],
    [
      'a note that is gone',
      {},
      withRules({ ...theirs, ref: 'maintenance_mw_202611220230_k7qx', description: 'mine' }),
      /held its note, and somebody changed it to "mine"/,
    ],
    [
      'a note that was edited',
      {},
      withRules({ ...theirs, description: `mt1|${SESSION}|{"l":"acc` }),
      /was edited to "mt1\|.*and cannot be trusted/,
    ],
  ])('is refused: %s', (_, change, at, words) => {
    const plan = planLimit(at, { ...wanted, ...change });
    expect(plan.change).toBeUndefined();
    expect(plan.problems.map(({ text }) => text).join('\n')).toMatch(words);
  });
});

describe('freeing', () => {
  const made = planLimit(withRules(), wanted).change?.definition;
  const first = planLimit({ zone, ruleset: undefined }, wanted).change?.definition;
  test.each([
    ['deletes a rule that the session made', withRules(theirs, stored(made)), { withRuleset: undefined }],
    ['deletes the ruleset that was made for it', withRules(stored(first)), { withRuleset: true }],
    ['keeps that ruleset when somebody uses it', withRules(stored(first), theirs), { withRuleset: undefined }],
  ])('%s', (_, at, { withRuleset }) => {
    const { changes, problems } = planFree(at, SESSION);
    expect(problems).toEqual([]);
    expect(changes).toMatchObject([{ rule: { id: 'r9' } }]);
    expect(changes[0]?.withRuleset).toBe(withRuleset);
    expect(changes[0]?.restored).toBeUndefined();
  });

  test.each([
    ['was disabled', { enabled: false }, /stands as block .* \(disabled\)/],
    ['blocks otherwise', { expression: 'true' }, /stands as block true/],
    ['does something else', { action: 'log' }, /stands as log/],
    ['answers otherwise', { action_parameters: { response: {} } }, /somebody changed it since/],
    ['lost its note', { description: 'x' }, /Delete it by hand/],
  ])('leaves a rule that %s', (_, change, words) => {
    const { changes, problems } = planFree(withRules(stored(made, change)), SESSION);
    expect(changes).toEqual([]);
    expect(problems).toMatchObject([{ kind: 'conflict', text: expect.stringMatching(words) as string }]);
  });

  test('takes only the note off a rule that somebody put back', () => {
    const taken = planLimit(withRules(theirs), { ...wanted, rule: 'theirs' }).change?.definition;
    const back = { ...stored(taken, { id: 'r1' }), action: theirs.action, expression: theirs.expression };
    expect(planFree(withRules(back), SESSION).changes[0]?.restored).not.toHaveProperty('description');
  });

  test('leaves rules of others alone', () => {
    expect(planFree(withRules(theirs, stored(made)), 'mw-202611220300-bbbb')).toEqual({ problems: [], changes: [] });
  });
});

function hosts(count: number): string[] {
  return Array.from({ length: count }, (_, n) => `host-${n}-${(n * 7919) % 1_000}.example.com`);
}
