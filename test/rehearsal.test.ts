import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RehearsalRecord } from '@maintenance-tasks/rehearsal/rehearsal-record';
import { type HostRun, type StepRun, stepsOf } from '@maintenance-tasks/rehearsal/run-record';
import { afterAll, describe, expect, it } from 'vitest';
import { RUNBOOK_M } from './runbook-m.ts';

const ROOT = join(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'rehearsal-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Told {
  readonly code: number;
  readonly said: string;
  readonly record: RehearsalRecord;
}

/** As a person starts it: the command itself, the built bundles, both hosts. */
function rehearse(...words: string[]): Promise<Told> {
  const json = join(folder, 'record.json');
  const options = ['--json', json, '--report', join(folder, 'report.html')];
  const command = [join(ROOT, 'packages/rehearsal/src/main.ts'), ...words, ...options];
  return new Promise((resolve) => {
    execFile(process.execPath, command, { cwd: ROOT, maxBuffer: 1e8 }, (error, stdout, stderr) => {
      const code = error ? Number(error.code) : 0;
      const record = code === 2 ? undefined : JSON.parse(readFileSync(json, 'utf8'));
      resolve({ code, said: stdout + stderr, record: record as RehearsalRecord });
    });
  });
}

const tasksOf = (record: RehearsalRecord, host = 0) =>
  stepsOf(record.runs[host] as never).filter(({ kind }) => kind === 'task');
const outcomes = (steps: readonly StepRun[]) => steps.map(({ task, result }) => `${task} ${result}`);

/** Rows of the runbook of which the run did not do the step. */
function rowsMissingIn(run: HostRun): string[] {
  const done = new Set(
    stepsOf(run).flatMap(({ task, title, result }) => (result === 'succeeded' ? `${task}: ${title}` : [])),
  );
  for (const { approval } of run.stages.flatMap(({ jobs }) => jobs))
    if (approval?.approved) done.add(`approval: ${approval.gate}`);
  return RUNBOOK_M.filter(({ task, step }) => !done.has(`${task}: ${step}`)).map(({ row, what }) => `${row} ${what}`);
}

it('has a step for every row of the runbook', () => {
  const rows = new Set(RUNBOOK_M.map(({ row }) => row));
  expect([...rows]).toEqual(Array.from({ length: 24 }, (_, index) => `M${index + 1}`));
});

describe('the monthly window', { timeout: 120_000 }, () => {
  it('goes through on both hosts, does the same on them, and leaves nothing behind', async () => {
    const { code, said, record } = await rehearse();
    expect(said).toContain('nothing failed, nothing was left behind, no secret came out');
    expect(code).toBe(0);
    const done = outcomes(tasksOf(record));
    for (const task of [
      'pre-maintenance',
      'starting-maintenance',
      'cert-upload',
      'smoke-tests',
      'finish-maintenance',
      'sweep',
    ])
      expect(done).toContain(`${task} succeeded`);
    expect(done.filter((line) => !line.endsWith(' succeeded'))).toEqual([]);
    expect(record.parity.map(({ same }) => same)).toEqual(done.map(() => true));
    for (const run of record.runs) {
      expect(rowsMissingIn(run)).toEqual([]);
      const starting = run.stages.find(({ title }) => title === 'Starting Maintenance');
      expect(starting?.after.states.Website).toMatchObject({ 'www.example.com': { shows: 'maintenance' } });
      const last = run.stages.at(-1)?.after;
      expect(last?.states.Cloudflare).toEqual(run.before.states.Cloudflare);
      expect(last?.leftovers).toEqual([]);
    }
    expect(readFileSync(join(folder, 'report.html'), 'utf8')).toContain('Passed.');
  });

  it('keeps the page up after failed smoke tests, and says what stands', async () => {
    const { code, record } = await rehearse('--host', 'github', '--fail', 'smoke-tests');
    expect(code).toBe(1);
    const done = outcomes(tasksOf(record));
    expect(done.slice(done.indexOf('smoke-tests failed'))).toEqual(
      expect.arrayContaining([
        'smoke-tests failed',
        'finish-maintenance failed',
        'smoke-tests skipped',
        'sweep succeeded',
      ]),
    );
    expect(record.runs[0]?.stages.at(-1)?.after.leftovers.join()).toContain(
      'www.example.com carries the maintenance page',
    );
  });

  it('takes everything back after its start died halfway', async () => {
    const { code, said, record } = await rehearse('--kill', 'starting-maintenance:15');
    expect(said).toContain('nothing was left behind');
    expect(code).toBe(0);
    for (const host of [0, 1]) {
      const done = outcomes(tasksOf(record, host));
      expect(done).toEqual(expect.arrayContaining(['starting-maintenance failed', 'sweep succeeded']));
    }
  });

  it('is rehearsed without a rehearsal file too, with the usual state assumed and said so', async () => {
    const own = join(folder, 'own-window');
    cpSync(join(ROOT, 'examples/monthly-window'), own, { recursive: true });
    rmSync(join(own, 'rehearsal.yaml'));
    for (const file of ['maintenance-window.yaml', 'smoke-tests.yaml', 'github.yml', 'azure.yml']) {
      const text = readFileSync(join(own, file), 'utf8');
      writeFileSync(
        join(own, file),
        text.replaceAll('www.example.com', 'shop.example.org').replaceAll('2026-11-2', '2027-03-0'),
      );
    }
    const { code, record } = await rehearse(own);
    expect(code).toBe(0);
    expect(record.assumptions.join('\n')).toContain(
      'Cloudflare has the zone example.org with proxied CNAME records for shop.example.org',
    );
  });

  it('names what is wrong with its files before anything runs', async () => {
    const broken = join(folder, 'broken');
    cpSync(join(ROOT, 'examples/monthly-window'), broken, { recursive: true });
    const file = join(broken, 'github.yml');
    writeFileSync(file, readFileSync(file, 'utf8').replace('needs: [pre-maintenance]', 'needs: [pre-maintenence]'));
    const { code, said } = await rehearse(broken, '--fial', 'x');
    expect([code, said]).toEqual([
      2,
      '--fial: is not an option; did you mean --fail?\nx: only one folder or pipeline file can be rehearsed at a time\n',
    ]);
    const told = await rehearse(broken);
    expect(told.code).toBe(2);
    expect(told.said).toMatch(
      /github\.yml:\d+:\d+: the job "platform" needs "pre-maintenence", which is not a job; did you mean "pre-maintenance"\?/,
    );
  });
});
