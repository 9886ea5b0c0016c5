import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { markdownTable, markdownText, type ReportTable } from '@maintenance-tasks/core';
import { nodes } from './bench/nodes.ts';
import { ROOT } from './tasks.ts';

/** What a file of bench/ has as its default export. */
export type Bench = () => Promise<ReportTable | readonly ReportTable[]>;

const RESULTS = 'docs/benchmarks.md';
/** Files of bench/ that are not benches themselves. */
const SHARED = ['nodes.ts'];

/** `npm run bench` runs every bench and writes the results; `npm run bench -- smoke` runs those that are named. */
export async function benchCommand(names: readonly string[]): Promise<number> {
  const folder = join(import.meta.dirname, 'bench');
  const known = (await readdir(folder)).filter((file) => file.endsWith('.ts') && !SHARED.includes(file)).sort();
  const wrong = names.filter((name) => !known.includes(`${name}.ts`));
  if (wrong.length > 0) {
    console.error(
      `There is no bench "${wrong.join('", "')}". Known are: ${known.map((file) => file.slice(0, -3)).join(', ')}.`,
    );
    return 2;
  }
  const sections: string[] = [];
  for (const file of known.filter((file) => names.length === 0 || names.includes(file.slice(0, -3)))) {
    const bench = ((await import(pathToFileURL(join(folder, file)).href)) as { default: Bench }).default;
    for (const table of [await bench()].flat() as ReportTable[]) {
      const section = `## ${markdownText(table.title)}\n\n${markdownTable(table)}`;
      console.log(`${section}\n`);
      sections.push(section);
    }
  }
  if (names.length > 0) return 0;
  await mkdir(join(ROOT, 'docs'), { recursive: true });
  await writeFile(join(ROOT, RESULTS), [HEAD, machine(), ...sections].join('\n\n').concat('\n'));
  console.log(`Written to ${RESULTS}.`);
  return 0;
}

const HEAD = `<!-- Written by \`npm run bench\`. Do not edit. -->

# Benchmarks`;

/** What the numbers depend on, and nothing that tells whose machine it is. */
function machine(): string {
  const versions = nodes().map(({ version }) => version);
  const memory = Math.round(totalmem() / 1_073_741_824);
  return `Measured on ${process.platform} (${process.arch}) with ${availableParallelism()} cores and ${memory} GiB of memory, Node ${versions.join(' and ')}.`;
}
