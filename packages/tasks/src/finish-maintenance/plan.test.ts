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
])('smoke tests %s with page: %s end as %s, page removed: %s', (smokeTests, page, outcome, removePage) => {
  expect(planFinish({ outcome: undefined, smokeTests, page })).toMatchObject({ outcome, removePage });
});

test('an outcome that is given wins over what the tests say', () => {
  expect(planFinish({ outcome: 'rescheduled', smokeTests: 'success', page: 'when-tests-passed' }).outcome).toBe(
    'rescheduled',
  );
});
