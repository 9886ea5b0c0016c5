import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildAll } from '@maintenance-tasks/devkit/build';
import { staleFolders } from '@maintenance-tasks/devkit/build/stamp';
import type { RehearsalRecord } from '@maintenance-tasks/rehearsal/rehearsal-record';
import { stepsOf } from '@maintenance-tasks/rehearsal/run-record';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..');
const SESSION = 'mw-202611220230-k7qx';
let folder: string;

/** The same steps on both hosts: inputs by their names on GitHub, secrets by their names in the host's store. */
const STEPS: readonly { readonly task: string; readonly inputs: Readonly<Record<string, string>> }[] = [
  {
    task: 'ticket',
    inputs: {
      system: 'jira',
      ticket: 'PLAT-1353',
      address: 'https://example.atlassian.net',
      visibility: 'internal',
      event: 'commencing',
      state: 'In Progress',
      'fix-version': '2.102.0',
      'jira-user': 'release.manager@example.com',
      'jira-token': '$JIRA_API_TOKEN',
    },
  },
  {
    task: 'ticket',
    inputs: {
      system: 'github',
      ticket: 'example-org/gateway#12',
      visibility: 'public',
      event: 'commencing',
      'github-token': '$TICKETS_TOKEN',
    },
  },
  {
    task: 'ticket',
    inputs: {
      system: 'servicenow',
      ticket: 'CHG0030001',
      address: 'https://example.service-now.com',
      visibility: 'internal',
      event: 'commencing',
      state: 'Implement',
      'servicenow-user': 'maintenance',
      'servicenow-password': '$SERVICENOW_PASSWORD',
    },
  },
  {
    task: 'ticket',
    inputs: {
      system: 'zendesk',
      ticket: '4711',
      address: 'https://example.zendesk.com',
      visibility: 'public',
      event: 'commencing',
      'zendesk-user': 'release.manager@example.com',
      'zendesk-token': '$ZENDESK_TOKEN',
    },
  },
  {
    task: 'notify',
    inputs: {
      event: 'starting',
      channels:
        '- { kind: email, required: true, from: a@example.com, to: [b@example.com], host: smtp.example.com, user: maintenance }',
      'smtp-password': '$SMTP_PASSWORD',
    },
  },
];

const camel = (name: string) => name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
const quoted = (text: string) => JSON.stringify(text);

const GITHUB = `on: workflow_dispatch
jobs:
  tell:
    runs-on: ubuntu-24.04
    steps:
${STEPS.map(
  ({ task, inputs }) => `      - uses: example-org/maintenance-tasks/actions/${task}@v1
        with:
${Object.entries({ ...inputs, session: SESSION })
  .map(
    ([name, value]) =>
      `          ${name}: ${quoted(value.replace(/^\$(\w+)$/, (_, secret) => `\${{ secrets.${secret} }}`))}`,
  )
  .join('\n')}`,
).join('\n')}
`;
const AZURE = `trigger: none
variables: [{ group: secrets }]
stages:
  - stage: Tell
    jobs:
      - job: Tell
        pool: { vmImage: ubuntu-24.04 }
        steps:
${STEPS.map(
  ({ task, inputs }) => `          - task: ${task === 'ticket' ? 'Ticket' : 'Notify'}@0
            inputs:
${Object.entries({ ...inputs, session: SESSION })
  .map(([name, value]) => `              ${camel(name)}: ${quoted(value.replace(/^\$(\w+)$/, '$($1)'))}`)
  .join('\n')}`,
).join('\n')}
`;

beforeAll(async () => {
  const bundles = ['ticket', 'notify'].flatMap((task) => [`actions/${task}`, `ado-tasks/${task}`]);
  await buildAll(await staleFolders(bundles));
  folder = mkdtempSync(join(tmpdir(), 'rehearsed-tickets-'));
  mkdirSync(join(folder, 'night'));
  writeFileSync(join(folder, 'night/github.yml'), GITHUB);
  writeFileSync(join(folder, 'night/azure.yml'), AZURE);
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function rehearse(): Promise<{ said: string; record: RehearsalRecord; report: string }> {
  const [json, report] = [join(folder, 'record.json'), join(folder, 'report.html')];
  const main = join(ROOT, 'packages/rehearsal/src/main.ts');
  const options = ['--from', '2026-11-21 20:00', '--json', json, '--report', report];
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [main, join(folder, 'night'), ...options],
      { cwd: ROOT, maxBuffer: 1e8 },
      (_, out, err) => {
        expect(existsSync(json), out + err).toBe(true);
        const record = JSON.parse(readFileSync(json, 'utf8')) as RehearsalRecord;
        resolve({ said: out + err, record, report: readFileSync(report, 'utf8') });
      },
    );
  });
}

describe('a rehearsal', { timeout: 60_000 }, () => {
  test('keeps tickets and sends mail in a made-up outside world on both hosts', async () => {
    const { said, record, report } = await rehearse();
    for (const host of [0, 1]) {
      const steps = stepsOf(record.runs[host] as never).filter(({ kind }) => kind === 'task');
      expect(
        steps.map(({ result, outputs }) => [result, outputs.state ?? outputs['failed-channels'] ?? '']),
        said,
      ).toEqual([
        ['succeeded', 'In Progress'],
        ['succeeded', 'open'],
        ['succeeded', 'Implement'],
        ['succeeded', 'open'],
        ['succeeded', ''],
      ]);
    }
    expect(said).toContain('Jira has the issues PLAT-1353');
    for (const told of ['Maintenance session', 'Planned maintenance: starting now']) expect(report).toContain(told);
  });
});
