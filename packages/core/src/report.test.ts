import { beforeEach, describe, expect, test } from 'vitest';
import { Report } from './report.ts';

let said: string[];
let report: Report;

beforeEach(() => {
  said = [];
  report = new Report((line) => said.push(line));
});

const change = (id: string) => ({ id, what: `${id}.example.com`, before: 'origin', after: 'page' });

describe('a report', () => {
  test('shows the plan, then each step', () => {
    report.plan([change('www'), change('api')]);
    report.changed('www');
    report.verified('www');
    report.undone('www');
    expect(said).toEqual([
      'Plan: 2 changes.',
      '  www.example.com: origin → page',
      '  api.example.com: origin → page',
      'Changed: www.example.com',
      'Verified: www.example.com',
      'Put back: www.example.com',
    ]);
    expect(report.changes.map(({ status }) => status)).toEqual(['undone', 'planned']);
  });

  test('says that there is nothing to do', () => {
    report.plan([]);
    expect(said).toEqual(['Plan: nothing to change.']);
    expect(report.standing()).toBe('Nothing was changed.');
  });

  test('tells what stands when the task fails half-way', () => {
    report.plan([change('www'), change('api'), change('app')]);
    report.changed('www');
    report.changed('app');
    report.undone('app');
    expect(report.standing()).toBe(
      'Changed and still standing: www.example.com (page). Not changed: api.example.com (page).',
    );
  });

  test('does not claim that nothing was changed when something may have been', () => {
    report.plan([change('www')]);
    expect(report.standing(true)).toBe('Nothing else was changed.');
  });

  test('names twenty and counts the others', () => {
    const all = Array.from({ length: 25 }, (_, index) => change(`host-${index}`));
    report.plan(all);
    for (const { id } of all) report.changed(id);
    expect(report.standing()).toMatch(/host-19\.example\.com \(page\); and 5 more\.$/);
  });

  test('keeps notes and tables', () => {
    report.note('One host answers slowly.');
    report.table({ title: 'Hosts', columns: ['Host'], rows: [['www.example.com']] });
    expect(report.notes).toEqual(['One host answers slowly.']);
    expect(report.tables).toHaveLength(1);
    expect(said).toEqual(['One host answers slowly.']);
  });

  test('refuses what only a bug would tell it', () => {
    report.plan([change('www')]);
    expect(() => report.plan([change('www')])).toThrow('planned twice: www');
    expect(() => report.changed('api')).toThrow('not in the plan: api');
  });
});
