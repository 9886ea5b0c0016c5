import { boolean, list, secret, text } from '@maintenance-tasks/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { environmentName, parseFlags } from './local-flags.ts';

const inputs = {
  hosts: list({ describe: 'Hosts.' }),
  note: text({ describe: 'A note.' }),
  'dry-run': boolean({ default: 'false', describe: 'Only plan.' }),
  'api-token': secret({ environment: 'EXAMPLE_TOKEN', describe: 'A token.' }),
  'client-secret': secret({ describe: 'A secret.' }),
};

const values = (...argv: string[]) => Object.fromEntries(parseFlags(inputs, argv).values);

describe('flags', () => {
  test.each([
    ['a value behind an equals sign', ['--note=a=b'], { note: 'a=b' }],
    ['a value as the next argument', ['--note', 'a b'], { note: 'a b' }],
    ['a value of several lines', ['--hosts=a\nb'], { hosts: 'a\nb' }],
    ['a flag given twice as two lines', ['--hosts', 'a', '--hosts=b'], { hosts: 'a\nb' }],
    ['a boolean alone as true', ['--dry-run', '--note', 'x'], { 'dry-run': 'true', note: 'x' }],
    ['a boolean at the end as true', ['--dry-run'], { 'dry-run': 'true' }],
    ['a boolean with its value', ['--dry-run', 'false', '--note=x'], { 'dry-run': 'false', note: 'x' }],
    ['a misspelt boolean as it is, for the parser to refuse', ['--dry-run=yess'], { 'dry-run': 'yess' }],
    ['an empty value as given', ['--note='], { note: '' }],
  ])('take %s', (_, argv, expected) => {
    expect(values(...argv)).toEqual(expected);
    expect(parseFlags(inputs, argv).problems).toEqual([]);
  });

  test('that miss their value say so instead of taking the next flag', () => {
    const flags = parseFlags(inputs, ['--note', '--hosts=a', '--output']);
    expect(flags.problems).toEqual(['--note: has no value', '--output: has no value']);
    expect(flags.values.get('hosts')).toBe('a');
  });

  test('that nobody knows are named, and their value is not taken for a stray one', () => {
    expect(parseFlags(inputs, ['--hots', 'a', '--constructor=x'])).toMatchObject({
      unknown: ['hots', 'constructor'],
      problems: [],
    });
  });

  test('of secrets are refused, name the variable, and never repeat the value', () => {
    const flags = parseFlags(inputs, [
      '--api-token',
      '--looks-like-a-flag',
      '--client-secret=hunter2',
      '--api-token',
      'x1',
    ]);
    expect(flags.problems.map((problem) => problem.replace(/.*environment as /, ''))).toEqual([
      'EXAMPLE_TOKEN',
      'CLIENT_SECRET',
      'EXAMPLE_TOKEN',
    ]);
    expect(flags.problems.join()).not.toMatch(/hunter2|x1/);
    expect(flags.refusedSecrets).toEqual(['hunter2', 'x1']);
    expect(flags.values.size).toBe(0);
  });

  test('of the terminal itself give way to an input of the same name', () => {
    const flags = parseFlags({ ...inputs, summary: text({ describe: 'Mine.' }) }, [
      '--summary',
      'x',
      '--output=o',
      '-h',
    ]);
    expect(flags).toMatchObject({ summaryFile: undefined, outputFile: 'o', help: true, debug: false });
    expect(flags.values.get('summary')).toBe('x');
  });

  test('of any form are taken, refused or named, never dropped', () => {
    const argument = fc.oneof(
      fc.string(),
      fc.constantFrom('--hosts', '--note', '--dry-run', '--api-token', '--', '-h', '--help=no', '--=x'),
    );
    fc.assert(
      fc.property(fc.array(argument, { maxLength: 8 }), (argv) => {
        const flags = parseFlags(inputs, argv);
        const told = [...flags.values.values(), ...flags.unknown, ...flags.problems, ...flags.refusedSecrets];
        const ownFlag = flags.help || flags.debug || flags.summaryFile || flags.outputFile;
        expect(told.length > 0 || ownFlag || argv.length === 0).toBeTruthy();
      }),
    );
  });
});

test('a secret without a usual variable is read from its own name in upper case', () => {
  expect(environmentName('client-secret', inputs['client-secret'])).toBe('CLIENT_SECRET');
  expect(environmentName('api-token', inputs['api-token'])).toBe('EXAMPLE_TOKEN');
});
