import type { CheckResult } from './run-checks.ts';

// Azure cuts names at 512 characters; messages are bounded so that a thousand failures stay a small file.
const LONGEST_NAME = 512;
const LONGEST_TEXT = 4_096;

/** The results as JUnit XML, in the form both Azure Pipelines and the usual GitHub reporters read. */
export function junitXml(results: readonly CheckResult[], started: Date): string {
  const failures = results.filter(({ passed, gate }) => !passed && gate).length;
  const seconds = (milliseconds: number) => (milliseconds / 1_000).toFixed(3);
  const total = seconds(results.reduce((sum, { duration }) => sum + duration, 0));
  const counts = `tests="${results.length}" failures="${failures}" errors="0" skipped="0" time="${total}"`;
  const cases = results.map((result) => {
    const name = xmlText(result.name, LONGEST_NAME);
    const open = `<testcase name="${name}" classname="smoke-tests.${result.kind}" time="${seconds(result.duration)}"`;
    if (result.passed) return `    ${open}/>`;
    const problem = xmlText(result.problem, LONGEST_TEXT);
    const text = `${xmlText(result.target, LONGEST_TEXT)}\n${problem}\n`;
    // JUnit has no warning: such a check passes, and says why it should be looked at.
    const body = result.gate
      ? `<failure message="${problem}" type="${result.unfinished ? 'unfinished' : 'unexpected'}">${text}</failure>`
      : `<system-out>Warning: ${text}</system-out>`;
    return `    ${open}>${body}</testcase>`;
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="smoke-tests" ${counts}>`,
    // Azure takes a time without a zone for UTC.
    `  <testsuite name="smoke-tests" timestamp="${started.toISOString().slice(0, 19)}" ${counts}>`,
    ...cases,
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** Text that XML 1.0 can hold: control characters, lone surrogates and non-characters are not allowed even escaped. */
function xmlText(text: string, longest: number): string {
  return (
    text
      .slice(0, longest)
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is removed
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\ufffe\uffff]/g, '')
      .replace(/\p{Surrogate}/gu, '')
      // Azure's agent reads [[ATTACHMENT|path]] as the order to publish that file; a server must not give it.
      .replace(/\[\[/g, '[ [')
      .replace(/[&<>"']/g, (character) => ESCAPES[character] as string)
  );
}
