import { type Http, type HttpAnswer, TaskError } from '@maintenance-tasks/core';
import { typeOf } from './host-name.ts';

export interface PageCheck {
  /** Why the page cannot be put up at all. */
  readonly problem?: string;
  /** What search engines, caches and visitors would take amiss. */
  readonly warnings: readonly string[];
}

/**
 * Asks the page for `/` under its own name. Under a visitor's host name its certificate could not be judged from here:
 * Cloudflare accepts others than a runner does, by the zone's TLS mode and its own origin CA.
 */
export async function checkPage(http: Http, target: string): Promise<PageCheck> {
  if (typeOf(target) !== 'CNAME') {
    return { warnings: [`The page at ${target} was not looked at: an address has no name to ask for over TLS.`] };
  }
  try {
    const answer = await http.send({
      method: 'GET',
      url: `https://${target}/`,
      headers: { accept: 'text/html' },
      system: 'the maintenance page',
      // 503 is what a maintenance page shall answer; it must not be asked again until it says otherwise.
      repeatable: false,
    });
    return { warnings: warningsOf(target, answer) };
  } catch (error) {
    if (!(error instanceof TaskError) || error.kind !== 'remote') throw error;
    if (/certificate/.test(error.text.what)) {
      const words = `The page at ${target} could not be looked at from here: ${error.text.what} Cloudflare may accept its certificate.`;
      return { warnings: [words] };
    }
    return { problem: `The page cannot be reached: ${error.text.what}`, warnings: [] };
  }
}

function warningsOf(target: string, { status, headers }: HttpAnswer): string[] {
  const warnings: string[] = [];
  const page = `The page at ${target}`;
  if (status === 200) warnings.push(`${page} answers 200: search engines may index it; answer 503.`);
  else if (status !== 503) warnings.push(`${page} answers ${status} instead of 503; look at what visitors would see.`);
  if (!/\b(no-store|no-cache|private|max-age=0)\b/i.test(headers['cache-control'] ?? ''))
    warnings.push(`${page} may be cached beyond the window; answer with Cache-Control: no-store.`);
  if (headers['retry-after'] === undefined)
    warnings.push(`${page} does not say when to come back; answer with Retry-After.`);
  return warnings;
}
