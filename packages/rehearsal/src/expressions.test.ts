// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how pipelines write expressions
import { describe, expect, it } from 'vitest';
import { azureCondition, azureFunctions, expandMacros, runtimeValue, templateValue } from './azure/expressions.ts';
import { ExpressionProblem, evaluate, problemOf, type Scope } from './expressions.ts';
import {
  ALL_GITHUB_FUNCTIONS,
  bare,
  GITHUB_CONTEXTS,
  githubCondition,
  githubValue,
  globPattern,
  statusFunctions,
} from './github/expressions.ts';

function github(status: 'success' | 'failure' | 'cancelled', contexts: Scope['contexts'] = {}): Scope {
  return { contexts: { needs: {}, secrets: {}, ...contexts }, functions: statusFunctions(status) };
}

describe('GitHub conditions', () => {
  it.each([
    ['', undefined, 'success', true],
    ['', undefined, 'failure', false],
    ['asks nothing about the state, so success is meant too', "needs.a.result == 'success'", 'failure', false],
    ['asks about the state itself', 'failure()', 'failure', true],
    ['always holds', '${{ always() }}', 'cancelled', true],
    ['not cancelled', '${{ !cancelled() && true }}', 'failure', true],
    ['compares without regard to case', "${{ needs.a.result == 'SUCCESS' }}", 'success', true],
    ['an output that is not there is the empty text', "${{ needs.a.outputs.none == '' }}", 'success', true],
  ] as const)('%s: %s after %s is %s', (_why, condition, status, holds) => {
    expect(githubCondition(condition, github(status, { needs: { a: { result: 'success', outputs: {} } } }))).toBe(
      holds,
    );
  });

  it('refuses text around an expression, which would always be true', () => {
    expect(() => bare('${{ always() }} == false')).toThrow(/always true/);
  });
});

describe('GitHub texts', () => {
  it('fills in expressions and keeps the rest', () => {
    const scope = github('success', { needs: { a: { outputs: { session: 'mw-1' } } } });
    expect(githubValue("id ${{ needs.a.outputs['session'] }}, done", scope)).toBe('id mw-1, done');
  });

  it('keeps the type of a text that is one expression', () => {
    expect(githubValue('${{ 1 == 1 }}', github('success'))).toBe(true);
  });

  it('takes a closing mark in quotes for text', () => {
    expect(githubValue("${{ format('a}}b') }}", github('success'))).toBe('a}b');
  });

  it('refuses an expression that is not closed', () => {
    expect(() => githubValue('${{ github.sha', github('success'))).toThrow(ExpressionProblem);
  });
});

describe('problems of expressions', () => {
  it.each([
    ['sucess()', 'did you mean "success"?'],
    ['neds.a.result', 'did you mean "needs"?'],
    ['needs.a ==', 'Unexpected end of expression'],
  ])('%s', (text, means) => {
    expect(problemOf(text, GITHUB_CONTEXTS, ALL_GITHUB_FUNCTIONS)).toContain(means);
  });

  it('finds none in a good one', () => {
    expect(problemOf("always() && needs.a.outputs.x != ''", GITHUB_CONTEXTS, ALL_GITHUB_FUNCTIONS)).toBeUndefined();
  });
});

describe('Azure expressions', () => {
  const scope: Scope = {
    contexts: {
      variables: { branch: 'refs/heads/main', no: 'false', count: '3' },
      dependencies: { Pre: { result: 'Succeeded', outputs: { 'Job.pre.session': 'mw-1' } } },
      stageDependencies: { Pre: { Job: { result: 'Succeeded', outputs: { 'pre.session': 'mw-2' } } } },
    },
    functions: azureFunctions({ canceled: false, results: { Pre: 'Succeeded', Other: 'Skipped' } }),
  };
  it.each([
    ["eq(variables.branch, 'REFS/HEADS/MAIN')", true],
    ["ne(variables['none'], '')", false],
    ["in(dependencies.Pre.result, 'Failed', 'Succeeded')", true],
    ["notIn('a', 'b', 'c')", true],
    ['succeeded()', false],
    ["succeeded('Pre')", true],
    ['succeededOrFailed()', false],
    ['failed()', false],
    ['not(canceled())', true],
    ['and(always(), or(false, xor(true, false)))', true],
    // The service takes the text "false" for true; whoever means the value compares.
    ['and(variables.no, true)', true],
    ['eq(variables.no, false)', true],
    ["startsWith(variables.branch, 'refs/') ", true],
    ["endsWith(variables.branch, '/MAIN')", true],
    ["contains(variables.branch, 'heads')", true],
    ["containsValue(variables, '3')", true],
    ['gt(length(variables.branch), 3)', true],
  ])('%s is %s', (text, holds) => {
    expect(azureCondition(text, scope)).toBe(holds);
  });

  it.each([
    ["coalesce(variables.none, 'second')", 'second'],
    ["format('{0}-{1}', 'a', upper('b'))", 'a-B'],
    ["replace('a.b', '.', '-')", 'a-b'],
    ["join(';', split('a,b', ','))", 'a;b'],
    ["iif(eq(1, 1), 'yes', 'no')", 'yes'],
    ["dependencies.Pre.outputs['Job.pre.session']", 'mw-1'],
  ])('%s yields %s', (text, value) => {
    expect(evaluate(text, scope)).toBe(value);
  });

  it('fills in a variable that is a runtime expression, and leaves any other text', () => {
    expect(runtimeValue("$[ stageDependencies.Pre.Job.outputs['pre.session'] ]", scope)).toBe('mw-2');
    expect(runtimeValue('$[ and(true, false) ]', scope)).toBe('False');
    expect(runtimeValue('plain', scope)).toBe('plain');
  });

  it('fills in template expressions within a text', () => {
    expect(templateValue('${{ parameters.name }}-x', { ...scope, contexts: { parameters: { name: 'a' } } })).toBe(
      'a-x',
    );
  });

  it('leaves a macro standing that nobody defined, as the agent does', () => {
    const variables: Record<string, string> = { a: '$(b)', b: '1' };
    expect(expandMacros('$(a) $(c) $(System.X)', (name) => variables[name])).toBe('1 $(c) $(System.X)');
  });

  it('ends with macros that name each other', () => {
    expect(expandMacros('$(a)', () => '$(a)')).toBe('$(a)');
  });
});

describe('globs', () => {
  it.each([
    ['evidence-*/**', 'evidence-a/b/c.json', true],
    ['evidence-*/**', 'other/c.json', false],
    ['**/*.json', 'c.json', true],
    ['*.json', 'a/c.json', false],
    ['a.json', 'aXjson', false],
  ])('%s and %s: %s', (glob, path, fits) => {
    expect(globPattern(glob).test(path)).toBe(fits);
  });
});
