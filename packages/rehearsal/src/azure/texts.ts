import { InputProblem, messageOf } from '@maintenance-tasks/core';
import { isMap } from 'yaml';
import { problemOf, type Scope, type Value } from '../expressions.ts';
import type { Entry, PipelineYaml } from '../pipeline-yaml.ts';
import type { InputDefault } from '../plan.ts';
import { ALL_AZURE_FUNCTIONS, azureText, templateValue } from './expressions.ts';

const AZURE_CONTEXTS = ['variables', 'dependencies', 'stageDependencies', 'parameters', 'pipeline', 'resources'];

/** Reads the texts of an Azure pipeline: template expressions are filled in at once, the others checked. */
export class AzureTexts {
  readonly #yaml: PipelineYaml;
  readonly #scope: Scope;

  constructor(
    yaml: PipelineYaml,
    inputs: Readonly<Record<string, InputDefault>>,
    given: Readonly<Record<string, string>>,
  ) {
    this.#yaml = yaml;
    const parameters: Record<string, Value> = {};
    for (const [name, { type, value }] of Object.entries(inputs)) {
      const own = given[name];
      parameters[name] =
        own === undefined
          ? value
          : type === 'boolean'
            ? own.toLowerCase() === 'true'
            : type === 'number'
              ? Number(own)
              : own;
    }
    this.#scope = { contexts: { parameters, variables: {} }, functions: ALL_AZURE_FUNCTIONS };
  }

  /** A mapping, or a list of `name` with `value`. What a `group` holds no file tells. */
  variables(entry: Entry | undefined): Record<string, string> {
    const yaml = this.#yaml;
    const variables: Record<string, string> = {};
    if (entry && !entry.empty && isMap(entry.value)) {
      for (const [name, inner] of yaml.entries(entry.value, '"variables"'))
        variables[name] = this.#variable(inner, name);
      return variables;
    }
    for (const node of yaml.items(entry, '"variables"')) {
      const keys = yaml.entries(node, 'a variable', ['name', 'value', 'readonly', 'group'], ['template', 'parameters']);
      const name = this.text(keys.get('name'), '"name"');
      if (name !== undefined) variables[name] = this.#variable(keys.get('value'), name);
    }
    return variables;
  }

  #variable(entry: Entry | undefined, name: string): string {
    const text = this.text(entry, `the variable "${name}"`) ?? '';
    const runtime = /^\s*\$\[([\s\S]*)\]\s*$/.exec(text)?.[1];
    if (runtime !== undefined) this.#checkExpression(runtime.trim(), entry);
    return text;
  }

  condition(entry: Entry | undefined): string | undefined {
    const text = this.text(entry, '"condition"');
    // The service takes a macro in a condition for text: it is never what the author means.
    if (text !== undefined && /\$\(/.test(text))
      this.#yaml.problem(entry?.value, `$(…) is not filled in in conditions; write variables['…'] instead: "${text}"`);
    else if (text !== undefined) this.#checkExpression(text, entry);
    return text;
  }

  #checkExpression(text: string, entry: Entry | undefined): void {
    const problem = problemOf(text, AZURE_CONTEXTS, ALL_AZURE_FUNCTIONS);
    if (problem) this.#yaml.problem(entry?.value, problem);
  }

  /** A value with its template expressions filled in: they are gone before a run starts. */
  text(entry: Entry | undefined, what: string): string | undefined {
    const text = this.#yaml.text(entry, what);
    if (!text?.includes('${{')) return text;
    try {
      return azureText(templateValue(text, this.#scope));
    } catch (error) {
      if (error instanceof InputProblem) throw error;
      this.#yaml.problem(entry?.value, messageOf(error));
      return text;
    }
  }
}

/** Template parameters with their defaults. */
export function readParameters(yaml: PipelineYaml, entry: Entry | undefined): Record<string, InputDefault> {
  return Object.fromEntries(
    yaml.items(entry, '"parameters"').map((node) => {
      const keys = yaml.entries(node, 'a parameter', ['name', 'displayName', 'type', 'default', 'values']);
      const type = yaml.text(keys.get('type'), '"type"') ?? 'string';
      const written = yaml.data(keys.get('default'));
      const value =
        written === undefined || written === null || typeof written === 'object'
          ? ''
          : (written as string | number | boolean);
      const options = yaml.texts(keys.get('values'), '"values"');
      return [
        yaml.text(keys.get('name'), '"name" of a parameter') ?? '',
        { type, value, required: !keys.has('default'), options },
      ];
    }),
  );
}
