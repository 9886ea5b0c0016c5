import { randomUUID } from 'node:crypto';
import type { MaintenanceWindow } from '@maintenance-tasks/tasks/window/schema';
import type { Authority } from './certificates.ts';
import type { MadeUp } from './made-up.ts';
import type { Rehearsal, RehearsalFile, SystemsAsWritten } from './rehearsal-file.ts';
import type { Use } from './uses.ts';

/** Every system as it stands before the rehearsal, nothing left open. */
export interface Seeds extends Required<{ [Name in keyof SystemsAsWritten]: NonNullable<SystemsAsWritten[Name]> }> {}

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
  readonly madeUp: MadeUp;
  /** Text of the smoke tests, for what they expect a maintenance page to say. */
  readonly smokeTests: string;
  readonly authority: Authority;
  readonly now: Date;
  readonly identity: { readonly token: string };
}

const TENANT = '11111111-1111-4111-8111-111111111111';
const APPLICATION = '22222222-2222-4222-8222-222222222222';
const ORIGIN_ADDRESS = '203.0.113.10';

/**
 * The usual state of whatever the window and the pipelines name and the rehearsal file does not describe: a zone with
 * proxied records for the hosts of the page, the checks that are to be silenced, the channels that are to be told.
 */
export function assume(known: Known): Assumed {
  const { file, madeUp } = known;
  const notes: string[] = [...madeUp.notes];
  const note = (text: string) => void notes.push(`Assumed: ${text}`);
  const variables = assumedVariables(known, note);
  const connections = assumedConnections(known, note);
  const sites = sitesOf(known);
  const seeds: Seeds = {
    cloudflare: cloudflareOf(known, sites, note),
    'key-vault': vaultsOf(known, variables, connections, note),
    'entra-id': directoryOf(known, variables, connections),
    pingdom: pingdomOf(known, note),
    datadog: datadogOf(known, note),
    alertmanager: alertmanagerOf(known, note),
    slack: slackOf(known, note),
    teams: {
      workflows: (madeUp.byKind['teams-webhook'] ?? ['https://unused.logic.azure.com/']).map((url) => ({ url })),
      ...file.systems.teams,
    },
    webhook: {
      ...one('url', madeUp.byKind['webhook-url']),
      ...one('secret', madeUp.byKind['webhook-secret']),
      ...file.systems.webhook,
    },
    website: websiteOf(known, sites, note),
    dns: file.systems.dns ?? {
      records: [...new Set(sites.map(({ origin }) => origin))].map((name) => ({
        name,
        type: 'A',
        content: ORIGIN_ADDRESS,
      })),
    },
  };
  return { seeds, variables, connections, notes };
}

type Note = (text: string) => void;

interface Site {
  readonly host: string;
  readonly zone: string;
  readonly origin: string;
}

/** The origin is what the smoke tests go `via`, where a step says so. */
function sitesOf({ window, uses, file }: Known): Site[] {
  const steps = new Set(uses.map(({ step }) => step));
  const via = [...steps].flatMap((step) => [
    ...(step.inputs.via ?? '').matchAll(/^\s*(\S+?)\s*[:=]\s*(\S+?)(?::\d+)?\s*$/gm),
  ]);
  const zones = (file.systems.cloudflare?.zones ?? []).map(({ name }) => name);
  return (window?.page?.hosts ?? []).map((host) => {
    const zone =
      zones.find((name) => host === name || host.endsWith(`.${name}`)) ?? host.split('.').slice(-2).join('.');
    return { host, zone, origin: via.find(([, name]) => name === host)?.[2] ?? `origin.${zone}` };
  });
}

function cloudflareOf({ file, madeUp }: Known, sites: readonly Site[], note: Note): Seeds['cloudflare'] {
  const tokens = (madeUp.byKind['cloudflare-token'] ?? []).map((token) => ({ token }));
  const written = file.systems.cloudflare;
  const zones = [...(written?.zones ?? [])];
  for (const name of new Set(sites.map(({ zone }) => zone))) {
    if (zones.some((zone) => zone.name === name)) continue;
    const own = sites.filter(({ zone }) => zone === name);
    zones.push({
      name,
      records: own.map(({ host, origin }) => ({ name: host, type: 'CNAME' as const, content: origin, proxied: true })),
    });
    note(`Cloudflare has the zone ${name} with proxied CNAME records for ${own.map(({ host }) => host).join(', ')}.`);
  }
  const known = written?.tokens ?? [];
  return { zones, tokens: [...known, ...tokens.filter(({ token }) => !known.some((each) => each.token === token))] };
}

type Vault = NonNullable<Seeds['key-vault']['vaults']>[number];

function vaultsOf(
  known: Known,
  variables: Readonly<Record<string, string>>,
  connections: Rehearsal['connections'],
  note: Note,
): Seeds['key-vault'] {
  const { file, window } = known;
  const vaults: Vault[] = [...(file.systems['key-vault']?.vaults ?? [])];
  const { tenant, clients } = applicationsOf(known, variables, connections);
  const hosts = window?.page?.hosts ?? ['www.example.com'];
  for (const { vault, certificates } of window?.certificates ?? []) {
    if (vaults.some(({ name }) => name === vault)) continue;
    note(`the key vault ${vault} holds ${certificates.join(', ')} for ${hosts.join(', ')}, valid for 20 more days.`);
    vaults.push({ name: vault, tenant, certificates: certificates.map((name) => ({ name, names: [...hosts] })) });
  }
  return {
    vaults: vaults.map((vault) => ({
      ...vault,
      access: vault.access ?? clients.map((application) => ({ application })),
      certificates: (vault.certificates ?? []).map((each) => issuedHere(each, known)),
    })),
  };
}

/** What is served must be trusted by whoever looks: the vault's certificates come from the rehearsal's CA, too. */
function issuedHere(
  certificate: NonNullable<Vault['certificates']>[number],
  { authority, now }: Known,
): NonNullable<Vault['certificates']>[number] {
  const { names, until, ...rest } = certificate;
  if (!names || rest.pem) return certificate;
  const day = 86_400_000;
  const notAfter = until ? new Date(until) : new Date(now.getTime() + 20 * day);
  const notBefore = new Date(Math.min(now.getTime(), Date.now()) - 345 * day);
  const issued = authority.issue({ names, notBefore, notAfter });
  return { ...rest, pem: { certificate: issued.certificate, key: issued.key, chain: issued.chain } };
}

function applicationsOf(
  { uses }: Known,
  variables: Readonly<Record<string, string>>,
  connections: Rehearsal['connections'],
) {
  const given = (input: string) =>
    uses.filter((use) => use.kind === 'variable' && use.input === input).flatMap((use) => variables[use.name] ?? []);
  const all = Object.values(connections);
  const tenant = given('azure-tenant-id')[0] ?? all[0]?.['tenant-id'] ?? TENANT;
  return { tenant, clients: [...new Set([...given('azure-client-id'), ...all.map((each) => each['client-id'])])] };
}

function directoryOf(
  known: Known,
  variables: Readonly<Record<string, string>>,
  connections: Rehearsal['connections'],
): Seeds['entra-id'] {
  const written = known.file.systems['entra-id'];
  const { tenant, clients } = applicationsOf(known, variables, connections);
  const secret = known.madeUp.byKind['azure-client-secret']?.[0];
  const federated = (['github', 'azure'] as const).map((host) => ({ issuer: ISSUERS[host], subject: SUBJECTS[host] }));
  const applications = clients.map((id) => ({ id, federated, ...(secret && { secret }) }));
  const pipelines = [
    { 'request-token': `github-${known.identity.token}`, issuer: ISSUERS.github, subject: SUBJECTS.github },
    ...Object.keys(connections).map((name) => ({
      'request-token': `azure-${known.identity.token}`,
      issuer: ISSUERS.azure,
      subject: SUBJECTS.azure,
      'service-connection': connectionId(name),
    })),
  ];
  return {
    tenants: [{ id: tenant, applications }],
    ...written,
    pipelines: [...(written?.pipelines ?? []), ...pipelines],
  };
}

const ISSUERS = {
  github: 'https://token.actions.githubusercontent.com',
  azure: 'https://vstoken.dev.azure.com/33333333-3333-4333-8333-333333333333',
};
const SUBJECTS = {
  github: 'repo:example-org/maintenance:ref:refs/heads/main',
  azure: 'sc://example-org/maintenance/maintenance',
};

/** The agent hands over ids, the pipeline names: the same id for the same name, whoever asks. */
export function connectionId(name: string): string {
  const known = ids.get(name) ?? randomUUID();
  ids.set(name, known);
  return known;
}
const ids = new Map<string, string>();

function assumedVariables({ file, uses }: Known, note: Note): Record<string, string> {
  const variables = { ...file.content.variables };
  const usual: Readonly<Record<string, string>> = { 'azure-tenant-id': TENANT, 'azure-client-id': APPLICATION };
  for (const { kind, name, input } of uses) {
    if (kind !== 'variable' || input === undefined || variables[name] !== undefined || usual[input] === undefined)
      continue;
    variables[name] = usual[input];
    note(`the variable ${name} is ${usual[input]}.`);
  }
  return variables;
}

function assumedConnections({ file, uses }: Known, note: Note): Rehearsal['connections'] {
  const connections = { ...file.content.connections };
  const first = Object.values(connections)[0];
  for (const { step } of uses) {
    const name = step.inputs.azureConnection;
    if (!name || name.includes('$(') || connections[name]) continue;
    connections[name] = {
      'tenant-id': first?.['tenant-id'] ?? TENANT,
      'client-id': first?.['client-id'] ?? APPLICATION,
      secret: false,
    };
    note(`the service connection ${name} is federated.`);
  }
  return connections;
}

function pingdomOf({ window, file, madeUp }: Known, note: Note): Seeds['pingdom'] {
  const ids = (window?.suppress ?? []).flatMap((each) => (each.system === 'pingdom' ? each.checks : []));
  if (ids.length > 0 && !file.systems.pingdom?.checks) note(`Pingdom has the checks ${ids.join(', ')}.`);
  return {
    ...one('token', madeUp.byKind['pingdom-token']),
    checks: ids.map((id) => ({ id, name: `Check ${id}` })),
    ...file.systems.pingdom,
  };
}

function datadogOf({ window, file, madeUp }: Known, note: Note): Seeds['datadog'] {
  const found = (window?.suppress ?? []).find((each) => each.system === 'datadog');
  if (found && !file.systems.datadog) note(`Datadog at ${found.site} has no downtimes.`);
  return {
    ...(found && { site: found.site }),
    ...one('api-key', madeUp.byKind['datadog-api-key']),
    ...one('app-key', madeUp.byKind['datadog-app-key']),
    ...file.systems.datadog,
  };
}

function alertmanagerOf({ window, file, madeUp }: Known, note: Note): Seeds['alertmanager'] {
  const found = (window?.suppress ?? []).find((each) => each.system === 'alertmanager');
  const url = found && new URL(found.url);
  if (url && !file.systems.alertmanager) note(`Alertmanager at ${url.host} has no silences.`);
  return {
    ...(url && { host: url.hostname, prefix: url.pathname.replace(/\/$/, '') }),
    ...one('password', madeUp.byKind['alertmanager-password']),
    ...file.systems.alertmanager,
  };
}

function slackOf({ window, file, madeUp }: Known, note: Note): Seeds['slack'] {
  const ids = (window?.channels ?? []).flatMap((each) => (each.kind === 'slack' ? [each.channel] : []));
  if (ids.length > 0 && !file.systems.slack?.channels) note(`the Slack bot is a member of ${ids.join(', ')}.`);
  return {
    ...one('token', madeUp.byKind['slack-token']),
    channels: ids.map((id) => ({ id, name: id.toLowerCase() })),
    webhooks: (madeUp.byKind['slack-webhook'] ?? []).map((url) => ({ url, channel: ids[0] ?? 'C0123456789' })),
    ...file.systems.slack,
  };
}

function websiteOf({ window, file, smokeTests }: Known, sites: readonly Site[], note: Note): Seeds['website'] {
  const written = file.systems.website;
  if (written) return written;
  const vault = window?.certificates[0];
  const says = /maintenance-page:\s*["']?([^"'\n]+?)["']?\s*$/m.exec(smokeTests)?.[1];
  if (sites.length > 0)
    note(
      `${sites.map(({ host }) => host).join(' and ')} answer at ${[...new Set(sites.map(({ origin }) => origin))].join(', ')}.`,
    );
  return {
    sites: sites.map(({ host, origin }) => ({
      host,
      origins: [origin, ORIGIN_ADDRESS],
      ...(vault?.certificates[0] && { 'vault-certificate': { vault: vault.vault, name: vault.certificates[0] } }),
    })),
    maintenance: { ...(window?.page && { host: window.page.target }), ...(says && { title: says }) },
  };
}

function one<Key extends string>(key: Key, values: readonly string[] | undefined): { [K in Key]?: string } {
  return (values?.[0] === undefined ? {} : { [key]: values[0] }) as { [K in Key]?: string };
}
