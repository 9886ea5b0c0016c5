import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { StandIn, StandInAnswer, StandInRequest, StandInWorld } from '../stand-in.ts';
import { type Claims, isCurrent, issueToken, readToken } from './azure-token.ts';

const guid = z.string().regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);

const federated = z.strictObject({
  issuer: z.string().describe('Who issues the identity token, such as https://token.actions.githubusercontent.com.'),
  subject: z.string().describe('Such as repo:example/project:environment:production.'),
  audience: z.string().default('api://AzureADTokenExchange').describe('What the identity token must be for.'),
});

const application = z.strictObject({
  id: guid.describe('Application (client) id.'),
  secret: z.string().optional().describe('Its client secret.'),
  'secret-expired': z.boolean().default(false).describe('Whether the secret’s time is over.'),
  disabled: z.boolean().default(false).describe('Whether an administrator has disabled it.'),
  federated: z.array(federated).default([]).describe('Its federated credentials.'),
});

export const entraIdSeedSchema = z.strictObject({
  tenants: z
    .array(
      z.strictObject({
        id: guid.describe('Directory (tenant) id.'),
        domain: z.string().optional().describe('Its domain, which may be used in place of the id.'),
        applications: z.array(application).default([]).describe('Applications registered in it.'),
      }),
    )
    .default([])
    .describe('Directories.'),
  resources: z
    .array(z.string())
    .default(['https://vault.azure.net', 'https://management.azure.com'])
    .describe('Services that tokens may be asked for.'),
  pipelines: z
    .array(
      z.strictObject({
        'request-token': z.string().describe('What the run shows to receive its identity token.'),
        issuer: z.string().default('https://token.actions.githubusercontent.com').describe('Issuer of the token.'),
        subject: z.string().describe('Subject of the token.'),
        'service-connection': z
          .string()
          .optional()
          .describe('On Azure Pipelines: the only connection it is given for.'),
      }),
    )
    .default([])
    .describe('Pipeline runs that may ask for an identity token.'),
});

type Seed = z.infer<typeof entraIdSeedSchema>;
type Application = z.infer<typeof application>;

const GITHUB = /\.actions\.githubusercontent\.com$/;
const AZURE_PIPELINES = 'vstoken.dev.azure.com';
const LIFE = 3_599;

/**
 * Microsoft Entra ID’s token endpoint for applications, and the two endpoints that give a pipeline its identity token.
 * learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
 */
export function entraIdStandIn(given: z.input<typeof entraIdSeedSchema>, world: StandInWorld): StandIn {
  const seed = entraIdSeedSchema.parse(given);
  let issued = 0;

  function tokenFor(path: string, form: URLSearchParams): StandInAnswer {
    const asked = decodeURIComponent(path);
    const tenant = seed.tenants.find(({ id, domain }) => id === asked || (domain !== undefined && domain === asked));
    if (!tenant) return refused(400, ...unknownTenant(asked), world);
    if (form.get('grant_type') !== 'client_credentials')
      return refused(400, 'unsupported_grant_type', 70003, 'The app requested an unsupported grant type.', world);
    const client = tenant.applications.find(({ id }) => id === form.get('client_id'));
    if (!client) {
      const text = `Application with identifier '${form.get('client_id')}' was not found in the directory '${tenant.id}'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant.`;
      return refused(400, 'unauthorized_client', 700016, text, world);
    }
    const problem = proofProblem(client, form, world.now());
    if (problem) return refused(401, ...problem, world);
    const scope = form.get('scope') ?? '';
    if (!scope.endsWith('/.default'))
      return refused(400, 'invalid_scope', 1002012, `The provided value for scope ${scope} is not valid.`, world);
    const audience = scope.slice(0, -'/.default'.length);
    if (!seed.resources.includes(audience)) {
      const text = `The resource principal named ${audience} was not found in the tenant named ${tenant.id}.`;
      return refused(400, 'invalid_resource', 500011, text, world);
    }
    issued += 1;
    const issuer = `https://sts.windows.net/${tenant.id}/`;
    const claims: Claims = { aud: audience, iss: issuer, tid: tenant.id, appid: client.id };
    const token = issueToken(claims, world.now(), LIFE);
    return {
      status: 200,
      headers: { 'cache-control': 'no-store, no-cache' },
      body: { token_type: 'Bearer', expires_in: LIFE, ext_expires_in: LIFE, access_token: token },
    };
  }

  return {
    name: 'Microsoft Entra ID',
    hosts: ['login.microsoftonline.com', GITHUB, AZURE_PIPELINES],
    answer(request) {
      if (request.url.hostname !== 'login.microsoftonline.com') return identityToken(seed, request, world);
      const tenant = /^\/([^/]+)\/oauth2\/v2\.0\/token$/.exec(request.url.pathname)?.[1];
      if (!tenant) return { status: 404, body: 'Not found' };
      if (request.method !== 'POST')
        return refused(405, 'invalid_request', 900561, 'The endpoint only accepts POST requests.', world);
      return tokenFor(tenant, new URLSearchParams(request.body.toString()));
    },
    state: () => ({ tokensIssued: issued }),
    leftovers: () => [],
  };
}

type Problem = [error: string, code: number, text: string];

function unknownTenant(asked: string): Problem {
  if (/^[0-9a-f-]{36}$/i.test(asked) || asked.includes('.'))
    return [
      'invalid_request',
      90002,
      `Tenant '${asked}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud.`,
    ];
  return [
    'invalid_request',
    900023,
    `Specified tenant identifier '${asked}' is neither a valid DNS name, nor a valid external domain.`,
  ];
}

function proofProblem(client: Application, form: URLSearchParams, now: Date): Problem | undefined {
  if (client.disabled) return ['unauthorized_client', 7000112, `Application '${client.id}' is disabled.`];
  const secret = form.get('client_secret');
  if (secret !== null) {
    if (secret !== client.secret)
      return [
        'invalid_client',
        7000215,
        `Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '${client.id}'.`,
      ];
    if (client['secret-expired'])
      return ['invalid_client', 7000222, `The provided client secret keys for app '${client.id}' are expired.`];
    return undefined;
  }
  const assertion = form.get('client_assertion');
  if (
    assertion === null ||
    form.get('client_assertion_type') !== 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
  )
    return [
      'invalid_client',
      7000216,
      "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type.",
    ];
  return assertionProblem(client, readToken(assertion), now);
}

function assertionProblem(client: Application, claims: Claims | undefined, now: Date): Problem | undefined {
  if (!claims) return ['invalid_client', 50013, 'Assertion failed signature validation.'];
  if (!isCurrent(claims, now))
    return ['invalid_client', 700024, 'Client assertion is not within its valid time range.'];
  const { iss, sub, aud } = claims;
  const sameIssuer = client.federated.filter(({ issuer }) => issuer === iss);
  if (sameIssuer.length === 0)
    return [
      'invalid_client',
      700211,
      `No matching federated identity record found for presented assertion issuer '${iss}'. Please check your federated identity credential Subject, Audience and Issuer against the presented assertion.`,
    ];
  const sameSubject = sameIssuer.filter(({ subject }) => subject === sub);
  if (sameSubject.length === 0)
    return [
      'invalid_client',
      700213,
      `No matching federated identity record found for presented assertion subject '${sub}'. Please check your federated identity credential Subject, Audience and Issuer against the presented assertion.`,
    ];
  if (!sameSubject.some(({ audience }) => audience === aud))
    return [
      'invalid_client',
      700212,
      `No matching federated identity record found for presented assertion audience '${aud}'. Please check your federated identity credential Subject, Audience and Issuer against the presented assertion.`,
    ];
  return undefined;
}

/** The service writes ids and the time behind its reason, on lines of their own. */
function refused(status: number, error: string, code: number, text: string, world: StandInWorld): StandInAnswer {
  const [trace, correlation] = [randomUUID(), randomUUID()];
  const timestamp = world.now().toISOString().replace('T', ' ').replace(/\.\d+/, '');
  return {
    status,
    body: {
      error,
      error_description: `AADSTS${code}: ${text} Trace ID: ${trace} Correlation ID: ${correlation} Timestamp: ${timestamp}`,
      error_codes: [code],
      timestamp,
      trace_id: trace,
      correlation_id: correlation,
    },
  };
}

const IDENTITY_LIFE = 300;

/**
 * GitHub: GET with the audience asked for (docs.github.com/actions/reference/security/oidc). Azure Pipelines: POST for
 * one service connection, always with the audience of the token exchange.
 */
function identityToken(seed: Seed, { url, method, headers }: StandInRequest, world: StandInWorld): StandInAnswer {
  const shown = /^Bearer (.+)$/i.exec(headers.authorization ?? '')?.[1];
  const run = seed.pipelines.find((pipeline) => pipeline['request-token'] === shown);
  if (!run) return { status: 401, body: { message: 'Unauthorized' } };
  if (url.hostname !== AZURE_PIPELINES) {
    if (method !== 'GET') return { status: 405, body: { message: 'Method Not Allowed' } };
    const audience = url.searchParams.get('audience') ?? 'https://github.com/example';
    const claims = { iss: run.issuer, sub: run.subject, aud: audience };
    return { status: 200, body: { count: 1, value: issueToken(claims, world.now(), IDENTITY_LIFE) } };
  }
  if (method !== 'POST')
    return { status: 405, body: { message: 'The requested resource does not support this method.' } };
  const connection = url.searchParams.get('serviceConnectionId');
  if (connection === null || connection !== run['service-connection'])
    return { status: 404, body: { message: `The service connection ${connection} was not found.` } };
  const claims = { iss: run.issuer, sub: run.subject, aud: 'api://AzureADTokenExchange' };
  return { status: 200, body: { oidcToken: issueToken(claims, world.now(), IDENTITY_LIFE) } };
}
