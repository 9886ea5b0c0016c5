import { githubStandIn } from '@maintenance-tasks/rehearsal/stand-ins/github';
import { jiraStandIn } from '@maintenance-tasks/rehearsal/stand-ins/jira';
import preMaintenance from '@maintenance-tasks/tasks/pre-maintenance/task';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type TaskRuns, taskRuns } from '../in-process-run.ts';
import { nightOf, WINDOW } from './night.ts';

const COMMIT = 'c0ffee0123456789c0ffee0123456789c0ffee01';
const CHANGES = `changes:
  - { ticket: PLAT-1, what: Gateway, repository: example-org/gateway, tag: platform-0/2.102.0, pipeline: deploy.yml }
  - { ticket: PLAT-2, what: Patches, script: patch.ps1 }
tickets: [{ system: jira, address: https://example.atlassian.net, states: [Approved], fix-version: 2.102.0 }]
`;
const SECRETS = {
  'github-token': 'github-token',
  'jira-user': 'release.manager@example.com',
  'jira-token': 'jira-token',
};

let runs: TaskRuns;
let night: ReturnType<typeof nightOf>;
beforeAll(async () => {
  runs = await taskRuns('2026-11-21T18:30:00Z');
  night = nightOf(runs);
});
afterAll(() => runs.close());
beforeEach(() => {
  runs.clock.set('2026-11-21T18:30:00Z');
  night.begin();
  night.write('window.yaml', WINDOW + CHANGES);
  night.write('patch.ps1', 'Write-Output patched');
});

/** The night with a gateway repository and a Jira as they are told to stand. */
function withChanges(given: {
  tags?: Record<string, string>;
  branches?: Record<string, string>;
  issues: { key: string; status?: string; 'fix-versions'?: string[] }[];
}) {
  const repository = { name: 'example-org/gateway', branches: given.branches ?? {}, tags: given.tags ?? {} };
  night.addSystems([
    githubStandIn({ repositories: [repository] }, runs.clock),
    jiraStandIn({ projects: [{ key: 'PLAT', versions: ['2.102.0'] }], issues: given.issues }, runs.clock),
  ]);
}

const fine = (key: string) => ({ key, status: 'Approved', 'fix-versions': ['2.102.0'] });

test('writes down the commit of every tag when tickets and tags are as agreed', async () => {
  withChanges({ tags: { 'platform-0/2.102.0': COMMIT }, issues: [fine('PLAT-1'), fine('PLAT-2')] });
  const { outcome, outputs, shown } = await night.run(preMaintenance, SECRETS);
  expect(outcome, shown).toEqual({ ok: true });
  expect(outputs['tag-commits']).toBe(`example-org/gateway platform-0/2.102.0 ${COMMIT}`);
});

test('refuses a tag that is missing and tickets that do not stand as agreed, all at once', async () => {
  withChanges({
    issues: [
      { ...fine('PLAT-1'), status: 'Open' },
      { key: 'PLAT-2', status: 'Approved' },
    ],
  });
  const { outcome, shown } = await night.run(preMaintenance, SECRETS);
  expect(outcome.ok).toBe(false);
  expect(shown).toMatch(/there are 3 problems/);
  expect(shown).toMatch(/example-org\/gateway has no tag platform-0\/2\.102\.0/);
  expect(shown).toMatch(/PLAT-1[^\n]*Open/);
  expect(shown).toMatch(/PLAT-2[^\n]*2\.102\.0/);
});

test('refuses a branch that looks like the tag, and a ticket that is not there', async () => {
  withChanges({ branches: { 'platform-0/2.102.0': COMMIT }, issues: [fine('PLAT-1')] });
  const { shown } = await night.run(preMaintenance, SECRETS);
  expect(shown).toMatch(/platform-0\/2\.102\.0 is a branch of example-org\/gateway, not a tag/);
  expect(shown).toMatch(/PLAT-2/);
});
