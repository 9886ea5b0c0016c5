export type Outcome = 'success' | 'failure' | 'rescheduled';
export type PagePolicy = 'when-tests-passed' | 'remove' | 'keep';
export type SmokeTests = 'passed' | 'failed' | 'not run';

export interface FinishPlan {
  readonly outcome: Outcome;
  readonly smokeTests: SmokeTests;
  /** Whether what the session changed for its time is given back. */
  readonly giveBack: boolean;
  /** Why the page goes or stays, for the people on the call. */
  readonly why: string;
}

/** The host's word for how a job ended; anything but a pass must not take a page down. */
export function smokeTestsFrom(word: string | undefined): SmokeTests {
  const result = word?.toLowerCase();
  if (result === 'passed' || result === 'success' || result === 'succeeded' || result === 'succeededwithissues')
    return 'passed';
  if (result === 'failed' || result === 'failure') return 'failed';
  return 'not run';
}

/** What finishing does, from how the tests went and what was asked. */
export function planFinish(given: {
  readonly outcome: Outcome | undefined;
  readonly smokeTests: string | undefined;
  readonly page: PagePolicy;
  /** Without a page there is nothing that a failed test must keep up: alerts shall tell of the broken service. */
  readonly hasPage: boolean;
}): FinishPlan {
  const smokeTests = smokeTestsFrom(given.smokeTests);
  const outcome = given.outcome ?? (smokeTests === 'passed' ? 'success' : 'failure');
  return { outcome, smokeTests, ...pageDecision(given.hasPage ? given.page : 'no page', smokeTests) };
}

function pageDecision(policy: PagePolicy | 'no page', smokeTests: SmokeTests): Pick<FinishPlan, 'giveBack' | 'why'> {
  if (policy === 'no page') return { giveBack: true, why: `The window has no page (smoke tests: ${smokeTests}).` };
  if (policy === 'remove')
    return { giveBack: true, why: `The page goes because page: remove says so (smoke tests: ${smokeTests}).` };
  if (policy === 'keep') return { giveBack: false, why: 'The page stays because page: keep says so.' };
  if (smokeTests === 'passed') return { giveBack: true, why: 'The page goes because the smoke tests passed.' };
  return { giveBack: false, why: `The page stays because the smoke tests did not pass (${smokeTests}).` };
}
