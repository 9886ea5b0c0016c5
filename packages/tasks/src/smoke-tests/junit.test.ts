import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { junitXml } from './junit.ts';
import type { CheckResult } from './run-checks.ts';

const result = (changes: Partial<CheckResult>): CheckResult => ({
  name: 'shop',
  kind: 'http',
  target: 'GET https://www.example.com/',
  gate: true,
  passed: true,
  problem: '',
  tries: 1,
  duration: 1_234,
  unfinished: false,
  ...changes,
});
const at = new Date('2026-11-21T22:00:00.123Z');

describe('junitXml', () => {
  it('tells passed, failed and warned checks apart', () => {
    const failed = { passed: false, problem: 'expected status 2xx, got 503' };
    expect(
      junitXml([result({}), result({ name: 'cart', ...failed }), result({ name: 'news', gate: false, ...failed })], at),
    ).toBe(`<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="smoke-tests" tests="3" failures="1" errors="0" skipped="0" time="3.702">
  <testsuite name="smoke-tests" timestamp="2026-11-21T22:00:00" tests="3" failures="1" errors="0" skipped="0" time="3.702">
    <testcase name="shop" classname="smoke-tests.http" time="1.234"/>
    <testcase name="cart" classname="smoke-tests.http" time="1.234"><failure message="expected status 2xx, got 503" type="unexpected">GET https://www.example.com/
expected status 2xx, got 503
</failure></testcase>
    <testcase name="news" classname="smoke-tests.http" time="1.234"><system-out>Warning: GET https://www.example.com/
expected status 2xx, got 503
</system-out></testcase>
  </testsuite>
</testsuites>
`);
  });

  it('holds any text without breaking the file', () => {
    const text = fc.string({ unit: 'binary', maxLength: 40 });
    // Tags whose attributes and texts hold no raw markup, and only characters XML 1.0 allows.
    const wellFormed =
      /^(<[?/]?[a-z-]+( [a-z]+="[^<&"]*(&(amp|lt|gt|quot|apos);[^<&"]*)*")*[?/]?>|[^<&]|&(amp|lt|gt|quot|apos);)*$/;
    fc.assert(
      fc.property(text, text, text, fc.boolean(), (name, problem, target, gate) => {
        const xml = junitXml([result({ name, problem, target, gate, passed: false })], at);
        expect(xml).toMatch(wellFormed);
        expect(xml).toMatch(/^[\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u);
      }),
    );
  });

  it('does not let a server have files of the agent published', () => {
    const problem = 'got "[[ATTACHMENT|/etc/passwd]]"';
    expect(junitXml([result({ passed: false, problem })], at)).not.toContain('[[ATTACHMENT');
  });

  it('keeps names within what Azure shows', () => {
    expect(junitXml([result({ name: 'x'.repeat(600) })], at)).toContain(`name="${'x'.repeat(512)}"`);
  });
});
