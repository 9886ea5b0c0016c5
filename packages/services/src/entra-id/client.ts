import { type AnyContext, type HttpAnswer, TaskError } from '@maintenance-tasks/core';
import { signInError } from './sign-in-error.ts';

/** Who asks for access to Azure: a service connection, an application, or (nothing given) whoever is signed in to the Azure CLI. */
export interface AzureAccess {
  /** On Azure Pipelines: the id of a service connection. It goes before all others. */
  readonly connection?: string | undefined;
  readonly tenantId?: string | undefined;
  readonly clientId?: string | undefined;
  /** Without it the run's own identity token is exchanged (workload identity federation). */
  readonly clientSecret?: string | undefined;
}

/** What of a task the sign-in needs. */
export type SignInContext = Pick<
  AnyContext,
  'http' | 'clock' | 'signal' | 'keepSecret' | 'identityToken' | 'azureConnection'
>;

/** The directory a resource says it belongs to. */
export interface Directory {
  readonly tenantId?: string | undefined;
  /** Host that issues its tokens; the public cloud's unless told. */
  readonly authority?: string | undefined;
}

export interface TokenOptions {
  readonly directory?: Directory | undefined;
  /** A token the resource did not accept: it is not handed out again. */
  readonly rejected?: string | undefined;
}

interface Token {
  readonly value: string;
  readonly refreshAt: number;
}

/** Hosts that may be sent credentials, and the audience identity tokens must have there. */
const AUTHORITIES: Readonly<Record<string, string>> = {
  'login.microsoftonline.com': 'api://AzureADTokenExchange',
  'login.microsoftonline.us': 'api://AzureADTokenExchangeUSGov',
  'login.partner.microsoftonline.cn': 'api://AzureADTokenExchangeChina',
};
const OTHER_NAMES: Readonly<Record<string, string>> = {
  'login.windows.net': 'login.microsoftonline.com',
  'login.chinacloudapi.cn': 'login.partner.microsoftonline.cn',
};
const PUBLIC_CLOUD = 'login.microsoftonline.com';
const REFRESH_EARLY = 5 * 60_000;

const tokensOf = new WeakMap<object, Map<string, Promise<Token>>>();

/**
 * An access token for the scope (`https://vault.azure.net/.default`), fetched when first asked for and kept for this
 * run until shortly before it ends. It is kept out of everything that is shown.
 *
 * @throws TaskError `auth` with the directory's reason in plain words, `input` when what was given does not fit together
 */
export async function azureToken(
  context: SignInContext,
  access: AzureAccess,
  scope: string,
  options: TokenOptions = {},
): Promise<string> {
  // One cache for each run: its HTTP client is what all of a run's clients share.
  const tokens = tokensOf.get(context.http) ?? new Map<string, Promise<Token>>();
  tokensOf.set(context.http, tokens);
  const key = JSON.stringify([access, scope, options.directory ?? null]);
  const isGood = ({ value, refreshAt }: Token) =>
    value !== options.rejected && context.clock.now().getTime() < refreshAt;
  for (let kept = tokens.get(key); kept; kept = tokens.get(key)) {
    const known = await kept.catch(() => undefined);
    if (known && isGood(known)) return known.value;
    // Unless somebody else has asked for a new one meanwhile, it is on us.
    if (tokens.get(key) === kept) tokens.delete(key);
  }
  const fetched = fetchToken(context, access, scope, options.directory ?? {});
  tokens.set(key, fetched);
  return (await fetched).value;
}

async function fetchToken(
  context: SignInContext,
  access: AzureAccess,
  scope: string,
  directory: Directory,
): Promise<Token> {
  const authority = trustedAuthority(directory.authority ?? PUBLIC_CLOUD);
  const credential = credentialOf(context, access, directory);
  const started = context.clock.now().getTime();
  const { value, seconds } = credential
    ? await applicationToken(context, credential, authority, scope)
    : await (await import('./azure-cli.ts')).cliToken(context, scope, directory.tenantId ?? access.tenantId);
  context.keepSecret(value);
  // Short-lived tokens are used for half of their life rather than fetched anew at each call.
  const life = seconds * 1_000;
  return { value, refreshAt: started + Math.max(life - REFRESH_EARLY, life / 2) };
}

interface Credential {
  readonly tenantId: string;
  readonly clientId: string;
  readonly clientSecret?: string | undefined;
  readonly connection?: string | undefined;
}

/** Nothing when nobody is named: then the Azure CLI is asked. */
function credentialOf(context: SignInContext, access: AzureAccess, directory: Directory): Credential | undefined {
  if (access.connection) {
    const stored = context.azureConnection(access.connection);
    if (!stored) {
      throw new TaskError('input', {
        what: 'azure-connection names a service connection, which only Azure Pipelines has.',
        remedy: 'Give azure-tenant-id and azure-client-id instead.',
      });
    }
    if (stored.clientSecret) context.keepSecret(stored.clientSecret);
    return inDirectory({ ...stored, connection: access.connection }, directory);
  }
  if (!access.clientId) {
    if (!access.clientSecret) return undefined;
    throw new TaskError('input', {
      what: 'azure-client-secret is given without azure-client-id.',
      remedy: 'Give the application (client) id the secret belongs to as azure-client-id.',
    });
  }
  const tenantId = access.tenantId ?? directory.tenantId;
  if (!tenantId) {
    throw new TaskError('input', {
      what: 'azure-client-id is given without azure-tenant-id.',
      remedy: 'Give the directory (tenant) id the application is registered in as azure-tenant-id.',
    });
  }
  return inDirectory({ ...access, clientId: access.clientId, tenantId }, directory);
}

const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** A token of another directory would only be answered with a 401 that does not say why. */
function inDirectory(credential: Credential, { tenantId }: Directory): Credential {
  const differs =
    tenantId !== undefined &&
    GUID.test(credential.tenantId) &&
    tenantId.toLowerCase() !== credential.tenantId.toLowerCase();
  if (!differs) return credential;
  throw new TaskError('auth', {
    what: `The resource belongs to the directory ${tenantId}, and the credentials are of ${credential.tenantId}.`,
    remedy: 'Check the name of the resource, and azure-tenant-id or the service connection.',
  });
}

function trustedAuthority(host: string): string {
  const known = OTHER_NAMES[host] ?? host;
  if (Object.hasOwn(AUTHORITIES, known)) return known;
  throw new TaskError('refused', {
    what: `A resource asks to sign in at ${host}, which is not known as a sign-in host of Azure.`,
    remedy: 'Check the address of the resource: credentials are only sent to Microsoft’s own sign-in hosts.',
  });
}

async function applicationToken(
  context: SignInContext,
  credential: Credential,
  authority: string,
  scope: string,
): Promise<{ value: string; seconds: number }> {
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: credential.clientId,
    scope,
    ...(await proofOf(context, credential, authority)),
  });
  const answer = await context.http.send({
    method: 'POST',
    url: `https://${authority}/${encodeURIComponent(credential.tenantId)}/oauth2/v2.0/token`,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: form.toString(),
    system: 'Microsoft Entra ID',
    repeatable: true,
  });
  return readToken(answer, credential);
}

/** A client secret, or the run's identity token as client assertion (RFC 7523, 2.2). Its life is minutes: never kept. */
async function proofOf(
  context: SignInContext,
  credential: Credential,
  authority: string,
): Promise<Record<string, string>> {
  if (credential.clientSecret) return { client_secret: credential.clientSecret };
  const assertion = await context.identityToken(AUTHORITIES[authority] as string, credential.connection);
  context.keepSecret(assertion);
  return {
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: assertion,
  };
}

function readToken(answer: HttpAnswer, credential: Credential): { value: string; seconds: number } {
  if (answer.status !== 200) throw signInError(answer, credential);
  const body = answer.json() as { access_token?: unknown; expires_in?: unknown };
  if (typeof body.access_token !== 'string' || body.access_token === '') throw signInError(answer, credential);
  return { value: body.access_token, seconds: Number(body.expires_in) || 0 };
}
