import fc from 'fast-check';
import { expect, test } from 'vitest';
import { markdownTable, markdownText } from './markdown.ts';

test('a table has its head, its line and its rows', () => {
  const table = markdownTable({
    columns: ['Host', 'Status'],
    rows: [
      ['www.example.com', '200'],
      ['api.example.com', '503'],
    ],
  });
  expect(table).toBe('| Host | Status |\n| --- | --- |\n| www.example.com | 200 |\n| api.example.com | 503 |');
});

test.each([
  ['a | b', 'a \\| b'],
  ['a\nb', 'a b'],
  ['a\r\n\r\n| b', 'a \\| b'],
  ['a\rb', 'a b'],
  ['<img src=x>', '\\<img src=x\\>'],
  ['&lt;script&gt;', '\\&lt;script\\&gt;'],
  ['[here](https://example.org)', '\\[here\\](https://example.org)'],
  ['\\| c', '\\\\\\| c'],
  ['`code` *bold* ~~gone~~', '\\`code\\` \\*bold\\* \\~\\~gone\\~\\~'],
])('%j stands in a cell as %j', (cell, shown) => {
  expect(markdownText(cell)).toBe(shown);
});

test('no cell breaks out of its table or brings HTML with it', () => {
  const cell = fc.string({ unit: fc.constantFrom('|', '\\', '\n', '\r', '<', '>', 'a', ' ', '`', '-', '&') });
  fc.assert(
    fc.property(fc.array(fc.tuple(cell, cell), { maxLength: 4 }), (rows) => {
      const lines = markdownTable({ columns: ['One', 'Two'], rows }).split(/[\r\n]/);
      expect(lines).toHaveLength(rows.length + 2);
      for (const line of lines) {
        const bare = line.replace(/\\./g, '');
        expect(bare.split('|')).toHaveLength(4);
        expect(bare).not.toMatch(/[<>`&]/);
      }
    }),
  );
});
