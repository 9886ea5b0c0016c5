import { type AnyContext, TaskError } from '@maintenance-tasks/core';
import {
  type Cloudflare,
  cloudflare,
  type TokenStatus,
  type Zone,
} from '@maintenance-tasks/services/cloudflare/client';
import { hostName } from './host-name.ts';

const NEEDED = { '#dns_records:edit': 'DNS Write', '#cache_purge:edit': 'Cache Purge' } as const;

/**
 * What speaks against putting the page up with this token, as far as can be known without a change: none of it throws.
 *
 * @param until a token that expires before is a problem, too
 */
export async function checkAccess(
  { http }: Pick<AnyContext, 'http'>,
  { token, hosts, until }: { readonly token: string; readonly hosts: readonly string[]; readonly until?: Date },
): Promise<readonly string[]> {
  const names = hosts.flatMap((host) => hostName(host) ?? []);
  try {
    const client = cloudflare(http, token);
    const zones = await client.zonesOf(names);
    const seen = [...new Map([...zones.values()].map((zone) => [zone.id, zone])).values()];
    const missing = names.filter((host) => !zones.has(host));
    return [
      ...hosts.filter((host) => !hostName(host)).map((host) => `"${host}" is not a host name.`),
      ...missing.map((host) => `The Cloudflare token cannot see the zone of ${host}.`),
      ...seen.flatMap(permissionProblems),
      ...(await readProblems(client, seen)),
      ...tokenProblems(await tokenStatus(client, seen[0]?.account?.id), until),
    ];
  } catch (error) {
    if (!(error instanceof TaskError) || (error.kind !== 'auth' && error.kind !== 'remote')) throw error;
    return [`${error.text.what} ${error.text.remedy}`];
  }
}

/** A zone tells what the asking token may do there; where it tells nothing, nothing is concluded. */
function permissionProblems({ name, permissions = [] }: Zone): string[] {
  if (permissions.length === 0) return [];
  return Object.entries(NEEDED)
    .filter(([permission]) => !permissions.includes(permission))
    .map(([, label]) => `The Cloudflare token lacks ${label} on ${name}.`);
}

async function readProblems(client: Cloudflare, zones: readonly Zone[]): Promise<string[]> {
  const problems: string[] = [];
  for (const zone of zones) {
    // One name is enough to be refused.
    await client.records(zone, { name: zone.name }).catch((error: unknown) => {
      if (!(error instanceof TaskError) || error.kind !== 'auth') throw error;
      problems.push(error.text.what);
    });
  }
  return problems;
}

/** Tokens of a user and of an account are verified at different places; nothing when neither knows this one. */
export async function tokenStatus(
  client: Pick<Cloudflare, 'tokenStatus'>,
  account: string | undefined,
): Promise<TokenStatus | undefined> {
  const refusedAsUnknown = (error: unknown) => {
    if (error instanceof TaskError && (error.kind === 'auth' || error.kind === 'remote')) return undefined;
    throw error;
  };
  return (
    (await client.tokenStatus().catch(refusedAsUnknown)) ??
    (account === undefined ? undefined : await client.tokenStatus(account).catch(refusedAsUnknown))
  );
}

export function tokenProblems(token: TokenStatus | undefined, until: Date | undefined): string[] {
  if (!token) return [];
  if (token.status !== 'active') return [`The Cloudflare token is ${token.status}.`];
  if (until && token.expires_on && new Date(token.expires_on) < until)
    return [`The Cloudflare token expires at ${token.expires_on}, before the window has ended.`];
  return [];
}
