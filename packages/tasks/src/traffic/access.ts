import type { AzureAccess } from '@maintenance-tasks/services/entra-id/client';
import type { KubernetesAccess } from '@maintenance-tasks/services/kubernetes/access';
import { azureAccessOf } from '../azure-access.ts';

/** What the targets are reached with; HAProxy’s runtime API knows no credentials. */
export interface TrafficAccess {
  readonly azure: AzureAccess;
  readonly kubernetes: KubernetesAccess;
}

/** The inputs `azureAccess` and `kubernetesAccess` of credentials.ts as the clients take them. */
export function trafficAccessOf(
  inputs: Parameters<typeof azureAccessOf>[0] & {
    readonly kubeconfig?: string | undefined;
    readonly 'kubeconfig-file'?: string | undefined;
    readonly 'kubernetes-server'?: string | undefined;
    readonly 'kubernetes-token'?: string | undefined;
    readonly 'kubernetes-ca-file'?: string | undefined;
  },
): TrafficAccess {
  return {
    azure: azureAccessOf(inputs),
    kubernetes: {
      kubeconfig: inputs.kubeconfig,
      kubeconfigFile: inputs['kubeconfig-file'],
      server: inputs['kubernetes-server'],
      token: inputs['kubernetes-token'],
      caFile: inputs['kubernetes-ca-file'],
    },
  };
}
