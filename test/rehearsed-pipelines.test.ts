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

const GITHUB = `on: workflow_dispatch
jobs:
  change:
    runs-on: ubuntu-24.04
    steps:
      - uses: actions/checkout@v4
      - id: deploy
        uses: example-org/maintenance-tasks/actions/run-pipeline@v1
        with:
          host: github
          repository: example-org/gateway
          pipeline: deploy.yml
          tag: platform-0/2.102.0
          inputs: |-
            environment: production
          github-token: \${{ secrets.PIPELINES_TOKEN }}
          session: ${SESSION}
      - id: script
        uses: example-org/maintenance-tasks/actions/run-script@v1
        with:
          script: scripts/touch.sh
          arguments: \${{ steps.deploy.outputs.commit }}
          irreversible: true
          session: ${SESSION}
      - uses: example-org/maintenance-tasks/actions/run-script@v1
        with:
          script: scripts/patch.ps1
          undo: scripts/patch.ps1
          session: ${SESSION}
`;
const AZURE = `trigger: none
variables: [{ group: secrets }]
stages:
  - stage: Change
    jobs:
      - job: Change
        pool: { vmImage: ubuntu-24.04 }
        steps:
          - checkout: self
          - task: RunPipeline@0
            name: deploy
            inputs:
              host: azure-devops
              repository: example-org/platform
              pipeline: deploy
              tag: platform-0/2.102.0
              azureDevopsToken: $(AZURE_DEVOPS_TOKEN)
              session: ${SESSION}
          - task: RunScript@0
            inputs: { script: scripts/touch.sh, arguments: $(deploy.commit), irreversible: true, session: ${SESSION} }
          - task: RunScript@0
            inputs: { script: scripts/patch.ps1, undo: scripts/patch.ps1, session: ${SESSION} }
`;

beforeAll(async () => {
  const tasks = ['run-pipeline', 'run-script'];
  const bundles = tasks.flatMap((task) => [`actions/${task}`, `ado-tasks/${task}`]);
  await buildAll(await staleFolders(bundles));
  folder = mkdtempSync(join(tmpdir(), 'rehearsed-pipelines-'));
  mkdirSync(join(folder, 'night/scripts'), { recursive: true });
  writeFileSync(join(folder, 'night/github.yml'), GITHUB);
  writeFileSync(join(folder, 'night/azure.yml'), AZURE);
  writeFileSync(join(folder, 'night/scripts/touch.sh'), `touch ${join(folder, 'touched')}\n`);
  writeFileSync(join(folder, 'night/scripts/patch.ps1'), 'exit 0\n');
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function rehearse(...options: string[]): Promise<{ said: string; record: RehearsalRecord }> {
  const json = join(folder, 'record.json');
  const main = join(ROOT, 'packages/rehearsal/src/main.ts');
  const command = [main, join(folder, 'night'), '--from', '2026-11-21 20:00', '--json', json, ...options];
  return new Promise((resolve) => {
    execFile(process.execPath, command, { cwd: ROOT, maxBuffer: 1e8 }, (_, stdout, stderr) => {
      const said = stdout + stderr;
      expect(existsSync(json), said).toBe(true);
      resolve({ said, record: JSON.parse(readFileSync(json, 'utf8')) as RehearsalRecord });
    });
  });
}

const tasksOf = (record: RehearsalRecord, host: number) =>
  stepsOf(record.runs[host] as never).filter(({ kind }) => kind === 'task');

describe('a rehearsal', { timeout: 60_000 }, () => {
  test('starts pipelines in a made-up outside world on both hosts, and runs no script of the night', async () => {
    const { said, record } = await rehearse('--report', join(folder, 'report.html'));
    for (const host of [0, 1]) {
      const [deploy, bash, pwsh] = tasksOf(record, host);
      expect(deploy, said).toMatchObject({ result: 'succeeded' });
      expect(deploy?.outputs).toMatchObject({ outcome: 'succeeded', started: 'true' });
      expect(bash).toMatchObject({ result: 'succeeded' });
      expect(bash?.log.join('\n')).toMatch(/Rehearsed, not run: bash --noprofile --norc \S+touch\.sh c0ffee/);
      expect(pwsh?.log.join('\n')).toMatch(/Rehearsed, not run: pwsh .* -File \S+patch\.ps1/);
    }
    expect(existsSync(join(folder, 'touched'))).toBe(false);
  });

  test('runs them for real when asked to', async () => {
    const { record } = await rehearse('--run-scripts', '--host', 'github', '--report', join(folder, 'report.html'));
    expect(tasksOf(record, 0)[1]).toMatchObject({ result: 'succeeded' });
    expect(existsSync(join(folder, 'touched'))).toBe(true);
  });
});
