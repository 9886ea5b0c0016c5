import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inspect } from 'node:util';
import { nearest } from '@maintenance-tasks/core';
import { type Rig, Unavailable } from './rig.ts';

const SUFFIX = '.rig.ts';
const USAGE = `Runs our services and tasks against real servers on this machine.

  npm run test:real                  all rigs that are up within a few minutes
  npm run test:real -- NAME …        these rigs
  npm run test:real -- --list        what there is
`;

const counts = { passed: 0, failed: 0, skipped: 0 };

process.exitCode = await main(process.argv.slice(2));

async function main(given: readonly string[]): Promise<number> {
  const names = readdirSync(import.meta.dirname)
    .filter((file) => file.endsWith(SUFFIX))
    .map((file) => file.slice(0, -SUFFIX.length))
    .sort();
  const unknown = given.filter((name) => !name.startsWith('-') && !names.includes(name));
  const flag = given.find((name) => name.startsWith('-'));
  if (unknown.length > 0 || (flag !== undefined && flag !== '--list')) {
    for (const name of unknown) {
      const near = nearest(name, names);
      console.error(`There is no rig "${name}"${near ? `; did you mean ${near}?` : '.'}`);
    }
    console.error(USAGE);
    return 2;
  }
  const rigs = await Promise.all(names.map(async (name) => ({ name, rig: await rigOf(name) })));
  if (flag === '--list') {
    for (const { name, rig } of rigs) console.log(`${name}  ${rig.what}${rig.quick ? '' : ' (only when named)'}`);
    return 0;
  }
  // One at a time: a small machine is busy enough with one server.
  for (const { name, rig } of rigs) if (given.length > 0 ? given.includes(name) : rig.quick) await run(name, rig);
  console.log(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  return counts.failed === 0 ? 0 : 1;
}

async function rigOf(name: string): Promise<Rig> {
  const { default: rig } = (await import(pathToFileURL(join(import.meta.dirname, `${name}${SUFFIX}`)).href)) as {
    default: Rig;
  };
  return rig;
}

async function run(name: string, rig: Rig): Promise<void> {
  console.log(`\n${name}: ${rig.what}`);
  const checks = Object.entries(rig.checks);
  let world: unknown;
  try {
    world = await rig.start();
  } catch (error) {
    if (error instanceof Unavailable) {
      counts.skipped += checks.length;
      console.log(`SKIPPED  all ${checks.length} of ${name}: ${error.message}`);
      return;
    }
    fail(`${name} starts`, error);
    return;
  }
  for (const [sentence, check] of checks) {
    try {
      await check(world);
      counts.passed += 1;
      console.log(`ok       ${sentence}`);
    } catch (error) {
      fail(sentence, error);
    }
  }
  try {
    await rig.stop(world);
  } catch (error) {
    fail(`${name} stops`, error);
  }
}

function fail(sentence: string, error: unknown): void {
  counts.failed += 1;
  console.log(
    `FAILED   ${sentence}\n${(error instanceof Error ? (error.stack ?? error.message) : inspect(error)).replace(/^/gm, '         ')}`,
  );
}
