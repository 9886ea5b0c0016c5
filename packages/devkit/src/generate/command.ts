import { filesOfCheckout, generate, outOfStep } from '../generate.ts';

/** `npm run generate` writes; with `--check` it only tells, and fails when something is out of step. */
export async function generateCommand(options: readonly string[]): Promise<number> {
  if (!options.includes('--check')) {
    const { write, remove } = await generate();
    for (const path of write) console.log(`written  ${path}`);
    for (const path of remove) console.log(`removed  ${path}`);
    if (write.length + remove.length === 0) console.log('Everything generated is in step already.');
    return 0;
  }
  const { write, remove } = await outOfStep(await filesOfCheckout());
  for (const path of write) console.log(`out of step  ${path}`);
  for (const path of remove) console.log(`stale        ${path}`);
  if (write.length + remove.length === 0) return 0;
  console.log('Run `npm run generate` and commit what it writes.');
  return 1;
}
