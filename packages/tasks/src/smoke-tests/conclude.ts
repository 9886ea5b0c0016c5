import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { type AnyContext, formatDuration, messageOf, TaskError } from '@maintenance-tasks/core';
import { junitXml } from './junit.ts';
import type { CheckResult } from './run-checks.ts';
import { counted } from './wording.ts';

export interface ChecksOutputs extends Record<string, string> {
  readonly passed: string;
  readonly failed: string;
  readonly warned: string;
  readonly 'failed-checks': string;
  readonly 'junit-file': string;
}

type ConcludeContext = Pick<
  AnyContext,
  'clean' | 'clock' | 'log' | 'report' | 'temporaryFolder' | 'testResults' | 'workingFolder'
>;

const MOST_NAMED = 5;

/**
 * Tells the results: log, table, JUnit file; then the verdict.
 *
 * @param junitFile where to write it; a file in the temporary folder unless told
 * @throws TaskError `remote` when a gate check failed, `timeout` when the time was up before any had failed otherwise
 */
export async function conclude(
  context: ConcludeContext,
  results: readonly CheckResult[],
  junitFile?: string,
): Promise<ChecksOutputs> {
  const failed = results.filter(({ passed, gate }) => !passed && gate);
  const warned = results.filter(({ passed, gate }) => !passed && !gate);
  for (const { name, problem } of failed) context.log.info(`FAILED ${name}: ${problem}`);
  for (const { name, problem } of warned) context.log.info(`Warning ${name}: ${problem}`);
  const others = results.filter(({ passed }) => passed);
  context.report.table({
    title: 'Smoke tests',
    columns: ['Check', 'Result', 'What was found', 'Tries', 'Time'],
    // A summary may be cut: what failed comes first.
    rows: [...failed, ...warned, ...others].map((result) => [
      result.name,
      result.passed ? 'passed' : result.gate ? 'FAILED' : 'warning',
      result.passed ? result.target : `${result.target}: ${result.problem}`,
      String(result.tries),
      result.duration < 10_000 ? `${result.duration} ms` : formatDuration(result.duration),
    ]),
  });
  context.report.note(
    `${counted(results.length, 'check')}: ${others.length} passed, ${failed.length} failed, ${counted(warned.length, 'warning')}.`,
  );
  const outputs: ChecksOutputs = {
    passed: String(others.length),
    failed: String(failed.length),
    warned: String(warned.length),
    'failed-checks': failed.map(({ name }) => name).join('\n'),
    'junit-file': await writeJunit(context, results, junitFile),
  };
  context.testResults(outputs['junit-file'], 'Smoke tests');
  if (warned.length > 0) context.log.warning(`${counted(warned.length, 'check')} did not pass: ${named(warned)}.`);
  if (failed.length > 0) throw verdict(failed, results.length, outputs);
  return outputs;
}

function verdict(failed: readonly CheckResult[], total: number, outputs: ChecksOutputs): TaskError {
  const what = `${failed.length} of ${counted(total, 'check')} failed: ${named(failed)}.`;
  const remedy = `Look at what was found instead (the summary and ${outputs['junit-file']} have all of it), then run the checks again.`;
  if (!failed.every(({ unfinished }) => unfinished)) return new TaskError('remote', { what, remedy }, { outputs });
  return new TaskError('timeout', { what, remedy: `${remedy} A longer deadline gives them more time.` }, { outputs });
}

function named(results: readonly CheckResult[]): string {
  const shown = results
    .slice(0, MOST_NAMED)
    .map(({ name, problem }) => `${name} (${problem})`)
    .join('; ');
  return results.length > MOST_NAMED ? `${shown}; and ${results.length - MOST_NAMED} more` : shown;
}

async function writeJunit(
  { clean, clock, temporaryFolder, workingFolder }: ConcludeContext,
  results: readonly CheckResult[],
  junitFile: string | undefined,
): Promise<string> {
  const now = clock.now();
  // Azure reads the file only after the step has ended: a name used twice in a job would be read twice.
  const name = `smoke-tests-${now.toISOString().replace(/[-:.Z]/g, '')}-${process.pid}.xml`;
  const path = junitFile === undefined ? join(temporaryFolder, name) : resolve(workingFolder, junitFile);
  const cleaned = results.map((result) => ({
    ...result,
    name: clean(result.name),
    target: clean(result.target),
    problem: clean(result.problem),
  }));
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, junitXml(cleaned, now));
  } catch (cause) {
    throw new TaskError(
      'refused',
      {
        what: `The JUnit file could not be written to ${path}: ${messageOf(cause)}.`,
        remedy: 'Give another junit-file.',
      },
      { cause },
    );
  }
  return path;
}
