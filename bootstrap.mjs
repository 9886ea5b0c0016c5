// Runs every command of this repository on a machine that has Node and npm and nothing else: installs what the
// lock file names, then starts the command on the Node version pinned there. Why: docs/decisions/0001-bootstrap.md.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('.', import.meta.url));
const OLDEST_NODE = 20;
const PNPM = 'pnpm@12.21.0';
const DEVKIT = 'packages/devkit/src/main.ts';

/** What each command starts; `built` ones first bring the bundles up to date. */
const COMMANDS = {
  rehearse: { built: true, start: ['packages/rehearsal/src/main.ts'] },
  test: { built: true, start: ['node_modules/vitest/vitest.mjs', 'run'] },
  'test:real': { start: ['test/real/main.ts'] },
  build: { start: [DEVKIT, 'build'] },
  generate: { start: [DEVKIT, 'generate'] },
  check: { start: [DEVKIT, 'check'] },
  vsix: { built: true, start: [DEVKIT, 'vsix'] },
  bench: { built: true, start: [DEVKIT, 'bench'] },
  // Files that are given to a task are meant from where its user stands.
  task: { start: [join(ROOT, 'terminal/main.ts')], folder: process.env.INIT_CWD ?? process.cwd() },
};

process.exitCode = await main(process.argv.slice(2));

async function main([name, ...rest]) {
  const command = Object.hasOwn(COMMANDS, name ?? '') ? COMMANDS[name] : undefined;
  if (!command) {
    console.error(
      `${name ? `There is no command "${name}".` : 'Name a command.'} Known are: ${Object.keys(COMMANDS).join(', ')}.`,
    );
    return 2;
  }
  if (Number.parseInt(process.versions.node, 10) < OLDEST_NODE) {
    console.error(`This needs Node ${OLDEST_NODE} or newer and runs on ${process.version}; see nodejs.org/download.`);
    return 2;
  }
  const why = whyInstall();
  if (why) {
    console.error(`Installing dependencies: ${why}.`);
    const code = await run(
      'npx',
      ['-y', PNPM, 'install', '--frozen-lockfile', '--reporter=append-only'],
      installEnvironment(),
      'stderr',
    );
    if (code !== 0) {
      console.error('Installing dependencies failed; the lines above say why. It needs the npm registry once.');
      return code;
    }
  }
  const node = join(ROOT, 'node_modules', '.bin', 'node');
  if (command.built) {
    const code = await run(node, [DEVKIT, 'build', '--if-stale'], plainEnvironment(), 'stderr');
    if (code !== 0) return code;
  }
  return run(node, [...command.start, ...rest], plainEnvironment(), 'inherit', command.folder);
}

/** pnpm leaves a copy of the lock file behind once everything is in place; dates would lie after a checkout. */
function whyInstall() {
  const installed = join(ROOT, 'node_modules', '.pnpm', 'lock.yaml');
  if (!existsSync(installed)) return 'there is no finished node_modules';
  const same = readFileSync(installed).equals(readFileSync(join(ROOT, 'pnpm-lock.yaml')));
  return same ? undefined : 'node_modules is not what pnpm-lock.yaml asks for';
}

/**
 * The environment without what npm adds for a script: its settings would reach pnpm and the tasks as theirs, and its
 * PATH would hide the machine's own Node behind the pinned one.
 */
function plainEnvironment() {
  const entries = Object.entries(process.env).filter(([name]) => !/^npm_|^INIT_CWD$/i.test(name));
  return Object.fromEntries(entries.map(([name, value]) => [name, /^path$/i.test(name) ? withoutNpm(value) : value]));
}

/** How to reach the registry may well have been told by the environment; nothing else of npm's is passed on. */
function installEnvironment() {
  const access = /^npm_config_(.*registry|.*proxy|ca|cafile|strict_ssl|userconfig|globalconfig|cache|\/\/.*)$/i;
  const kept = Object.entries(process.env).filter(([name]) => access.test(name));
  // With CI set, pnpm replaces an outdated node_modules without asking.
  return { ...plainEnvironment(), ...Object.fromEntries(kept), CI: 'true' };
}

function withoutNpm(path = '') {
  const added = /[/\\]node_modules[/\\](\.bin|@npmcli[/\\]run-script[/\\].*)$|node-gyp-bin$/;
  return path
    .split(delimiter)
    .filter((entry) => !added.test(entry))
    .join(delimiter);
}

/** Resolves to the exit code a shell would show. Preparations speak on stderr, so that a command's own output stays clean. */
function run(file, args, env, output, cwd = ROOT) {
  return new Promise((resolve) => {
    const forward = (signal) => {
      // Ctrl-C in a terminal reaches the child by itself; a second one would look like impatience.
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    };
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
    // Before the child is there: a signal that comes while it starts would end this process alone.
    for (const signal of signals) process.on(signal, forward);
    const stdio = output === 'inherit' ? 'inherit' : ['inherit', process.stderr, 'inherit'];
    const child = spawn(file, args, { cwd, env, stdio, shell: process.platform === 'win32' && file === 'npx' });
    const end = (code) => {
      for (const signal of signals) process.off(signal, forward);
      resolve(code);
    };
    child.on('error', (error) => {
      console.error(`${file} could not be started: ${error.message}`);
      end(127);
    });
    child.on('close', (code, signal) => end(code ?? 128 + constants.signals[signal]));
  });
}
