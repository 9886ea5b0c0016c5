import { buildAll, entryFolders } from '../build.ts';
import { staleFolders } from './stamp.ts';

/** `npm run build` builds every bundle; with `--if-stale` those whose sources are not the ones of their last build. */
export async function buildCommand(options: readonly string[]): Promise<number> {
  const all = await entryFolders();
  const folders = options.includes('--if-stale') ? await staleFolders(all) : all;
  if (folders.length === 0) return 0;
  const started = performance.now();
  try {
    const bundles = await buildAll(folders);
    const bytes = bundles.flatMap(({ chunks }) => chunks).reduce((sum, { code }) => sum + Buffer.byteLength(code), 0);
    const seconds = ((performance.now() - started) / 1_000).toFixed(1);
    console.log(`Built ${bundles.length} bundles, ${Math.round(bytes / 1_024)} KB, in ${seconds} s.`);
    return 0;
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    return 1;
  }
}
