// biome-ignore-all lint/suspicious/noTemplateCurlyInString: expressions of GitHub’s
import { describe, expect, test } from 'vitest';
import type { PipelineTarget, Run } from './other-pipeline.ts';
import { correlationInputOf, correlationOf, failureOf, progressLine, requireSameCommit, tagName } from './plan.ts';
import { workflowProblems } from './workflow-file.ts';

const SESSION = 'mw-202611220230-k7qx';
const target: PipelineTarget = { host: 'github', repository: 'example-org/gateway', pipeline: 'deploy.yml', tag: 'v1' };
const start = { target, inputs: { a: '1', b: '2' }, variables: {}, attempt: 1 };

describe('the correlation of a start', () => {
  test('is the same for the same start, whatever the order of its inputs, and names the session', () => {
    const correlation = correlationOf(SESSION, start);
    expect(correlation).toMatch(new RegExp(`^${SESSION}-[0-9a-f]{8}$`));
    expect(correlationOf(SESSION, { ...start, inputs: { b: '2', a: '1' } })).toBe(correlation);
  });

  test.each([
    ['another pipeline', { target: { ...target, pipeline: 'other.yml' } }],
    ['another repository', { target: { ...target, repository: 'example-org/hub' } }],
    ['another tag', { target: { ...target, tag: 'v2' } }],
    ['other inputs', { inputs: { a: '1', b: '3' } }],
    ['a variable', { variables: { a: '1' } }],
    ['another attempt', { attempt: 2 }],
  ])('is another one for %s', (_, change) => {
    expect(correlationOf(SESSION, { ...start, ...change })).not.toBe(correlationOf(SESSION, start));
  });

  test('goes where the host allows a name for it', () => {
    expect(correlationInputOf(target, undefined)).toBe('correlation-id');
    expect(correlationInputOf({ ...target, host: 'azure-devops' }, undefined)).toBe('correlationId');
    expect(correlationInputOf(target, 'run_key')).toBe('run_key');
  });
});

test.each([
  ['platform-0/2.102.0', 'platform-0/2.102.0'],
  ['refs/tags/v1', 'v1'],
])('the tag %s is called %s', (given, name) => {
  expect(tagName(given)).toBe(name);
});

test.each(['refs/heads/main', 'refs/tags/', 'refs/pull/1/merge'])('%s is no tag', (given) => {
  expect(() => tagName(given)).toThrow('is not a tag');
});

test('a tag that moved is refused with both commits', () => {
  expect(() => requireSameCommit('x', 'v1', 'aaa', 'bbb')).toThrow(/approved with aaa, and it is bbb now/);
  expect(() => requireSameCommit('x', 'v1', 'aaa', 'aaa')).not.toThrow();
  expect(() => requireSameCommit('x', 'v1', undefined, 'bbb')).not.toThrow();
});

describe('what is said of a run', () => {
  const run: Run = { id: 1, url: 'https://ci.example.com/1', outcome: undefined, detail: 'waiting', commit: 'a' };

  test('tells who is waited for', () => {
    expect(progressLine('x', run, 60_000, 120_000)).toBe(
      'Waiting for x: waiting, somebody must approve it there; 1 min so far, 2 min left: https://ci.example.com/1',
    );
  });

  test('is a failure for all ends but success', () => {
    expect(failureOf('x', { ...run, outcome: 'succeeded', detail: 'success' }, [])).toBeUndefined();
    const failure = failureOf('x', { ...run, outcome: 'failed', detail: 'timed_out' }, ['apply (timed_out)']);
    expect(failure?.message).toContain('x ended as timed_out: https://ci.example.com/1.');
    expect(failure?.message).toContain('Jobs that did not succeed: apply (timed_out).');
    expect(failureOf('x', { ...run, outcome: 'cancelled', detail: 'cancelled' }, [])?.kind).toBe('remote');
  });
});

describe('a workflow file', () => {
  const wanted = { path: 'deploy.yml', correlationInput: 'correlation-id', inputs: [] };
  const file = (inputs: string, runName = '"Deploy ${{ inputs.correlation-id }}"') =>
    `run-name: ${runName}\non:\n  workflow_dispatch:\n    inputs:\n${inputs}`;
  const correlation = '      correlation-id: { required: false, type: string }\n';

  test.each([
    ['as it should be', file(correlation)],
    ['with the input in brackets', file(correlation, `"\${{ inputs['correlation-id'] }}"`)],
    ['with the input by its event', file(correlation, '"${{ github.event.inputs.correlation-id }}"')],
    ['with a required input that has a default', file(`${correlation}      ring: { required: true, default: one }\n`)],
  ])('%s has no problems', (_, text) => {
    expect(workflowProblems(text, wanted)).toEqual([]);
  });

  test.each([
    ['with only another trigger', 'on: push', /has no trigger workflow_dispatch/],
    ['with a list of triggers and no inputs', 'on: [push, workflow_dispatch]', /has no input correlation-id/],
    ['with nothing under its trigger', 'on:\n  workflow_dispatch:\n', /has no input correlation-id/],
    ['without run-name', file(correlation).replace(/^run-name.*\n/, ''), /does not show its input correlation-id/],
    ['with another input in run-name', file(correlation, '"${{ inputs.correlation-id-2 }}"'), /does not show/],
    ['that is empty', '', /has no trigger/],
    ['that is no YAML', 'on: [a', /is not YAML/],
  ])('%s has one', (_, text, words) => {
    const problems = workflowProblems(text, wanted);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(words);
  });

  test('is told all at once what it does not declare and what it requires', () => {
    const text = file(`${correlation}      ring: { required: true }\n`);
    expect(workflowProblems(text, { ...wanted, inputs: ['rnig', 'correlation-id'] })).toEqual([
      'deploy.yml has no input rnig.',
      'deploy.yml requires the input ring.',
      'correlation-id is given its value by this task.',
    ]);
  });
});
