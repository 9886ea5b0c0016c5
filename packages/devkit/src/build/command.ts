import { buildAll, isStale } from '../build.ts';

/** `npm run build` builds; with `--if-stale` only when the sources are not those of the last build. */
export async function buildCommand(options: readonly string[]): Promise<number> {
  if (options.includes('--if-stale') && !(await isStale())) return 0;
  const started = performance.now();
  try {
    const bundles = await buildAll();
    const bytes = bundles.flatMap(({ chunks }) => chunks).reduce((sum, { code }) => sum + Buffer.byteLength(code), 0);
    const seconds = ((performance.now() - started) / 1_000).toFixed(1);
    console.log(`Built ${bundles.length} bundles, ${Math.round(bytes / 1_024)} KB, in ${seconds} s.`);
    return 0;
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    return 1;
  }
}
