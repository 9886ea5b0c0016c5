import { azureInputName } from '@maintenance-tasks/core';
import type { z } from 'zod';
import type { azureDevopsSeed } from '../stand-ins/azure-devops.ts';
import type { githubSeed } from '../stand-ins/github.ts';
import type { Known, Note } from './assume.ts';

type GitHub = z.input<typeof githubSeed>;
type Azure = z.input<typeof azureDevopsSeed>;

/** What a step of run-pipeline asks for, as far as it is written and not computed. */
interface Asked {
  readonly repository: string;
  readonly pipeline: string;
  readonly tag: string;
  readonly commit: string | undefined;
  readonly inputs: readonly string[];
  readonly variables: readonly string[];
  readonly correlation: string;
}

/** A commit for a tag of which no file says what it stands for: the same for the same tag. */
const ASSUMED_COMMIT = 'c0ffee0123456789c0ffee0123456789c0ffee01';

/** A rehearsal's time passes as time does: nobody wants to wait for a pipeline that is not there. */
const TAKES = 1;

/** Every repository whose workflow is started has the tag and the workflow, which ends well at once. */
export function githubOf(known: Known, note: Note, written: GitHub | undefined): GitHub[] {
  const repositories = [...(written?.repositories ?? [])];
  for (const asked of askedOn('github', known)) {
    const there = repositories.find(({ name }) => name === asked.repository);
    if (there && written?.repositories?.includes(there)) continue;
    const tags = { ...there?.tags, ...(asked.tag && { [asked.tag]: asked.commit ?? ASSUMED_COMMIT }) };
    const others = (there?.workflows ?? []).filter(({ file }) => file !== asked.pipeline);
    repositories.splice(there ? repositories.indexOf(there) : repositories.length, 1, {
      name: asked.repository,
      branches: { main: ASSUMED_COMMIT },
      tags,
      workflows: asked.pipeline ? [...others, workflowOf(asked)] : others,
    });
    const has = [
      asked.tag && `the tag ${asked.tag}`,
      asked.pipeline && `the workflow ${asked.pipeline}, which ends well at once`,
    ];
    note(`${asked.repository} has ${has.filter(Boolean).join(' and ')}.`);
  }
  const token = known.madeUp.byKind['github-token']?.[0];
  if (!token && !written && repositories.length === 0) return [];
  return [{ ...(token && { token }), ...written, repositories }];
}

function workflowOf({ pipeline, inputs, correlation }: Asked) {
  return {
    file: pipeline,
    takes: TAKES,
    inputs: Object.fromEntries([...inputs, correlation].map((name) => [name, { required: false }])),
    'run-name': `${pipeline} \${{ inputs.${correlation} }}`,
  };
}

/** Likewise on Azure DevOps, where all that is started is taken to be in one project. */
export function azureDevopsOf(known: Known, note: Note, written: Azure | undefined): Azure[] {
  const token = known.madeUp.byKind['azure-devops-token']?.[0];
  const asked = askedOn('azure-devops', known);
  const [project] = asked.map(({ repository }) => repository);
  if (written || project === undefined) return written || token ? [{ ...(token && { token }), ...written }] : [];
  const own = asked.filter(({ repository }) => repository === project);
  const named = own.filter(({ pipeline }) => pipeline !== '');
  const pipelines = [...new Map(named.map((each) => [each.pipeline, each])).values()].map((each, index) => ({
    id: /^\d+$/.test(each.pipeline) ? Number(each.pipeline) : 101 + index,
    name: each.pipeline,
    repository: 'platform',
    takes: TAKES,
    parameters: Object.fromEntries([...each.inputs, each.correlation].map((name) => [name, { default: '' }])),
    variables: [...each.variables],
  }));
  const tags = Object.fromEntries(own.flatMap(({ tag, commit }) => (tag ? [[tag, commit ?? ASSUMED_COMMIT]] : [])));
  const names = pipelines.map(({ name }) => name).join(', ');
  note(
    `${project} has the pipelines ${names}${own.some(({ tag }) => tag) ? ` and the tags ${Object.keys(tags).join(', ')}` : ''}.`,
  );
  return [
    {
      ...(token && { token }),
      project,
      repositories: [{ name: 'platform', branches: { main: ASSUMED_COMMIT }, tags }],
      pipelines,
    },
  ];
}

/** What steps of run-pipeline start, what the changes of the window are tagged with, and what jobs pauses. */
function askedOn(host: 'github' | 'azure-devops', known: Known): Asked[] {
  const { window } = known;
  const correlation = host === 'github' ? 'correlation-id' : 'correlationId';
  const unasked = { commit: undefined, inputs: [], variables: [], correlation };
  const tagged = (window?.changes ?? []).flatMap(({ host: at, repository, tag, pipeline }) => {
    if (at !== host || !repository || !tag) return [];
    const project = host === 'github' ? repository : repository.split('/').slice(0, 2).join('/');
    return { ...unasked, repository: project, tag: tag.replace(/^refs\/tags\//, ''), pipeline: pipeline ?? '' };
  });
  const paused = (window?.jobs ?? []).flatMap((entry) => {
    if (entry.kind !== host) return [];
    const names = entry.kind === 'github' ? entry.workflows : entry.pipelines.map(String);
    const repository = entry.kind === 'github' ? entry.repository : `${entry.organization}/${entry.project}`;
    return names.map((pipeline) => ({ ...unasked, repository, pipeline, tag: '' }));
  });
  // Last, since a step says most of what it starts.
  return [...tagged, ...paused, ...startedBySteps(host, known, correlation)];
}

function startedBySteps(host: 'github' | 'azure-devops', { steps }: Known, correlation: string): Asked[] {
  return steps.flatMap(({ task, inputs }) => {
    const input = (name: string) => inputs[name] ?? inputs[azureInputName(name)];
    const [repository, pipeline, tag] = ['repository', 'pipeline', 'tag'].map(input);
    if (task !== 'run-pipeline' || input('host') !== host || !repository || !pipeline || !tag) return [];
    if ([repository, pipeline, tag].some((text) => /\$[({]/.test(text))) return [];
    const commit = input('tag-commit');
    return {
      repository,
      pipeline,
      tag: tag.replace(/^refs\/tags\//, ''),
      commit: commit && /^[0-9a-f]{40}$/.test(commit) ? commit : undefined,
      inputs: namesIn(input('inputs')),
      variables: namesIn(input('variables')),
      correlation: input('correlation-input') ?? correlation,
    };
  });
}

function namesIn(map: string | undefined): string[] {
  return [...(map ?? '').matchAll(/^\s*([^\s:=]+)\s*[:=]/gm)].map(([, name]) => name as string);
}
