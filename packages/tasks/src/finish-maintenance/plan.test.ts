import { expect, test } from 'vitest';
import { type PagePolicy, planFinish } from './plan.ts';

test.each<[string | undefined, PagePolicy, 'success' | 'failure', boolean]>([
  ['success', 'when-tests-passed', 'success', true],
  ['Succeeded', 'when-tests-passed', 'success', true],
  ['SucceededWithIssues', 'when-tests-passed', 'success', true],
  ['failure', 'when-tests-passed', 'failure', false],
  ['Failed', 'when-tests-passed', 'failure', false],
  ['skipped', 'when-tests-passed', 'failure', false],
  ['Canceled', 'when-tests-passed', 'failure', false],
  [undefined, 'when-tests-passed', 'failure', false],
  ['failure', 'remove', 'failure', true],
  ['success', 'keep', 'success', false],
])('smoke tests %s with page: %s end as %s, page removed: %s', (smokeTests, page, outcome, giveBack) => {
  expect(planFinish({ outcome: undefined, smokeTests, page, hasPage: true })).toMatchObject({ outcome, giveBack });
});

test('an outcome that is given wins over what the tests say', () => {
  expect(
    planFinish({ outcome: 'rescheduled', smokeTests: 'success', page: 'when-tests-passed', hasPage: true }).outcome,
  ).toBe('rescheduled');
});

test('a window without a page gives everything back, whatever the tests say', () => {
  const given = { outcome: undefined, smokeTests: 'failure', page: 'when-tests-passed', hasPage: false } as const;
  expect(planFinish(given)).toMatchObject({ outcome: 'failure', giveBack: true });
});
