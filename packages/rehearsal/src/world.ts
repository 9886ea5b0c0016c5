import type { Seeds } from './assume/assume.ts';
import { plainStandIns } from './plain-systems.ts';
import type { StandIn, StandInWorld } from './stand-in.ts';
import { cloudflareStandIn } from './stand-ins/cloudflare.ts';
import { dnsStandIn } from './stand-ins/dns.ts';
import { entraIdStandIn } from './stand-ins/entra-id.ts';
import { keyVaultStandIn } from './stand-ins/key-vault.ts';
import { websiteStandIn } from './stand-ins/website.ts';

/** All outside systems of one run. */
export interface World {
  readonly standIns: readonly StandIn[];
  /** Where resolvers ask. */
  readonly dns: string;
  close(): Promise<void>;
}

/** Every run begins in a world of its own, as the seeds have it. */
export async function createWorld(seeds: Seeds, world: StandInWorld): Promise<World> {
  const cloudflare = cloudflareStandIn(seeds.cloudflare, world);
  const vault = keyVaultStandIn(seeds['key-vault'], world);
  const recordsOf = (name: string) => cloudflare.recordsOf(name);
  const written = (seeds.dns.records ?? []).map((record) => ({ ...record }));
  const website = websiteStandIn(seeds.website, world, {
    recordsOf: (name) => [...written.filter((record) => record.name === name), ...recordsOf(name)],
    lastPurgeOf: (host) => cloudflare.lastPurgeOf(host),
    certificateOf: (name, certificate) => vault.certificateOf(name, certificate),
  });
  const dns = await dnsStandIn(seeds.dns, recordsOf);
  return {
    standIns: [
      cloudflare,
      vault,
      entraIdStandIn(seeds['entra-id'], world),
      ...plainStandIns(seeds.plain, world),
      website,
    ],
    dns: dns.address,
    close: () => dns.close(),
  };
}
