import { describe, expect, test } from 'vitest';
import { azureHost } from './azure.ts';

describe('facts of a run on Azure Pipelines', () => {
  test('name the build, who asked for it, and the stage', () => {
    const host = azureHost({
      SYSTEM_COLLECTIONURI: 'https://dev.azure.com/example/',
      SYSTEM_TEAMPROJECT: 'Web Shop',
      BUILD_BUILDID: '42',
      BUILD_REQUESTEDFOR: 'release.manager@example.com',
      SYSTEM_STAGENAME: 'Show_page',
    });
    expect(host.run).toEqual({
      url: 'https://dev.azure.com/example/Web%20Shop/_build/results?buildId=42',
      startedBy: 'release.manager@example.com',
      stage: 'Show_page',
    });
  });

  test('are left out where the agent does not tell', () => {
    expect(azureHost({}).run).toEqual({});
  });
});

test.each([
  ['unset', undefined, undefined],
  ['empty', '', undefined],
  ['given', '  key:\n    - x\n', '  key:\n    - x\n'],
])('an input that is %s', (_, value, expected) => {
  expect(azureHost({ INPUT_APITOKEN: value }).input('api-token')).toBe(expected);
});

describe('a service connection', () => {
  const connection = (scheme: string, parameters: Record<string, string>) =>
    azureHost({
      ENDPOINT_AUTH_SCHEME_id: scheme,
      ...Object.fromEntries(
        Object.entries(parameters).map(([name, value]) => [`ENDPOINT_AUTH_PARAMETER_id_${name}`, value]),
      ),
    }).azureConnection('id');
  const principal = { TENANTID: 'tenant', SERVICEPRINCIPALID: 'client' };

  test('with a secret hands it over', () => {
    expect(connection('ServicePrincipal', { ...principal, SERVICEPRINCIPALKEY: 'key' })).toEqual({
      tenantId: 'tenant',
      clientId: 'client',
      clientSecret: 'key',
    });
  });

  test('with federation has none, whatever else the agent hands over', () => {
    expect(connection('WorkloadIdentityFederation', { ...principal, SERVICEPRINCIPALKEY: 'stale' })).toEqual({
      tenantId: 'tenant',
      clientId: 'client',
    });
  });

  test.each([
    ['a certificate', 'ServicePrincipal', { ...principal, AUTHENTICATIONTYPE: 'spnCertificate' }],
    ['a managed identity', 'ManagedServiceIdentity', { TENANTID: 'tenant' }],
    ['no client', 'WorkloadIdentityFederation', { TENANTID: 'tenant' }],
  ])('with %s is refused with what to use instead', (_, scheme, parameters) => {
    expect(() => connection(scheme, parameters)).toThrow(/The service connection id \(.*\) has no federation.*Use an/);
  });
});
