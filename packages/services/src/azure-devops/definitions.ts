import { type Http, type HttpAnswer, TaskError } from '@maintenance-tasks/core';

const SYSTEM = 'Azure DevOps';
// Shapes and names: https://github.com/MicrosoftDocs/vsts-rest-api-specs (build/7.1).
const VERSION = 'api-version=7.1';

/**
 * A pipeline's definition as it is sent and must be sent back: whole, with all that we do not know of. A field that is
 * left out is a field that is deleted.
 */
export interface Definition {
  readonly id: number;
  readonly name: string;
  readonly revision: number;
  readonly queueStatus?: 'enabled' | 'paused' | 'disabled';
  readonly description?: string;
  readonly [other: string]: unknown;
}

export interface Definitions {
  /** Nothing when there is no such pipeline. */
  definition(id: number): Promise<Definition | undefined>;
  /**
   * Stores a definition whose revision is still the stored one. `undefined` when somebody else stored another meanwhile:
   * then it must be read and changed anew. `landed` tells whether one whose answer was lost was stored.
   */
  store(definition: Definition, landed: (now: Definition) => boolean): Promise<Definition | undefined>;
  /** Runs of these pipelines that are under way or wait: `nightly 20261121.3 (inProgress)`. */
  running(ids: readonly number[]): Promise<string[]>;
}

/** A client of the pipelines' definitions of one project. */
export function createDefinitions(
  http: Http,
  options: { readonly apiUrl: string; readonly authorization: string; readonly project: string },
): Definitions {
  const [organization = '', project = ''] = options.project.split('/');
  const root = `${options.apiUrl.replace(/\/+$/, '')}/${encodeURIComponent(organization)}/${encodeURIComponent(project)}/_apis/build`;
  // Without this header a wrong token is answered by a sign-in page with status 200 or 203 more often than by 401.
  const headers = { authorization: options.authorization, 'x-tfs-fedauthredirect': 'Suppress' };
  const common = { system: SYSTEM, headers };
  const urlOf = (id: number) => `${root}/definitions/${id}?${VERSION}`;

  async function definition(id: number): Promise<Definition | undefined> {
    const answer = await http.send({ ...common, method: 'GET', url: urlOf(id) });
    return answer.status === 404 ? undefined : (accepted(answer).json() as Definition);
  }

  return {
    definition,

    async store(given, landed) {
      const { id, revision } = given;
      let found: Definition | undefined;
      const answer = await http.write<HttpAnswer>(
        { ...common, method: 'PUT', url: urlOf(id), json: given },
        (stored) => stored,
        async () => {
          const now = await definition(id);
          found = now && now.revision > revision && landed(now) ? now : undefined;
          return found && STORED;
        },
      );
      if (found) return found;
      if (answer.status === 400 || answer.status === 409) {
        // The spec says that an old revision is refused, and not by which status: whether it is old decides.
        const now = await definition(id);
        if (now && now.revision !== revision) return undefined;
      }
      return accepted(answer).json() as Definition;
    },

    async running(ids) {
      const found: string[] = [];
      let token: string | undefined = '';
      while (token !== undefined) {
        const more: string = token && `&continuationToken=${encodeURIComponent(token)}`;
        const url = `${root}/builds?definitions=${ids.join(',')}&statusFilter=inProgress,notStarted${more}&${VERSION}`;
        const answer: HttpAnswer = accepted(await http.send({ ...common, method: 'GET', url }));
        const { value = [] } = answer.json() as { value?: BuildRow[] };
        found.push(
          ...value.map((row) => `${row.definition?.name ?? ''} ${row.buildNumber ?? row.id} (${row.status})`.trim()),
        );
        token = answer.headers['x-ms-continuationtoken'] || undefined;
      }
      return found;
    },
  };
}

const STORED: HttpAnswer = { status: 200, headers: {}, text: '', json: () => undefined, quote: String };

interface BuildRow {
  readonly id: number;
  readonly buildNumber?: string;
  readonly status?: string;
  readonly definition?: { readonly name?: string };
}

/** @throws TaskError for anything but success; a sign-in page is none, whatever its status */
function accepted(answer: HttpAnswer): HttpAnswer {
  const isPage = /text\/html/.test(answer.headers['content-type'] ?? '');
  if (answer.status >= 200 && answer.status < 300 && answer.status !== 203 && !isPage) return answer;
  if (isPage || [203, 302, 401].includes(answer.status)) {
    throw new TaskError('auth', {
      what: `Azure DevOps did not accept the token (it answered ${answer.status}${isPage ? ' with a sign-in page' : ''}).`,
      remedy: 'Check azure-devops-token: that it is of this organization, and not over.',
    });
  }
  const reason = reasonOf(answer);
  const what = `Azure DevOps answered ${answer.status}${reason ? `: ${reason}` : ''}.`;
  if (answer.status === 403) {
    throw new TaskError('auth', {
      what,
      remedy:
        'Grant “Edit build pipeline” on the pipeline to the owner of azure-devops-token; for System.AccessToken that is the project’s build service.',
    });
  }
  if (answer.status === 404)
    throw new TaskError('input', { what, remedy: 'Check the organization, the project and the pipeline.' });
  throw new TaskError('remote', { what, remedy: 'Look at the pipeline in Azure DevOps, then run the task again.' });
}

function reasonOf(answer: HttpAnswer): string {
  try {
    const { message } = JSON.parse(answer.text) as { message?: unknown };
    return typeof message === 'string' ? answer.quote(message).replace(/\.$/, '') : '';
  } catch {
    return '';
  }
}
