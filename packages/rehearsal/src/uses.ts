import type { Pipeline, Step } from './plan.ts';

/** A secret or variable of the host's own store that a step is given, and by which input. */
export interface Use {
  readonly kind: 'secret' | 'variable';
  readonly name: string;
  /** Kebab-case name of the task's input; nothing where it is used otherwise. */
  readonly input: string | undefined;
  readonly step: Step;
}

/** Inputs whose values are secrets, whatever the store calls them. */
const SECRET_INPUT = /(^|-)(token|key|secret|password|certificate|webhook|webhook-url)$/;
const PREDEFINED = /^(system|build|agent|pipeline|environment|release|resources|checks|strategy|tf_build)([._]|$)/i;

export function stepsIn(pipeline: Pipeline): Step[] {
  return pipeline.stages.flatMap((stage) => stage.jobs.flatMap((job) => job.steps));
}

/** What the pipeline takes from its host's stores: no file of the repository holds it, so the rehearsal must. */
export function usesOf(pipeline: Pipeline): Use[] {
  const defined = definedIn(pipeline);
  const uses: Use[] = [];
  for (const stage of pipeline.stages) {
    for (const job of stage.jobs) {
      for (const step of job.steps) {
        for (const [input, text] of Object.entries(step.inputs))
          uses.push(...found(pipeline, step, text, kebab(input), defined));
        for (const text of [...Object.values(step.variables), step.script ?? ''])
          uses.push(...found(pipeline, step, text, undefined, defined));
      }
      for (const text of Object.values(job.variables))
        uses.push(...job.steps.slice(0, 1).flatMap((step) => found(pipeline, step, text, undefined, defined)));
    }
  }
  return uses;
}

function found(
  pipeline: Pipeline,
  step: Step,
  text: string,
  input: string | undefined,
  defined: ReadonlySet<string>,
): Use[] {
  if (pipeline.host === 'github') {
    const named = [...text.matchAll(/\b(secrets|vars)(?:\.([A-Za-z_]\w*)|\['([^']+)'\])/g)];
    return named.map(([, store, dotted, quoted]) => ({
      kind: store === 'secrets' ? 'secret' : 'variable',
      name: (dotted ?? quoted) as string,
      input,
      step,
    }));
  }
  return [...text.matchAll(/\$\(([A-Za-z_][\w.-]*)\)/g)]
    .map(([, name]) => name as string)
    .filter((name) => !defined.has(name.toLowerCase()) && !PREDEFINED.test(name))
    .map((name) => ({
      kind: input === undefined || !SECRET_INPUT.test(input) ? 'variable' : 'secret',
      name,
      input,
      step,
    }));
}

/** Lower-case names of the variables that the pipeline itself sets, outputs of its steps included. */
function definedIn(pipeline: Pipeline): Set<string> {
  const names = new Set(Object.keys(pipeline.variables).map((name) => name.toLowerCase()));
  for (const stage of pipeline.stages) {
    for (const name of Object.keys(stage.variables)) names.add(name.toLowerCase());
    for (const job of stage.jobs) for (const name of Object.keys(job.variables)) names.add(name.toLowerCase());
  }
  return names;
}

/** `cloudflareToken` and `cloudflare-token` are one input. */
function kebab(name: string): string {
  return name.replace(/([a-z0-9])([A-Z])/g, '$1-$2').toLowerCase();
}
