import { stringify } from 'yaml';
import { z } from 'zod';
import type { StandIn, StandInAnswer, StandInRequest, StandInWorld } from '../stand-in.ts';
import { issueSeed, issuesOf } from './github-issues.ts';
import { objectIn } from './json-body.ts';
import { commitOfTag, courseSeed, refsSeed, SESSION_IN_TEXT, tagObject } from './pipeline-seed.ts';

const workflow = z.strictObject({
  file: z.string().describe('Name of the file in .github/workflows.'),
  inputs: z
    .record(z.string(), z.strictObject({ required: z.boolean().default(false), default: z.string().optional() }))
    .default({ 'correlation-id': { required: false } })
    .describe('Inputs of its workflow_dispatch.'),
  'run-name': z
    .string()
    // biome-ignore lint/suspicious/noTemplateCurlyInString: an expression of GitHub's
    .default('Deploy ${{ inputs.correlation-id }}')
    .describe('Its run-name; of expressions only plain inputs are understood.'),
  content: z.string().optional().describe('The file itself, where it is not what the rest says.'),
  dispatchable: z.boolean().default(true).describe('Whether it has the trigger workflow_dispatch.'),
  state: z.enum(['active', 'disabled_manually', 'disabled_inactivity']).default('active'),
  running: z.int().min(0).default(0).describe('Runs by its schedule that are under way at the start.'),
  ...courseSeed,
});

export const githubSeed = z.strictObject({
  host: z.string().default('api.github.com').describe('Host of the API.'),
  prefix: z.string().default('').describe('Path before /repos: /api/v3 on GitHub Enterprise Server.'),
  token: z.string().default('github-token').describe('The token it knows.'),
  login: z.string().default('release-manager').describe('Whose token it is; a workflow’s own is github-actions[bot].'),
  'tells-runs': z.boolean().default(true).describe('Whether a start is answered with the run’s id when asked for.'),
  'knows-run-details': z
    .boolean()
    .default(true)
    .describe('Without it, return_run_details is refused as any unknown field is (Enterprise Server up to 3.20).'),
  'lists-after': z.int().min(0).default(0).describe('Seconds until a new run is listed.'),
  'read-only': z.boolean().default(false).describe('Whether the token may only read.'),
  repositories: z
    .array(
      z.strictObject({
        name: z.string().describe('owner/name'),
        ...refsSeed,
        issues: z.array(issueSeed).default([]).describe('Its issues and pull requests.'),
        workflows: z.array(workflow).default([]),
      }),
    )
    .default([]),
});

type Seed = z.infer<typeof githubSeed>;
type Repository = Seed['repositories'][number];
type Workflow = Repository['workflows'][number];

interface Run {
  readonly id: number;
  readonly repository: Repository;
  readonly workflow: Workflow;
  readonly title: string;
  readonly commit: string;
  readonly ref: string;
  /** As the call named it. */
  readonly asked: string;
  readonly inputs: Readonly<Record<string, string>>;
  readonly started: number;
  cancelled?: number;
}

/** GitHub's REST API as far as refs, workflow files and runs go: https://docs.github.com/en/rest */
export function githubStandIn(given: z.input<typeof githubSeed>, world: StandInWorld): StandIn {
  const seed = githubSeed.parse(given);
  const runs: Run[] = [];
  const issues = new Map(
    seed.repositories.map((each) => [each, issuesOf(each.name, each.issues, seed.login)] as const),
  );
  const now = () => world.now().getTime();
  for (const repository of seed.repositories)
    for (const each of repository.workflows)
      for (let number = 0; number < each.running; number++) {
        const [ref = 'main', commit = ''] = Object.entries(repository.branches)[0] ?? [];
        const at = { ref: `refs/heads/${ref}`, asked: ref, commit };
        const run = { repository, workflow: each, title: each.file, inputs: {}, ...at };
        // A second before: what begins this very moment is shown as queued.
        runs.push({ id: 8_001 + runs.length, started: now() - 1_000, ...run });
      }
  const ended = ({ started, cancelled, workflow: { takes } }: Run) =>
    cancelled !== undefined || now() >= started + takes * 1_000;

  function conclusionOf(run: Run): string | null {
    if (!ended(run)) return null;
    return run.cancelled !== undefined ? 'cancelled' : run.workflow['fails-in'].length > 0 ? 'failure' : 'success';
  }

  function shownRun(run: Run) {
    return {
      id: run.id,
      name: run.workflow.file,
      display_title: run.title,
      event: 'workflow_dispatch',
      status: ended(run) ? 'completed' : now() === run.started ? 'queued' : 'in_progress',
      conclusion: conclusionOf(run),
      head_branch: run.ref.replace(/^refs\/(heads|tags)\//, ''),
      head_sha: run.commit,
      html_url: `https://github.com/${run.repository.name}/actions/runs/${run.id}`,
      run_attempt: 1,
    };
  }

  /** Of a short name the branch is taken when there is a tag as well. */
  function resolve(repository: Repository, ref: string): { ref: string; commit: string } | undefined {
    const branch = repository.branches[ref.replace(/^refs\/heads\//, '')];
    if (branch && !ref.startsWith('refs/tags/')) return { ref: `refs/heads/${ref}`, commit: branch };
    const name = ref.replace(/^refs\/tags\//, '');
    const commit = ref.startsWith('refs/heads/') ? undefined : commitOfTag(repository.tags[name]);
    return commit === undefined ? undefined : { ref: `refs/tags/${name}`, commit };
  }

  function dispatch(repository: Repository, workflow: Workflow, body: Record<string, unknown> | undefined) {
    if (!body) return refusal(400, 'Problems parsing JSON');
    const known = ['ref', 'inputs', ...(seed['knows-run-details'] ? ['return_run_details'] : [])];
    const unknown = Object.keys(body).filter((field) => !known.includes(field));
    if (unknown.length > 0) return refusal(400, `Invalid request. "${unknown[0]}" is not a permitted key.`);
    const at = resolve(repository, String(body.ref));
    if (!at) return refusal(422, `No ref found for: ${String(body.ref)}`);
    if (!workflow.dispatchable) return refusal(422, "Workflow does not have 'workflow_dispatch' trigger");
    if (workflow.state !== 'active') return refusal(422, 'Cannot trigger a disabled workflow');
    const inputs = (body.inputs ?? {}) as Record<string, string>;
    const unexpected = Object.keys(inputs).filter((name) => !(name in workflow.inputs));
    if (unexpected.length > 0) return refusal(422, `Unexpected inputs provided: ${JSON.stringify(unexpected)}`);
    const missing = Object.entries(workflow.inputs).find(
      ([name, input]) => input.required && input.default === undefined && !inputs[name],
    );
    if (missing) return refusal(422, `Required input '${missing[0]}' not provided`);
    const title = workflow['run-name'].replace(
      /\$\{\{\s*inputs\.([\w-]+)\s*\}\}/g,
      (_, name: string) => inputs[name] ?? workflow.inputs[name]?.default ?? '',
    );
    const run: Run = {
      id: 9_001 + runs.length,
      repository,
      workflow,
      title,
      inputs,
      asked: String(body.ref),
      started: now(),
      ...at,
    };
    runs.push(run);
    if (!body.return_run_details || !seed['tells-runs']) return { status: 204 };
    const html = `https://github.com/${repository.name}/actions/runs/${run.id}`;
    const url = `https://${seed.host}${seed.prefix}/repos/${repository.name}/actions/runs/${run.id}`;
    return { status: 200, body: { workflow_run_id: run.id, run_url: url, html_url: html } };
  }

  function reference(repository: Repository, kind: string, name: string): StandInAnswer {
    const tag = repository.tags[name];
    const commit = kind === 'heads' ? repository.branches[name] : commitOfTag(tag);
    if (!commit) return notFound();
    const annotated = kind === 'tags' && typeof tag === 'object';
    const object = annotated ? { type: 'tag', sha: tagObject(commit) } : { type: 'commit', sha: commit };
    return { status: 200, body: { ref: `refs/${kind}/${name}`, object } };
  }

  function content(repository: Repository, path: string, commit: string | null): StandInAnswer {
    const commits = [...Object.values(repository.branches), ...Object.values(repository.tags).map(commitOfTag)];
    const workflow = repository.workflows.find(({ file }) => path === `.github/workflows/${file}`);
    if (!workflow || !commits.includes(commit ?? '')) return notFound();
    return { status: 200, headers: { 'content-type': 'application/vnd.github.raw+json' }, body: fileOf(workflow) };
  }

  function ofRun(run: Run, rest: string, method: string): StandInAnswer {
    if (rest === '' && method === 'GET') return { status: 200, body: shownRun(run) };
    if (rest === '/cancel' && method === 'POST') {
      if (seed['read-only']) return refusal(403, 'Resource not accessible by personal access token');
      if (ended(run)) return refusal(409, 'Cannot cancel a workflow run that is completed.');
      run.cancelled = now();
      return { status: 202, body: {} };
    }
    if (rest === '/jobs' && method === 'GET') {
      const { jobs, 'fails-in': failing } = run.workflow;
      const conclusion = (name: string) =>
        !ended(run) ? null : run.cancelled ? 'cancelled' : failing.includes(name) ? 'failure' : 'success';
      const rows = [...new Set([...jobs, ...failing])].map((name, id) => ({ id, name, conclusion: conclusion(name) }));
      return { status: 200, body: { total_count: rows.length, jobs: rows } };
    }
    if (rest !== '/artifacts' || method !== 'GET') return notFound();
    const artifacts = run.workflow.artifacts.map((name, id) => ({
      id,
      name,
      expired: false,
      archive_download_url: `https://${seed.host}${seed.prefix}/repos/${run.repository.name}/actions/artifacts/${run.id}${id}/zip`,
    }));
    return { status: 200, body: { total_count: artifacts.length, artifacts: ended(run) ? artifacts : [] } };
  }

  function ofWorkflow(repository: Repository, id: string, rest: string, { method, url, body }: StandInRequest) {
    const index = repository.workflows.findIndex(({ file }, at) => file === id || String(workflowId(at)) === id);
    const workflow = repository.workflows[index];
    if (!workflow) return notFound();
    const path = `.github/workflows/${workflow.file}`;
    const shown = { id: workflowId(index), name: workflow.file, path, state: workflow.state };
    if (rest === '' && method === 'GET') return { status: 200, body: shown };
    if ((rest === '/enable' || rest === '/disable') && method === 'PUT') {
      if (seed['read-only']) return refusal(403, 'Resource not accessible by personal access token');
      workflow.state = rest === '/enable' ? 'active' : 'disabled_manually';
      return { status: 204 };
    }
    if (rest === '/dispatches' && method === 'POST') {
      if (seed['read-only']) return refusal(403, 'Resource not accessible by personal access token');
      return dispatch(repository, workflow, objectIn(body));
    }
    if (rest !== '/runs' || method !== 'GET') return notFound();
    const [perPage, page] = [Number(url.searchParams.get('per_page') ?? 30), Number(url.searchParams.get('page') ?? 1)];
    const commit = url.searchParams.get('head_sha');
    const listed = runs
      .filter((run) => run.workflow === workflow && (commit === null || run.commit === commit))
      .filter(({ started }) => now() >= started + seed['lists-after'] * 1_000)
      .filter((run) => [null, shownRun(run).status, conclusionOf(run)].includes(url.searchParams.get('status')))
      .reverse();
    const rows = listed.slice((page - 1) * perPage, page * perPage).map(shownRun);
    return { status: 200, body: { total_count: listed.length, workflow_runs: rows } };
  }

  function carryOut(request: StandInRequest): StandInAnswer {
    const { method, url } = request;
    const path = decodeURIComponent(url.pathname.slice(seed.prefix.length));
    if (path === '/user')
      return seed.login.endsWith('[bot]')
        ? refusal(403, 'Resource not accessible by integration')
        : { status: 200, body: { login: seed.login, type: 'User' } };
    const [, name, rest = ''] = /^\/repos\/([^/]+\/[^/]+)(\/.*)$/.exec(path) ?? [];
    const repository = seed.repositories.find((each) => each.name.toLowerCase() === name?.toLowerCase());
    if (!repository || !url.pathname.startsWith(seed.prefix)) return notFound();
    if (rest.startsWith('/issues/')) {
      if (seed['read-only'] && method !== 'GET')
        return refusal(403, 'Resource not accessible by personal access token');
      return issues.get(repository)?.answer(rest.slice('/issues'.length), request) ?? notFound();
    }
    const [, kind, ref] = /^\/git\/ref\/(heads|tags)\/(.+)$/.exec(rest) ?? [];
    if (kind && ref && method === 'GET') return reference(repository, kind, ref);
    const [, object] = /^\/git\/tags\/([0-9a-f]{40})$/.exec(rest) ?? [];
    if (object) {
      const commit = Object.values(repository.tags)
        .map(commitOfTag)
        .find((each) => each && tagObject(each) === object);
      return commit ? { status: 200, body: { sha: object, object: { type: 'commit', sha: commit } } } : notFound();
    }
    if (rest.startsWith('/contents/') && method === 'GET')
      return content(repository, rest.slice('/contents/'.length), url.searchParams.get('ref'));
    const [, id, below = ''] = /^\/actions\/workflows\/([^/]+)(\/.*)?$/.exec(rest) ?? [];
    if (id) return ofWorkflow(repository, id, below, request);
    const [, run, part = ''] = /^\/actions\/runs\/(\d+)(\/.*)?$/.exec(rest) ?? [];
    const found = runs.find((each) => each.id === Number(run) && each.repository === repository);
    return found ? ofRun(found, part, method) : notFound();
  }

  return {
    name: 'GitHub',
    hosts: [seed.host],
    answer(request) {
      // The token's quota and the server's own clock stand in every answer.
      const headers = {
        date: new Date(now()).toUTCString(),
        'x-ratelimit-remaining': '4999',
        'x-ratelimit-reset': String(Math.floor(now() / 1_000) + 3_600),
      };
      const isKnown = request.headers.authorization === `Bearer ${seed.token}`;
      const answer = isKnown ? carryOut(request) : refusal(401, 'Bad credentials');
      return { ...answer, headers: { ...headers, ...answer.headers } };
    },
    state: () => ({
      ...(seed.repositories.some((each) => each.issues.length > 0) && {
        issues: [...issues.values()].flatMap((each) => each.state()),
      }),
      workflows: seed.repositories.flatMap(({ name, workflows }) =>
        workflows.map(({ file, state }) => ({ workflow: `${file} of ${name}`, now: state })),
      ),
      runs: runs.map((run) => ({
        id: run.id,
        of: `${run.workflow.file} of ${run.repository.name}`,
        at: `${run.ref} (${run.commit})`,
        asked: run.asked,
        title: run.title,
        inputs: run.inputs,
        now: conclusionOf(run) ?? 'running',
      })),
    }),
    leftovers: () =>
      runs
        .filter((run) => !ended(run) && SESSION_IN_TEXT.test(run.title))
        .map((run) => `GitHub run ${run.id} of ${run.workflow.file} still runs: ${run.title}`),
  };
}

function workflowId(index: number): number {
  return 501 + index;
}

function fileOf(workflow: Workflow): string {
  if (workflow.content !== undefined) return workflow.content;
  return stringify({
    name: workflow.file,
    'run-name': workflow['run-name'],
    on: workflow.dispatchable ? { workflow_dispatch: { inputs: workflow.inputs } } : ['push'],
    jobs: Object.fromEntries(workflow.jobs.map((job) => [job, { 'runs-on': 'ubuntu-latest' }])),
  });
}

function notFound(): StandInAnswer {
  return refusal(404, 'Not Found');
}

function refusal(status: number, message: string): StandInAnswer {
  return { status, body: { message, documentation_url: 'https://docs.github.com/rest', status: String(status) } };
}
