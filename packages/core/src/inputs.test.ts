import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { InputProblem } from './errors.ts';
import {
  boolean,
  choice,
  duration,
  filePath,
  type Input,
  integer,
  list,
  map,
  secret,
  secretFile,
  text,
  yaml,
  yamlFile,
} from './inputs.ts';

const describeIt = { describe: 'An input.' };
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'inputs-'));
  writeFileSync(join(folder, 'key.pem'), Buffer.from([0, 255, 10]));
  writeFileSync(join(folder, 'large.pem'), Buffer.alloc(1_048_577));
  writeFileSync(join(folder, 'window.yaml'), 'name: November\n');
  writeFileSync(join(folder, 'wrong.yaml'), 'nam: November\n');
  mkdirSync(join(folder, 'folder'));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function parse<Value>(input: Input<Value>, raw: string): Promise<Value> {
  return input.parse(raw, { workingFolder: folder });
}

async function problemOf(input: Input<unknown>, raw: string): Promise<string> {
  const error: unknown = await parse(input, raw).then(
    (value) => expect.unreachable(`accepted as ${JSON.stringify(value)}`),
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(InputProblem);
  return (error as Error).message;
}

describe('text', () => {
  test('is one line without space around it', async () => {
    expect(await parse(text(describeIt), '  a b \n')).toBe('a b');
    expect(await problemOf(text(describeIt), 'a\nb')).toBe('must be one line');
    expect(await problemOf(text(describeIt), 'a\rb')).toBe('must be one line');
  });

  test('has the form it is asked for', async () => {
    const input = text({ ...describeIt, pattern: /^[a-z]+$/, patternMeans: 'a word' });
    expect(await parse(input, 'word')).toBe('word');
    expect(await problemOf(input, 'W0rd')).toBe('"W0rd" is not a word');
    expect(await problemOf(text({ ...describeIt, pattern: /^a$/ }), 'b')).toBe('"b" is not of the form /^a$/');
  });
});

describe('a secret', () => {
  test('may have several lines', async () => {
    expect(await parse(secret(describeIt), '-----BEGIN\nabc\n')).toBe('-----BEGIN\nabc');
  });

  test('is not the text of a variable that was not set, and is not empty', async () => {
    expect(await problemOf(secret(describeIt), '$(cloudflareToken)')).toBe(
      'is the name of a variable that was not set',
    );
    expect(await problemOf(secret(describeIt), '  \n')).toBe('is empty');
    expect(await parse(secret(describeIt), '$(a)b')).toBe('$(a)b');
  });

  test('is never part of its own problem', async () => {
    expect(await problemOf(secret(describeIt), '$(s3cret)')).not.toContain('s3cret');
  });

  test('is marked as one', () => {
    expect(secret(describeIt).secret).toBe(true);
    expect(text(describeIt).secret).toBe(false);
  });
});

describe.each([
  ['a secret file', secretFile(describeIt)],
  ['a file path', filePath(describeIt)],
  ['a YAML file', yamlFile(async () => z.unknown(), describeIt)],
])('%s', (_, input: Input<unknown>) => {
  test('must exist and be a file', async () => {
    expect(await problemOf(input, 'none.pem')).toBe(`there is no file ${join(folder, 'none.pem')}`);
    expect(await problemOf(input, 'folder')).toMatch(/is a folder$|is not a file$/);
    expect(await problemOf(input, 'a\0b')).toMatch(/cannot be read/);
  });
});

describe('a file', () => {
  test('is looked for from the working folder', async () => {
    expect(await parse(filePath(describeIt), ' key.pem ')).toBe(join(folder, 'key.pem'));
    expect(await parse(filePath(describeIt), join(folder, 'key.pem'))).toBe(join(folder, 'key.pem'));
  });

  test('with a secret comes as it is, byte by byte, up to 1 MiB', async () => {
    expect(await parse(secretFile(describeIt), 'key.pem')).toEqual(Buffer.from([0, 255, 10]));
    expect(await problemOf(secretFile(describeIt), 'large.pem')).toMatch(/large\.pem is larger than 1 MiB$/);
  });
});

test('a choice is one of its words, exactly', async () => {
  const input = choice(['on', 'off', 'status'], describeIt);
  expect(await parse(input, ' off ')).toBe('off');
  for (const raw of ['On', 'offf', 'on,off', 'true'])
    expect(await problemOf(input, raw)).toBe(`"${raw}" is not one of on, off, status`);
});

test('a boolean is strict: a typo is never false', async () => {
  const input = boolean(describeIt);
  for (const raw of ['true', 'True', 'TRUE', ' true ']) expect(await parse(input, raw)).toBe(true);
  for (const raw of ['false', 'False', 'FALSE']) expect(await parse(input, raw)).toBe(false);
  for (const raw of ['tru', 'yes', 'no', '1', '0', 'on', 'off', 'tRUE', 'null'])
    expect(await problemOf(input, raw)).toBe(`"${raw}" is neither true nor false`);
});

test('an integer is written in digits and lies within its bounds', async () => {
  const input = integer({ ...describeIt, min: -1, max: 10 });
  for (const [raw, value] of [
    ['7', 7],
    ['-1', -1],
    [' 010 ', 10],
  ] as const)
    expect(await parse(input, raw)).toBe(value);
  for (const raw of ['1.5', '1e3', '0x10', '+7', '7 s', 'seven', '9007199254740993', '١'])
    expect(await problemOf(input, raw)).toBe(`"${raw}" is not a whole number`);
  expect(await problemOf(input, '11')).toBe('11 is more than 10');
  expect(await problemOf(input, '-2')).toBe('-2 is less than -1');
});

test('a duration comes in milliseconds', async () => {
  expect(await parse(duration(describeIt), ' 1h30m ')).toBe(5_400_000);
  expect(await problemOf(duration(describeIt), '90')).toBe('"90" is not a duration such as 90s, 15m, 2h or 1h30m');
});

describe('a list', () => {
  const hosts = list({ ...describeIt, pattern: /^[a-z.]+$/, patternMeans: 'a host name' });

  test('has one entry a line, in order, whatever the line ends', async () => {
    expect(await parse(hosts, '\n b.example.com\r\n\r\na.example.com\rc\n')).toEqual([
      'b.example.com',
      'a.example.com',
      'c',
    ]);
  });

  test('tells all its problems, and how lists are written here', async () => {
    expect(await problemOf(hosts, 'a,b\nok\nB\nok\nok')).toBe(
      [
        '"a,b" is not a host name; write one a line, without commas',
        '"B" is not a host name',
        '"ok" is there twice',
      ].join('\n'),
    );
    expect(await problemOf(list({ ...describeIt, pattern: /^a$/ }), 'b')).toBe('"b" is not of the form /^a$/');
  });

  test('gives back what was joined by lines', async () => {
    const entry = fc.stringMatching(/^[!-~]([ -~]*[!-~])?$/);
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(entry, { minLength: 1 }), async (entries) => {
        expect(await parse(list(describeIt), entries.join('\n'))).toEqual(entries);
      }),
    );
  });
});

describe('a map', () => {
  test('has a name and a value a line', async () => {
    expect(await parse(map(describeIt), 'Release: 1.2: final\nowner=ops\n\nempty:')).toEqual({
      Release: '1.2: final',
      owner: 'ops',
      empty: '',
    });
  });

  test('tells all its problems', async () => {
    expect(await problemOf(map(describeIt), 'no value\na: 1\na=2\n: x')).toBe(
      '"no value" is not of the form name: value\n"a" is there twice\n": x" is not of the form name: value',
    );
  });

  test('takes names that JavaScript objects have already', async () => {
    const value = await parse(map(describeIt), '__proto__: a\nconstructor: b');
    expect(Object.entries(value)).toEqual([
      ['__proto__', 'a'],
      ['constructor', 'b'],
    ]);
  });
});

describe('YAML', () => {
  const schema = async () => z.strictObject({ name: z.string() });

  test('is checked against its schema', async () => {
    expect(await parse(yaml(schema, describeIt), 'name: November')).toEqual({ name: 'November' });
    expect(await problemOf(yaml(schema, describeIt), 'name: November\nnam: x')).toBe(
      'line 2:1: nam is not known; did you mean "name"?',
    );
  });

  test('from a file comes with its path and text, and its problems name the file', async () => {
    expect(await parse(yamlFile(schema, describeIt), 'window.yaml')).toEqual({
      path: join(folder, 'window.yaml'),
      text: 'name: November\n',
      content: { name: 'November' },
    });
    expect(await problemOf(yamlFile(schema, describeIt), 'wrong.yaml')).toBe(
      'wrong.yaml:1:1: name is missing\nwrong.yaml:1:1: nam is not known; did you mean "name"?',
    );
  });
});

test.each([
  ['boolean', boolean(describeIt), 'boolean'],
  ['choice', choice(['a'], describeIt), 'pickList'],
  ['list', list(describeIt), 'multiLine'],
  ['map', map(describeIt), 'multiLine'],
  ['file path', filePath(describeIt), 'filePath'],
  ['text', text({ ...describeIt, azureType: 'connectedService:AzureRM' }), 'connectedService:AzureRM'],
])('Azure shows a %s in a field of its kind', (kind, input, azureType) => {
  expect(input).toMatchObject({ kind, azureType, describe: 'An input.' });
});
