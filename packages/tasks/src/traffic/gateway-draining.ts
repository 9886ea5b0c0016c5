import type { Gateway } from '@maintenance-tasks/services/application-gateway/client';
import { poolOf } from './gateway-plan.ts';

/** What applies where connection draining is not set up: learn.microsoft.com/azure/application-gateway/configuration-http-settings */
const DEFAULT_DRAIN_SECONDS = 30;

/** How long the gateway lets connections live that a member had when it was taken out: the longest of the pool's settings. */
export function drainSeconds(gateway: Gateway, pool: string): number {
  const settings = (gateway.properties.backendHttpSettingsCollection ?? []) as readonly Setting[];
  const layer4 = (gateway.properties.backendSettingsCollection ?? []) as readonly Setting[];
  const used = settingsOf(
    [gateway.properties.requestRoutingRules, gateway.properties.urlPathMaps, gateway.properties.routingRules],
    poolOf(gateway, pool)?.id ?? '',
  );
  const all = [...settings, ...layer4];
  const own = all.filter(({ id }) => used.has(id.toLowerCase()));
  return Math.max(
    ...(own.length > 0 ? own : all).map(({ properties }) =>
      properties?.connectionDraining?.enabled
        ? (properties.connectionDraining.drainTimeoutInSec ?? DEFAULT_DRAIN_SECONDS)
        : DEFAULT_DRAIN_SECONDS,
    ),
    1,
  );
}

/** Bound sessions go on reaching a member that was taken out, whatever the draining says. */
export function bindsByCookie(gateway: Gateway, pool: string): boolean {
  const used = settingsOf(
    [gateway.properties.requestRoutingRules, gateway.properties.urlPathMaps],
    poolOf(gateway, pool)?.id ?? '',
  );
  return ((gateway.properties.backendHttpSettingsCollection ?? []) as readonly Setting[]).some(
    ({ id, properties }) => used.has(id.toLowerCase()) && properties?.cookieBasedAffinity === 'Enabled',
  );
}

interface Setting {
  readonly id: string;
  readonly properties?: {
    readonly cookieBasedAffinity?: string;
    readonly connectionDraining?: { readonly enabled?: boolean; readonly drainTimeoutInSec?: number };
  };
}

/** Ids of the settings that some rule uses together with the pool, wherever rules name both. */
function settingsOf(rules: unknown, pool: string): Set<string> {
  const found = new Set<string>();
  const look = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    const entries = Object.entries(node) as [string, { id?: unknown } | null][];
    const idOf = (pattern: RegExp) =>
      entries.flatMap(([key, value]) =>
        pattern.test(key) && typeof value?.id === 'string' ? value.id.toLowerCase() : [],
      );
    if (idOf(/backendAddressPool$/i).includes(pool.toLowerCase()))
      for (const id of idOf(/backend(Http)?Settings$/i)) found.add(id);
    for (const [, value] of entries) look(value);
  };
  look(rules);
  return found;
}
