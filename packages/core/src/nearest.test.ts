import { expect, test } from 'vitest';
import { nearest } from './nearest.ts';

const KNOWN = ['hosts', 'target', 'api-token', 'dry-run', 'deadline', 'session'];

test.each([
  ['host', 'hosts'],
  ['hots', 'hosts'],
  ['hsots', 'hosts'],
  ['HOSTS', 'hosts'],
  ['api_token', 'api-token'],
  ['apitoken', 'api-token'],
  ['dryrun', 'dry-run'],
  ['dead-line', 'deadline'],
  ['sesion', 'session'],
  ['hosts', 'hosts'],
])('%s may mean %s', (word, meant) => {
  expect(nearest(word, KNOWN)).toBe(meant);
});

test.each(['password', 'zone', 'x', '', 'records'])('nothing is near %j', (word) => {
  expect(nearest(word, KNOWN)).toBeUndefined();
});

test('of several the closest is named, and nothing when nothing is known', () => {
  expect(nearest('port', ['sort', 'ports', 'part'])).toBe('sort');
  expect(nearest('targett', ['targets', 'target'])).toBe('targets');
  expect(nearest('host', [])).toBeUndefined();
});

test('swapped letters count as one mistake, also in short words', () => {
  expect(nearest('ulr', ['url', 'port'])).toBe('url');
  expect(nearest('a', ['n'])).toBeUndefined();
});
