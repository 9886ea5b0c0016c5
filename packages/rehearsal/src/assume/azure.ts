import { randomUUID } from 'node:crypto';
import type { Rehearsal } from '../rehearsal-file.ts';
import type { Known, Note, Seeds } from './assume.ts';

const TENANT = '11111111-1111-4111-8111-111111111111';
const APPLICATION = '22222222-2222-4222-8222-222222222222';

type Vault = NonNullable<Seeds['key-vault']['vaults']>[number];

export function vaultsOf(
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

export function directoryOf(
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

export function assumedVariables({ file, uses }: Known, note: Note): Record<string, string> {
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

export function assumedConnections({ file, steps }: Known, note: Note): Rehearsal['connections'] {
  const connections = { ...file.content.connections };
  const first = Object.values(connections)[0];
  for (const { inputs } of steps) {
    const name = inputs.azureConnection;
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
