import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Redaction, withoutHostCommands } from './redaction.ts';

function knowing(...secrets: string[]): Redaction {
  const redaction = new Redaction();
  for (const secret of secrets) redaction.add(secret);
  return redaction;
}

const KEY = ['-----BEGIN PRIVATE KEY-----', 'MIIEvQIBADANBgkqh', 'kiG9w0BAQEFAASC', '-----END PRIVATE KEY-----'].join(
  '\n',
);

describe('a secret', () => {
  test('is blanked wherever it stands', () => {
    expect(knowing('s3cr3t').clean('s3cr3t, token=s3cr3t&s3cr3ts3cr3t')).toBe('***, token=***&***');
  });

  test('of several lines is blanked whole and line by line, whatever the line ends', () => {
    const redaction = knowing(KEY.replaceAll('\n', '\r\n'));
    for (const line of KEY.split('\n')) expect(redaction.clean(`a ${line} b`)).toBe('a *** b');
    expect(redaction.clean(KEY)).not.toMatch(/MII|kiG/);
  });

  test.each([
    ['JSON', (secret: string) => JSON.stringify({ k: secret })],
    ['a URL', (secret: string) => `https://example.com/?k=${encodeURIComponent(secret)}`],
    ['a form', (secret: string) => new URLSearchParams({ k: secret }).toString()],
    [
      'a URL in lower case',
      (secret: string) => encodeURIComponent(secret).replace(/%../g, (code) => code.toLowerCase()),
    ],
    ['base64', (secret: string) => `data: ${Buffer.from(secret).toString('base64')}`],
  ])('is blanked as %s carries it', (_, carry) => {
    const secret = 'pa"ss\\wo rd&/ü=1';
    const cleaned = knowing(secret).clean(carry(secret));
    expect(cleaned).toContain('***');
    expect(cleaned).not.toMatch(/pa|ss|rd&|cGEi/);
  });

  test('of several lines is blanked in JSON', () => {
    const cleaned = knowing(KEY).clean(JSON.stringify({ key: KEY }));
    expect(cleaned).toBe('{"key":"***"}');
  });

  test('that overlaps or contains another leaves no remainder', () => {
    expect(knowing('abcdef', 'defghi').clean('x abcdefghi y')).toBe('x *** y');
    expect(knowing('token', 'token-extended').clean('token-extended token')).toBe('*** ***');
    expect(knowing('aaa').clean('aaaa')).toBe('***');
  });

  test('leaves nothing of itself in any text that quotes it', () => {
    const text = fc.string({ maxLength: 20 });
    const secrets = fc.array(fc.string({ minLength: 3, maxLength: 12, unit: fc.constantFrom(...'ab1$/"') }), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(secrets, text, text, (all, before, after) => {
        const cleaned = knowing(...all).clean(before + all.join('') + after);
        for (const secret of all) expect(cleaned).not.toContain(secret);
      }),
    );
  });

  test('of one or two characters is not blanked: half of every log would be', () => {
    expect(knowing('ab', '  x ').clean('ab x')).toBe('ab x');
  });

  test('with half a surrogate pair does no harm', () => {
    expect(knowing('bad\ud800one').clean('a bad\ud800one b')).toBe('a *** b');
  });

  test('is told once: what is new of it goes to the host', () => {
    const redaction = new Redaction();
    expect(redaction.add(' one \n two\n')).toEqual([' one \n two\n', 'one \n two', 'one', 'two']);
    expect(redaction.add('two')).toEqual([]);
  });

  test('is blanked in data before quoting could hide it, and the data stays whole', () => {
    const redaction = knowing('say "hi"', '":"');
    expect(redaction.cleanAll({ a: ['he did say "hi"', 7], b: { c: null } })).toEqual({
      a: ['he did ***', 7],
      b: { c: null },
    });
  });
});

describe('text for a host', () => {
  test.each([
    ['::set-env name=PATH::/tmp', ': :set-env name=PATH::/tmp'],
    ['  ::error::no', '  : :error::no'],
    ['\t::error::no', '\t: :error::no'],
    ['a\n::add-mask::b', 'a\n: :add-mask::b'],
    ['a\r::stop-commands::b', 'a\n: :stop-commands::b'],
    ['a\r\n::debug::b', 'a\n: :debug::b'],
    ['\u00a0::debug::b', '\u00a0: :debug::b'],
    ['\u2028::debug::b', '\u2028: :debug::b'],
    ['\u0085::debug::b', ': :debug::b'],
    ['\u200b\u001b[2K::debug::b', '\u200b[2K::debug::b'],
    ['\u0000:\u0000:debug::b', ': :debug::b'],
    [':::debug::', ': ::debug::'],
    ['##[error]no', '# #[error]no'],
    ['all well ##[error]no', 'all well # #[error]no'],
    ['###[error]no', '## #[error]no'],
    ['#\u0007#vso[task.setvariable variable=a]b', '# #vso[task.setvariable variable=a]b'],
    ['##VSO[task.complete result=Succeeded;]', '# #VSO[task.complete result=Succeeded;]'],
    ['\u001b]0;title\u0007\u009b2Jred', ']0;title2Jred'],
  ])('%j becomes %j', (text, safe) => {
    expect(withoutHostCommands(text)).toBe(safe);
  });

  test.each(['fe80::1 answers', 'a::b', 'Plan: 3 changes.', 'one\n  two\n', '## Heading', 'say # [x]'])(
    '%j stays',
    (text) => {
      expect(withoutHostCommands(text)).toBe(text);
    },
  );

  test('never begins a line with a command of GitHub, nor holds one of Azure', () => {
    const pieces = fc.constantFrom(
      ':',
      '::',
      '#',
      '##',
      '[',
      'vso[',
      '\r',
      '\n',
      ' ',
      '\t',
      '\u0085',
      '\u2028',
      '\ufeff',
      '\u001b',
      '\u0000',
      'error',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
        const safe = withoutHostCommands(parts.join(''));
        for (const line of safe.split(/[\r\n]/)) expect(line.trimStart()).not.toMatch(/^::/);
        expect(safe).not.toMatch(/##(\[|vso\[)/i);
      }),
      { numRuns: 1_000 },
    );
  });
});
