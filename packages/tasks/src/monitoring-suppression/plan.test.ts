import { TaskError } from '@maintenance-tasks/core';
import { describe, expect, test } from 'vitest';
import { missingCredentials } from './credentials.ts';
import { fingerprint, planSuppressions, type Suppression, suppressionEnd, type Wanted } from './plan.ts';
import type { SuppressedSystem } from './schema.ts';
import { kindOf as kindOfSystem } from './systems.ts';

const SESSION = 'mw-202611220230-k7qx';
const ENDS = new Date('2026-11-22T02:30:00Z');
const NOW = new Date('2026-11-22T00:30:00Z');
const HOUR = 3_600_000;

describe('suppressionEnd', () => {
  const given = { session: SESSION, for: undefined, now: NOW, longest: 24 * HOUR };

  test('is the end of the session’s window', () => {
    expect(suppressionEnd(given)).toEqual(ENDS);
  });

  test('is counted from now where a duration is given', () => {
    expect(suppressionEnd({ ...given, for: HOUR })).toEqual(new Date('2026-11-22T01:30:00Z'));
    expect(suppressionEnd({ ...given, session: 'tuesday', for: HOUR })).toEqual(new Date('2026-11-22T01:30:00Z'));
  });

  test.each([
    ['unknown', { session: 'tuesday' }, 'input'],
    ['past', { now: ENDS }, 'refused'],
    ['too far away', { for: 24 * HOUR + 1 }, 'refused'],
    ['now', { for: 0 }, 'refused'],
  ])('is refused when %s', (_, change, kind) => {
    expect(kindOf(() => suppressionEnd({ ...given, ...change }))).toBe(kind);
  });

  test('may be as far away as allowed', () => {
    expect(suppressionEnd({ ...given, for: 24 * HOUR })).toEqual(new Date('2026-11-23T00:30:00Z'));
  });
});

describe('coverage', () => {
  const coverage = (entry: SuppressedSystem) => kindOfSystem(entry).coverage(entry);

  test('does not depend on order or repetition', () => {
    expect(coverage({ system: 'pingdom', checks: [12, 11, 12] })).toBe('checks 11, 12');
    const alerts = (matchers: string[]) => coverage({ system: 'alertmanager', url: 'https://a.example.com', matchers });
    expect(alerts(['b=2', 'a=~"1"'])).toBe(alerts(['a=~1', 'b="2"']));
  });

  test('tells which monitors of Datadog', () => {
    const downtime = { system: 'datadog' as const, scope: ' env:prod ', site: 'datadoghq.com' };
    expect(coverage({ ...downtime, 'monitor-tags': ['*'] })).toBe('env:prod of all monitors');
    expect(coverage({ ...downtime, 'monitor-tags': ['b', 'a'] })).toBe('env:prod of monitors tagged a, b');
  });

  test('of an Azure rule does not depend on the case of ids', () => {
    const rule = (scope: string, conditions: { field: 'Severity'; operator: 'Equals'; values: string[] }[] = []) =>
      coverage({ system: 'azure-monitor', subscription: 's', 'resource-group': 'g', scopes: [scope], conditions });
    expect(rule('/subscriptions/S/resourceGroups/Shop')).toBe(rule('/subscriptions/s/resourcegroups/shop'));
    expect(rule('/s', [{ field: 'Severity', operator: 'Equals', values: ['Sev4', 'Sev3'] }])).toBe(
      'alerts of /s where Severity Equals Sev3, Sev4',
    );
  });

  test('tells whether all or any of New Relic’s conditions must hold', () => {
    const conditions = [
      { attribute: 'tags.env', operator: 'EQUALS' as const, values: ['prod'] },
      { attribute: 'policyName', operator: 'IN' as const, values: ['b', 'a'] },
    ];
    const rule = (match: 'all' | 'any') =>
      coverage({ system: 'new-relic', account: 1, region: 'us', conditions, match });
    expect(rule('all')).toBe('issues with policyName IN a, b AND tags.env EQUALS prod');
    expect(rule('any')).toBe('issues with policyName IN a, b OR tags.env EQUALS prod');
  });

  test('has a fingerprint that a note can hold without quotes', () => {
    expect(fingerprint('checks 11')).toBeTypeOf('number');
    expect(fingerprint('checks 11')).not.toBe(fingerprint('checks 12'));
  });
});

describe('planSuppressions', () => {
  const wanted: Wanted = { id: 'one', system: 'pingdom', covers: 'checks 11', exact: true };
  const own: Suppression = {
    id: '1001',
    session: SESSION,
    madeFor: fingerprint('checks 11'),
    pending: false,
    ends: ENDS,
    covers: 'checks 11',
  };
  const plan = (found: Suppression[], one = wanted) => planSuppressions(SESSION, ENDS, [{ wanted: one, found }]);

  test('makes what is not there', () => {
    expect(plan([])).toMatchObject({
      create: [wanted],
      changes: [{ what: 'pingdom: checks 11', before: 'alerting', after: 'silenced until 2026-11-22T02:30:00.000Z' }],
    });
  });

  test.each([
    ['another session’s', { session: 'mw-202611230230-z9wp' }],
    ['one for something else', { madeFor: fingerprint('checks 12'), covers: 'checks 12' }],
    ['one whose note is damaged', { madeFor: undefined }],
  ])('is not content with %s', (_, change) => {
    expect(plan([{ ...own, ...change }]).create).toEqual([wanted]);
  });

  test('keeps its own', () => {
    expect(plan([own])).toEqual({ changes: [], create: [], keep: [{ wanted, found: own }], notes: [] });
  });

  test.each([
    ['later', new Date('2026-11-22T03:30:00Z'), /ends later than asked/],
    ['earlier', new Date('2026-11-22T01:30:00Z'), /ends earlier than asked/],
    ['never', undefined, /has lost its end/],
  ])('keeps one that ends %s and says so', (_, ends, note) => {
    const { create, notes } = plan([{ ...own, ends }]);
    expect(create).toEqual([]);
    expect(notes).toEqual([expect.stringMatching(note)]);
  });

  test('does not mind that a system cuts an end to the second', () => {
    expect(plan([{ ...own, ends: new Date(ENDS.getTime() - 999) }]).notes).toEqual([]);
  });

  test('stops at what somebody changed, with both values', () => {
    const changed = { ...own, covers: 'checks 12' };
    expect(() => plan([changed])).toThrow(/made for checks 11 and now covers checks 12/);
    expect(kindOf(() => plan([changed]))).toBe('conflict');
  });

  test('only mentions it where a system writes what it covers its own way', () => {
    const { create, notes } = plan([{ ...own, covers: 'checks  11' }], { ...wanted, exact: false });
    expect(create).toEqual([]);
    expect(notes).toEqual([expect.stringContaining('now covers checks  11')]);
  });
});

describe('missingCredentials', () => {
  test('asks only for what the systems need', () => {
    expect(missingCredentials([{ system: 'pingdom', checks: [1] }], {})).toEqual(['pingdom-token, for Pingdom']);
    const alertmanager = { system: 'alertmanager' as const, url: 'https://a.example.com', matchers: ['a=b'] };
    expect(missingCredentials([alertmanager], {})).toEqual([]);
    expect(missingCredentials([alertmanager], { alertmanagerUser: 'a' })).toHaveLength(1);
    const pagerduty = {
      system: 'pagerduty' as const,
      services: ['PSHOP1'],
      from: 'a@example.com',
      region: 'us' as const,
    };
    expect(missingCredentials([pagerduty, pagerduty], {})).toEqual(['pagerduty-token, for PagerDuty']);
    const rule = {
      system: 'azure-monitor' as const,
      subscription: 's',
      'resource-group': 'g',
      scopes: [],
      conditions: [],
    };
    expect(missingCredentials([rule], {})).toEqual([]);
  });
});

function kindOf(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return error instanceof TaskError ? error.kind : String(error);
  }
}
