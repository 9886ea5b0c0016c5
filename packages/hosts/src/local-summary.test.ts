import { markdownTable, markdownText } from '@maintenance-tasks/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { plainText } from './local-summary.ts';

test('headings are bare, tables are in columns, nothing is escaped', () => {
  const table = markdownTable({
    columns: ['What', 'State'],
    rows: [
      ['a_b | c', 'on'],
      ['x', 'off *'],
    ],
  });
  expect(plainText(`### lights: failed\n\nIt \\*broke\\*.\n\n${table}\n\n- a \\#note\n`)).toBe(
    'lights: failed\n\nIt *broke*.\n\nWhat     State\n-------  -----\na_b | c  on\nx        off *\n\n- a #note\n',
  );
});

test('any cell is shown as it was before it became Markdown', () => {
  const cell = fc.string({ minLength: 1, unit: fc.constantFrom(...'ab|\\*_# ') }).map((text) => `x${text}x`);
  fc.assert(
    fc.property(cell, cell, (first, second) => {
      const shown = plainText(markdownTable({ columns: ['A', 'B'], rows: [[first, second]] })).split('\n')[2];
      expect(shown).toBe(`${first}  ${second}`);
    }),
  );
});

test('any sentence is shown as it was before it became Markdown', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), (text) => {
      const sentence = `x${text.replace(/\s+/g, ' ')}x`;
      expect(plainText(markdownText(sentence))).toBe(`${sentence}\n`);
    }),
  );
});
