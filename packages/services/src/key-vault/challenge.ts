import { TaskError } from '@maintenance-tasks/core';

/** Where a vault wants its callers to sign in, and for what. */
export interface Challenge {
  readonly scope: string;
  readonly tenantId: string | undefined;
  readonly authority: string | undefined;
}

/**
 * Reads `WWW-Authenticate: Bearer authorization="https://login…/TENANT", resource="https://vault.azure.net"`.
 *
 * @throws TaskError `refused` when it asks for a token for somebody else than the vault's own service
 */
export function readChallenge(header: string | undefined, vaultHost: string): Challenge | undefined {
  if (!header || !/^bearer\s/i.test(header)) return undefined;
  const parts: Record<string, string> = {};
  for (const [, name, quoted, bare] of header.matchAll(/([a-z_]+)=(?:"([^"]*)"|([^\s,]+))/gi))
    parts[(name as string).toLowerCase()] = quoted ?? bare ?? '';
  const scope = parts.scope ?? (parts.resource && `${parts.resource.replace(/\/$/, '')}/.default`);
  if (!scope || !URL.canParse(scope)) return undefined;
  const audience = new URL(scope);
  // A token for another audience would be worth something to whoever runs this host
  // (devblogs.microsoft.com/azure-sdk/guidance-for-applications-using-the-key-vault-libraries).
  if (audience.protocol !== 'https:' || !vaultHost.endsWith(`.${audience.hostname}`)) {
    throw new TaskError('refused', {
      what: `${vaultHost} asks for a token for ${audience.hostname}, which it does not belong to.`,
      remedy: 'Check the name of the vault, and whether a proxy answers in its place. No token was sent.',
    });
  }
  const signIn = parts.authorization ?? parts.authorization_uri;
  const address = signIn && URL.canParse(signIn) ? new URL(signIn) : undefined;
  return {
    scope,
    tenantId: address?.pathname.split('/')[1] || undefined,
    authority: address?.protocol === 'https:' ? address.host : undefined,
  };
}
