import { boundaryProblems, readDependencies, readSources } from '@maintenance-tasks/devkit/boundaries';
import { describe, expect, it } from 'vitest';

const DEPENDENCIES = {
  core: ['zod'],
  hosts: ['@actions/core', '@maintenance-tasks/core'],
  services: [],
  tasks: ['semver'],
  rehearsal: [],
  devkit: [],
};

const problemsOf = (path: string, text: string) => boundaryProblems([{ path, text }], DEPENDENCIES);

describe('the arrows between packages', () => {
  it('are kept in the whole checkout', async () => {
    const sources = await readSources();
    expect(sources.length).toBeGreaterThan(50);
    expect(boundaryProblems(sources, await readDependencies())).toEqual([]);
  });

  it.each([
    ['packages/core/src/a.ts', "import { readFile } from 'node:fs/promises'; import * as z from 'zod';"],
    ['packages/services/src/slack/a.ts', "import type { Http } from '@maintenance-tasks/core';"],
    ['packages/services/src/key-vault/a.ts', "import { token } from '../entra-id/token.ts';"],
    ['packages/tasks/src/notify/a.ts', "const x = await import('@maintenance-tasks/services/slack/client');"],
    ['packages/tasks/src/sweep/a.ts', "import { valid } from 'semver'; import { find } from '../notify/announce.ts';"],
    ['packages/hosts/src/a.ts', "import { info } from '@actions/core';"],
    ['packages/rehearsal/src/a.ts', "import type { Window } from '@maintenance-tasks/tasks/window/schema';"],
    ['packages/devkit/src/a.ts', 'const module = await import(file);'],
    [
      'actions/notify/main.ts',
      "import { runTask } from '@maintenance-tasks/core'; import { githubHost } from '@maintenance-tasks/hosts/github'; import task from '@maintenance-tasks/tasks/notify/task';",
    ],
  ])('allow %s to say %s', (path, text) => {
    expect(problemsOf(path, text)).toEqual([]);
  });

  it.each([
    ['packages/core/src/a.ts', "import { x } from '@maintenance-tasks/tasks/a';", 'core must not import tasks'],
    ['packages/core/src/a.ts', "import { parse } from 'yaml';", 'core/package.json does not declare'],
    ['packages/core/src/a.ts', "export * from '../../hosts/src/github.ts';", 'reaches out of its package'],
    [
      'packages/services/src/slack/a.ts',
      "import { x } from '@maintenance-tasks/hosts/github';",
      'must not import hosts',
    ],
    [
      'packages/services/src/slack/a.ts',
      "import { x } from '../teams/client.ts';",
      'slack must not import the service teams',
    ],
    [
      'packages/services/src/slack/a.ts',
      "type T = import('../teams/client.ts').Teams;",
      'must not import the service teams',
    ],
    [
      'packages/tasks/src/notify/a.ts',
      "const h = await import('@maintenance-tasks/hosts/azure');",
      'tasks must not import hosts',
    ],
    [
      'packages/tasks/src/notify/a.ts',
      "export { x } from '@maintenance-tasks/rehearsal/x';",
      'must not import rehearsal',
    ],
    ['packages/tasks/src/notify/a.ts', "import '@maintenance-tasks/devkit/build';", 'must not import devkit'],
    ['packages/tasks/src/notify/a.ts', 'const module = await import(name);', 'computed name'],
    [
      'packages/hosts/src/a.ts',
      "import task from '@maintenance-tasks/tasks/notify/task';",
      'hosts must not import tasks',
    ],
    [
      'packages/rehearsal/src/a.ts',
      "import task from '@maintenance-tasks/tasks/notify/task';",
      'must not import tasks',
    ],
    ['packages/other/src/a.ts', "import { x } from '@maintenance-tasks/core';", 'is not in the arrows'],
    ['actions/notify/main.ts', "import task from '@maintenance-tasks/tasks/notify/task';", 'names 0 hosts'],
    [
      'actions/notify/main.ts',
      "import a from '@maintenance-tasks/hosts/github'; import b from '@maintenance-tasks/hosts/azure'; import task from '@maintenance-tasks/tasks/notify/task';",
      'names 2 hosts',
    ],
    [
      'actions/notify/main.ts',
      "import a from '@maintenance-tasks/hosts/github'; import b from '@maintenance-tasks/services/slack/client'; import task from '@maintenance-tasks/tasks/notify/task';",
      'must not import @maintenance-tasks/services/slack/client',
    ],
  ])('refuse %s to say %s', (path, text, problem) => {
    expect(problemsOf(path, text).join('\n')).toContain(problem);
  });
});
