import { evaluateBody } from './evaluate-body.ts';
import { milliseconds } from './plan.ts';
import type { HttpCheck } from './schema.ts';
import { counted, evaluatePattern, excerpt, shown } from './wording.ts';

/** What came back to a request, redirects followed. */
export interface HttpFinding {
  readonly url: string;
  readonly redirects: number;
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** The body's first MiB, or nothing when no expectation looks at it. */
  readonly body: string;
  readonly truncated: boolean;
  readonly duration: number;
}

const REDIRECTS = [301, 302, 303, 307, 308];

/** How many redirects to follow: none where the check is about the redirect itself. */
export function redirectsToFollow(check: HttpCheck): number {
  const given = check.expect?.redirects?.max;
  if (given !== undefined) return given;
  const asksForRedirect = expectedStatuses(check).some(
    (status) => status === '3xx' || REDIRECTS.includes(Number(status)),
  );
  return asksForRedirect && !check.expect?.redirects ? 0 : 10;
}

export function needsBody({ expect, method }: HttpCheck): boolean {
  if (method === 'HEAD') return false;
  return Boolean(expect?.body ?? expect?.json ?? expect?.['not-maintenance-page'] ?? expect?.['maintenance-page']);
}

/** Every way in which an answer differs from what was expected, as `expected …, got …`. */
export function evaluateHttp(check: HttpCheck, finding: HttpFinding): string[] {
  const { expect } = check;
  return [
    ...evaluateStatus(check, finding),
    ...evaluateRedirects(check, finding),
    ...evaluateHeaders(expect?.headers ?? {}, finding.headers),
    ...evaluateMaintenancePage(expect, finding),
    ...evaluateBody(expect, finding),
    ...evaluateDuration(expect?.['max-duration'], finding.duration),
  ];
}

function expectedStatuses({ expect }: HttpCheck): (number | string)[] {
  if (expect?.['maintenance-page']) return [503];
  return [expect?.status ?? '2xx'].flat();
}

function evaluateStatus(check: HttpCheck, { status, headers }: HttpFinding): string[] {
  const expected = expectedStatuses(check);
  if (expected.some((one) => one === status || one === `${Math.floor(status / 100)}xx`)) return [];
  const towards = REDIRECTS.includes(status) && headers.location ? ` to ${shown(headers.location)}` : '';
  return [`expected status ${expected.join(' or ')}, got ${status}${towards}`];
}

function evaluateRedirects({ expect }: HttpCheck, { url, redirects }: HttpFinding): string[] {
  const wanted = expect?.redirects?.['final-url'];
  if (wanted === undefined || wanted === url) return [];
  return [
    `expected to end at ${wanted}, got to ${url}${redirects === 0 ? ' without a redirect' : ` after ${counted(redirects, 'redirect')}`}`,
  ];
}

type HeaderExpectations = NonNullable<NonNullable<HttpCheck['expect']>['headers']>;

function evaluateHeaders(expected: HeaderExpectations, headers: HttpFinding['headers']): string[] {
  return Object.entries(expected).flatMap(([name, wanted]) => {
    const value = headers[name.toLowerCase()];
    const rule = typeof wanted === 'object' ? wanted : { equals: wanted };
    if (value === undefined) return rule.exists === false ? [] : [`expected a header ${name}, got none`];
    const got = `got ${shown(value)}`;
    if (rule.exists === false) return [`expected no header ${name}, ${got}`];
    const problems: string[] = [];
    if (rule.equals !== undefined && String(rule.equals) !== value)
      problems.push(`expected header ${name} to be ${shown(String(rule.equals))}, ${got}`);
    if (rule.contains !== undefined && !value.includes(rule.contains))
      problems.push(`expected header ${name} to contain ${shown(rule.contains)}, ${got}`);
    if (rule.matches !== undefined) problems.push(...evaluatePattern(`header ${name}`, rule.matches, value, got));
    return problems;
  });
}

/**
 * Whether the site or its stand-in answered. A copy from a cache proves neither: it may outlive what it was made from.
 * Cache statuses: developers.cloudflare.com/cache/concepts/cache-responses.
 */
function evaluateMaintenancePage(expect: HttpCheck['expect'], { status, headers, body }: HttpFinding): string[] {
  const absent = expect?.['not-maintenance-page'];
  const present = expect?.['maintenance-page'];
  const problems: string[] = [];
  if (absent !== undefined) {
    const signs = [
      ...(status === 503 ? ['status 503'] : []),
      ...(headers['retry-after'] === undefined ? [] : [`Retry-After: ${shown(headers['retry-after'])}`]),
      ...(body.includes(absent) ? [`its text ${shown(absent)}`] : []),
    ];
    if (signs.length > 0) problems.push(`expected the site itself, got the maintenance page (${signs.join(', ')})`);
    const copy = cachedCopy(headers);
    if (copy) problems.push(`expected an answer of the site itself, got a cached copy (${copy})`);
  }
  if (present !== undefined) {
    if (!body.includes(present))
      problems.push(`expected the maintenance page with ${shown(present)}, got ${excerpt(body)}`);
    if (headers['retry-after'] === undefined) problems.push('expected a maintenance page with Retry-After, got none');
    const copy = cachedCopy(headers);
    if (copy) problems.push(`expected a maintenance page that no cache keeps, got a cached copy (${copy})`);
    else if (!/\b(no-store|no-cache|private)\b|\bmax-age=0\b/i.test(headers['cache-control'] ?? ''))
      problems.push(
        `expected a maintenance page that no cache may keep (Cache-Control: no-store), got ${headers['cache-control'] ? shown(headers['cache-control']) : 'no Cache-Control'}`,
      );
  }
  return problems;
}

function cachedCopy(headers: HttpFinding['headers']): string | undefined {
  const status = headers['cf-cache-status'];
  if (status && /^(HIT|STALE|UPDATING|REVALIDATED)$/i.test(status)) return `CF-Cache-Status: ${status}`;
  if (/^\s*HIT\b/i.test(headers['x-cache'] ?? '')) return `X-Cache: ${shown(headers['x-cache'] as string)}`;
  return Number(headers.age ?? 0) > 0 ? `Age: ${headers.age} s` : undefined;
}

function evaluateDuration(expected: string | undefined, duration: number): string[] {
  const most = milliseconds(expected);
  if (most === undefined || duration <= most) return [];
  return [`expected the whole answer within ${expected}, got it after ${Math.round(duration)} ms`];
}
