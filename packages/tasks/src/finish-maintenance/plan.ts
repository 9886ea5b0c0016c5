export type Outcome = 'success' | 'failure' | 'rescheduled';
export type PagePolicy = 'when-tests-passed' | 'remove' | 'keep';
export type SmokeTests = 'passed' | 'failed' | 'not run';

export interface FinishPlan {
  readonly outcome: Outcome;
  readonly smokeTests: SmokeTests;
  readonly removePage: boolean;
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
}): FinishPlan {
  const smokeTests = smokeTestsFrom(given.smokeTests);
  const outcome = given.outcome ?? (smokeTests === 'passed' ? 'success' : 'failure');
  return { outcome, smokeTests, ...pageDecision(given.page, smokeTests) };
}

function pageDecision(policy: PagePolicy, smokeTests: SmokeTests): Pick<FinishPlan, 'removePage' | 'why'> {
  if (policy === 'remove')
    return { removePage: true, why: `The page goes because page: remove says so (smoke tests: ${smokeTests}).` };
  if (policy === 'keep') return { removePage: false, why: 'The page stays because page: keep says so.' };
  if (smokeTests === 'passed') return { removePage: true, why: 'The page goes because the smoke tests passed.' };
  return { removePage: false, why: `The page stays because the smoke tests did not pass (${smokeTests}).` };
}
