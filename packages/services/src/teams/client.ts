import { type Http, TaskError } from '@maintenance-tasks/core';

export interface AdaptiveCard {
  readonly type: 'AdaptiveCard';
  readonly $schema: string;
  readonly version: '1.4';
  readonly body: readonly object[];
}

/** A message beyond this is not shown: https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/add-incoming-webhook */
export const LARGEST_TEAMS_MESSAGE = 28 * 1_024;

/** Why an address cannot be a Teams workflow's, as a clause; nothing when it can. */
export function teamsAddressProblem(address: string): string | undefined {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url?.protocol !== 'https:') return 'teams-webhook is not an https address';
  // Microsoft has retired the connectors that answered there:
  // https://devblogs.microsoft.com/microsoft365dev/retirement-of-office-365-connectors-within-microsoft-teams/
  if (/(^|\.)webhook\.office(365)?\.com$/.test(url.hostname) || url.hostname === 'outlook.office.com') {
    return 'teams-webhook is the address of an Office 365 connector, and those are retired: create a workflow “When a Teams webhook request is received” and use its address';
  }
  return undefined;
}

/** The envelope in which a workflow expects a card. */
export function teamsMessage(card: AdaptiveCard): string {
  return JSON.stringify({
    type: 'message',
    attachments: [{ contentType: 'application/vnd.microsoft.card.adaptive', contentUrl: null, content: card }],
  });
}

/**
 * Hands a card to a workflow. Its address is a secret and stands in no message.
 * An accepted card is not proof that it is shown: the workflow posts it later.
 */
export async function postToTeams(http: Http, address: string, card: AdaptiveCard): Promise<void> {
  const problem = teamsAddressProblem(address);
  if (problem) throw new TaskError('input', { what: `${problem}.`, remedy: 'Replace teams-webhook.' });
  const body = teamsMessage(card);
  if (Buffer.byteLength(body) > LARGEST_TEAMS_MESSAGE) {
    throw new TaskError('input', {
      what: `The message has ${Buffer.byteLength(body)} bytes, and Teams takes ${LARGEST_TEAMS_MESSAGE}.`,
      remedy: 'Shorten message or details.',
    });
  }
  const answer = await http.send({
    system: 'Teams',
    method: 'POST',
    url: address,
    shownAs: 'the address teams-webhook',
    headers: { 'content-type': 'application/json' },
    body,
    timeout: 15_000,
    // A window does not wait long for a message to get through.
    patience: 30_000,
  });
  if (answer.status === 200 || answer.status === 202) return;
  throw new TaskError(answer.status === 401 || answer.status === 403 ? 'auth' : 'remote', {
    what: `The Teams workflow answered ${answer.status}.`,
    ...(answer.status >= 500 && { unsure: 'The message may have been posted.' }),
    remedy: REMEDIES[answer.status] ?? 'Look at the run history of the workflow.',
  });
}

const WRONG_ADDRESS =
  'Copy teams-webhook again, the whole address with its sig, and let the workflow be triggered by anyone.';

const REMEDIES: Readonly<Record<number, string>> = {
  400: 'Look at the run history of the workflow, and check that teams-webhook was copied whole.',
  401: WRONG_ADDRESS,
  403: WRONG_ADDRESS,
  404: 'The workflow is turned off or was deleted, as happens when its owner leaves: turn it on, or create a new one and replace teams-webhook.',
  413: 'Shorten message or details.',
};
