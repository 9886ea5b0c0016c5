import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonical, formatMatcher, type Matcher, narrows, parseMatcher, sameMatchers } from './matchers.ts';

const matcher = (name: string, operator: string, value: string): Matcher => ({
  name,
  value,
  isRegex: operator.endsWith('~'),
  isEqual: !operator.startsWith('!'),
});

describe('parseMatcher', () => {
  test.each([
    ['cluster=prod', matcher('cluster', '=', 'prod')],
    ['cluster="prod"', matcher('cluster', '=', 'prod')],
    [' cluster != "prod eu" ', matcher('cluster', '!=', 'prod eu')],
    ['severity=~"warning|critical"', matcher('severity', '=~', 'warning|critical')],
    ['instance!~web-.*', matcher('instance', '!~', 'web-.*')],
    ['path="C:\\\\temp"', matcher('path', '=', 'C:\\temp')],
    ['said="\\"no\\""', matcher('said', '=', '"no"')],
    ['host=~"web\\.example\\.com"', matcher('host', '=~', 'web\\.example\\.com')],
    ['empty=""', matcher('empty', '=', '')],
    ['url=a=b', matcher('url', '=', 'a=b')],
    ['job:errors=~x', matcher('job:errors', '=~', 'x')],
  ])('reads %s', (text, expected) => {
    expect(parseMatcher(text)).toEqual(expected);
  });

  test.each(['', 'cluster', '=prod', '1st=prod', 'a-b=c', 'cluster="prod', 'cluster=pr"od', 'cluster="a" and "b"'])(
    'refuses %j',
    (text) => {
      expect(parseMatcher(text)).toEqual({ problem: expect.stringContaining(text) });
    },
  );

  test('reads back whatever formatMatcher writes', () => {
    const anyMatcher = fc.record({
      name: fc.stringMatching(/^[a-zA-Z_:][a-zA-Z0-9_:]*$/),
      value: fc.string({ unit: fc.constantFrom('\\', '"', 'n', '\n', ' ', '.', '|', 'é') }),
      isRegex: fc.boolean(),
      isEqual: fc.boolean(),
    });
    fc.assert(
      fc.property(anyMatcher, (one) => {
        expect(parseMatcher(formatMatcher(one))).toEqual(one);
      }),
    );
  });

  test('never throws', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(parseMatcher(text)).toBeTypeOf('object');
      }),
    );
  });
});

describe('narrows', () => {
  test.each([
    [['cluster=prod'], true],
    [['cluster=~"prod|staging"'], true],
    [['alertname=~".+"', 'cluster=prod'], true],
    [['cluster=~"(?i)prod"'], true],
    [['alertname=~".+"'], false],
    [['alertname=~".*"'], false],
    [['alertname=~"(?s).*"'], false],
    [['alertname=~"[^|]+"'], false],
    [['alertname=~"|.*"'], false],
    [['cluster!=prod'], false],
    [['cluster!~"prod.*"', 'severity!=none'], false],
    [['cluster=""'], false],
    [[], false],
  ])('of %j is %s', (texts, expected) => {
    expect(narrows(texts.map((text) => parseMatcher(text) as Matcher))).toBe(expected);
  });
});

test('two lists are the same in whatever order, and only with the same operators', () => {
  const a = [matcher('a', '=', '1'), matcher('b', '=~', '2')];
  expect(sameMatchers(a, [...a].reverse())).toBe(true);
  expect(sameMatchers(a, [matcher('a', '=', '1'), matcher('b', '=', '2')])).toBe(false);
  expect(canonical([...a, ...a])).toBe('a="1", b=~"2"');
});
