import { azureInputName, type Input, markdownTable, type TaskDefinition } from '@maintenance-tasks/core';
import { stringify } from 'yaml';
import { generatedNote, pascalCase, sourceOf, titleOf } from './names.ts';
import { secretName } from './task-json.ts';

/** A task's page beside its metadata; the host's own example comes first. */
export function readme(task: TaskDefinition, host: 'github' | 'azure', version: string): string {
  const examples = [githubExample(task, version), azureExample(task, version)];
  if (host === 'azure') examples.reverse();
  const sections = [
    `<!-- ${generatedNote(sourceOf(task.name))} -->`,
    `# ${titleOf(task.name)}`,
    task.summary,
    ...examples,
    terminalExample(task),
    '## Inputs',
    inputTable(task),
    ...outputSection(task),
    '## Permissions',
    permissions(task),
  ];
  return `${sections.join('\n\n')}\n`;
}

function inputTable(task: TaskDefinition): string {
  const rows = Object.entries(task.inputs).map(([name, input]) => [
    code(name),
    code(azureInputName(name)),
    input.kind,
    input.required ? 'required' : input.default === undefined ? '' : code(input.default),
    text(input.values ? `${input.describe} One of: ${input.values.join(', ')}.` : input.describe),
  ]);
  return table(['GitHub, terminal', 'Azure', 'Kind', 'Default', 'Meaning'], rows);
}

function outputSection(task: TaskDefinition): string[] {
  const outputs = Object.entries(task.outputs);
  if (outputs.length === 0) return [];
  const rows = outputs.map(([name, meaning]) => [code(name), code(azureInputName(name)), text(meaning)]);
  return ['## Outputs', table(['GitHub', 'Azure', 'Meaning'], rows)];
}

function permissions(task: TaskDefinition): string {
  const needs = Object.entries(task.needs);
  if (needs.length === 0) return 'It needs none.';
  return needs.map(([system, list]) => `- ${system}: ${list.join(', ')}`).join('\n');
}

/** What an example shows of a task: what must be given, and what has a value worth showing. */
function exampleValues(task: TaskDefinition, secretReference: (name: string) => string): [string, string][] {
  return Object.entries(task.inputs)
    .filter(([, input]) => input.required || input.example !== undefined)
    .map(([name, input]) => [name, input.secret ? secretReference(secretName(name, input)) : exampleOf(name, input)]);
}

function exampleOf(name: string, input: Input<unknown>): string {
  return input.example ?? input.values?.[0] ?? `<${name}>`;
}

function githubExample(task: TaskDefinition, version: string): string {
  const values = exampleValues(task, (name) => `\${{ secrets.${name} }}`);
  const step = {
    uses: `your-org/maintenance-tasks/actions/${task.name}@v${version}`,
    ...(values.length > 0 && { with: Object.fromEntries(values) }),
  };
  return `## On GitHub Actions\n\n${fenced('yaml', stringify([step], { lineWidth: 0, compat: 'yaml-1.1' }))}`;
}

function azureExample(task: TaskDefinition, version: string): string {
  const values = exampleValues(task, (name) => `$(${name})`);
  const step = {
    task: `${pascalCase(task.name)}@${version.split('.')[0]}`,
    ...(values.length > 0 && {
      inputs: Object.fromEntries(values.map(([name, value]) => [azureInputName(name), value])),
    }),
  };
  return `## On Azure Pipelines\n\n${fenced('yaml', stringify([step], { lineWidth: 0, compat: 'yaml-1.1' }))}`;
}

function terminalExample(task: TaskDefinition): string {
  const secrets = Object.entries(task.inputs).filter(([, input]) => input.required && input.secret);
  const flags = Object.entries(task.inputs)
    .filter(([, input]) => input.required && !input.secret)
    .map(([name, input]) => `--${name} ${quoted(exampleOf(name, input))}`);
  const lines = [
    // The shell's own way to keep a secret out of its history and out of argv.
    ...secrets.map(([name, input]) => `read -rs ${secretName(name, input)} && export ${secretName(name, input)}`),
    ['npm run task --', task.name, ...flags].join(' '),
  ];
  return `## In a terminal\n\n${fenced('sh', `${lines.join('\n')}\n`)}`;
}

function quoted(value: string): string {
  return /^[\w./:@-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`;
}

function fenced(language: string, content: string): string {
  return `\`\`\`${language}\n${content}\`\`\``;
}

/** Cells hold our own Markdown, so only what would end a cell is escaped, by `text`. */
function table(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const head = markdownTable({ columns, rows: [] });
  return [head, ...rows.map((row) => `| ${row.join(' | ')} |`)].join('\n');
}

function text(value: string): string {
  return value
    .replaceAll('|', '\\|')
    .replaceAll('<', '&lt;')
    .replace(/\s*\n\s*/g, ' ');
}

function code(value: string): string {
  return `\`${value.replaceAll('|', '\\|').replace(/\s*\n\s*/g, ' ')}\``;
}
