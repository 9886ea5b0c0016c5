import { InputProblem } from '@maintenance-tasks/core';

/** Domains of the vaults of the public, the Chinese and the US government's Azure. */
const DOMAINS = ['vault.azure.net', 'vault.azure.cn', 'vault.usgovcloudapi.net'];

/**
 * The address of a vault given by its name or its address.
 *
 * @throws InputProblem when it is neither
 */
export function vaultAddress(vault: string): URL {
  const given = vault.trim();
  if (!given.includes('://')) {
    if (!/^[A-Za-z](?!.*--)[A-Za-z0-9-]{1,22}[A-Za-z0-9]$/.test(given))
      throw new InputProblem(`"${given}" is not a vault’s name: 3 to 24 letters, digits and single dashes`);
    return new URL(`https://${given.toLowerCase()}.vault.azure.net`);
  }
  const address = URL.canParse(given) ? new URL(given) : undefined;
  const known = DOMAINS.some((domain) => address && new RegExp(`^[a-z0-9-]+\\.${domain}$`).test(address.host));
  // Anywhere else a certificate's private key has no business.
  if (address?.protocol !== 'https:' || !known)
    throw new InputProblem(
      `"${given}" is not the address of a vault (https://name.${DOMAINS.join(', https://name.')})`,
    );
  return new URL(address.origin);
}
