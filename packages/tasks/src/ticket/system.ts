import type { AnyContext } from '@maintenance-tasks/core';
import type { Comment, TicketTarget, TicketView } from './plan.ts';
import type { TicketSystemName, Visibility } from './words.ts';

/** What the systems are reached with; each is needed only for its own tickets. */
export interface TicketAccess {
  readonly jiraUser?: string | undefined;
  readonly jiraToken?: string | undefined;
  readonly githubToken?: string | undefined;
  readonly servicenowUser?: string | undefined;
  readonly servicenowPassword?: string | undefined;
  readonly servicenowToken?: string | undefined;
  readonly zendeskUser?: string | undefined;
  readonly zendeskToken?: string | undefined;
}

export type TicketContext = Pick<AnyContext, 'http' | 'log' | 'report' | 'signal' | 'keepSecret' | 'run'>;

/** A way to a state. */
export interface Way {
  readonly to: string;
  go(): Promise<void>;
}

/** One ticket in its system, as all of them can be treated. */
export interface TicketSystem {
  /** As its users call it. */
  readonly name: string;
  /** Whether a comment can be given other words. */
  readonly isEditable: boolean;
  /**
   * The ticket as it stands; nothing when there is none.
   *
   * @throws TaskError `conflict` when the comment is there with another visibility
   */
  read(comment: Comment | undefined): Promise<TicketView | undefined>;
  /**
   * Writes the comment, or gives the one that is there its words.
   *
   * @throws TaskError `conflict` when it is not as visible as asked for
   */
  writeComment(comment: Comment): Promise<void>;
  /**
   * How the ticket comes to a state; nothing when it is there.
   *
   * @throws TaskError `refused` when it cannot go there
   */
  wayTo(state: string): Promise<Way | undefined>;
  /** @throws TaskError `refused` when there is no such version */
  requireVersion?(version: string): Promise<void>;
  addFixVersion?(version: string): Promise<void>;
}

export interface TicketOptions {
  readonly target: TicketTarget;
  readonly visibility: Visibility;
  readonly access: TicketAccess;
  readonly session: string;
  readonly closeCode?: string | undefined;
  readonly closeNotes?: string | undefined;
}

/** What is missing to reach a system, as one clause. */
export function missingTicketAccess(system: TicketSystemName, access: TicketAccess): string | undefined {
  if (system === 'jira') return access.jiraToken ? undefined : 'jira-token is missing, for Jira';
  if (system === 'github') return access.githubToken ? undefined : 'github-token is missing, for GitHub';
  if (system === 'zendesk') return access.zendeskToken ? undefined : 'zendesk-token is missing, for Zendesk';
  if (access.servicenowToken || (access.servicenowUser && access.servicenowPassword)) return undefined;
  return 'servicenow-token, or servicenow-user and servicenow-password, are missing, for ServiceNow';
}

/** The ticket's system, loaded when it is needed. */
export async function openTicket(context: TicketContext, options: TicketOptions): Promise<TicketSystem> {
  const { access } = options;
  // What is sent is not what was given: its encoded form must not be shown either.
  const pairs = [
    [access.jiraUser, access.jiraToken],
    [access.servicenowUser, access.servicenowPassword],
    [access.zendeskUser && `${access.zendeskUser}/token`, access.zendeskToken],
  ];
  for (const [user, secret] of pairs)
    if (user && secret) context.keepSecret(Buffer.from(`${user}:${secret}`).toString('base64'));
  switch (options.target.system) {
    case 'jira':
      return (await import('./jira.ts')).jiraTicket(context, options);
    case 'github':
      return (await import('./github.ts')).githubTicket(context, options);
    case 'servicenow':
      return (await import('./servicenow.ts')).servicenowTicket(context, options);
    case 'zendesk':
      return (await import('./zendesk.ts')).zendeskTicket(context, options);
  }
}
