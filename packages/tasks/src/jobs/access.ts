import type { AzureAccess } from '@maintenance-tasks/services/entra-id/client';
import type { KubernetesAccess } from '@maintenance-tasks/services/kubernetes/access';
import { azureAccessOf } from '../azure-access.ts';
import type { JobsEntry } from './schema.ts';

/** What the schedulers are reached with; each is needed only when an entry of its kind is there. */
export interface JobsAccess {
  readonly kubernetes: KubernetesAccess;
  readonly azure: AzureAccess;
  readonly githubToken?: string | undefined;
  readonly azureDevopsToken?: string | undefined;
  readonly rundeckToken?: string | undefined;
}

type AccessInputs = Parameters<typeof azureAccessOf>[0] & {
  readonly [name in
    | 'kubeconfig'
    | 'kubeconfig-file'
    | 'kubernetes-server'
    | 'kubernetes-token'
    | 'kubernetes-ca-file'
    | 'github-token'
    | 'azure-devops-token'
    | 'rundeck-token']?: string | undefined;
};

/** The access from the inputs that all tasks name alike. */
export function jobsAccessOf(inputs: AccessInputs): JobsAccess {
  return {
    kubernetes: {
      kubeconfig: inputs.kubeconfig,
      kubeconfigFile: inputs['kubeconfig-file'],
      server: inputs['kubernetes-server'],
      token: inputs['kubernetes-token'],
      caFile: inputs['kubernetes-ca-file'],
    },
    azure: azureAccessOf(inputs),
    githubToken: inputs['github-token'],
    azureDevopsToken: inputs['azure-devops-token'],
    rundeckToken: inputs['rundeck-token'],
  };
}

/** The inputs that the named schedulers need and that were not given, each as one clause. */
export function missingAccess(jobs: readonly JobsEntry[], access: JobsAccess): string[] {
  const uses = (kind: JobsEntry['kind']) => jobs.some((entry) => entry.kind === kind);
  const missing: string[] = [];
  if (uses('github') && !access.githubToken) missing.push('github-token, for GitHub');
  if (uses('azure-devops') && !access.azureDevopsToken) missing.push('azure-devops-token, for Azure DevOps');
  if (uses('rundeck') && !access.rundeckToken) missing.push('rundeck-token, for Rundeck');
  return missing;
}
