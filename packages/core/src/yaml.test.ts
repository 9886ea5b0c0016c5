import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { InputProblem } from './errors.ts';
import { parseYaml } from './yaml.ts';

const channel = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('slack'), channel: z.string() }),
  z.strictObject({ kind: z.literal('webhook'), url: z.string(), port: z.int().min(1).optional() }),
]);

const schema = z.strictObject({
  name: z.string().min(1, 'must not be empty'),
  page: z.strictObject({ hosts: z.array(z.string()), 'purge-cache': z.boolean().default(true) }).optional(),
  zone: z.enum(['production', 'staging']).optional(),
  retries: z.int().optional(),
  channels: z.array(channel).optional(),
  checks: z.record(z.string(), z.strictObject({ url: z.string() })).optional(),
  status: z.union([z.int(), z.array(z.int()), z.strictObject({ from: z.int(), to: z.int() })]).optional(),
  anything: z.unknown().optional(),
});

function problemsOf(...lines: string[]): string[] {
  try {
    parseYaml(lines.join('\n'), schema, 'window.yaml');
  } catch (error) {
    expect(error).toBeInstanceOf(InputProblem);
    return (error as Error).message.split('\n');
  }
  return [];
}

test('what fits is given back, with the defaults of the schema', () => {
  const text = 'name: November\npage:\n  hosts: [www.example.com]\nchannels:\n  - {kind: slack, channel: ops}\n';
  expect(parseYaml(text, schema)).toEqual({
    name: 'November',
    page: { hosts: ['www.example.com'], 'purge-cache': true },
    channels: [{ kind: 'slack', channel: 'ops' }],
  });
});

test('words that other YAML versions take for yes and no stay words', () => {
  const words = z.record(z.string(), z.string());
  expect(parseYaml('state: on\nanswer: no\ntime: 21:30', words)).toEqual({ state: 'on', answer: 'no', time: '21:30' });
});

describe('what is not YAML is named with line and column', () => {
  test.each<[string[], string]>([
    [['name: "x'], 'window.yaml:1:9: missing closing "quote'],
    [['name: x', 'zone: a: b'], 'window.yaml:2:7: nested mappings are not allowed in compact mappings'],
    [['name: x', '\tzone: y'], 'window.yaml:2:1: tabs are not allowed as indentation'],
    [['name: x', 'name: y'], 'window.yaml:2:1: this key is there twice'],
    [['name: x', 'page:', '  hosts: []', '  hosts: []'], 'window.yaml:4:3: this key is there twice'],
    [['name: x', '---', 'name: y'], 'window.yaml:2:1: a second document begins here; there may be one only'],
    [['name: x', 'zone: !secret y'], 'window.yaml:2:7: unresolved tag: !secret'],
    [['name: *nobody'], 'window.yaml:1:7: there is no anchor &nobody before this'],
    [['name: x', 'anything: &a [1, *a]'], 'window.yaml:2:18: *a contains itself'],
    [['name: x', 'anything: {{ template }}'], 'window.yaml:2:12: a key must be a plain word'],
  ])('%j', (lines, problem) => {
    expect(problemsOf(...lines)).toContain(problem);
  });

  test('with the word "line" where there is no file', () => {
    expect(() => parseYaml('name: "x', schema)).toThrow(/^line 1:9: /);
  });
});

test.each(['', '\n\n', '# only a comment', '---', 'null', '\ufeff'])('%j is empty', (text) => {
  expect(problemsOf(text)).toEqual(['window.yaml:1:1: there is nothing in it']);
});

describe('what does not fit is named with its place', () => {
  test.each<[string[], string[]]>([
    [['- a'], ['window.yaml:1:1: must be a mapping, not a list']],
    [['just text'], ['window.yaml:1:1: must be a mapping, not "just text"']],
    [['name: 3'], ['window.yaml:1:7: name must be text, not 3']],
    [['name:'], ['window.yaml:1:6: name must be text, not empty']],
    [['name: ""'], ['window.yaml:1:7: name must not be empty']],
    [['zone: staging'], ['window.yaml:1:1: name is missing']],
    [['name: x', 'retries: 1.5'], ['window.yaml:2:10: retries must be a whole number, not 1.5']],
    [['name: x', 'retries: [1]'], ['window.yaml:2:10: retries must be a number, not a list']],
    [
      ['name: x', 'page:', '  hosts: www.example.com', '  purge-cache: yes'],
      [
        'window.yaml:3:10: page.hosts must be a list, not "www.example.com"',
        'window.yaml:4:16: page.purge-cache must be true or false, not "yes"',
      ],
    ],
    [
      ['name: x', 'zone: stagin'],
      ['window.yaml:2:7: zone must be "production" or "staging", not "stagin"; did you mean "staging"?'],
    ],
    [['name: x', 'page:', '  hosts:', '    - a', '    - 7'], ['window.yaml:5:7: page.hosts.1 must be text, not 7']],
    [['name: x', 'status: ok'], ['window.yaml:2:9: status must be a number, a list or a mapping, not "ok"']],
    [['name: x', 'status: {from: 200}'], ['window.yaml:2:9: status.to is missing']],
    [['name: x', 'status: [200, ok]'], ['window.yaml:2:15: status.1 must be a number, not "ok"']],
    [
      ['name: x', 'channels:', '  - kind: slak'],
      ['window.yaml:3:11: channels.0.kind must be "slack" or "webhook", not "slak"; did you mean "slack"?'],
    ],
    [['name: x', 'channels:', '  - channel: ops'], ['window.yaml:3:5: channels.0.kind is missing']],
    [
      ['name: x', 'channels:', '  - {kind: webhook, url: u, port: 0}'],
      ['window.yaml:3:35: channels.0.port must be at least 1'],
    ],
  ])('%j', (lines, problems) => {
    expect(problemsOf(...lines)).toEqual(problems);
  });

  test('all of it at once, in the order of the text', () => {
    expect(problemsOf('zone: x', 'retries: many', 'nam: y', 'page: {host: []}')).toEqual([
      'window.yaml:1:1: name is missing',
      'window.yaml:1:7: zone must be "production" or "staging", not "x"',
      'window.yaml:2:10: retries must be a number, not "many"',
      'window.yaml:3:1: nam is not known; did you mean "name"?',
      'window.yaml:4:7: page.hosts is missing',
      'window.yaml:4:8: page.host is not known; did you mean "hosts"?',
    ]);
  });
});

describe('a key that is not known is named with the nearest known one', () => {
  test.each<[string[], string]>([
    [['name: x', 'chanels: []'], 'window.yaml:2:1: chanels is not known; did you mean "channels"?'],
    [
      ['name: x', 'page:', '  hosts: []', '  purge_cache: true'],
      'window.yaml:4:3: page.purge_cache is not known; did you mean "purge-cache"?',
    ],
    [
      ['name: x', 'channels:', '  - kind: slack', '    chanel: ops', '    channel: ops'],
      'window.yaml:4:5: channels.0.chanel is not known; did you mean "channel"?',
    ],
    [
      ['name: x', 'checks:', '  home: {ulr: u, url: u}'],
      'window.yaml:3:10: checks.home.ulr is not known; did you mean "url"?',
    ],
    [
      ['name: x', 'page:', '  hosts: []', '  colour: red'],
      'window.yaml:4:3: page.colour is not known; known are hosts, purge-cache',
    ],
    // A key of another alternative is none of this one's.
    [
      ['name: x', 'channels:', '  - {kind: slack, channel: ops, prt: 1}'],
      'window.yaml:3:33: channels.0.prt is not known; known are kind, channel',
    ],
    [
      ['name: x', 'channels:', '  - {kind: slack, channel: ops, url: u}'],
      'window.yaml:3:33: channels.0.url is not known; known are kind, channel',
    ],
    [
      ['name: x', '__proto__: {a: 1}'],
      'window.yaml:2:1: __proto__ is not known; known are name, page, zone, retries, channels, checks, status, anything',
    ],
  ])('%j', (lines, problem) => {
    expect(problemsOf(...lines)).toContain(problem);
  });

  test('through optional, default, transformed and lazy parts of the schema', () => {
    const inner = z.strictObject({ timeout: z.string() }).optional();
    const wrapped = z.strictObject({
      a: z.lazy(() => inner),
      b: inner.transform((value) => value),
      c: z.preprocess((value) => value, inner),
    });
    const text = 'a: {timeot: x, timeout: x}\nb: {timeot: x, timeout: x}\nc: {timeot: x, timeout: x}';
    expect(() => parseYaml(text, wrapped)).toThrow(
      ['a', 'b', 'c']
        .map((key, index) => `line ${index + 1}:5: ${key}.timeot is not known; did you mean "timeout"?`)
        .join('\n'),
    );
  });
});

describe('a small file cannot blow up', () => {
  test('by anchors', () => {
    const bomb = ['a: &a0 [x, x, x, x, x, x, x, x, x, x]'];
    for (let level = 1; level < 9; level++) {
      bomb.push(
        `${'abcdefghi'[level]}: &a${level} [${Array(10)
          .fill(`*a${level - 1}`)
          .join(', ')}]`,
      );
    }
    expect(problemsOf(...bomb)).toEqual([
      'window.yaml:1:1: it repeats itself by anchors more often than any real file does',
    ]);
  });

  test('by depth', () => {
    const text = `name: x\nanything: ${'['.repeat(20_000)}${']'.repeat(20_000)}`;
    expect(problemsOf(text)).toEqual(['window.yaml:1:1: it is nested more deeply than any real file is']);
  });

  test('and a few anchors are fine', () => {
    const text = 'name: &n x\nchannels:\n  - &c {kind: slack, channel: *n}\n  - *c\n';
    expect(parseYaml(text, schema).channels).toEqual([
      { kind: 'slack', channel: 'x' },
      { kind: 'slack', channel: 'x' },
    ]);
  });
});

test('any text is either taken or refused with problems that have a place', () => {
  const piece = fc.constantFrom(
    'name: x',
    '\n',
    '  ',
    '- ',
    'page:',
    ': ',
    '[',
    '{',
    '}',
    '&a ',
    '*a',
    '"',
    '!t ',
    '#',
    '<<: ',
    '? ',
    '\t',
    '---\n',
    '%',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (parts) => {
      for (const problem of problemsOf(parts.join(''))) expect(problem).toMatch(/^window\.yaml:\d+:\d+: ./);
    }),
    { numRuns: 500 },
  );
});
