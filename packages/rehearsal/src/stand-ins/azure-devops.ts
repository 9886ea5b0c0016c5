import { ANY_UNDO_MARK } from '@maintenance-tasks/core';
import { z } from 'zod';
import type { StandIn, StandInAnswer, StandInRequest, StandInWorld } from '../stand-in.ts';
import { objectIn } from './json-body.ts';
import { commitOfTag, courseSeed, refsSeed, SESSION_IN_TEXT, tagObject } from './pipeline-seed.ts';

const pipeline = z.strictObject({
  id: z.int().positive(),
  name: z.string(),
  folder: z.string().default('\\').describe('Its folder, such as \\platform.'),
  repository: z.string().describe('Name of the repository its YAML file is in.'),
  'repository-type': z.enum(['TfsGit', 'GitHub']).default('TfsGit'),
  'queue-status': z.enum(['enabled', 'paused', 'disabled']).default('enabled'),
  description: z.string().optional(),
  running: z.int().min(0).default(0).describe('Runs by its schedule that are under way at the start.'),
  parameters: z
    .record(z.string(), z.strictObject({ default: z.string().optional() }))
    .default({ correlationId: { default: '' } })
    .describe('Template parameters it declares.'),
  variables: z.array(z.string()).default([]).describe('Variables that may be set at queue time.'),
  ...courseSeed,
});

export const azureDevopsSeed = z.strictObject({
  host: z.string().default('dev.azure.com').describe('Host of the API.'),
  prefix: z.string().default('').describe('Path before the organization: /tfs on a server of one’s own.'),
  token: z.string().default('azure-devops-token').describe('The token it knows.'),
  editable: z.boolean().default(true).describe('Whether the token’s owner may edit pipelines.'),
  'expired-token': z.boolean().default(false).describe('Whether the token has expired: then it shows a sign-in page.'),
  project: z.string().default('example-org/platform').describe('organization/project'),
  repositories: z.array(z.strictObject({ name: z.string(), ...refsSeed })).default([]),
  pipelines: z.array(pipeline).default([]),
});

type Seed = z.infer<typeof azureDevopsSeed>;
type Pipeline = Seed['pipelines'][number];
type Repository = Seed['repositories'][number];

interface Build {
  readonly id: number;
  readonly pipeline: Pipeline;
  readonly ref: string;
  readonly commit: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly variables: Readonly<Record<string, string>>;
  readonly queued: number;
  readonly tags: string[];
  cancelled?: number;
}

/** Azure DevOps' REST API as far as refs and pipeline runs go: https://learn.microsoft.com/en-us/rest/api/azure/devops */
export function azureDevopsStandIn(given: z.input<typeof azureDevopsSeed>, world: StandInWorld): StandIn {
  const seed = azureDevopsSeed.parse(given);
  const builds: Build[] = [];
  const revisions = new Map<number, number>();
  const now = () => world.now().getTime();
  const root = `https://${seed.host}${seed.prefix}/${seed.project}`;
  for (const pipeline of seed.pipelines)
    for (let number = 0; number < pipeline.running; number++) {
      const run = { id: 7_001 + builds.length, pipeline, ref: 'refs/heads/main', commit: '', tags: [] };
      // A second before: what begins this very moment has not started.
      builds.push({ ...run, parameters: {}, variables: {}, queued: now() - 1_000 });
    }
  const ended = ({ queued, cancelled, pipeline: { takes } }: Build) =>
    cancelled !== undefined || now() >= queued + takes * 1_000;

  function resultOf(build: Build): string | undefined {
    if (!ended(build)) return undefined;
    return build.cancelled !== undefined ? 'canceled' : build.pipeline['fails-in'].length > 0 ? 'failed' : 'succeeded';
  }

  function shownBuild(build: Build) {
    return {
      id: build.id,
      buildNumber: `20261121.${build.id - 7_000}`,
      status: ended(build) ? 'completed' : now() === build.queued ? 'notStarted' : 'inProgress',
      ...(ended(build) && { result: resultOf(build) }),
      sourceBranch: build.ref,
      sourceVersion: build.commit,
      tags: build.tags,
      definition: { id: build.pipeline.id, name: build.pipeline.name },
      _links: { web: { href: `${root}/_build/results?buildId=${build.id}` } },
    };
  }

  function commitAt(repository: Repository, ref: string): string | undefined {
    if (ref.startsWith('refs/heads/')) return repository.branches[ref.slice('refs/heads/'.length)];
    return commitOfTag(repository.tags[ref.replace(/^refs\/tags\//, '')]);
  }

  function start(pipeline: Pipeline, body: Record<string, unknown> | undefined): StandInAnswer {
    if (!body)
      return refusal(400, 'VssPropertyValidationException', 'Value cannot be null. Parameter name: runParameters');
    if (pipeline['queue-status'] === 'disabled')
      return refusal(400, 'DefinitionDisabledException', `Build definition ${pipeline.name} is disabled.`);
    const self = (body.resources as Resources | undefined)?.repositories?.self ?? {};
    const repository = seed.repositories.find(({ name }) => name === pipeline.repository);
    const ref = self.refName ?? 'refs/heads/main';
    const commit = repository && commitAt(repository, ref);
    if (!commit || (self.version && self.version !== commit))
      return refusal(
        400,
        'PipelineValidationException',
        `An error occurred while loading the YAML build pipeline. The remote reference ${ref} was not found.`,
      );
    const parameters = (body.templateParameters ?? {}) as Record<string, string>;
    const unexpected = Object.keys(parameters).filter((name) => !(name in pipeline.parameters));
    const missing = Object.entries(pipeline.parameters).filter(
      ([name, parameter]) => parameter.default === undefined && !(name in parameters),
    );
    if (unexpected.length + missing.length > 0) {
      const lines = [
        ...unexpected.map((name) => `Unexpected parameter '${name}'`),
        ...missing.map(([name]) => `A value for the '${name}' parameter must be provided.`),
      ];
      return refusal(400, 'PipelineValidationException', lines.join('\n'));
    }
    const variables = (body.variables ?? {}) as Record<string, { value: string }>;
    const fixed = Object.keys(variables).find((name) => !pipeline.variables.includes(name));
    if (fixed)
      return refusal(
        400,
        'PipelineValidationException',
        `You can't set the following variables (${fixed}). If you want to be able to set these variables, then edit the pipeline and select Settable at queue time on the variables tab of the pipeline editor.`,
      );
    const values = Object.fromEntries(Object.entries(variables).map(([name, { value }]) => [name, value]));
    const build: Build = {
      id: 7_001 + builds.length,
      pipeline,
      ref,
      commit,
      parameters,
      variables: values,
      queued: now(),
      tags: [],
    };
    builds.push(build);
    return { status: 200, body: { ...shownRun(build), pipeline: { id: pipeline.id } } };
  }

  const shownRun = (build: Build) => ({
    id: build.id,
    state: ended(build) ? 'completed' : 'inProgress',
    templateParameters: build.parameters,
    _links: { web: { href: `${root}/_build/results?buildId=${build.id}` } },
  });

  function refs(repository: Repository, filter: string, peels: boolean): StandInAnswer {
    const heads = Object.entries(repository.branches).map(([name, objectId]) => ({
      name: `refs/heads/${name}`,
      objectId,
    }));
    const tags = Object.entries(repository.tags).map(([name, tag]) => {
      const commit = commitOfTag(tag) ?? '';
      if (typeof tag === 'string') return { name: `refs/tags/${name}`, objectId: commit };
      return { name: `refs/tags/${name}`, objectId: tagObject(commit), ...(peels && { peeledObjectId: commit }) };
    });
    return page([...heads, ...tags].filter(({ name }) => name.startsWith(`refs/${filter}`)));
  }

  function ofBuild(build: Build, rest: string, { method, body }: StandInRequest): StandInAnswer {
    if (rest === '' && method === 'GET') return { status: 200, body: shownBuild(build) };
    if (rest === '' && method === 'PATCH') {
      if (ended(build)) return refusal(400, 'BuildStatusInvalidChangeException', `Build ${build.id} is completed.`);
      if (String(objectIn(body)?.status).toLowerCase() !== 'cancelling')
        return refusal(400, 'InvalidBuildException', 'Only the status cancelling is understood here.');
      build.cancelled = now();
      return { status: 200, body: shownBuild(build) };
    }
    const [, tag] = /^\/tags\/(.+)$/.exec(rest) ?? [];
    if (tag && method === 'PUT') {
      if (!build.tags.includes(tag)) build.tags.push(tag);
      return page(build.tags);
    }
    const { jobs, 'fails-in': failing, artifacts } = build.pipeline;
    if (rest === '/timeline' && method === 'GET') {
      const result = (name: string) =>
        !ended(build) ? null : build.cancelled ? 'canceled' : failing.includes(name) ? 'failed' : 'succeeded';
      const records = [...new Set([...jobs, ...failing])].flatMap((name) => [
        { type: 'Stage', name: `stage of ${name}`, result: result(name) },
        { type: 'Job', name, result: result(name) },
        { type: 'Task', name: `step of ${name}`, result: result(name) },
      ]);
      return { status: 200, body: { records } };
    }
    if (rest !== '/artifacts' || method !== 'GET') return notFound();
    const download = `${root}/_apis/build/builds/${build.id}/artifacts`;
    return page(
      (ended(build) ? artifacts : []).map((name, id) => ({
        id,
        name,
        resource: { type: 'PipelineArtifact', downloadUrl: `${download}?artifactName=${name}&%24format=zip` },
      })),
    );
  }

  function definition({ id, name, folder, repository, ...rest }: Pipeline) {
    return {
      id,
      name,
      path: folder,
      revision: revisions.get(id) ?? 1,
      queueStatus: rest['queue-status'],
      ...(rest.description !== undefined && { description: rest.description }),
      repository: { id: `repo-${repository}`, name: repository, type: rest['repository-type'] },
      triggers: [{ triggerType: 'schedule', schedules: [{ daysToBuild: 'all', startHours: 3 }] }],
      variables: { SECRET: { value: null, isSecret: true } },
    };
  }

  /** The whole definition is replaced by what is sent: what is left out is lost. */
  function store(pipeline: Pipeline, body: Record<string, unknown> | undefined): StandInAnswer {
    if (!seed.editable)
      return refusal(403, 'AccessDeniedException', 'Access denied. You need Edit build pipeline permissions.');
    const known = definition(pipeline);
    if (body?.revision !== known.revision)
      return refusal(
        409,
        'DefinitionVersionNotMatchException',
        `The definition ${pipeline.id} was changed meanwhile: the revision ${String(body?.revision)} is not the newest.`,
      );
    const lost = ['name', 'repository', 'triggers', 'variables', 'path'].filter(
      (key) => JSON.stringify(body[key]) !== JSON.stringify(known[key as keyof typeof known]),
    );
    if (lost.length > 0) return refusal(400, 'InvalidDefinitionException', `Not sent back as it was: ${lost.join()}`);
    const [queueStatus, description] = [body.queueStatus, body.description];
    if (queueStatus !== 'enabled' && queueStatus !== 'paused' && queueStatus !== 'disabled')
      return refusal(400, 'InvalidDefinitionException', 'queueStatus');
    pipeline['queue-status'] = queueStatus;
    if (description === undefined) delete pipeline.description;
    else pipeline.description = String(description);
    revisions.set(pipeline.id, known.revision + 1);
    return { status: 200, body: definition(pipeline) };
  }

  function carryOut(request: StandInRequest): StandInAnswer {
    const { method, url, body } = request;
    if (!url.searchParams.has('api-version'))
      return refusal(400, 'VssVersionNotSpecifiedException', 'No api-version was supplied for this request.');
    const path = decodeURIComponent(url.pathname);
    const base = `${seed.prefix}/${seed.project}/_apis`;
    if (!path.toLowerCase().startsWith(base.toLowerCase())) return notFound();
    const rest = path.slice(base.length);
    const query = (name: string) => url.searchParams.get(name);
    const [, definitionId] = /^\/build\/definitions\/(\d+)$/.exec(rest) ?? [];
    const [, pipelineId, runId] = /^\/pipelines\/(\d+)\/runs(?:\/(\d+))?$/.exec(rest) ?? [];
    const pipeline = seed.pipelines.find(({ id }) => id === Number(definitionId ?? pipelineId));
    if (definitionId && pipeline && method === 'PUT') return store(pipeline, objectIn(body));
    if (definitionId) return pipeline ? { status: 200, body: definition(pipeline) } : notFound();
    if (rest === '/build/definitions') {
      const named = seed.pipelines.filter(({ name }) => name.toLowerCase() === query('name')?.toLowerCase());
      return page(named.map(({ id, name, folder }) => ({ id, name, path: folder })));
    }
    if (pipelineId && pipeline) {
      if (method === 'POST' && !runId) return start(pipeline, objectIn(body));
      const build = builds.find(({ id }) => id === Number(runId));
      return method === 'GET' && build ? { status: 200, body: shownRun(build) } : notFound();
    }
    const [, repositoryId] = /^\/git\/repositories\/([^/]+)\/refs$/.exec(rest) ?? [];
    const repository = seed.repositories.find(({ name }) => repositoryId === `repo-${name}`);
    if (repository) return refs(repository, query('filter') ?? '', query('peelTags') === 'true');
    if (rest === '/build/builds' && method === 'GET') {
      const wanted = builds.filter(
        (build) =>
          query('definitions')?.split(',').includes(String(build.pipeline.id)) &&
          (!query('branchName') || build.ref === query('branchName')) &&
          (!query('statusFilter') || query('statusFilter')?.split(',').includes(shownBuild(build).status)),
      );
      return page(wanted.reverse().map(shownBuild));
    }
    const [, buildId, part = ''] = /^\/build\/builds\/(\d+)(\/.*)?$/.exec(rest) ?? [];
    const build = builds.find(({ id }) => id === Number(buildId));
    return build ? ofBuild(build, part, request) : notFound();
  }

  const authorizations = [`Bearer ${seed.token}`, `Basic ${Buffer.from(`:${seed.token}`).toString('base64')}`];
  return {
    name: 'Azure DevOps',
    hosts: [seed.host],
    answer(request) {
      const isKnown = authorizations.includes(request.headers.authorization ?? '') && !seed['expired-token'];
      if (isKnown) return carryOut(request);
      // Only who asks for it is refused; everybody else is shown the door to sign in.
      if (request.headers['x-tfs-fedauthredirect'] === 'Suppress' && !seed['expired-token'])
        return {
          status: 401,
          headers: { 'content-type': 'text/html; charset=utf-8' },
          body: '<html>Unauthorized</html>',
        };
      return {
        status: 203,
        headers: { 'content-type': 'text/html; charset=utf-8' },
        body: '<html><title>Azure DevOps Services | Sign In</title></html>',
      };
    },
    state: () => ({
      pipelines: seed.pipelines.map(({ name, description, ...is }) => ({
        name,
        now: is['queue-status'],
        ...(description !== undefined && { description }),
      })),
      runs: builds.map((build) => ({
        id: build.id,
        of: build.pipeline.name,
        at: `${build.ref} (${build.commit})`,
        parameters: build.parameters,
        variables: build.variables,
        tags: build.tags,
        now: resultOf(build) ?? 'running',
      })),
    }),
    leftovers: () => [
      ...builds
        .filter((build) => !ended(build) && SESSION_IN_TEXT.test(JSON.stringify([build.parameters, build.tags])))
        .map((build) => `Azure DevOps run ${build.id} of ${build.pipeline.name} still runs.`),
      ...seed.pipelines
        .filter(({ description }) => description?.includes(ANY_UNDO_MARK))
        .map(({ name, description }) => `Azure DevOps pipeline ${name} carries a note: ${description}`),
    ],
  };
}

interface Resources {
  readonly repositories?: { readonly self?: { readonly refName?: string; readonly version?: string } };
}

function page(value: readonly unknown[]): StandInAnswer {
  return { status: 200, body: { count: value.length, value } };
}

function notFound(): StandInAnswer {
  return refusal(404, 'NotFoundException', 'The requested resource does not exist.');
}

function refusal(status: number, typeKey: string, message: string): StandInAnswer {
  return { status, body: { $id: '1', message, typeKey, errorCode: 0, eventId: 3000 } };
}
