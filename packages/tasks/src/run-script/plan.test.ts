import { describe, expect, test } from 'vitest';
import { environmentOf, interpretersOf, scriptKey, shownCommand, verdictOf } from './plan.ts';

describe('what runs a script', () => {
  test.each([
    ['/x/patch.ps1', 'by-ending', 'linux', ['pwsh']],
    ['/x/patch.PS1', 'by-ending', 'win32', ['pwsh', 'powershell.exe']],
    ['/x/patch.ps1', 'powershell', 'win32', ['powershell.exe']],
    ['/x/clean.sh', 'by-ending', 'linux', ['bash']],
    ['/x/clean', 'bash', 'linux', ['bash']],
    ['/x/clean.mjs', 'by-ending', 'linux', ['node', process.execPath]],
    ['/x/clean.cjs', 'by-ending', 'win32', ['node', process.execPath]],
    ['/x/clean.sh', 'node', 'linux', ['node', process.execPath]],
  ] as const)('of %s with the shell %s on %s is %j', (path, shell, platform, commands) => {
    expect(interpretersOf(path, shell, platform).map(({ command }) => command)).toEqual(commands);
  });

  test.each([
    ['/x/clean.py', 'by-ending', 'linux', 'cannot be told by its ending'],
    ['/x/clean', 'by-ending', 'linux', 'cannot be told by its ending'],
    ['/x/patch.ps1', 'powershell', 'linux', 'on Windows only'],
  ] as const)('of %s with the shell %s on %s is refused', (path, shell, platform, words) => {
    expect(() => interpretersOf(path, shell, platform)).toThrow(words);
  });

  test('hands arguments to PowerShell by -File, never as code, and a policy on Windows only', () => {
    const [pwsh] = interpretersOf('/x/a.ps1', 'pwsh', 'linux');
    expect(pwsh?.before).toEqual(['-NoLogo', '-NoProfile', '-NonInteractive', '-File']);
    const [windows] = interpretersOf('/x/a.ps1', 'powershell', 'win32');
    expect(windows?.before).toContain('-ExecutionPolicy');
    expect(windows?.before.at(-1)).toBe('-File');
  });
});

describe('what a script sees of the environment', () => {
  const around = {
    PATH: '/bin',
    HOME: '/home/runner',
    LC_ALL: 'C.UTF-8',
    GITHUB_TOKEN: 'secret',
    NODE_OPTIONS: '--require x',
    BASH_ENV: '/tmp/x',
    WSUS_SERVER: 'wsus.example.com',
    EMPTY: '',
    'INPUT_GITHUB-TOKEN': 'secret',
    INPUT_TOKEN: 'secret',
  };

  test('is what it is named, and what any program needs', () => {
    expect(environmentOf(['WSUS_SERVER'], around, 'linux')).toEqual({
      values: { PATH: '/bin', HOME: '/home/runner', LC_ALL: 'C.UTF-8', WSUS_SERVER: 'wsus.example.com' },
      problems: [],
    });
  });

  test('has all problems of the names together', () => {
    expect(environmentOf(['MISSING', 'EMPTY', 'INPUT_TOKEN'], around, 'linux').problems).toEqual([
      'the variable MISSING is not set',
      'the variable EMPTY is not set',
      'INPUT_TOKEN is an input of this step; give the script a variable of its own',
    ]);
  });

  test('does not ask for upper or lower case on Windows', () => {
    const found = environmentOf(['wsus_server'], { Path: 'C:\\bin', SystemRoot: 'C:\\Windows', ...around }, 'win32');
    expect(found.values).toMatchObject({ Path: 'C:\\bin', SystemRoot: 'C:\\Windows', wsus_server: 'wsus.example.com' });
    expect(found.values).not.toHaveProperty('GITHUB_TOKEN');
  });
});

test.each([
  [0, 'succeeded'],
  [3, 'succeeded'],
  [3010, 'warned'],
  [1, 'failed'],
])('exit code %i is %s', (code, verdict) => {
  expect(verdictOf(code, [0, 3], [3010])).toBe(verdict);
});

describe('the mark of a script', () => {
  test('is the same on Windows and elsewhere, and another for other arguments', () => {
    expect(scriptKey('scripts\\a.ps1', ['-X'])).toBe(scriptKey('scripts/a.ps1', ['-X']));
    expect(scriptKey('scripts/a.ps1', ['-X'])).not.toBe(scriptKey('scripts/a.ps1', ['-Y']));
    expect(scriptKey('a', ['b c'])).not.toBe(scriptKey('a', ['b', 'c']));
  });
});

test('shows arguments so that it can be told where one ends', () => {
  expect(shownCommand({ path: '/x/patch.ps1', arguments: ['-Group', '2026-11 web', '$(rm)'] })).toBe(
    'patch.ps1 -Group "2026-11 web" "$(rm)"',
  );
});
