import { yamlFile } from '@maintenance-tasks/core';
import {
  azureAccess,
  channelSecrets,
  cloudflareToken,
  kubernetesAccess,
  monitoringSecrets,
  pipelineTokens,
  rundeckToken,
} from '../credentials.ts';

export const windowFile = yamlFile(async () => (await import('./schema.ts')).windowSchema, {
  required: true,
  describe: 'The window file: who, when, what, and which systems the night touches.',
  example: 'maintenance-window.yaml',
});

/** What any of the systems in a window file may ask for. Only what the file uses must be given. */
export const systemSecrets = {
  'cloudflare-token': cloudflareToken,
  ...monitoringSecrets,
  ...azureAccess,
  ...kubernetesAccess,
  ...pipelineTokens,
  'rundeck-token': rundeckToken,
} as const;

export const windowSecrets = { ...systemSecrets, ...channelSecrets } as const;
