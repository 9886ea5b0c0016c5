import type { TicketAccess } from './system.ts';

type AccessInputs = {
  readonly [name in
    | 'jira-user'
    | 'jira-token'
    | 'github-token'
    | 'servicenow-user'
    | 'servicenow-password'
    | 'servicenow-token'
    | 'zendesk-user'
    | 'zendesk-token']?: string | undefined;
};

/** The inputs `ticketAccess` of credentials.ts as the systems take them. */
export function ticketAccessOf(inputs: AccessInputs): TicketAccess {
  return {
    jiraUser: inputs['jira-user'],
    jiraToken: inputs['jira-token'],
    githubToken: inputs['github-token'],
    servicenowUser: inputs['servicenow-user'],
    servicenowPassword: inputs['servicenow-password'],
    servicenowToken: inputs['servicenow-token'],
    zendeskUser: inputs['zendesk-user'],
    zendeskToken: inputs['zendesk-token'],
  };
}
