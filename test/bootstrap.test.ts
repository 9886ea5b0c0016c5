import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nodes } from './nodes.ts';

const SCRIPT = join(import.meta.dirname, '../bootstrap.mjs');

let root: string;

/** A checkout with nothing but the script, a lock file and an npx that installs a Node which only tells how it was called. */
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'bootstrap-'));
  copyFileSync(SCRIPT, join(root, 'bootstrap.mjs'));
  writeFileSync(join(root, 'pnpm-lock.yaml'), 'lockfileVersion: 1\n');
  mkdirSync(join(root, 'bin'));
  program('node24', 'echo "node $*" >> "$ROOT/calls"', 'env > "$ROOT/environment"', 'eval "$NODE_DOES"');
  program(
    'npx',
    'echo "npx $*" >> "$ROOT/calls"',
    'env > "$ROOT/npx-environment"',
    '[ -z "$NPX_FAILS" ] || exit 7',
    'mkdir -p "$ROOT/node_modules/.bin" "$ROOT/node_modules/.pnpm"',
    'cp "$ROOT/bin/node24" "$ROOT/node_modules/.bin/node"',
    'cp "$ROOT/pnpm-lock.yaml" "$ROOT/node_modules/.pnpm/lock.yaml"',
  );
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

function program(name: string, ...lines: string[]): void {
  const file = join(root, 'bin', name);
  writeFileSync(file, ['#!/bin/sh', ...lines, ''].join('\n'));
  chmodSync(file, 0o755);
}

function environment(more: Record<string, string> = {}): NodeJS.ProcessEnv {
  return { PATH: [join(root, 'bin'), '/usr/bin', '/bin'].join(delimiter), ROOT: root, ...more };
}

function run(args: readonly string[], more: Record<string, string> = {}, node = process.execPath) {
  const { status, stdout, stderr } = spawnSync(node, [join(root, 'bootstrap.mjs'), ...args], {
    env: environment(more),
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

function calls(): string[] {
  return readFileSync(join(root, 'calls'), 'utf8').trim().split('\n');
}

const INSTALL = 'npx -y pnpm@12.21.0 install --frozen-lockfile --reporter=append-only';
const BUILD = 'node packages/devkit/src/main.ts build --if-stale';

describe('the bootstrap script', () => {
  it.each(nodes())(
    'installs once on Node $version, says why, and starts the command with its arguments',
    ({ path }) => {
      const first = run(['rehearse', '--scenario', 'a b'], {}, path);
      expect(first).toMatchObject({
        status: 0,
        stderr: 'Installing dependencies: there is no finished node_modules.\n',
      });
      const second = run(['rehearse'], {}, path);
      expect(second).toMatchObject({ status: 0, stderr: '' });
      expect(calls()).toEqual([
        INSTALL,
        BUILD,
        'node packages/rehearsal/src/main.ts --scenario a b',
        BUILD,
        'node packages/rehearsal/src/main.ts',
      ]);
    },
  );

  it('installs again when the lock file is another one', () => {
    run(['generate']);
    writeFileSync(join(root, 'pnpm-lock.yaml'), 'lockfileVersion: 2\n');
    expect(run(['generate']).stderr).toBe(
      'Installing dependencies: node_modules is not what pnpm-lock.yaml asks for.\n',
    );
    expect(calls().filter((call) => call === INSTALL)).toHaveLength(2);
  });

  it('stops with the install’s exit code when that fails, and says what it needs', () => {
    const { status, stderr } = run(['test'], { NPX_FAILS: 'yes' });
    expect(status).toBe(7);
    expect(stderr).toContain('needs the npm registry once');
    expect(calls()).toEqual([INSTALL]);
  });

  it('runs all tests after a build, and passes npm’s further arguments on', () => {
    run(['test', 'test/a.test.ts']);
    expect(calls().slice(1)).toEqual([BUILD, 'node node_modules/vitest/vitest.mjs run test/a.test.ts']);
  });

  it('does not start the command when the build fails', () => {
    expect(run(['test'], { NODE_DOES: 'exit 3' }).status).toBe(3);
    expect(calls()).toEqual([INSTALL, BUILD]);
  });

  it('ends with the command’s exit code, and leaves standard output to it', () => {
    const { status, stdout } = run(['task', 'sweep'], { NODE_DOES: 'echo changed=; exit 5' });
    expect({ status, stdout }).toEqual({ status: 5, stdout: 'changed=\n' });
  });

  it('keeps npm’s settings from the command, and from the install all but the way to the registry', () => {
    const settings = {
      npm_config_dry_run: 'true',
      npm_lifecycle_event: 'test',
      npm_config_registry: 'https://example.com/',
    };
    const path = [join(root, 'node_modules/.bin'), environment().PATH].join(delimiter);
    run(['generate'], { ...settings, PATH: path });
    const seen = readFileSync(join(root, 'environment'), 'utf8');
    expect(seen).not.toMatch(/^npm_/im);
    expect(seen).toContain(`PATH=${environment().PATH}\n`);
    const seenByInstall = readFileSync(join(root, 'npx-environment'), 'utf8');
    expect(seenByInstall.match(/^npm_.*$/gim)).toEqual(['npm_config_registry=https://example.com/']);
  });

  it('runs a task where its user stands, and everything else at the root', () => {
    const pwd = { NODE_DOES: 'echo "in $(pwd)"', INIT_CWD: join(root, 'bin') };
    expect(run(['task'], pwd).stdout).toBe(`in ${join(root, 'bin')}\n`);
    expect(run(['generate'], pwd).stdout).toBe(`in ${root}\n`);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('hands %s on and waits for the command to end by itself', async (signal) => {
    run(['generate']);
    const child = spawn(process.execPath, [join(root, 'bootstrap.mjs'), 'task'], {
      env: environment({
        NODE_DOES: `trap 'echo stopped; exit 9' INT TERM; echo ready; for i in $(seq 200); do sleep 0.05; done`,
      }),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    expect(await said(child, 'ready')).toBe('ready\n');
    child.kill(signal);
    expect(await said(child, 'stopped')).toBe('stopped\n');
    expect(await once(child, 'close')).toEqual([9, null]);
  });

  it('ends as a shell does when the command is killed', () => {
    expect(run(['task'], { NODE_DOES: 'kill -KILL $$' }).status).toBe(137);
  });

  it.each([[['rehears']], [[]], [['toString']]])('names its commands when it is given %j', (args) => {
    const { status, stderr } = run(args);
    expect(status).toBe(2);
    expect(stderr).toContain('Known are: rehearse, test, test:real, build, generate, check, vsix, bench, task.');
  });
});

async function said(child: ChildProcess, word: string): Promise<string> {
  for (;;) {
    const [chunk] = (await once(child.stdout as NonNullable<ChildProcess['stdout']>, 'data')) as [Buffer];
    if (chunk.includes(word)) return chunk.toString();
  }
}
