import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { type AzureConnection, createHttp, TaskError } from '@maintenance-tasks/core';
import { callerOf, issueToken } from '@maintenance-tasks/rehearsal/stand-ins/azure-token';
import { entraIdStandIn } from '@maintenance-tasks/rehearsal/stand-ins/entra-id';
import { azureCli } from '@maintenance-tasks/services/entra-id/azure-cli';
import {
  type AzureAccess,
  azureToken,
  type SignInContext,
  type TokenOptions,
} from '@maintenance-tasks/services/entra-id/client';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type TaskRuns, taskRuns } from './in-process-run.ts';

const START = '2026-11-22T00:30:00Z';
const TENANT = '11111111-1111-1111-1111-111111111111';
const CLIENT = '22222222-2222-2222-2222-222222222222';
const FEDERATED = '44444444-4444-4444-4444-444444444444';
const SECRET = 'client~secret.value-1';
const SCOPE = 'https://vault.azure.net/.default';
const GITHUB = 'https://token.actions.githubusercontent.com';
const SUBJECT = 'repo:example/shop:environment:production';

let runs: TaskRuns;
beforeAll(async () => {
  runs = await taskRuns(START);
});
afterAll(() => runs.close());
beforeEach(() => world());

type Application = NonNullable<
  NonNullable<Parameters<typeof entraIdStandIn>[0]['tenants']>[number]['applications']
>[number];

function world(more: Partial<Application> = {}): void {
  runs.clock.set(START);
  const applications: Application[] = [
    { id: CLIENT, secret: SECRET, ...more },
    { id: FEDERATED, federated: [{ issuer: GITHUB, subject: SUBJECT }] },
  ];
  runs.use([entraIdStandIn({ tenants: [{ id: TENANT, domain: 'example.com', applications }] }, runs.clock)]);
}

interface Run extends SignInContext {
  readonly secrets: string[];
  readonly asked: unknown[];
}

/** What a run offers to those who sign in; on its host an identity token has these claims. */
function run(claims: Record<string, string> = {}, connections: Record<string, AzureConnection> = {}, life = 300): Run {
  const secrets: string[] = [];
  const asked: unknown[] = [];
  const signal = new AbortController().signal;
  const http = createHttp({
    clock: runs.clock,
    signal,
    deadline: new Date(Date.parse(START) + 86_400_000),
    userAgent: 'test',
    debug: () => {},
    info: () => {},
    clean: (text) => text,
    environment: process.env,
  });
  return {
    http,
    clock: runs.clock,
    signal,
    secrets,
    asked,
    keepSecret: (value) => void secrets.push(value),
    identityToken: async (audience, connection) => {
      asked.push([audience, connection]);
      return issueToken({ iss: GITHUB, sub: SUBJECT, aud: audience, ...claims }, runs.clock.now(), life);
    },
    azureConnection: (id) => connections[id],
  };
}

const BY_SECRET: AzureAccess = { tenantId: TENANT, clientId: CLIENT, clientSecret: SECRET };
const BY_FEDERATION: AzureAccess = { tenantId: TENANT, clientId: FEDERATED };
const reader = (token: string) =>
  callerOf(`Bearer ${token}`, { audience: 'https://vault.azure.net', tenantId: TENANT }, runs.clock.now());

const failure = async (access: AzureAccess, context: Run = run(), options: TokenOptions = {}) => {
  const error = await azureToken(context, access, SCOPE, options).catch((thrown: unknown) => thrown);
  if (!(error instanceof TaskError)) throw new Error(`expected a TaskError, got ${String(error)}`);
  for (const secret of context.secrets) expect(error.message).not.toContain(secret);
  expect(error.message).not.toContain(SECRET);
  return `${error.kind}: ${error.message}`;
};

describe('a token of Azure', () => {
  test('is given for a client secret, and kept secret', async () => {
    const context = run();
    const token = await azureToken(context, BY_SECRET, SCOPE);
    expect(reader(token)).toEqual({ clientId: CLIENT, tenantId: TENANT });
    expect(context.secrets).toEqual([token]);
    expect(context.asked).toEqual([]);
  });

  test('is given for the run’s identity token, which is fetched anew each time and kept secret', async () => {
    const context = run();
    const token = await azureToken(context, BY_FEDERATION, SCOPE);
    expect(reader(token)?.clientId).toBe(FEDERATED);
    await azureToken(context, BY_FEDERATION, 'https://management.azure.com/.default');
    expect(context.asked).toEqual([
      ['api://AzureADTokenExchange', undefined],
      ['api://AzureADTokenExchange', undefined],
    ]);
    expect(context.secrets).toHaveLength(4);
  });

  test('is given for a service connection, with its secret or federated', async () => {
    const context = run(
      {},
      {
        stored: { tenantId: TENANT, clientId: CLIENT, clientSecret: SECRET },
        federated: { tenantId: TENANT, clientId: FEDERATED },
      },
    );
    expect(reader(await azureToken(context, { connection: 'stored', clientId: 'ignored' }, SCOPE))?.clientId).toBe(
      CLIENT,
    );
    expect(context.secrets).toContain(SECRET);
    expect(reader(await azureToken(context, { connection: 'federated' }, SCOPE))?.clientId).toBe(FEDERATED);
    expect(context.asked).toEqual([['api://AzureADTokenExchange', 'federated']]);
  });

  test('is fetched once for a scope, however many ask, and anew shortly before it ends', async () => {
    const context = run();
    const get = () => azureToken(context, { ...BY_SECRET }, SCOPE);
    const [first, second] = await Promise.all([get(), get()]);
    expect(second).toBe(first);
    runs.clock.set('2026-11-22T01:20:00Z');
    expect(await get()).toBe(first);
    expect(runs.calls()).toHaveLength(1);
    runs.clock.set('2026-11-22T01:26:00Z');
    expect(await get()).not.toBe(first);
  });

  test('is another for another run, another scope and other credentials', async () => {
    const context = run();
    await azureToken(context, BY_SECRET, SCOPE);
    await azureToken(context, BY_SECRET, 'https://management.azure.com/.default');
    await azureToken(context, BY_FEDERATION, SCOPE);
    await azureToken(run(), BY_SECRET, SCOPE);
    expect(runs.calls()).toHaveLength(4);
  });

  test('is not handed out again after it was not accepted', async () => {
    const context = run();
    const first = await azureToken(context, BY_SECRET, SCOPE);
    runs.clock.set('2026-11-22T00:31:00Z');
    expect(await azureToken(context, BY_SECRET, SCOPE, { rejected: first })).not.toBe(first);
    expect(await azureToken(context, BY_SECRET, SCOPE, { rejected: 'another' })).not.toBe(first);
    expect(runs.calls()).toHaveLength(2);
  });

  test('is asked for again after a failure', async () => {
    const context = run();
    await expect(azureToken(context, { ...BY_SECRET, clientSecret: 'wrong-secret' }, SCOPE)).rejects.toThrow();
    world({ secret: 'wrong-secret' });
    await azureToken(context, { ...BY_SECRET, clientSecret: 'wrong-secret' }, SCOPE);
  });

  test('comes from the directory the resource names, where no other is given', async () => {
    const token = await azureToken(run(), { clientId: CLIENT, clientSecret: SECRET }, SCOPE, {
      directory: { tenantId: TENANT },
    });
    expect(reader(token)?.tenantId).toBe(TENANT);
  });
});

describe('signing in to Azure explains', () => {
  const unknown = '99999999-9999-9999-9999-999999999999';
  test.each<[string, AzureAccess, Partial<Application>, RegExp]>([
    [
      'a wrong secret',
      { ...BY_SECRET, clientSecret: 'wrong-secret' },
      {},
      /secret of 2222.* is wrong \(AADSTS7000215\)\. Give the secret’s value/,
    ],
    [
      'an expired secret',
      BY_SECRET,
      { 'secret-expired': true },
      /has expired \(AADSTS7000222\)\. Make a new client secret/,
    ],
    ['a disabled application', BY_SECRET, { disabled: true }, /is disabled \(AADSTS7000112\)/],
    [
      'an unknown application',
      { ...BY_SECRET, clientId: unknown },
      {},
      /no application 9999.* in the directory 1111.* \(AADSTS700016\)/,
    ],
    ['an unknown directory', { ...BY_SECRET, tenantId: unknown }, {}, /no directory 9999.* \(AADSTS90002\)/],
    [
      'what is no directory',
      { ...BY_SECRET, tenantId: 'nonsense' },
      {},
      /“nonsense” is neither a directory id nor a domain \(AADSTS900023\)/,
    ],
  ])('%s', async (_, access, application, text) => {
    world(application);
    expect(await failure(access)).toMatch(text);
    expect(await failure(access)).toMatch(/^auth: /);
  });

  test.each<[string, Record<string, string>, number, RegExp]>([
    [
      'another subject',
      { sub: 'repo:example/shop:ref:refs/heads/main' },
      300,
      /matches the subject “repo:example\/shop:ref:refs\/heads\/main” of this run \(AADSTS700213\)\. Add a federated credential .* exactly the subject “repo:/,
    ],
    [
      'another issuer',
      { iss: 'https://ci.example.com' },
      300,
      /matches the issuer “https:\/\/ci\.example\.com” of this run \(AADSTS700211\)/,
    ],
    ['another audience', { aud: 'something' }, 300, /\(AADSTS700212\)\. Set the federated credential’s audience/],
    ['a token that is over', {}, -10, /not valid at this time \(AADSTS700024\)\. Check the clock/],
  ])('a federated credential and %s', async (_, claims, life, text) => {
    expect(await failure(BY_FEDERATION, run(claims, {}, life))).toMatch(text);
  });

  test('a forged identity token', async () => {
    const context = { ...run(), identityToken: async () => 'a.forged.token' };
    expect(await failure(BY_FEDERATION, context)).toMatch(/signature .* was not accepted \(AADSTS50013\)/);
  });

  test('what does not fit together, without asking anybody', async () => {
    expect(await failure({ clientSecret: SECRET })).toMatch(
      /^input: azure-client-secret is given without azure-client-id/,
    );
    expect(await failure({ clientId: CLIENT })).toMatch(/^input: azure-client-id is given without azure-tenant-id/);
    expect(await failure({ connection: 'x' })).toMatch(/^input: azure-connection names a service connection/);
    const directory = { tenantId: '33333333-3333-3333-3333-333333333333' };
    expect(await failure(BY_SECRET, run(), { directory })).toMatch(/^auth: The resource belongs to the directory 3333/);
    expect(runs.calls()).toEqual([]);
  });

  test('that credentials go to no other sign-in host', async () => {
    for (const authority of ['login.example.com', 'login.microsoftonline.com.example.com', 'toString']) {
      expect(await failure(BY_SECRET, run(), { directory: { authority } })).toMatch(
        /^refused: .*not known as a sign-in host/,
      );
    }
    expect(runs.calls()).toEqual([]);
  });
});

describe('with nobody named', () => {
  const path = process.env.PATH;
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'azure-cli-'));
    process.env.PATH = folder;
    return () => {
      process.env.PATH = path;
      rmSync(folder, { recursive: true });
    };
  });

  function installAz(script: string): void {
    writeFileSync(join(folder, 'az'), `#!${process.execPath}\n${script}\n`);
    chmodSync(join(folder, 'az'), 0o755);
  }

  test('the Azure CLI is asked, with a list of arguments', async () => {
    installAz(`
      const token = JSON.stringify(process.argv.slice(2));
      console.log(JSON.stringify({ accessToken: token, expires_on: ${Date.parse(START) / 1_000 + 3_600} }));`);
    const context = run();
    const directory = { tenantId: TENANT };
    const token = await azureToken(context, {}, SCOPE, { directory });
    const fixed = ['account', 'get-access-token', '--scope', SCOPE, '--output', 'json', '--only-show-errors'];
    expect(JSON.parse(token)).toEqual([...fixed, '--tenant', TENANT]);
    expect(context.secrets).toEqual([token]);
    installAz('process.exit(1)');
    expect(await azureToken(context, {}, SCOPE, { directory })).toBe(token);
  });

  test.each([
    [
      'nobody is signed in',
      `console.error("ERROR: Please run 'az login' to setup account."); process.exit(1)`,
      /^auth: .*nobody is signed in .*Run `az login`/,
    ],
    [
      'it fails',
      `console.error('ERROR: something else'); process.exit(1)`,
      /^auth: The Azure CLI gave no access token: ERROR: something else/,
    ],
    ['it prints something else', `console.log('hello')`, /^remote: The Azure CLI printed something else/],
  ])('it is told that %s', async (_, script, text) => {
    installAz(script);
    expect(await failure({})).toMatch(text);
  });

  test('it is told what is missing where there is no Azure CLI', async () => {
    expect(await failure({})).toMatch(
      /^auth: No access to Azure was given, and there is no Azure CLI .*`az login` is enough/,
    );
  });

  test('its Python is started on Windows, where it is a batch file', () => {
    const bin = join(folder, 'wbin');
    mkdirSync(bin);
    writeFileSync(join(bin, 'az.cmd'), '');
    expect(azureCli('win32', ['C:\\else', bin].join(delimiter))).toEqual([
      join(folder, 'python.exe'),
      '-IBm',
      'azure.cli',
    ]);
    expect(azureCli('win32', folder)).toEqual(['az']);
    expect(azureCli('linux', bin)).toEqual(['az']);
  });
});
