import { InputProblem, TaskError } from '@maintenance-tasks/core';
import { describe, expect, it } from 'vitest';
import { vaultAddress } from './address.ts';
import { readChallenge } from './challenge.ts';
import { vaultError, withoutVault } from './vault-error.ts';

describe('the address of a vault', () => {
  it.each([
    ['example-vault', 'https://example-vault.vault.azure.net/'],
    ['Example-Vault', 'https://example-vault.vault.azure.net/'],
    ['https://example-vault.vault.azure.net', 'https://example-vault.vault.azure.net/'],
    ['https://example-vault.vault.azure.net/', 'https://example-vault.vault.azure.net/'],
    ['https://example-vault.vault.azure.cn', 'https://example-vault.vault.azure.cn/'],
    ['https://example-vault.vault.usgovcloudapi.net', 'https://example-vault.vault.usgovcloudapi.net/'],
  ])('of %s is %s', (given, expected) => {
    expect(vaultAddress(given).href).toBe(expected);
  });

  it.each([
    'a',
    'two--dashes',
    '1-begins-with-a-digit',
    'a-name-that-is-too-long-for-a-vault',
    'http://example-vault.vault.azure.net',
    'https://example.com',
    'https://vault.azure.net.example.com',
    'https://example-vault.vault.azure.net.example.com',
    'https://example-vault.vault.azure.net:8443',
    'https://a.b.vault.azure.net',
  ])('is not %s', (given) => {
    expect(() => vaultAddress(given)).toThrow(InputProblem);
  });
});

describe('the challenge of a vault', () => {
  const host = 'example-vault.vault.azure.net';
  const signIn = 'https://login.microsoftonline.com/11111111-1111-1111-1111-111111111111';
  const expected = {
    scope: 'https://vault.azure.net/.default',
    tenantId: '11111111-1111-1111-1111-111111111111',
    authority: 'login.microsoftonline.com',
  };

  it.each([
    `Bearer authorization="${signIn}", resource="https://vault.azure.net"`,
    `bearer authorization_uri=${signIn}, resource=https://vault.azure.net/`,
    `Bearer authorization="${signIn}", scope="https://vault.azure.net/.default"`,
  ])('is understood as %s', (header) => {
    expect(readChallenge(header, host)).toEqual(expected);
  });

  it.each([undefined, '', 'Basic realm="x"', 'Bearer', `Bearer authorization="${signIn}"`, 'Bearer resource="x"'])(
    'is none in %s',
    (header) => {
      expect(readChallenge(header, host)).toBeUndefined();
    },
  );

  it.each([
    'https://management.azure.com',
    'https://vault.azure.cn',
    'https://example.com',
    'https://ault.azure.net',
    'http://vault.azure.net',
  ])('is refused when it asks for a token for %s', (resource) => {
    expect(() => readChallenge(`Bearer authorization="${signIn}", resource="${resource}"`, host)).toThrow(
      /asks for a token for .* which it does not belong to/,
    );
  });
});

describe('a refusal of a vault', () => {
  const answer = (status: number, body: unknown) => ({
    status,
    headers: {},
    text: typeof body === 'string' ? body : JSON.stringify(body),
    json: () => body,
    quote: String,
  });

  it.each<[string, number, unknown, string, RegExp]>([
    [
      'of the role',
      403,
      {
        error: {
          code: 'Forbidden',
          message: "Caller is not authorized.\r\nAction: 'x/import/action'",
          innererror: { code: 'ForbiddenByRbac' },
        },
      },
      'auth',
      /Grant the action x\/import\/action/,
    ],
    [
      'of the access policy',
      403,
      {
        error: {
          code: 'Forbidden',
          message: "The user does not have certificates import permission on key vault 'x'.",
        },
      },
      'auth',
      /Grant certificates read and import/,
    ],
    [
      'of the firewall by its code',
      403,
      { error: { code: 'Forbidden', message: 'no', innererror: { code: 'ForbiddenByFirewall' } } },
      'auth',
      /network rules/,
    ],
    [
      'of the firewall by its text alone',
      403,
      {
        error: {
          code: 'Forbidden',
          message:
            'Client address is not authorized and caller is not a trusted service.\r\nClient address: 192.0.2.7\r\n',
        },
      },
      'auth',
      /\(192\.0\.2\.7\)/,
    ],
    [
      'of a private vault',
      403,
      { error: { code: 'Forbidden', message: 'Public network access is disabled.' } },
      'auth',
      /network rules/,
    ],
    [
      'of a deleted name',
      409,
      { error: { code: 'Conflict', message: 'x', innererror: { code: 'ObjectIsDeletedButRecoverable' } } },
      'conflict',
      /Recover the deleted certificate/,
    ],
    [
      'of a name in use',
      409,
      { error: { code: 'Conflict', message: 'A secret with this name exists.' } },
      'conflict',
      /something else stands in the way/,
    ],
    ['of a token', 401, { error: { code: 'Unauthorized', message: 'x' } }, 'auth', /did not accept the access token/],
    [
      'of the content',
      400,
      { error: { code: 'BadParameter', message: 'The PEM is in an unexpected format.' } },
      'remote',
      /400 BadParameter: The PEM is in an unexpected format\)/,
    ],
    ['for its load', 429, { error: { code: 'Throttled', message: 'x' } }, 'remote', /asked too often/],
    ['without JSON', 502, '<html>', 'remote', /answered 502/],
  ])('%s is told as such', (_, status, body, kind, text) => {
    const error = vaultError(answer(status, body), 'example-vault.vault.azure.net', 'importing star');
    expect(error.kind).toBe(kind);
    expect(error.message).toMatch(text);
  });

  it('says that there is no such vault when DNS does not know it', () => {
    const error = new TaskError('remote', { what: 'GET x: the name is not known to DNS (ENOTFOUND).', remedy: 'x' });
    expect(String(withoutVault(error, 'exmaple.vault.azure.net'))).toContain(
      'There is no vault exmaple.vault.azure.net',
    );
    const other = new TaskError('remote', { what: 'ECONNREFUSED', remedy: 'x' });
    expect(withoutVault(other, 'h')).toBe(other);
  });
});
