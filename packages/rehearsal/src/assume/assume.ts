import type { MaintenanceWindow } from '@maintenance-tasks/tasks/window/schema';
import type { Authority } from '../certificates.ts';
import type { MadeUp } from '../made-up.ts';
import { type PlainSeeds, plainSeeds } from '../plain-systems.ts';
import type { Step } from '../plan.ts';
import type { Rehearsal, RehearsalFile, SystemsAsWritten } from '../rehearsal-file.ts';
import type { CloudflareSeed } from '../stand-ins/cloudflare-seed.ts';
import type { DnsSeed, WebsiteSeed } from '../stand-ins/website-seed.ts';
import type { Use } from '../uses.ts';
import { assumedConnections, assumedVariables, directoryOf, vaultsOf } from './azure.ts';

/** Every system as it stands before the rehearsal, nothing left open. */
export interface Seeds {
  readonly cloudflare: CloudflareSeed;
  readonly 'key-vault': NonNullable<SystemsAsWritten['key-vault']>;
  readonly 'entra-id': NonNullable<SystemsAsWritten['entra-id']>;
  readonly website: WebsiteSeed;
  readonly dns: DnsSeed;
  readonly plain: PlainSeeds;
}

export interface Assumed {
  readonly seeds: Seeds;
  readonly variables: Readonly<Record<string, string>>;
  readonly connections: Rehearsal['connections'];
  /** What no file said, one sentence each. */
  readonly notes: readonly string[];
}

/** What the assumptions are drawn from. */
export interface Known {
  readonly window: MaintenanceWindow | undefined;
  readonly file: RehearsalFile;
  readonly uses: readonly Use[];
  readonly steps: readonly Step[];
  readonly madeUp: MadeUp;
  /** Text of the smoke tests, for what they expect a maintenance page to say. */
  readonly smokeTests: string;
  readonly authority: Authority;
  readonly now: Date;
  readonly identity: { readonly token: string };
}

const ORIGIN_ADDRESS = '203.0.113.10';

/**
 * The usual state of whatever the window and the pipelines name and the rehearsal file does not describe: a zone with
 * proxied records for the hosts of the page, the checks that are to be silenced, the channels that are to be told.
 */
export function assume(known: Known): Assumed {
  const { file } = known;
  const notes: string[] = [...known.madeUp.notes];
  const note = (text: string) => void notes.push(`Assumed: ${text}`);
  const variables = assumedVariables(known, note);
  const connections = assumedConnections(known, note);
  const sites = sitesOf(known);
  const seeds: Seeds = {
    cloudflare: cloudflareOf(known, sites, note),
    'key-vault': vaultsOf(known, variables, connections, note),
    'entra-id': directoryOf(known, variables, connections),
    plain: plainSeeds(known, note),
    website: websiteOf(known, sites, note),
    dns: file.systems.dns ?? {
      records: [...new Set(sites.flatMap(({ origins }) => origins))].map((name) => ({
        name,
        type: 'A',
        content: ORIGIN_ADDRESS,
      })),
    },
  };
  return { seeds, variables, connections, notes };
}

export type Note = (text: string) => void;

interface Site {
  readonly host: string;
  readonly zone: string;
  readonly origins: readonly string[];
}

/** The origins are what the smoke tests go `via`, where a step or a check says so. */
function sitesOf({ window, steps, file, smokeTests }: Known): Site[] {
  const hosts = window?.page?.hosts ?? [];
  const told = steps.flatMap(({ inputs }) => [
    ...(inputs.via ?? '').matchAll(/^\s*(\S+?)\s*[:=]\s*(\S+?)(?::\d+)?\s*$/gm),
  ]);
  const inChecks = [...smokeTests.matchAll(/^\s*via:\s*["']?([^\s"':]+)/gm)].map(([, via]) => via as string);
  const zones = (file.systems.cloudflare?.zones ?? []).map(({ name }) => name);
  return hosts.map((host) => {
    const zone =
      zones.find((name) => host === name || host.endsWith(`.${name}`)) ?? host.split('.').slice(-2).join('.');
    const own = told.flatMap(([, name, origin]) => (name === host ? [origin as string] : []));
    const all = [...new Set([...own, ...inChecks])].filter((origin) => !hosts.includes(origin));
    return { host, zone, origins: all.length > 0 ? all : [`origin.${zone}`] };
  });
}

function cloudflareOf({ file, madeUp, steps }: Known, sites: readonly Site[], note: Note): Seeds['cloudflare'] {
  const tokens = (madeUp.byKind['cloudflare-token'] ?? []).map((token) => ({ token }));
  const written = file.systems.cloudflare;
  const named = allowlistsOf(steps).filter(
    ({ account, name }) => !written?.lists?.some((list) => list.name === name && (list.account ?? account) === account),
  );
  const account = named[0] && { account: named[0].account };
  const zones = [...(written?.zones ?? [])];
  for (const name of new Set(sites.map(({ zone }) => zone))) {
    if (zones.some((zone) => zone.name === name)) continue;
    const own = sites.filter(({ zone }) => zone === name);
    zones.push({
      name,
      ...account,
      records: own.map(({ host, origins }) => ({
        name: host,
        type: 'CNAME' as const,
        content: origins[0] as string,
        proxied: true,
      })),
    });
    note(`Cloudflare has the zone ${name} with proxied CNAME records for ${own.map(({ host }) => host).join(', ')}.`);
  }
  if (named.length > 0) note(`Cloudflare has the empty IP lists ${named.map(({ name }) => name).join(', ')}.`);
  const known = written?.tokens ?? [];
  return {
    ...written,
    zones,
    lists: [...(written?.lists ?? []), ...named],
    tokens: [...known, ...tokens.filter(({ token }) => !known.some((each) => each.token === token))],
  };
}

/** The lists that steps name in plain words; each once. */
function allowlistsOf(steps: readonly Step[]): { readonly account: string; readonly name: string }[] {
  const found = steps.flatMap(({ task, inputs: { account = '', list = '' } }) =>
    task === 'ip-allowlist' && /^[0-9a-f]{32}$/.test(account) && /^[a-z0-9_]+$/.test(list)
      ? [{ account, name: list }]
      : [],
  );
  return [...new Map(found.map((each) => [`${each.account} ${each.name}`, each])).values()];
}

function websiteOf({ window, file, smokeTests }: Known, sites: readonly Site[], note: Note): Seeds['website'] {
  const written = file.systems.website;
  if (written) return written;
  const vault = window?.certificates[0];
  const says = /maintenance-page:\s*["']?([^"'\n]+?)["']?\s*$/m.exec(smokeTests)?.[1];
  if (sites.length > 0)
    note(
      `${sites.map(({ host }) => host).join(' and ')} answer at ${[...new Set(sites.flatMap(({ origins }) => origins))].join(', ')}.`,
    );
  return {
    sites: sites.map(({ host, origins }) => ({
      host,
      origins: [...origins, ORIGIN_ADDRESS],
      ...(vault?.certificates[0] && { 'vault-certificate': { vault: vault.vault, name: vault.certificates[0] } }),
    })),
    maintenance: { ...(window?.page && { host: window.page.target }), ...(says && { title: says }) },
  };
}
