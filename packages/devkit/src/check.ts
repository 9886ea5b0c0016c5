import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { boundaryProblems, readDependencies, readSources } from './boundaries.ts';
import { filesOfCheckout, outOfStep } from './generate.ts';
import { committedTexts, hygieneProblems } from './hygiene.ts';
import { ROOT } from './tasks.ts';

/** What is held besides the tests: each check gives its problems, one a line. */
const CHECKS: Readonly<Record<string, () => Promise<string[]>>> = {
  types: async () => problemsOf('tsc', ['-p', '.', '--pretty', 'false']),
  lint: async () => problemsOf('biome', ['check', '--error-on-warnings', '--colors=off', '.']),
  'generated files': generatedProblems,
  boundaries: async () => boundaryProblems(await readSources(), await readDependencies()),
  'committed texts': async () => hygieneProblems(await committedTexts()),
};

const TOOLS = { tsc: 'node_modules/typescript/bin/tsc', biome: 'node_modules/@biomejs/biome/bin/biome' } as const;

/** `npm run check`, or with names only those checks. */
export async function checkCommand(names: readonly string[]): Promise<number> {
  let failed = 0;
  const chosen = Object.entries(CHECKS).filter(([name]) => names.length === 0 || names.includes(name));
  for (const [name, check] of chosen) {
    const problems = await check().catch((error: unknown) => [error instanceof Error ? error.message : String(error)]);
    console.log(`${problems.length === 0 ? 'ok    ' : 'FAILED'}  ${name}`);
    for (const problem of problems) console.log(`        ${problem}`);
    if (problems.length > 0) failed += 1;
  }
  console.log(`${chosen.length - failed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

async function generatedProblems(): Promise<string[]> {
  const { write, remove } = await outOfStep(await filesOfCheckout());
  return [
    ...write.map((path) => `${path} is out of step; run npm run generate`),
    ...remove.map((path) => `${path} belongs to no task; run npm run generate`),
  ];
}

/** The lines a tool prints when it is not content. */
function problemsOf(tool: keyof typeof TOOLS, args: readonly string[]): string[] {
  // Started by this Node: the starters in .bin would look for another one on the path.
  const { status, stdout, stderr, error } = spawnSync(process.execPath, [join(ROOT, TOOLS[tool]), ...args], {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 64 * 1_024 * 1_024,
  });
  if (error) return [`${tool} could not be started: ${error.message}`];
  if (status === 0) return [];
  const lines = `${stdout}${stderr}`.split('\n').filter((line) => line.trim() !== '');
  return lines.length > 0 ? lines : [`${tool} ended with ${status}`];
}
