import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createLines } from './lines.ts';

function linesOf(chunks: readonly string[], clean = (text: string) => text): string[] {
  const heard: string[] = [];
  const lines = createLines(clean, (line) => heard.push(line));
  for (const chunk of chunks) lines.push(chunk);
  lines.end();
  return heard;
}

describe('output in lines', () => {
  test.each([
    [['a\nb\n'], ['a', 'b']],
    [['a\r\nb'], ['a', 'b']],
    [
      ['a\r', '\nb\n'],
      ['a', 'b'],
    ],
    [['10%\r20%\rdone\n'], ['10%', '20%', 'done']],
    [
      ['a', 'b', '\n', '\n', 'c'],
      ['ab', '', 'c'],
    ],
    [
      ['a\r', 'b\n'],
      ['a', 'b'],
    ],
    [
      ['a\r', '', '\nb'],
      ['a', 'b'],
    ],
    [[], []],
  ])('of %j is %j', (chunks, expected) => {
    expect(linesOf(chunks)).toEqual(expected);
  });

  test('is the same however the stream is cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('a', 'b', '\r', '\n', '\r\n')),
        fc.infiniteStream(fc.nat(3)),
        (parts, sizes) => {
          const text = parts.join('');
          const chunks: string[] = [];
          for (let at = 0; at < text.length; ) {
            const size = 1 + (sizes.next().value as number);
            chunks.push(text.slice(at, at + size));
            at += size;
          }
          expect(linesOf(chunks)).toEqual(linesOf([text]));
        },
      ),
    );
  });

  test('loses its colours', () => {
    expect(linesOf(['\u001b[31;1mError\u001b[0m: x\u001b[K\n'])).toEqual(['Error: x']);
  });

  test('is cut where a line is too long, and says by how much', () => {
    const [line = ''] = linesOf(['x'.repeat(5_000)]);
    expect(line).toBe(`${'x'.repeat(4_000)}… (1000 more characters)`);
  });

  test('never keeps more of a line than it may, whatever comes', () => {
    const cleaned: number[] = [];
    const lines = createLines(
      (text) => {
        cleaned.push(text.length);
        return text;
      },
      () => {},
    );
    for (let count = 0; count < 200; count++) lines.push('x'.repeat(10_000));
    lines.end();
    expect(cleaned).toEqual([65_536]);
  });

  test('has its secrets blanked before it is cut, the one at the cut, too', () => {
    const secret = 's3cr3t-of-the-night';
    const clean = (text: string) => text.replaceAll(secret, '***');
    for (let at = 3_980; at <= 4_000; at++) {
      const [line = ''] = linesOf(['x'.repeat(at) + secret.repeat(3) + 'y'.repeat(500)], clean);
      expect(line).not.toContain('s3c');
    }
    // All secrets: cleaned, it is short, and its end is half a secret.
    const [line = ''] = linesOf([secret.repeat(10_000)], clean);
    expect(line).not.toContain('s3c');
  });
});
