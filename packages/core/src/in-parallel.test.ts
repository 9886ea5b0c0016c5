import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { inParallel } from './in-parallel.ts';

test('keeps the order of results, whichever ends first', async () => {
  const results = await inParallel([30, 10, 20], 3, async (milliseconds, index) => {
    await delay(milliseconds);
    return `${index}:${milliseconds}`;
  });
  expect(results).toEqual(['0:30', '1:10', '2:20']);
});

test('has at most so many under way at once, and uses them', async () => {
  let underWay = 0;
  let most = 0;
  await inParallel(
    Array.from({ length: 20 }, (_, index) => index),
    4,
    async () => {
      most = Math.max(most, ++underWay);
      await delay(1);
      underWay -= 1;
    },
  );
  expect(most).toBe(4);
});

test('starts nothing more after a failure, and throws it only when those under way have ended', async () => {
  const started: number[] = [];
  const done: number[] = [];
  const run = inParallel([0, 1, 2, 3, 4], 2, async (item) => {
    started.push(item);
    if (item === 0) throw new Error('first');
    await delay(20);
    done.push(item);
    if (item === 1) throw new Error('second');
  });
  await expect(run).rejects.toThrow('first');
  expect(started).toEqual([0, 1]);
  expect(done).toEqual([1]);
});

test('a thrown undefined is a failure too', async () => {
  const run = inParallel([1, 2], 1, () => Promise.reject(undefined));
  await expect(run).rejects.toBeUndefined();
});

test('does nothing with no items', async () => {
  expect(await inParallel([], 4, () => expect.unreachable())).toEqual([]);
});
