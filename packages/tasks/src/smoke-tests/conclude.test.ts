import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Report, systemClock, TaskError } from '@maintenance-tasks/core';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { conclude } from './conclude.ts';
import type { CheckResult } from './run-checks.ts';

const folder = mkdtempSync(join(tmpdir(), 'conclude-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const result = (name: string, changes: Partial<CheckResult> = {}): CheckResult => ({
  name,
  kind: 'http',
  target: `GET https://${name}.example.com/`,
  gate: true,
  passed: true,
  problem: '',
  tries: 1,
  duration: 12,
  unfinished: false,
  ...changes,
});
const bad = { passed: false, problem: 'expected status 2xx, got 500' };

let lines: string[];
let warnings: string[];
let published: string[];
let report: Report;

beforeEach(() => {
  lines = [];
  warnings = [];
  published = [];
  report = new Report((line) => lines.push(line));
});

const told = (results: readonly CheckResult[], junitFile?: string) =>
  conclude(
    {
      clean: (text) => text.replaceAll('s3cret', '***'),
      clock: systemClock,
      log: {
        debug() {},
        info: (line) => lines.push(line),
        warning: (line) => warnings.push(line),
        progress() {},
        group: (_, work) => work(),
      },
      report,
      temporaryFolder: folder,
      testResults: (file) => published.push(file),
      workingFolder: folder,
    },
    results,
    junitFile,
  );

async function verdictOf(results: readonly CheckResult[]): Promise<TaskError> {
  const thrown = await told(results).catch((error: unknown) => error);
  if (!(thrown instanceof TaskError)) throw new Error('no TaskError was thrown');
  return thrown;
}

describe('conclude', () => {
  it('counts what passed and publishes the JUnit file', async () => {
    const outputs = await told([result('shop'), result('cart')], 'reports/smoke.xml');
    const file = join(folder, 'reports/smoke.xml');
    expect(outputs).toEqual({ passed: '2', failed: '0', warned: '0', 'failed-checks': '', 'junit-file': file });
    expect(published).toEqual([file]);
    expect(readFileSync(file, 'utf8')).toContain('tests="2" failures="0"');
    expect(lines).toEqual(['2 checks: 2 passed, 0 failed, 0 warnings.']);
  });

  it('warns once, and does not fail, when only warn checks did not pass', async () => {
    const outputs = await told([result('shop'), result('news', { ...bad, gate: false })]);
    expect(outputs).toMatchObject({ passed: '1', failed: '0', warned: '1' });
    expect(warnings).toEqual(['1 check did not pass: news (expected status 2xx, got 500).']);
  });

  it('fails with the first failures named, and hands out the outputs all the same', async () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    const error = await verdictOf([result('shop'), ...names.map((name) => result(name, bad))]);
    expect(error.kind).toBe('remote');
    expect(error.text.what).toMatch(/^7 of 8 checks failed: a \(expected status 2xx, got 500\); .*; and 2 more\.$/);
    expect(error.outputs).toMatchObject({ passed: '1', failed: '7', 'failed-checks': names.join('\n') });
    expect(published).toEqual([error.outputs['junit-file']]);
    expect(lines).toContain('FAILED g: expected status 2xx, got 500');
  });

  it('asks for more time when nothing failed but the time was up', async () => {
    const late = { ...bad, unfinished: true };
    expect((await verdictOf([result('shop'), result('a', late)])).kind).toBe('timeout');
    expect((await verdictOf([result('a', late), result('b', bad)])).kind).toBe('remote');
  });

  it('shows what failed first', async () => {
    await verdictOf([result('shop'), result('news', { ...bad, gate: false }), result('cart', bad)]);
    expect(report.tables[0]?.rows.map(([name, state]) => [name, state])).toEqual([
      ['cart', 'FAILED'],
      ['news', 'warning'],
      ['shop', 'passed'],
    ]);
  });

  it('keeps secrets out of the JUnit file', async () => {
    const echoed = { ...bad, target: 'GET https://a.example.com/?key=s3cret', problem: 'got "s3cret"' };
    const error = await verdictOf([result('s3cret', echoed)]);
    expect(readFileSync(error.outputs['junit-file'] as string, 'utf8')).not.toContain('s3cret');
  });

  it('says when the JUnit file cannot be written', async () => {
    await expect(told([result('shop')], '.')).rejects.toMatchObject({
      kind: 'refused',
      message: expect.stringContaining('Give another junit-file.'),
    });
  });
});
