import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildAll } from '@maintenance-tasks/devkit/build';
import { staleFolders } from '@maintenance-tasks/devkit/build/stamp';
import { loadTasks, ROOT } from '@maintenance-tasks/devkit/tasks';
import { type CrashMatrix, type CrashScenario, startCrashMatrix } from '@maintenance-tasks/rehearsal/crash-matrix';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { START } from './crash/world.ts';

const tasks = (await loadTasks()).filter(({ mutates }) => mutates).map(({ name }) => name);
const enrolled = tasks.filter((task) => existsSync(enrolment(task)));
const scenarios = (await Promise.all(enrolled.map(scenariosOf))).flat();
const bundles = mkdtempSync(join(tmpdir(), 'crash-bundles-'));
let matrix: CrashMatrix;

beforeAll(async () => {
  const folders = [...new Set([...enrolled, 'sweep'])].map((task) => `actions/${task}`);
  await buildAll(await staleFolders(folders));
  // A copy: whoever builds meanwhile must not take a bundle from under a run.
  for (const folder of folders) cpSync(join(ROOT, folder, 'dist'), join(bundles, folder), { recursive: true });
  matrix = await startCrashMatrix({
    bundleOf: (task) => join(bundles, 'actions', task, 'main.cjs'),
    start: START,
    // Half of the runs only wait at any time: for a retry, or for the deadline of a call that hangs.
    slots: availableParallelism() * 4,
  });
}, 120_000);

afterAll(async () => {
  await matrix.close();
  rmSync(bundles, { recursive: true, force: true });
}, 60_000);

test.each(tasks)('%s changes something and therefore is in the crash matrix', (task) => {
  expect(enrolled, `write ${enrolment(task)}`).toContain(task);
});

describe.concurrent('cut short or answered badly at any of its calls, and then run again or swept,', () => {
  test.each(scenarios)('$name ends whole', { timeout: 300_000 }, async (scenario) => {
    const { calls, disturbed, recoveries, problems } = await matrix.run(scenario);
    console.info(`${scenario.name}: ${calls} calls, ${disturbed} disturbed runs, ${recoveries} states to recover from`);
    expect(problems).toEqual([]);
  });
});

function enrolment(task: string): string {
  return join(import.meta.dirname, 'crash', `${task}.ts`);
}

async function scenariosOf(task: string): Promise<readonly CrashScenario[]> {
  const { default: found } = (await import(pathToFileURL(enrolment(task)).href)) as { default: CrashScenario[] };
  return found.filter((scenario) => scenario.task === task);
}
