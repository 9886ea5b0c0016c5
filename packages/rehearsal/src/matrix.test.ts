// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how pipelines write expressions
import { expect, it } from 'vitest';
import { matrixLegs } from './matrix.ts';

const legs = (matrix: unknown) =>
  matrixLegs(matrix, (text) => JSON.parse(text.slice(3, -2).trim())).map(({ values }) => values);

it.each([
  ['no matrix is one leg', undefined, [{}]],
  [
    'lists are combined',
    { os: ['a', 'b'], n: [1, 2] },
    [
      { os: 'a', n: 1 },
      { os: 'a', n: 2 },
      { os: 'b', n: 1 },
      { os: 'b', n: 2 },
    ],
  ],
  [
    'exclude takes legs out',
    { os: ['a', 'b'], n: [1, 2], exclude: [{ os: 'a' }, { os: 'b', n: 2 }] },
    [{ os: 'b', n: 1 }],
  ],
  [
    'include adds to the legs that it fits',
    { os: ['a', 'b'], include: [{ os: 'a', x: 1 }] },
    [{ os: 'a', x: 1 }, { os: 'b' }],
  ],
  [
    'include adds to all when it names none of the lists',
    { os: ['a', 'b'], include: [{ x: 1 }] },
    [
      { os: 'a', x: 1 },
      { os: 'b', x: 1 },
    ],
  ],
  [
    'include is a leg of its own where it fits none',
    { os: ['a'], include: [{ os: 'c', x: 1 }] },
    [{ os: 'a' }, { os: 'c', x: 1 }],
  ],
  ['only include', { include: [{ a: 1 }, { a: 2 }] }, [{ a: 1 }, { a: 2 }]],
  ['lists may come from an expression', { os: '${{ ["a", "b"] }}' }, [{ os: 'a' }, { os: 'b' }]],
])('%s', (_what, matrix, expected) => {
  expect(legs(matrix)).toEqual(expected);
});
