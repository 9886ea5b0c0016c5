import { filePath, secret, text } from '@maintenance-tasks/core';

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

export const newRelicKey = secret({
  environment: 'NEW_RELIC_API_KEY',
  describe: 'New Relic user key of a user who may change alerts.',
});

export const pagerdutyToken = secret({
  environment: 'PAGERDUTY_TOKEN',
  describe: 'PagerDuty REST API key that may write.',
});

export const statuspageKey = secret({
  environment: 'STATUSPAGE_API_KEY',
  describe: 'Statuspage API key.',
});

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
  'smtp-password': secret({
    environment: 'SMTP_PASSWORD',
    describe: 'Password of the user that a channel of the kind email names.',
  }),
} as const;

/** What the systems that keep tickets are reached with. */
export const ticketAccess = {
  'jira-user': text({
    describe:
      'Jira Cloud: mail address of the user whose API token jira-token is. Left out, jira-token is a personal access token of a Jira Data Center.',
  }),
  'jira-token': secret({
    environment: 'JIRA_API_TOKEN',
    describe: 'Jira API token (Cloud) or personal access token (Data Center).',
  }),
  'github-token': secret({
    environment: 'GITHUB_TOKEN',
    describe: 'GitHub token with Issues: read and write (Pull requests: read and write for pull requests).',
  }),
  'servicenow-user': text({ describe: 'ServiceNow user, for basic authentication.' }),
  'servicenow-password': secret({
    environment: 'SERVICENOW_PASSWORD',
    describe: 'Password of servicenow-user.',
  }),
  'servicenow-token': secret({
    environment: 'SERVICENOW_TOKEN',
    describe: 'ServiceNow OAuth access token, instead of servicenow-user and servicenow-password.',
  }),
  'zendesk-user': text({
    describe:
      'Mail address of the Zendesk agent whose API token zendesk-token is. Left out, zendesk-token is an OAuth access token.',
  }),
  'zendesk-token': secret({ environment: 'ZENDESK_TOKEN', describe: 'Zendesk API token or OAuth access token.' }),
} as const;

/** All that any of the monitoring systems may ask for but Azure Monitor, which takes `azureAccess`. */
export const monitoringSecrets = {
  'pingdom-token': pingdomToken,
  ...datadogKeys,
  ...alertmanagerAccess,
  'new-relic-key': newRelicKey,
  'pagerduty-token': pagerdutyToken,
  'statuspage-key': statuspageKey,
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

export const kubernetesAccess = {
  kubeconfig: secret({
    environment: 'KUBECONFIG_TEXT',
    describe:
      'Text of a kubeconfig. Without it, kubeconfig-file and kubernetes-server, the service account of the pod is used that this runs in.',
  }),
  'kubeconfig-file': filePath({
    describe: 'Instead of kubeconfig: a file. It is trusted: programs named in it are run to sign in.',
  }),
  'kubernetes-server': text({
    describe: 'Instead of a kubeconfig: address of the API server; needs kubernetes-token.',
    example: 'https://k8s.example.com:6443',
    pattern: /^https:\/\/[^\s?#@]+$/,
    patternMeans: 'an https address without user, query or fragment',
  }),
  'kubernetes-token': secret({
    environment: 'KUBERNETES_TOKEN',
    describe: 'Bearer token (of a service account) for kubernetes-server.',
  }),
  'kubernetes-ca-file': filePath({
    describe: 'CA of kubernetes-server (PEM), where it is not one that the runner trusts.',
  }),
} as const;

export const rundeckToken = secret({
  environment: 'RUNDECK_TOKEN',
  describe: 'Rundeck API token of a user whose ACL allows toggle_schedule (or toggle_execution) on the jobs.',
});
