import { secret, text } from '@maintenance-tasks/core';

/** The same names on every task that talks to a system, so that a pipeline maps each secret once. */
export const cloudflareToken = secret({
  environment: 'CLOUDFLARE_API_TOKEN',
  describe: 'Cloudflare API token with Zone Read, DNS Write and Cache Purge on the zones of the hosts.',
});

export const pingdomToken = secret({
  environment: 'PINGDOM_API_TOKEN',
  describe: 'Pingdom API token with level Read/Write.',
});

export const datadogKeys = {
  'datadog-api-key': secret({ environment: 'DD_API_KEY', describe: 'Datadog API key.' }),
  'datadog-app-key': secret({
    environment: 'DD_APP_KEY',
    describe: 'Datadog application key with the scope monitors_downtime.',
  }),
} as const;

export const alertmanagerAccess = {
  'alertmanager-user': text({ describe: 'User, where Alertmanager asks for basic authentication.' }),
  'alertmanager-password': secret({
    environment: 'ALERTMANAGER_PASSWORD',
    describe: 'Password of alertmanager-user; without a user it is sent as a bearer token.',
  }),
} as const;

export const channelSecrets = {
  'slack-token': secret({
    environment: 'SLACK_BOT_TOKEN',
    describe: 'Slack bot token with the scope chat:write: one message a session, and a thread under it.',
  }),
  'slack-webhook': secret({
    environment: 'SLACK_WEBHOOK_URL',
    describe: 'Address of a Slack incoming webhook, for workspaces without a bot.',
  }),
  'teams-webhook': secret({
    environment: 'TEAMS_WEBHOOK_URL',
    describe: 'Address of a Teams workflow of the kind “When a Teams webhook request is received”.',
  }),
  'webhook-url': secret({ environment: 'MAINTENANCE_WEBHOOK_URL', describe: 'Address that receives CloudEvents.' }),
  'webhook-secret': secret({
    environment: 'MAINTENANCE_WEBHOOK_SECRET',
    describe: 'Key that signs what webhook-url receives (HMAC-SHA-256).',
  }),
} as const;

export const azureAccess = {
  'azure-connection': text({
    azureType: 'connectedService:AzureRM',
    describe: 'On Azure Pipelines: the service connection to use. It replaces the three inputs below.',
  }),
  'azure-tenant-id': text({ describe: 'Directory (tenant) id.' }),
  'azure-client-id': text({
    describe:
      'Application (client) id; without azure-client-secret the run’s own identity token is exchanged for access.',
  }),
  'azure-client-secret': secret({
    environment: 'AZURE_CLIENT_SECRET',
    describe: 'Client secret, where no federated credential is set up.',
  }),
} as const;

export const pipelineTokens = {
  'github-token': secret({
    environment: 'GITHUB_TOKEN',
    describe:
      'GitHub token with Contents: read and Actions: read and write on the other repository; the workflow’s own token reaches its own repository only.',
  }),
  'azure-devops-token': secret({
    environment: 'AZURE_DEVOPS_TOKEN',
    describe:
      'Azure DevOps token with Code (read) and Build (read and execute): a personal access token, or System.AccessToken of a pipeline that may queue the other one.',
  }),
} as const;
