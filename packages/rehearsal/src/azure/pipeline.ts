import { nearest } from '@maintenance-tasks/core';
import { isMap } from 'yaml';
import type { PublishedTask } from '../catalogue.ts';
import { cyclesIn } from '../cycles.ts';
import { type Entry, PipelineYaml } from '../pipeline-yaml.ts';
import type { Job, Pipeline, Stage, Step } from '../plan.ts';
import { AzureStepReader } from './step.ts';
import { AzureTexts, readParameters } from './texts.ts';

// Keys as the schema has them: learn.microsoft.com/azure/devops/pipelines/yaml-schema.
const TOP = [
  'name',
  'appendCommitMessageToRunName',
  'trigger',
  'pr',
  'schedules',
  'pool',
  'variables',
  'parameters',
  'stages',
  'jobs',
  'steps',
  'lockBehavior',
];
const TOP_UNSUPPORTED = ['resources', 'extends', 'workspace'];
const STAGE = [
  'stage',
  'displayName',
  'dependsOn',
  'condition',
  'variables',
  'jobs',
  'pool',
  'lockBehavior',
  'isSkippable',
  'trigger',
];
const JOB = [
  'displayName',
  'dependsOn',
  'condition',
  'continueOnError',
  'timeoutInMinutes',
  'cancelTimeoutInMinutes',
  'variables',
  'pool',
  'steps',
  'workspace',
];
const JOB_UNSUPPORTED = ['container', 'services', 'uses', 'template'];

/**
 * Reads an Azure pipeline. Template parameters are filled in with their defaults, or with what is given here.
 *
 * @throws InputProblem with every problem, each with its place in the file
 */
export function readAzurePipeline(
  file: string,
  text: string,
  tasks: readonly PublishedTask[],
  given: Readonly<Record<string, string>> = {},
): Pipeline {
  const yaml = new PipelineYaml(file, text);
  const top = yaml.entries(yaml.root, 'the pipeline', TOP, TOP_UNSUPPORTED);
  const inputs = readParameters(yaml, top.get('parameters'));
  const texts = new AzureTexts(yaml, inputs, given);
  const forms = ['stages', 'jobs', 'steps'].filter((key) => top.has(key));
  if (forms.length !== 1)
    yaml.problem(
      yaml.root,
      `a pipeline has exactly one of "stages", "jobs" and "steps"${forms.length > 1 ? `; here are ${forms.join(' and ')}` : ''}`,
    );
  const pipeline: Pipeline = {
    host: 'azure',
    file,
    name: file,
    variables: texts.variables(top.get('variables')),
    inputs,
    stages: new Reader(yaml, tasks, texts).stages(top),
  };
  yaml.throwProblems();
  return pipeline;
}

class Reader {
  readonly #yaml: PipelineYaml;
  readonly #steps: AzureStepReader;
  readonly #texts: AzureTexts;

  constructor(yaml: PipelineYaml, tasks: readonly PublishedTask[], texts: AzureTexts) {
    this.#yaml = yaml;
    this.#texts = texts;
    this.#steps = new AzureStepReader(yaml, tasks, texts);
  }

  stages(top: ReadonlyMap<string, Entry>): Stage[] {
    const yaml = this.#yaml;
    const nodes = yaml.items(top.get('stages'), '"stages"');
    if (!top.has('stages')) {
      const implicit = {
        id: '__default',
        title: 'Stage',
        place: yaml.place(yaml.root),
        needs: [],
        condition: undefined,
        variables: {},
      };
      const jobs = top.has('jobs') ? this.#jobs(top.get('jobs')) : [this.#implicitJob(top)];
      return [{ ...implicit, jobs }];
    }
    const stages: Stage[] = [];
    for (const node of nodes) stages.push(this.#stage(node, stages.at(-1)?.id));
    this.#checkNeeds(stages, 'stage', top.get('stages')?.value);
    return stages;
  }

  #stage(node: unknown, before: string | undefined): Stage {
    const yaml = this.#yaml;
    const keys = yaml.entries(node, 'a stage', STAGE, ['template', 'templateContext']);
    const id = this.#texts.text(keys.get('stage'), '"stage"') ?? '';
    if (!keys.has('jobs')) yaml.problem(node, `the stage "${id}" has no "jobs"`);
    return {
      id,
      title: this.#texts.text(keys.get('displayName'), '"displayName"') ?? id,
      place: yaml.place(node),
      // Stages follow one another unless they say otherwise; `dependsOn: []` starts at once.
      needs: keys.has('dependsOn') ? yaml.texts(keys.get('dependsOn'), '"dependsOn"') : before ? [before] : [],
      condition: this.#texts.condition(keys.get('condition')),
      variables: this.#texts.variables(keys.get('variables')),
      jobs: this.#jobs(keys.get('jobs')),
    };
  }

  #jobs(entry: Entry | undefined): Job[] {
    const jobs = this.#yaml.items(entry, '"jobs"').map((node) => this.#job(node));
    this.#checkNeeds(jobs, 'job', entry?.value);
    return jobs;
  }

  #job(node: unknown): Job {
    const yaml = this.#yaml;
    const deployment = isMap(node) && node.has('deployment');
    const own = deployment ? ['deployment', 'environment', 'strategy'] : ['job', 'strategy'];
    const keys = yaml.entries(node, deployment ? 'a deployment job' : 'a job', [...own, ...JOB], JOB_UNSUPPORTED);
    const id = this.#texts.text(keys.get(own[0] as string), `"${own[0]}"`) ?? '';
    const server = this.#isServer(keys.get('pool'));
    const steps = deployment ? this.#lifecycle(keys.get('strategy'), id) : this.#steps.steps(keys.get('steps'));
    if (deployment && !keys.has('environment')) yaml.problem(node, `the deployment job "${id}" names no "environment"`);
    return {
      id,
      title: this.#texts.text(keys.get('displayName'), '"displayName"') ?? id,
      place: yaml.place(node),
      needs: yaml.texts(keys.get('dependsOn'), '"dependsOn"'),
      condition: this.#texts.condition(keys.get('condition')),
      variables: this.#texts.variables(keys.get('variables')),
      environment: deployment ? this.#environment(keys.get('environment')) : undefined,
      identity: true,
      outputs: {},
      matrix: deployment ? undefined : this.#matrix(keys.get('strategy')),
      continueOnError: this.#texts.text(keys.get('continueOnError'), '"continueOnError"'),
      server,
      deployment,
      shell: undefined,
      workingFolder: undefined,
      steps: server ? steps : this.#withCheckout(steps, deployment, node),
    };
  }

  #implicitJob(top: ReadonlyMap<string, Entry>): Job {
    const place = this.#yaml.place(top.get('steps')?.key);
    const nothing = {
      condition: undefined,
      continueOnError: undefined,
      environment: undefined,
      shell: undefined,
      workingFolder: undefined,
    };
    const steps = this.#withCheckout(this.#steps.steps(top.get('steps')), false, top.get('steps')?.key);
    return {
      ...nothing,
      id: 'Job',
      title: 'Job',
      place,
      needs: [],
      variables: {},
      identity: true,
      outputs: {},
      matrix: undefined,
      server: false,
      deployment: false,
      steps,
    };
  }

  /** A job checks out by itself unless it says how; a deployment job never does, and collects the run's artifacts instead. */
  #withCheckout(steps: readonly Step[], deployment: boolean, node: unknown): Step[] {
    const says = (uses: string) => steps.some((step) => step.uses === uses);
    if (!deployment)
      return says('checkout')
        ? [...steps]
        : [this.#steps.implicit('checkout', 'Check out', 'checkout', node), ...steps];
    return says('download')
      ? [...steps]
      : [this.#steps.implicit('download', 'Download artifacts', 'download', node), ...steps];
  }

  #lifecycle(entry: Entry | undefined, id: string): Step[] {
    const yaml = this.#yaml;
    if (!entry || entry.empty) {
      yaml.problem(entry?.key, `the deployment job "${id}" has no "strategy"`);
      return [];
    }
    const runOnce = yaml
      .entries(entry.value, '"strategy" of a deployment job', ['runOnce'], ['rolling', 'canary'])
      .get('runOnce');
    if (!runOnce) return [];
    const deploy = yaml
      .entries(runOnce.value, '"runOnce"', ['deploy'], ['preDeploy', 'routeTraffic', 'postRouteTraffic', 'on'])
      .get('deploy');
    return deploy ? this.#steps.steps(yaml.entries(deploy.value, '"deploy"', ['steps', 'pool']).get('steps')) : [];
  }

  #matrix(entry: Entry | undefined): unknown {
    if (!entry || entry.empty) return undefined;
    const keys = this.#yaml.entries(entry.value, '"strategy"', ['matrix', 'maxParallel'], ['parallel']);
    const matrix = keys.get('matrix');
    if (matrix && !isMap(matrix.value)) return this.#yaml.text(matrix, '"matrix"');
    return this.#yaml.data(matrix);
  }

  #environment(entry: Entry | undefined): string | undefined {
    if (!entry || entry.empty) return undefined;
    if (!isMap(entry.value)) return this.#texts.text(entry, '"environment"');
    return this.#texts.text(
      this.#yaml
        .entries(entry.value, '"environment"', ['name'], ['resourceName', 'resourceId', 'resourceType', 'tags'])
        .get('name'),
      '"name"',
    );
  }

  #isServer(entry: Entry | undefined): boolean {
    if (!entry || entry.empty) return false;
    if (!isMap(entry.value)) return this.#texts.text(entry, '"pool"') === 'server';
    this.#yaml.entries(entry.value, '"pool"', ['name', 'vmImage', 'demands']);
    return false;
  }

  #checkNeeds(nodes: readonly (Stage | Job)[], what: string, at: unknown): void {
    const ids = nodes.map(({ id }) => id);
    for (const node of nodes) {
      for (const need of node.needs) {
        if (ids.includes(need)) continue;
        const near = nearest(need, ids);
        this.#yaml.problem(
          at,
          `the ${what} "${node.id}" depends on "${need}", which is not a ${what}${near ? `; did you mean "${near}"?` : ''}`,
        );
      }
    }
    for (const twice of new Set(ids.filter((id, index) => id && ids.indexOf(id) !== index)))
      this.#yaml.problem(at, `there are two ${what}s "${twice}"`);
    for (const cycle of cyclesIn(nodes))
      this.#yaml.problem(at, `the ${what}s ${cycle.join(' → ')} depend on one another`);
  }
}
