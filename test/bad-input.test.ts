import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TaskDefinition } from '@maintenance-tasks/core';
import { parseYaml } from '@maintenance-tasks/core/yaml';
import { createAuthority } from '@maintenance-tasks/rehearsal/certificates';
import { registry } from '@maintenance-tasks/tasks/registry';
import { planDigest } from '@maintenance-tasks/tasks/window/digest';
import { windowSchema } from '@maintenance-tasks/tasks/window/schema';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TaskRuns, taskRuns } from './in-process-run.ts';
import { nightOf, WINDOW } from './session/night.ts';

const FIXTURES = join(import.meta.dirname, '../packages/tasks/src/cert-upload/fixtures');
const authority = createAuthority('Bad Input CA');
const one = authority.issue({ names: ['www.example.com'] });
const other = authority.issue({ names: ['www.example.com'] });
const expired = authority.issue({ names: ['www.example.com'], notAfter: new Date('2020-01-01T00:00:00Z') });
const SESSION = 'mw-202611220600-k7qx';

const upload = {
  session: SESSION,
  vault: 'example-vault',
  certificates: 'star=pem',
  trust: 'file',
  'trusted-roots': 'roots.pem',
};
const page = {
  session: SESSION,
  state: 'on',
  hosts: 'www.example.com',
  target: 'maintenance.example.net',
  'cloudflare-token': 'cf-token-1',
};

/** A task, what it is given, and the words of the cause and of the remedy that it must answer with. */
const CASES: [what: string, task: string, inputs: Record<string, string>, cause: RegExp, remedy: RegExp][] = [
  ['a missing input', 'maintenance-page', {}, /state: is required/, /Correct all of them/],
  [
    'two wrong inputs at once',
    'maintenance-page',
    { ...page, state: 'onn', 'dry-run': 'flase' },
    /"onn" is not one of on, off, status[\s\S]*"flase" is neither true nor false/,
    /Correct all of them/,
  ],
  [
    'hosts with commas',
    'maintenance-page',
    { ...page, hosts: 'www.example.com, my.example.com' },
    /www\.example\.com, my\.example\.com/,
    /./,
  ],
  [
    'a session that is none',
    'maintenance-page',
    { ...page, session: 'Saturday night!' },
    /is not a session id/,
    /Correct/,
  ],
  [
    'a duration in words',
    'maintenance-page',
    { ...page, deadline: 'ten minutes' },
    /"ten minutes" is not a duration such as 90s/,
    /Correct/,
  ],
  [
    'a window file that is not there',
    'pre-maintenance',
    { 'window-file': 'windw.yaml' },
    /there is no file .*windw\.yaml/,
    /Correct/,
  ],
  [
    'a window file that may not be read',
    'pre-maintenance',
    { 'window-file': 'locked' },
    /locked is a folder|locked.* may not be read/,
    /Correct/,
  ],
  ['malformed YAML', 'pre-maintenance', { 'window-file': 'broken.yaml' }, /broken\.yaml:4:1: /, /Correct/],
  [
    'an unknown key',
    'pre-maintenance',
    { 'window-file': 'typo.yaml' },
    /typo\.yaml:\d+:1: acceptanse is not known; did you mean "acceptance"\?/,
    /Correct/,
  ],
  [
    'a wrong password',
    'cert-upload',
    { ...upload, 'certificate-file': join(FIXTURES, 'rsa-modern.pfx'), password: 'not-it' },
    /password/i,
    /./,
  ],
  [
    'a key of another certificate',
    'cert-upload',
    { ...upload, certificate: one.certificate, key: other.key },
    /key .*(does not belong|is not the key|match)/i,
    /Correct|Give/,
  ],
  [
    'an expired certificate',
    'cert-upload',
    { ...upload, certificate: expired.certificate + expired.key },
    /2020-01-01/,
    /Correct|Give|Renew/,
  ],
  [
    'a certificate for other names',
    'cert-upload',
    { ...upload, certificate: one.certificate + one.key, names: 'shop.example.org' },
    /shop\.example\.org/,
    /Correct|Give/,
  ],
  [
    'a token that is refused',
    'maintenance-page',
    { ...page, 'cloudflare-token': 'another-token' },
    /does not accept the token/,
    /Check that the token is complete/,
  ],
  [
    'a host that nobody answers for',
    'monitoring-suppression',
    {
      session: SESSION,
      state: 'on',
      for: '1h',
      systems: '[{ system: alertmanager, url: https://nobody.example.com, matchers: [a="b"] }]',
    },
    /nobody\.example\.com/,
    /Check|Look/,
  ],
  ['a host in no zone', 'maintenance-page', { ...page, hosts: 'www.example.org' }, /www\.example\.org/, /./],
  [
    'a clock before the window',
    'starting-maintenance',
    { 'window-file': 'later.yaml', session: SESSION, digest: 'DIGEST later.yaml' },
    /begins at 2027-03-01 18:00 UTC/,
    /Start within the window/,
  ],
  [
    'an approval of something else',
    'starting-maintenance',
    { 'window-file': 'window.yaml', session: SESSION, digest: 'b'.repeat(64) },
    /What was approved has changed/,
    /run pre-maintenance again/,
  ],
  [
    'a smoke test with a typo',
    'smoke-tests',
    { checks: '- { kind: http, name: shop, url: "https://www.example.com/", expct: {} }' },
    /expct is not known; did you mean "expect"\?/,
    /Correct/,
  ],
  ['no smoke test at all', 'smoke-tests', { checks: '[]' }, /at least one check/, /Correct/],
];

let runs: TaskRuns;
beforeAll(async () => {
  runs = await taskRuns('2026-11-21T18:30:00Z');
  const night = nightOf(runs);
  night.begin();
  night.write('broken.yaml', 'name: x\nwindow:\n  starts: [1, 2\nroster: {}\n');
  night.write('typo.yaml', `${WINDOW}acceptanse: []\n`);
  night.write(
    'later.yaml',
    WINDOW.replace('2026-11-21 18:00', '2027-03-01 18:00').replace('2026-11-22 06:00', '2027-03-02 06:00'),
  );
  writeFileSync(join(runs.workingFolder, 'roots.pem'), authority.certificate);
  mkdirSync(join(runs.workingFolder, 'locked'), { recursive: true });
  chmodSync(join(runs.workingFolder, 'locked'), 0o000);
});
afterAll(() => runs.close());

test.each(CASES)('%s is named with its remedy, and nothing is changed', async (_, name, given, cause, remedy) => {
  const task = (await registry[name]?.load()) as TaskDefinition;
  const inputs = { ...given };
  if (inputs.digest?.startsWith('DIGEST')) inputs.digest = await digestOf(inputs.digest.slice(7));
  const before = runs.calls().length;
  const { outcome } = await runs.run(task, { ...inputs, ...(name.endsWith('maintenance') && SECRETS) });
  if (outcome.ok) throw new Error('it was accepted');
  expect(outcome.kind).not.toBe('bug');
  expect(outcome.message).toMatch(cause);
  expect(outcome.message).toMatch(remedy);
  expect(outcome.message).toMatch(/Nothing was changed/);
  const writes = runs
    .calls()
    .slice(before)
    .filter((call) => !/^(GET|TLS|CONNECT)/.test(call));
  expect(writes).toEqual([]);
});

const SECRETS = { 'cloudflare-token': 'cf-token-1', 'pingdom-token': 'pd-token-1', 'slack-token': 'xoxb-token-1' };

async function digestOf(file: string): Promise<string> {
  const path = join(runs.workingFolder, file);
  const text = readFileSync(path, 'utf8');
  return planDigest({ path, text, content: parseYaml(text, windowSchema) });
}
