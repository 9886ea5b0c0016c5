import { execFile } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Outcome } from '@maintenance-tasks/core';
import task from '@maintenance-tasks/tasks/run-script/task';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { type TaskRuns, taskRuns } from './in-process-run.ts';

const SESSION = 'mw-202611220230-k7qx';
let runs: TaskRuns;
let programs: string;

beforeAll(async () => {
  runs = await taskRuns('2026-11-22T00:30:00Z');
  programs = mkdtempSync(join(tmpdir(), 'programs-'));
});
afterAll(async () => {
  rmSync(programs, { recursive: true, force: true });
  await runs.close();
});
beforeEach(() => {
  rmSync(join(runs.workingFolder, 'evidence'), { recursive: true, force: true });
});
afterEach(() => vi.unstubAllEnvs());

function script(name: string, content: string): string {
  writeFileSync(join(runs.workingFolder, name), content);
  return name;
}

/** With an undo script that says what it was given, unless told otherwise. */
const run = (inputs: Record<string, string>) =>
  runs.run(task, {
    session: SESSION,
    evidence: 'evidence',
    ...(inputs.irreversible === undefined && { undo: script('undo.sh', 'echo "undoing $*"\n') }),
    ...inputs,
  });

const messageOf = (outcome: Outcome) => (outcome.ok ? '' : outcome.message);
/** Whoever takes over an orphan may leave it as a zombie: that is dead. */
const isAlive = (pid: number) => {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
};

describe('run-script', () => {
  test('runs a bash script with its arguments as they are, no shell in between', async () => {
    const name = script('show.sh', 'for each in "$@"; do echo "<$each>"; done\n');
    const given = ['-Group', 'two words', '$(touch /tmp/never)', "it's", '; exit 7', '-Group'];
    const { outcome, shown, outputs } = await run({ script: name, arguments: given.join('\n') });
    expect(outcome).toEqual({ ok: true });
    for (const each of given) expect(shown).toContain(`<${each}>`);
    expect(outputs).toMatchObject({ outcome: 'succeeded', 'exit-code': '0' });
    expect(outputs.sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  test('runs a Node script', async () => {
    const name = script('show.mjs', 'console.log(JSON.stringify(process.argv.slice(2)), process.versions.node);\n');
    const { outcome, shown } = await run({ script: name, arguments: 'a b\nc' });
    expect(outcome).toEqual({ ok: true });
    expect(shown).toContain('["a b","c"]');
    expect(shown).toMatch(/run by \S*node \d+\.\d+\.\d+, undone by undo\.sh "a b" c/);
  });

  // PowerShell itself is not needed for this: a program of its name on the path records what it is given.
  test('hands a PowerShell script to pwsh by -File, without profile, and its exit code back', async () => {
    const pwsh = join(programs, 'pwsh');
    const recorded =
      '#!/bin/sh\nif [ "$1" = --version ]; then echo "PowerShell 7.5.4"; exit 0; fi\nfor each; do echo "<$each>"; done\nexit 3\n';
    writeFileSync(pwsh, recorded);
    chmodSync(pwsh, 0o755);
    vi.stubEnv('PATH', `${programs}${delimiter}${process.env.PATH}`);
    const name = script('patch.ps1', 'param([string]$Group)\n');
    const { outcome, shown, outputs } = await run({
      script: name,
      arguments: '-Group\n2026-11 web; $env:X',
      'warn-exit-codes': '3',
    });
    expect(outcome).toEqual({ ok: true });
    expect(outputs).toMatchObject({ outcome: 'warned', 'exit-code': '3' });
    const heard = [...shown.matchAll(/^<(.*)>$/gm)].map(([, each]) => each);
    expect(heard.slice(0, 4)).toEqual(['-NoLogo', '-NoProfile', '-NonInteractive', '-File']);
    expect(heard[4]).toBe(join(runs.workingFolder, name));
    expect(heard.slice(5)).toEqual(['-Group', '2026-11 web; $env:X']);
    expect(shown).toContain('pwsh 7.5.4');
  });

  test('says that what runs it is not installed', async () => {
    vi.stubEnv('PATH', programs);
    const { outcome } = await run({ script: script('none.sh', 'true\n') });
    expect(outcome).toMatchObject({ ok: false, kind: 'refused' });
    expect(messageOf(outcome)).toContain('bash is not installed on this runner, and none.sh needs it');
  });

  test.each([
    ['neither undo nor irreversible', { irreversible: 'false' }, 'refused', 'has no undo script'],
    ['both of them', { irreversible: 'true', undo: 'both.sh' }, 'input', 'irreversible and has an undo script'],
    ['an undo of what is irreversible', { irreversible: 'true', state: 'undo' }, 'refused', 'nothing to undo it with'],
    ['a variable that is not set', { environment: 'NOT_SET_HERE' }, 'input', 'the variable NOT_SET_HERE is not set'],
    ['a folder that is not there', { 'working-folder': 'nowhere' }, 'input', 'nowhere is not there'],
    ['an exit code that is good and bad', { 'warn-exit-codes': '0' }, 'input', 'Exit code 0 is in ok-exit-codes and'],
    ['an unplanned change without a reason', { unplanned: 'true' }, 'input', 'needs a reason'],
  ])('refuses %s before anything runs', async (_, inputs, kind, words) => {
    script('both.sh', 'echo it ran\n');
    const { outcome, shown } = await run({ script: 'both.sh', ...inputs } as Record<string, string>);
    expect(outcome).toMatchObject({ ok: false, kind });
    expect(messageOf(outcome)).toContain(words);
    expect(shown).not.toContain('it ran');
  });

  test('shows what it would run in a dry run, and runs nothing', async () => {
    const name = script('dry.sh', 'echo it ran\n');
    const { outcome, shown } = await run({ script: name, 'dry-run': 'true' });
    expect(outcome).toEqual({ ok: true });
    expect(shown).toContain('dry.sh: not run in this session → run by bash');
    expect(shown).not.toMatch(/^it ran$/m);
    expect((await run({ script: name })).outcome).toEqual({ ok: true });
  });

  test('gives the script nothing of the environment but what it is named, and masks its secrets', async () => {
    vi.stubEnv('WSUS_SERVER', 'wsus.example.com');
    vi.stubEnv('DIRECTORY_PASSWORD', 'pa55-of-the-directory');
    vi.stubEnv('GITHUB_TOKEN', 'token-of-the-step');
    vi.stubEnv('BASH_ENV', '/nonexistent');
    const name = script(
      'env.sh',
      'env\necho "password: $DIRECTORY_PASSWORD"\necho "password: $DIRECTORY_PASSWORD" >&2\n',
    );
    const { shown, outcome } = await run({
      script: name,
      environment: 'WSUS_SERVER',
      'secret-environment': 'DIRECTORY_PASSWORD',
    });
    expect(outcome).toEqual({ ok: true });
    expect(shown).toContain('WSUS_SERVER=wsus.example.com');
    expect(shown).toContain(`MAINTENANCE_SESSION=${SESSION}`);
    expect(shown).toContain('DIRECTORY_PASSWORD=***');
    expect(shown.match(/password: \*\*\*/g)?.length).toBeGreaterThanOrEqual(2);
    for (const never of ['pa55-of-the-directory', 'token-of-the-step', 'BASH_ENV', 'HTTPS_PROXY'])
      expect(shown).not.toContain(never);
  });

  test('shows no command to the host that the script prints', async () => {
    const name = script('host.sh', "printf '::error::x\\n##vso[task.complete result=Failed]\\n'\n");
    const { shown } = await run({ script: name });
    expect(shown).not.toMatch(/^::error/m);
    expect(shown).not.toContain('##vso[');
    expect(shown).toContain('error::x');
  });

  test('stays small whatever the script prints, and keeps its last lines', async () => {
    const name = script('much.sh', 'head -c 30000000 /dev/zero | tr "\\0" x; echo; seq 1 2000; echo the end\n');
    const before = process.memoryUsage().rss;
    const { shown, outcome } = await run({ script: name });
    expect(outcome).toEqual({ ok: true });
    expect(process.memoryUsage().rss - before).toBeLessThan(150_000_000);
    expect(shown).toContain('x… (29996000 more characters)');
    const evidence = evidenceOf('run-script').at(-1) as Evidence;
    const last = evidence.tables.find(({ title }) => title === 'Last lines')?.rows.flat() ?? [];
    expect(last).toHaveLength(40);
    expect(last.at(-1)).toBe('the end');
  });

  test.each([
    ['0', { 'ok-exit-codes': '0\n2' }, 'succeeded'],
    ['2', { 'ok-exit-codes': '0\n2' }, 'succeeded'],
    ['41', { 'warn-exit-codes': '41' }, 'warned'],
  ])('takes exit code %s with %j for %s', async (code, inputs, expected) => {
    const name = script(`exit-${code}.sh`, `exit ${code}\n`);
    const { outcome, outputs, warnings } = await run({ script: name, ...inputs });
    expect(outcome).toEqual({ ok: true });
    expect(outputs).toMatchObject({ outcome: expected, 'exit-code': code });
    expect(warnings.length).toBe(expected === 'warned' ? 1 : 0);
  });

  test('fails with any other exit code, and says what takes it back', async () => {
    const name = script('fails.sh', 'echo halfway; exit 5\n');
    const { outcome, outputs, shown } = await run({ script: name, arguments: 'web' });
    expect(outcome).toMatchObject({ ok: false, kind: 'remote' });
    expect(messageOf(outcome)).toMatch(/fails\.sh web ended with exit code 5\. It ran for \d+ s and may have changed/);
    expect(messageOf(outcome)).toContain('state: undo');
    expect(outputs).toMatchObject({ outcome: 'failed', 'exit-code': '5' });
    expect(shown).toContain('halfway');
  });

  test('ends a script at its timeout together with all that it started and that ignores signals', async () => {
    const name = script('slow.sh', `${STUBBORN}\nsleep 60\n`);
    const started = performance.now();
    const { outcome, outputs, shown } = await run({ script: name, timeout: '1s' });
    expect(performance.now() - started).toBeLessThan(5_000);
    expect(outcome).toMatchObject({ ok: false, kind: 'timeout' });
    expect(messageOf(outcome)).toContain('slow.sh had not ended after 1 s and was stopped');
    expect(outputs).toMatchObject({ outcome: 'stopped', 'exit-code': '' });
    await expectDead(shown);
  });

  test('ends the script when the run is cancelled, and says so', async () => {
    const name = script('cancelled.sh', `${STUBBORN}\ntrap "" TERM\nwhile true; do sleep 1; done\n`);
    const running = run({ script: name });
    await delay(700);
    const at = performance.now();
    process.emit('SIGTERM', 'SIGTERM');
    const { outcome, shown } = await running;
    expect(performance.now() - at).toBeLessThan(3_500);
    expect(outcome).toMatchObject({ ok: false, kind: 'cancelled' });
    expect(messageOf(outcome)).toContain('cancelled.sh was stopped');
    await expectDead(shown);
  });

  test('leaves no script behind when the task itself is ended in haste', async () => {
    const script = JSON.stringify(`${STUBBORN}; trap "" TERM; while true; do sleep 1; done`);
    const main = `
      import { runProcess } from './packages/tasks/src/run-script/process.ts';
      const run = { command: 'bash', arguments: ['-c', ${script}], folder: '/', environment: process.env, timeout: 60_000 };
      const line = (text) => { console.log(text); setTimeout(() => process.exit(0), 200); };
      void runProcess({ ...run, signal: new AbortController().signal, clean: (text) => text, line });`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', main], {
      cwd: join(import.meta.dirname, '..'),
    });
    await expectDead(stdout);
  });

  test('does not wait for what the script left running', async () => {
    const name = script('daemon.sh', '(sleep 20) &\necho "child $!"\n');
    const started = performance.now();
    const { outcome, warnings, shown } = await run({ script: name });
    expect(outcome).toEqual({ ok: true });
    expect(performance.now() - started).toBeLessThan(4_000);
    expect(warnings.join()).toContain('left something running');
    process.kill(Number(/child (\d+)/.exec(shown)?.[1]), 'SIGKILL');
  });

  test('runs the undo script with its own arguments, or those of the script', async () => {
    const name = script('do.sh', 'true\n');
    await run({ script: name, arguments: 'web' });
    const undone = await run({ script: name, arguments: 'web', state: 'undo' });
    expect(undone.outcome).toEqual({ ok: true });
    expect(undone.shown).toContain('undoing web');
    const again = await run({ script: name, arguments: 'web' });
    expect(again.outcome).toEqual({ ok: true });
    const own = await run({ script: name, arguments: 'web', state: 'undo', 'undo-arguments': '-Remove' });
    expect(own.shown).toContain('undoing -Remove');
  });

  test('warns when it undoes what is not known to have run', async () => {
    const { outcome, warnings } = await run({ script: script('unknown.sh', 'true\n'), state: 'undo' });
    expect(outcome).toEqual({ ok: true });
    expect(warnings.join()).toContain('No run of unknown.sh is noted');
  });

  test('does not run the same twice in a session unless told so', async () => {
    const name = script('once.sh', 'echo "run $1"; exit $(($2 + 0))\n');
    expect((await run({ script: name, arguments: 'web' })).outcome).toEqual({ ok: true });
    const second = await run({ script: name, arguments: 'web' });
    expect(second.outcome).toMatchObject({ ok: false, kind: 'refused' });
    expect(messageOf(second.outcome)).toMatch(
      /once\.sh web ran in this session already, at 2026-.*succeeded, exit code 0/,
    );
    expect((await run({ script: name, arguments: 'db' })).outcome).toEqual({ ok: true });
    expect((await run({ script: name, arguments: 'web', again: 'true' })).outcome).toEqual({ ok: true });
    expect((await run({ script: name, arguments: 'web', session: 'mw-202611220330-z9wp' })).outcome).toEqual({
      ok: true,
    });
    await run({ script: name, arguments: 'web\n4' });
    const failed = await run({ script: name, arguments: 'web\n4' });
    expect(messageOf(failed.outcome)).toContain('(failed, exit code 4)');
  });

  test('takes a run whose runner died for one that may have happened', async () => {
    const name = script('died.sh', 'true\n');
    await run({ script: name });
    const mark = readdirSync(join(runs.workingFolder, 'evidence')).find((file) => file.endsWith('.mark')) ?? '';
    const path = join(runs.workingFolder, 'evidence', mark);
    writeFileSync(path, readFileSync(path, 'utf8').replace(/,"outcome":"[^"]*"/, ''));
    expect(messageOf((await run({ script: name })).outcome)).toContain('its end was not noted');
    writeFileSync(path, '{');
    expect((await run({ script: name })).outcome).toMatchObject({ ok: false, kind: 'refused' });
  });

  test('writes into no folder that a link points to', async () => {
    const elsewhere = mkdtempSync(join(tmpdir(), 'elsewhere-'));
    mkdirSync(runs.workingFolder, { recursive: true });
    symlinkSync(elsewhere, join(runs.workingFolder, 'linked'));
    const { outcome } = await run({ script: script('link.sh', 'echo it ran\n'), evidence: 'linked' });
    expect(outcome).toMatchObject({ ok: false, kind: 'refused' });
    expect(readdirSync(elsewhere)).toEqual([]);
    rmSync(elsewhere, { recursive: true });
  });

  test('keeps what proves it: the script’s digest, what ran it, exit code, duration and reason', async () => {
    const name = script('proof.sh', 'echo done\n');
    await run({ script: name, unplanned: 'true', reason: 'PLAT-1401: disk is full' });
    const evidence = evidenceOf('run-script').at(-1) as Evidence;
    const facts = Object.fromEntries(evidence.tables.find(({ title }) => title === 'proof.sh')?.rows ?? []);
    expect(facts).toMatchObject({ 'SHA-256': expect.stringMatching(/^[0-9a-f]{64}$/), End: 'exit code 0' });
    expect(facts.Interpreter).toMatch(/^bash \d+\.\d+/);
    expect(evidence.tables[0]).toMatchObject({ title: 'Unplanned change' });
    expect(evidence.notes.join()).toContain('PLAT-1401: disk is full');
    expect(evidence.changes).toMatchObject([{ status: 'changed' }]);
  });
});

/** Starts a process of its own that does not heed SIGTERM, and says its id. */
const STUBBORN = `bash -c 'trap "" TERM; while true; do sleep 1; done' & echo "child $!"`;

async function expectDead(shown: string): Promise<void> {
  const pid = Number(/child (\d+)/.exec(shown)?.[1]);
  expect(pid).toBeGreaterThan(0);
  await delay(300);
  expect(isAlive(pid)).toBe(false);
}

interface Evidence {
  readonly tables: readonly { readonly title: string; readonly rows: readonly [string, string][] }[];
  readonly notes: readonly string[];
  readonly changes: readonly unknown[];
}

function evidenceOf(name: string): unknown[] {
  const folder = join(runs.workingFolder, 'evidence');
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json') && file.includes(name))
    .map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as unknown);
}
