import { Refusal } from './cloudflare-records.ts';
import type { TokenSeed } from './cloudflare-seed.ts';

export type Permission = TokenSeed['permissions'][number];

/** What each permission is among the `permissions` that a zone tells of the asking token. */
const GRANTS: Readonly<Record<Permission, readonly string[]>> = {
  'Zone Read': ['#zone:read'],
  'DNS Read': ['#dns_records:read'],
  'DNS Write': ['#dns_records:edit', '#dns_records:read'],
  'Cache Purge': ['#cache_purge:edit'],
  'Zone WAF Read': ['#waf:read'],
  'Zone WAF Write': ['#waf:edit', '#waf:read'],
  'Account Filter Lists Read': ['#rules_lists:read'],
  'Account Filter Lists Write': ['#rules_lists:edit', '#rules_lists:read'],
};

/** The token that a request carries. */
export function tokenOf(authorization: string, tokens: readonly TokenSeed[]): TokenSeed {
  if (!authorization) throw new Refusal(400, 9106, 'Missing X-Auth-Key, X-Auth-Email or Authorization headers');
  const given = /^Bearer ([A-Za-z0-9_-]+)$/.exec(authorization)?.[1];
  if (!given) throw new Refusal(400, 6003, 'Invalid request headers');
  const token = tokens.find((candidate) => candidate.token === given);
  if (!token) throw new Refusal(401, 10000, 'Authentication error');
  return token;
}

export function requireActive({ status }: TokenSeed): void {
  if (status !== 'active') throw new Refusal(401, 10000, 'Authentication error');
}

export function covers(token: TokenSeed, zone: string): boolean {
  return token.zones?.includes(zone) ?? true;
}

export function permitted<T>(token: TokenSeed, permission: Permission, work: () => T): T {
  const granted = grantsOf(token);
  if (!GRANTS[permission].every((grant) => granted.includes(grant)))
    throw new Refusal(403, 10000, 'Authentication error');
  return work();
}

/** All that the token may do, in a zone's words. */
export function grantsOf(token: TokenSeed): readonly string[] {
  return [...new Set(token.permissions.flatMap((each) => GRANTS[each]))];
}
