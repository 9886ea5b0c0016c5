import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CrashMatrix, type CrashScenario, startCrashMatrix } from './crash-matrix.ts';
import { firstDifference, whatLasts } from './crash-view.ts';
import type { StandIn } from './stand-in.ts';

const folder = mkdtempSync(join(tmpdir(), 'crash-matrix-test-'));
let matrix: CrashMatrix;

/** What each of the small tasks has in common: asking the counter, and ending badly when it does not answer well. */
const ASK = `
const { request } = require('node:http');
const ask = (method) => new Promise((resolve, reject) => {
  const { hostname, port } = new URL(process.env.HTTP_PROXY);
  const asked = request({ hostname, port, method, path: 'http://counter.example.com/', headers: { host: 'counter.example.com' } }, (answer) => {
    let text = '';
    answer.on('data', (part) => { text += part; });
    answer.on('end', () => (answer.statusCode === 200 ? resolve(text) : reject(new Error(text))));
  });
  asked.on('error', reject);
  setTimeout(() => asked.destroy(new Error('too late')), 2_000).unref();
  asked.end();
});
const failed = () => { console.log('::error::The counter did not answer.'); process.exitCode = 1; };
`;

const TASKS = {
  careful: `ask('GET').then((count) => (count === '0' ? ask('POST') : undefined)).catch(failed);`,
  // Sends again without looking.
  hasty: `ask('GET').then((count) => (count === '0' ? ask('POST').catch(() => ask('POST')) : undefined)).catch(failed);`,
  // Counts on every run.
  forgetful: `ask('POST').catch(failed);`,
  // Says that all is well whatever happened.
  lying: `ask('GET').then((count) => (count === '0' ? ask('POST') : undefined)).catch(() => {});`,
  takingBack: `ask('DELETE').catch(failed);`,
  idle: `ask('GET').catch(failed);`,
};

beforeAll(async () => {
  for (const [name, text] of Object.entries(TASKS)) writeFileSync(join(folder, `${name}.cjs`), ASK + text);
  matrix = await startCrashMatrix({
    bundleOf: (task) => join(folder, `${task}.cjs`),
    start: new Date('2026-11-22T00:30:00Z'),
    slots: 8,
  });
});

afterAll(async () => {
  await matrix.close();
  rmSync(folder, { recursive: true, force: true });
});

function counter(): StandIn {
  let count = 0;
  return {
    name: 'Counter',
    hosts: ['counter.example.com'],
    answer({ method }) {
      if (method === 'POST') count += 1;
      if (method === 'DELETE') count = 0;
      return { status: 200, body: String(count) };
    },
    state: () => ({ count, at: new Date().toISOString() }),
    leftovers: () => (count > 1 ? [`The counter stands at ${count}.`] : []),
  };
}

const scenario = (task: keyof typeof TASKS, more: Partial<CrashScenario> = {}): CrashScenario => ({
  name: task,
  task,
  inputs: {},
  world: () => [counter()],
  ...more,
});

describe.concurrent('the crash matrix', () => {
  test('a task that looks before it acts is found whole after every disturbance', async () => {
    const report = await matrix.run(scenario('careful'));
    expect(report.problems).toEqual([]);
    // Two calls: killed before the first, after each, cut, refused twice, hanging; and the answer to the write lost.
    expect(report).toMatchObject({ calls: 2, disturbed: 12 });
    expect(report.recoveries).toBe(2);
  });

  test('a task that sends again without looking is caught where the first answer was lost', async () => {
    const { problems } = await matrix.run(scenario('hasty'));
    expect(problems).toEqual([
      'the answer lost of call 2 (POST counter.example.com/): it ended well, but not all is done: Counter.count is 2 and not 1',
    ]);
  });

  test('a task that does its work on every run is caught when it is run again', async () => {
    const { problems } = await matrix.run(scenario('forgetful'));
    expect(problems).toEqual([
      'killed after call 1 (POST counter.example.com/): then run again, not all is done: Counter.count is 2 and not 1',
      'the answer lost of call 1 (POST counter.example.com/): then run again, not all is done: Counter.count is 2 and not 1',
    ]);
  });

  test('a task that hides its failure is caught', async () => {
    const { problems } = await matrix.run(scenario('lying'));
    expect(problems).toContain(
      '500 in answer to call 2 (POST counter.example.com/): it ended well, but not all is done: Counter.count is 0 and not 1',
    );
  });

  test('a task that changes nothing is no scenario', async () => {
    const { problems } = await matrix.run(scenario('idle'));
    expect(problems).toEqual(['undisturbed: it changed nothing that its view shows']);
  });

  test('what came before is part of every fresh world', async () => {
    const before = [{ task: 'careful', inputs: {} }];
    const { problems, calls } = await matrix.run(scenario('takingBack', { before }));
    expect([calls, problems]).toEqual([1, []]);
  });

  test('the sweep must leave all as before or all done, and nothing behind', async () => {
    const swept = (task: keyof typeof TASKS) => matrix.run(scenario('careful', { sweep: { task, inputs: {} } }));
    expect((await swept('takingBack')).problems).toEqual([]);
    const { problems } = await swept('forgetful');
    expect(problems).toContain(
      'killed after call 2 (POST counter.example.com/): then swept, it left The counter stands at 2.',
    );
  });

  test('an end that the scenario accepts is whole', async () => {
    const accepts: CrashScenario['accepts'] = ({ view }) => (view as { Counter: { count: number } }).Counter.count <= 2;
    expect((await matrix.run(scenario('forgetful', { accepts }))).problems).toEqual([]);
  });
});

test('dates and made-up ids do not make two states differ', () => {
  const state = (second: string, id: string) => ({
    at: `2026-11-22T00:30:${second}Z`,
    ts: `17951234${second}.000001`,
    seconds: Number(`17951234${second}`),
    id: `${id.repeat(8)}-aaaa-4aaa-8aaa-aaaaaaaaaaaa`,
    [id.repeat(32)]: `mt1|mw-1|{"v":"${id.repeat(32)}"}|check${id}`,
    count: 3,
  });
  expect(whatLasts(state('01', 'a'))).toEqual(whatLasts(state('02', 'b')));
  expect(whatLasts({ count: 3 })).not.toEqual(whatLasts({ count: 4 }));
});

test('the first difference of two states is named with its place', () => {
  expect(firstDifference({ a: [{ b: 1 }] }, { a: [{ b: 2 }] })).toBe('a.0.b is 2 and not 1');
  expect(firstDifference({ a: 1 }, {})).toBe('a is nothing and not 1');
  expect(firstDifference({}, { a: null })).toBe('a is null and not nothing');
  expect(firstDifference({ a: [] }, { a: [] })).toBeUndefined();
});
