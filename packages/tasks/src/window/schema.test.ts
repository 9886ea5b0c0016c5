import { parseYaml } from '@maintenance-tasks/core/yaml';
import { describe, expect, test } from 'vitest';
import { windowSchema } from './schema.ts';

const ROSTER = `roster:
  - { name: release.manager@example.com, roles: [release-manager] }
  - { name: platform.lead@example.com, roles: [approver] }
`;

function problemsOf(text: string): string {
  try {
    parseYaml(text, windowSchema, 'window.yaml');
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}

function withTimes(starts: string, ends: string, zone = 'America/Chicago', roster = ROSTER): string {
  return `name: Monthly\nwindow:\n  starts: ${starts}\n  ends: ${ends}\n  time-zone: ${zone}\n${roster}`;
}

describe('the window file', () => {
  test('is accepted with a name, times and two people', () => {
    expect(problemsOf(withTimes('2026-11-21 18:00', '2026-11-22 06:00'))).toBe('');
  });

  test.each([
    [
      'an hour that daylight saving time skips',
      withTimes('2026-03-08 02:30', '2026-03-08 06:00'),
      /window\.yaml:3:11: window\.starts does not exist in America\/Chicago/,
    ],
    [
      'an hour that it repeats',
      withTimes('2026-10-31 20:00', '2026-11-01 01:30'),
      /window\.yaml:4:9: window\.ends exists twice in America\/Chicago/,
    ],
    [
      'an end before the start',
      withTimes('2026-11-21 18:00', '2026-11-21 17:00'),
      /window\.ends is not after the start/,
    ],
    ['a window of three days', withTimes('2026-11-21 18:00', '2026-11-24 18:01'), /more than 48 hours/],
    [
      'an offset for a zone',
      withTimes('2026-11-21 18:00', '2026-11-22 06:00', '"+01:00"'),
      /time-zone is not an IANA time zone/,
    ],
    ['a date that does not exist', withTimes('2026-02-30 18:00', '2026-11-22 06:00'), /starts is not a local time/],
    [
      'one person as manager and approver',
      withTimes(
        '2026-11-21 18:00',
        '2026-11-22 06:00',
        'UTC',
        'roster:\n  - { name: a@example.com, roles: [release-manager, approver] }\n',
      ),
      /second pair of eyes/,
    ],
    [
      'a roster without an approver',
      withTimes(
        '2026-11-21 18:00',
        '2026-11-22 06:00',
        'UTC',
        'roster:\n  - { name: a@example.com, roles: [release-manager] }\n',
      ),
      /nobody with the role approver/,
    ],
    [
      'a stand-in for somebody unknown',
      withTimes(
        '2026-11-21 18:00',
        '2026-11-22 06:00',
        'UTC',
        `${ROSTER}  - { name: c@example.com, roles: [approver], stands-in-for: d@example.com }\n`,
      ),
      /"d@example\.com" is not on the roster/,
    ],
    [
      'a mistyped key',
      `${withTimes('2026-11-21 18:00', '2026-11-22 06:00')}acceptence: [all well]\n`,
      /window\.yaml:9:1: acceptence is not known; did you mean "acceptance"\?/,
    ],
    [
      'a version that is no range',
      `${withTimes('2026-11-21 18:00', '2026-11-22 06:00')}tools: [{ name: terraform, version: latest one }]\n`,
      /tools\.0\.version is not a version range/,
    ],
  ])('refuses %s, with its place', (_, text, problem) => {
    expect(problemsOf(text)).toMatch(problem);
  });

  test('names every problem at once', () => {
    const text = `${withTimes('2026-11-21 18:00', '2026-11-21 17:00')}pages: {}\ntools: [{ name: "rm -rf", version: "1" }]\n`;
    expect(problemsOf(text).split('\n').length).toBeGreaterThanOrEqual(3);
  });
});
