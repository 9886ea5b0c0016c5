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

/** Least privilege for what a window silences, shows and tells; only what the window file names is needed. */
export const windowNeeds = {
  Cloudflare: ['Zone Read', 'DNS Write', 'Cache Purge'],
  Pingdom: ['API token with level Read/Write'],
  Datadog: ['monitors_downtime'],
  'New Relic': ['User key of a user who may change alerts'],
  PagerDuty: ['REST API key that may write'],
  'Azure Monitor': ['Microsoft.AlertsManagement/actionRules/read, write and delete on the resource group of the rules'],
  Statuspage: ['API key'],
  Slack: ['chat:write'],
} as const;
