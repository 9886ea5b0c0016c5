import { type Http, type HttpAnswer, type HttpRequest, TaskError } from '@maintenance-tasks/core';

const SYSTEM = 'Azure DevOps';
// Shapes and names: https://github.com/MicrosoftDocs/vsts-rest-api-specs (build, pipelines and git, 7.1).
const VERSION = 'api-version=7.1';

export interface AzurePipeline {
  readonly id: number;
  readonly name: string;
  /** `enabled`, `paused` or `disabled`. */
  readonly queueStatus: string;
  readonly repository: { readonly id: string; readonly name: string; readonly type: string };
}

export interface AzureBuild {
  readonly id: number;
  /** `notStarted`, `inProgress`, `cancelling`, `completed`, `postponed`. */
  readonly status: string;
  /** Once completed: `succeeded`, `partiallySucceeded`, `failed`, `canceled`. */
  readonly result: string | undefined;
  readonly commit: string;
  readonly branch: string;
  readonly tags: readonly string[];
  readonly url: string;
}

export interface AzureStart {
  /** `refs/tags/…` */
  readonly ref: string;
  readonly commit: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly variables: Readonly<Record<string, string>>;
}

export interface AzureDevOps {
  /** By its id, or its name, with folders (`folder/name`) where the name alone is there more than once. */
  pipeline(idOrName: string): Promise<AzurePipeline | undefined>;
  tagCommit(repository: string, tag: string): Promise<string | undefined>;
  hasBranch(repository: string, name: string): Promise<boolean>;
  /** Runs of a pipeline at a ref, newest first. */
  builds(pipeline: number, ref: string): Promise<AzureBuild[]>;
  /** Template parameters that a run was started with; no list of runs tells them. */
  parametersOf(pipeline: number, run: number): Promise<Readonly<Record<string, unknown>>>;
  /** Starts a run; `landed` finds it when the answer was lost. Returns its id. */
  start(pipeline: number, start: AzureStart, landed: () => Promise<number | undefined>): Promise<number>;
  build(id: number): Promise<AzureBuild>;
  addTag(build: number, tag: string): Promise<void>;
  /** Names of the jobs that failed or were cancelled, with how they ended. */
  failedJobs(build: number): Promise<string[]>;
  artifacts(build: number): Promise<{ readonly name: string; readonly url: string }[]>;
  /** Asks for the run's end; one that is over already is left as it is. */
  cancel(build: number): Promise<void>;
}

/** A client of Azure DevOps for one project, as far as starting and following pipeline runs goes. */
export function createAzureDevOps(
  http: Http,
  options: { readonly apiUrl: string; readonly authorization: string; readonly project: string },
): AzureDevOps {
  const [organization = '', project = ''] = options.project.split('/');
  const root = `${options.apiUrl.replace(/\/+$/, '')}/${encodeURIComponent(organization)}/${encodeURIComponent(project)}/_apis`;
  // With it a wrong token is answered by 401; without it by a sign-in page. Microsoft's own clients send it
  // (https://github.com/microsoft/typed-rest-client).
  const headers = { authorization: options.authorization, 'x-tfs-fedauthredirect': 'Suppress' };
  const common = { system: SYSTEM, headers };
  const address = (path: string) => `${root}${path}${path.includes('?') ? '&' : '?'}${VERSION}`;
  const get = (path: string) => http.send({ ...common, method: 'GET', url: address(path) });

  async function list<Row>(path: string, most = Number.POSITIVE_INFINITY): Promise<Row[]> {
    const rows: Row[] = [];
    let next = path;
    for (;;) {
      const answer = accepted(await get(next));
      rows.push(...((answer.json() as { value?: Row[] }).value ?? []));
      const token = answer.headers['x-ms-continuationtoken'];
      if (!token || rows.length >= most) return rows;
      next = `${path}${path.includes('?') ? '&' : '?'}continuationToken=${encodeURIComponent(token)}`;
    }
  }

  async function definition(id: number): Promise<AzurePipeline | undefined> {
    const answer = await get(`/build/definitions/${id}`);
    if (answer.status === 404) return undefined;
    const row = accepted(answer).json() as DefinitionRow;
    const { id: repository = '', name = '', type = '' } = row.repository ?? {};
    return {
      id: row.id,
      name: row.name,
      queueStatus: row.queueStatus ?? 'enabled',
      repository: { id: repository, name, type },
    };
  }

  async function commitOf(repository: string, ref: string): Promise<string | undefined> {
    const path = `/git/repositories/${encodeURIComponent(repository)}/refs`;
    // The filter finds all that begin with it. An annotated tag's own object is not the commit: that is the peeled one.
    const filter = encodeURIComponent(ref.replace(/^refs\//, ''));
    const refs = await list<RefRow>(`${path}?filter=${filter}&peelTags=true`);
    const exact = refs.find(({ name }) => name === ref);
    return exact?.peeledObjectId ?? exact?.objectId;
  }

  return {
    async pipeline(idOrName) {
      if (/^\d+$/.test(idOrName)) return definition(Number(idOrName));
      const [name, folder] = nameAndFolder(idOrName);
      const rows = await list<DefinitionRow>(`/build/definitions?name=${encodeURIComponent(name)}`);
      const matching = rows.filter(
        (row) =>
          row.name.toLowerCase() === name.toLowerCase() &&
          (folder === undefined || (row.path ?? '\\').toLowerCase() === folder.toLowerCase()),
      );
      if (matching.length > 1) {
        throw new TaskError('input', {
          what: `There are ${matching.length} pipelines ${name}: ${matching.map((row) => `${row.path ?? ''}\\${row.name} (${row.id})`).join(', ')}.`,
          remedy: 'Give the pipeline by its id, or with its folder.',
        });
      }
      return matching[0] && definition(matching[0].id);
    },

    tagCommit: (repository, tag) => commitOf(repository, `refs/tags/${tag}`),

    hasBranch: async (repository, name) => (await commitOf(repository, `refs/heads/${name}`)) !== undefined,

    async builds(pipeline, ref) {
      const path = `/build/builds?definitions=${pipeline}&branchName=${encodeURIComponent(ref)}&queryOrder=queueTimeDescending&$top=200`;
      return (await list<BuildRow>(path, 1_000)).map(buildOf);
    },

    async parametersOf(pipeline, run) {
      const row = accepted(await get(`/pipelines/${pipeline}/runs/${run}`)).json() as {
        templateParameters?: Record<string, unknown>;
      };
      return row.templateParameters ?? {};
    },

    start: (pipeline, { ref, commit, parameters, variables }, landed) =>
      http.write(
        {
          ...common,
          method: 'POST',
          url: address(`/pipelines/${pipeline}/runs`),
          json: {
            resources: { repositories: { self: { refName: ref, version: commit } } },
            templateParameters: parameters,
            variables: Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, { value }])),
          },
        },
        (answer) => (started(answer).json() as { id: number }).id,
        landed,
      ),

    build: async (id) => buildOf(accepted(await get(`/build/builds/${id}`)).json() as BuildRow),

    async addTag(build, tag) {
      const url = address(`/build/builds/${build}/tags/${encodeURIComponent(tag)}`);
      accepted(await http.send({ ...common, method: 'PUT', url, repeatable: true }));
    },

    async failedJobs(build) {
      const answer = await get(`/build/builds/${build}/timeline`);
      // A run that never began has none.
      if (answer.status === 404 || answer.status === 204) return [];
      const { records = [] } = accepted(answer).json() as { records?: RecordRow[] };
      return records
        .filter(({ type, result }) => type === 'Job' && ['failed', 'canceled', 'abandoned'].includes(result ?? ''))
        .map(({ name, result }) => `${name} (${result})`);
    },

    artifacts: async (build) =>
      (await list<ArtifactRow>(`/build/builds/${build}/artifacts`)).flatMap(({ name, resource }) =>
        resource?.downloadUrl ? [{ name, url: resource.downloadUrl }] : [],
      ),

    async cancel(build) {
      const request: HttpRequest = {
        ...common,
        method: 'PATCH',
        url: address(`/build/builds/${build}`),
        json: { status: 'cancelling' },
        repeatable: true,
      };
      const answer = await http.send(request);
      if (answer.status < 400) return void accepted(answer);
      // A run that is over cannot be cancelled; whether it is decides.
      const now = buildOf(accepted(await get(`/build/builds/${build}`)).json() as BuildRow);
      if (now.status !== 'completed') accepted(answer);
    },
  };
}

interface DefinitionRow {
  readonly id: number;
  readonly name: string;
  readonly path?: string;
  readonly queueStatus?: string;
  readonly repository?: { readonly id?: string; readonly name?: string; readonly type?: string };
}

interface RefRow {
  readonly name: string;
  readonly objectId: string;
  readonly peeledObjectId?: string;
}

interface BuildRow {
  readonly id: number;
  readonly status?: string;
  readonly result?: string;
  readonly sourceVersion?: string;
  readonly sourceBranch?: string;
  readonly tags?: string[];
  readonly _links?: { readonly web?: { readonly href?: string } };
}

interface RecordRow {
  readonly type: string;
  readonly name: string;
  readonly result: string | null;
}

interface ArtifactRow {
  readonly name: string;
  readonly resource?: { readonly downloadUrl?: string };
}

function buildOf(row: BuildRow): AzureBuild {
  return {
    id: row.id,
    status: row.status ?? 'unknown',
    result: row.result,
    commit: row.sourceVersion ?? '',
    branch: row.sourceBranch ?? '',
    tags: row.tags ?? [],
    url: row._links?.web?.href ?? '',
  };
}

/** `folder/sub/name` as Azure DevOps keeps it: the name, and the folder as `\folder\sub`. */
function nameAndFolder(text: string): [name: string, folder: string | undefined] {
  const parts = text.split(/[\\/]/).filter((part) => part !== '');
  const name = parts.pop() ?? text;
  return [name, parts.length === 0 ? undefined : `\\${parts.join('\\')}`];
}

function started(answer: HttpAnswer): HttpAnswer {
  if (answer.status !== 400) return accepted(answer);
  throw new TaskError('input', {
    what: `Azure DevOps refused to start the pipeline: ${reasonOf(answer) ?? 'it answered 400'}.`,
    remedy:
      'Look at the parameters of the pipeline as it is at the tag: each one that is given must be declared there, the correlation parameter (type: string, default: "") too; a variable must be one that may be set at queue time.',
  });
}

/** @throws TaskError for anything but success */
function accepted(answer: HttpAnswer): HttpAnswer {
  // A sign-in page instead of a refusal is its way to say that the token is wrong or has expired.
  const isPage = /^text\/html/.test(answer.headers['content-type'] ?? '');
  if (answer.status === 401 || answer.status === 203 || ((answer.status === 302 || answer.status === 200) && isPage)) {
    throw new TaskError('auth', {
      what: `Azure DevOps did not accept the token (${answer.status}).`,
      remedy: 'Check azure-devops-token: it may have expired, or belong to another organization.',
    });
  }
  if (answer.status >= 200 && answer.status < 300) return answer;
  const reason = isPage ? undefined : reasonOf(answer);
  const what = `Azure DevOps answered ${answer.status}${reason ? `: ${reason}` : ''}.`;
  if (answer.status === 403) {
    throw new TaskError('auth', {
      what,
      remedy:
        'Check what azure-devops-token may do: Code (read), Build (read and execute), and the permission to queue builds of that pipeline.',
    });
  }
  if (answer.status === 404) {
    throw new TaskError('input', { what, remedy: 'Check organization and project, and that the token may see them.' });
  }
  throw new TaskError('remote', { what, remedy: 'Look at the pipeline’s page, then run the task again.' });
}

function reasonOf(answer: HttpAnswer): string | undefined {
  try {
    const { message } = JSON.parse(answer.text) as { message?: unknown };
    return typeof message === 'string' ? answer.quote(message).replace(/\.$/, '') : undefined;
  } catch {
    return undefined;
  }
}
