import type { AzureAccess } from '@maintenance-tasks/services/entra-id/client';

/** The inputs `azureAccess` of credentials.ts as the Azure clients take them. */
export function azureAccessOf(inputs: {
  readonly 'azure-connection'?: string | undefined;
  readonly 'azure-tenant-id'?: string | undefined;
  readonly 'azure-client-id'?: string | undefined;
  readonly 'azure-client-secret'?: string | undefined;
}): AzureAccess {
  return {
    connection: inputs['azure-connection'],
    tenantId: inputs['azure-tenant-id'],
    clientId: inputs['azure-client-id'],
    clientSecret: inputs['azure-client-secret'],
  };
}
