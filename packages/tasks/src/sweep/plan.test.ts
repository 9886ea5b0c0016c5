import { expect, test } from 'vitest';
import { planSweep } from './plan.ts';

const HOUR = 3_600_000;
const now = new Date('2026-11-22T10:00:00Z');
const left = (session: string) => ({ system: 'Cloudflare', what: 'www.example.com', session });
const over = left('mw-202611220600-bbbb');
const running = left('mw-202611221200-cccc');
const justOver = left('mw-202611220900-dddd');
const own = left('summer-works');

test('without a session sweeps those whose window ended longer ago than the grace', () => {
  const { sweep, keep } = planSweep([over, running, justOver, own], undefined, 2 * HOUR, now);
  expect([...sweep.keys()]).toEqual([over.session]);
  expect(keep.map(({ leftover, why }) => [leftover.session, why])).toEqual([
    [running.session, 'its window ends at 2026-11-22T12:00:00.000Z'],
    [justOver.session, 'its window ends at 2026-11-22T09:00:00.000Z'],
    [own.session, 'its id does not tell when its window ends; name the session to sweep it'],
  ]);
});

test('with a session sweeps all of that one, over or not, and nothing else', () => {
  const { sweep, keep } = planSweep(
    [running, { ...running, what: 'my.example.com' }, over],
    running.session,
    2 * HOUR,
    now,
  );
  expect([...sweep]).toEqual([[running.session, [running, { ...running, what: 'my.example.com' }]]]);
  expect(keep).toEqual([{ leftover: over, why: 'belongs to another session' }]);
});
