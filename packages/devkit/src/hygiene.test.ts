import { describe, expect, it } from 'vitest';
import { hygieneProblems } from './hygiene.ts';

const problemsOf = (path: string, text: string) => hygieneProblems([{ path, text }]);
/** Put together here, so that this file itself stays clean. */
const broken = (...parts: string[]) => parts.join('');

describe('committed texts', () => {
  it.each([
    ['.npmrc', broken('registry=https:/', '/registry.example.com/npm/'), 'names a package registry'],
    ['README.md', broken('see https:/', '/artifactory.example.com/x'), 'names a package registry'],
    ['pnpm-lock.yaml', 'resolution: {tarball: https://example.com/a.tgz}', 'holds an address'],
    ['docs/a.md', broken('cd /ho', 'me/somebody/project'), 'somebody’s machine'],
    ['src/a.ts', broken("const path = '/wo", "rk/main';"), 'somebody’s machine'],
    ['docs/a.md', broken('C:\\', 'Users\\x'), 'somebody’s machine'],
    ['src/a.test.ts', broken('it.on', "ly('x', () => {});"), 'leaves tests out'],
    ['src/a.test.ts', broken('describe.sk', "ip('x', () => {});"), 'leaves tests out'],
    ['src/a.test.ts', broken('it.concurrent.on', "ly('x', () => {});"), 'leaves tests out'],
    ['src/a.ts', broken('// TO', 'DO later'), 'puts off'],
    ['src/a.ts', broken('<<<<', '<<< ours'), 'unfinished merge'],
  ])('of %s may not say %s', (path, text, problem) => {
    const [found, ...more] = problemsOf(path, `first line\n${text}\n`);
    expect(found).toContain(`${path}:2: `);
    expect(found).toContain(problem);
    expect(more).toEqual([]);
  });

  it.each([
    ['README.md', 'https://docs.example.com/container-registry-guide and /usr/bin/node, or https://example.com/home/x'],
    ['src/a.test.ts', "it.each([1])('skips only what is said', () => {}); it.skipIf(!server)('x', () => {});"],
    ['src/a.ts', 'const todo = []; // a list of what is to be done'],
    ['docs/a.md', 'the folder ./job/x, $HOME and ~/x'],
    ['src/a.ts', "GITHUB_WORKSPACE: '/home/runner/shop'"],
  ])('of %s may say %s', (path, text) => {
    expect(problemsOf(path, text)).toEqual([]);
  });
});
