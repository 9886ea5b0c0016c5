import { z } from 'zod';
import type { StandIn, StandInRequest, StandInWorld } from '../stand-in.ts';
import { objectIn } from './json-body.ts';

export const teamsSeed = z.strictObject({
  workflows: z
    .array(
      z.strictObject({
        url: z.url().describe('The whole address, with its sig.'),
        channel: z.string().default('Maintenance').describe('Where it posts.'),
        off: z.boolean().default(false).describe('Whether it is turned off.'),
      }),
    )
    .min(1)
    .describe('Workflows “When a Teams webhook request is received”.'),
});

const LARGEST = 28 * 1_024;

/** Workflows that post to Microsoft Teams. */
export function teamsStandIn(given: z.input<typeof teamsSeed>, world: StandInWorld): StandIn {
  const seed = teamsSeed.parse(given);
  const cards: { at: string; channel: string; shown: string }[] = [];

  function workflowOf(url: URL) {
    return seed.workflows.find((each) => pathOf(each.url) === url.pathname && hostOf(each.url) === url.host);
  }

  return {
    name: 'Teams',
    hosts: [/\.logic\.azure\.com$/, /\.environment\.api\.powerplatform\.com$/],
    answer({ method, url, body }: StandInRequest) {
      const workflow = workflowOf(url);
      if (!workflow) return refusal(404, 'WorkflowNotFound', 'The workflow could not be found.');
      // Byte for byte: a signature that was decoded and encoded again is another one.
      if (queryOf(workflow.url) !== url.search)
        return refusal(401, 'DirectApiAuthorizationRequired', 'The request must be authenticated by the SAS scheme.');
      if (workflow.off) return refusal(404, 'WorkflowTriggerIsNotEnabled', 'The workflow is not enabled.');
      if (method !== 'POST') return refusal(405, 'MethodNotAllowed', 'Only POST.');
      if (body.length > LARGEST) return refusal(413, 'RequestEntityTooLarge', 'The message is too large.');
      // Accepted is not shown: what the flow cannot make a card of fails later, unseen by the caller.
      cards.push({
        at: world.now().toISOString(),
        channel: workflow.channel,
        shown: cardText(objectIn(body)) ?? 'nothing: the flow failed',
      });
      return { status: 202 };
    },
    state: () => ({ cards }),
    // A card stays: it is the record of what was told.
    leftovers: () => [],
  };
}

interface Card {
  type?: string;
  version?: string;
  body?: { type?: string; text?: string; inlines?: { text?: string }[] }[];
}

/** What a person sees of the card; nothing when it is none. */
function cardText(message: Record<string, unknown> | undefined): string | undefined {
  const attachments = message?.attachments as { contentType?: string; content?: Card }[] | undefined;
  const [first] = Array.isArray(attachments) ? attachments : [];
  if (message?.type !== 'message' || first?.contentType !== 'application/vnd.microsoft.card.adaptive') return undefined;
  const { type, version, body } = first.content ?? {};
  if (type !== 'AdaptiveCard' || !version || !Array.isArray(body)) return undefined;
  return body
    .map(({ text, inlines }) => text ?? (inlines ?? []).map((inline) => inline.text ?? '').join(''))
    .join('\n');
}

// Parts of the text itself, not of a parsed URL, which would write some characters its own way.
function queryOf(url: string): string {
  return /\?[^#]*/.exec(url)?.[0] ?? '';
}

function pathOf(url: string): string {
  return /^https:\/\/[^/]+([^?#]*)/.exec(url)?.[1] ?? '/';
}

function hostOf(url: string): string {
  return /^https:\/\/([^/?#]+)/.exec(url)?.[1]?.replace(/:443$/, '') ?? '';
}

function refusal(status: number, code: string, message: string) {
  return { status, body: { error: { code, message } } };
}
