import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { githubHost } from './github.ts';

const LIMIT = 1_048_576;

function summaryAfter(markdown: string): string {
  const file = join(mkdtempSync(join(tmpdir(), 'summary-')), 'summary.md');
  writeFileSync(file, '');
  githubHost({ GITHUB_STEP_SUMMARY: file }).summary(markdown);
  return readFileSync(file, 'utf8');
}

describe('a summary on GitHub', () => {
  test('that fits is written as it is', () => {
    expect(summaryAfter('### done\n')).toBe('### done\n');
    expect(summaryAfter('x'.repeat(LIMIT))).toHaveLength(LIMIT);
  });

  test('that is larger than the runner takes is cut at the end of a line, and says so', () => {
    const line = `| ${'ü'.repeat(50)} |\n`;
    const written = summaryAfter(line.repeat(11_000));
    const end = '\n\nThe rest did not fit into the summary; the log and the evidence file have it.\n';

    expect(Buffer.byteLength(written)).toBeLessThanOrEqual(LIMIT);
    expect(Buffer.byteLength(written)).toBeGreaterThan(LIMIT - 500);
    expect(written.endsWith(end)).toBe(true);
    expect(new Set(written.slice(0, -end.length).split('\n'))).toEqual(new Set([line.trimEnd()]));
  });
});

describe('facts of a run on GitHub', () => {
  test('name the attempt, who started it again, and the job', () => {
    const host = githubHost({
      GITHUB_SERVER_URL: 'https://github.com',
      GITHUB_REPOSITORY: 'example/shop',
      GITHUB_RUN_ID: '42',
      GITHUB_RUN_ATTEMPT: '2',
      GITHUB_ACTOR: 'first',
      GITHUB_TRIGGERING_ACTOR: 'second',
      GITHUB_JOB: 'page',
    });
    expect(host.run).toEqual({
      url: 'https://github.com/example/shop/actions/runs/42/attempts/2',
      startedBy: 'second',
      stage: 'page',
    });
  });

  test('are left out where the runner does not tell', () => {
    expect(githubHost({}).run).toEqual({});
  });
});

test.each([
  ['unset', undefined, undefined],
  ['empty', '', undefined],
  ['blank', ' \n', undefined],
  ['given', '  key:\n    - x\n', '  key:\n    - x\n'],
])('an input that is %s', (_, value, expected) => {
  expect(githubHost({ 'INPUT_API-TOKEN': value }).input('api-token')).toBe(expected);
});
