import type { Inputs, TaskDefinition } from '@maintenance-tasks/core';
import { environmentName, OWN_FLAGS } from './local-flags.ts';

/** What a terminal needs of a task's definition. */
export type LocalDefinition = Pick<TaskDefinition, 'name' | 'summary' | 'needs' | 'inputs' | 'outputs'>;

const WIDEST_NAME = 38;

type Row = readonly [name: string, condition: string, text: string];

/** The text of `--help`, made from the definition. */
export function helpText(task: LocalDefinition, width = 100): string {
  const inputs = Object.entries(task.inputs);
  const flags = inputs.filter(([, input]) => !input.secret);
  const secrets = inputs.filter(([, input]) => input.secret);
  const sections: [string, readonly Row[]][] = [
    ['Inputs', flags.map(([name, input]) => [flagOf(name, input), conditionOf(input), describe(input)])],
    [
      'Secrets, from the environment',
      secrets.map(([name, input]) => [environmentName(name, input), conditionOf(input), describe(input)]),
    ],
    ['Outputs', Object.entries(task.outputs).map(([name, text]) => [name, '', text])],
    ['Access it needs', Object.entries(task.needs).map(([system, rights]) => [system, '', rights.join(', ')])],
    [
      'In a terminal',
      Object.entries(OWN_FLAGS)
        .filter(([name]) => !Object.hasOwn(task.inputs, name))
        .map(([name, flag]) => [`--${name}${flag.value ? ` ${flag.value}` : ''}`, '', flag.describe]),
    ],
  ];
  const parts = sections
    .filter(([, rows]) => rows.length > 0)
    .map(([title, rows]) => `${title}\n${table(rows, width)}`);
  const usage = `Usage: ${task.name} --name value …\nA list takes its flag several times, once for each entry. Exit code: 0 done, 1 failed, 2 wrong inputs.`;
  return `${[`${task.name}: ${task.summary}`, usage, ...parts].join('\n\n')}\n`;
}

function flagOf(name: string, input: Inputs[string]): string {
  if (input.kind === 'boolean') return `--${name}`;
  return `--${name} ${input.values ? input.values.join('|') : input.kind.toUpperCase().replaceAll(' ', '-')}`;
}

function conditionOf(input: Inputs[string]): string {
  if (input.required) return 'required';
  return input.default === undefined ? '' : `default ${input.default.split('\n').join(', ')}`;
}

function describe(input: Inputs[string]): string {
  return input.example ? `${input.describe} Example: ${input.example.split('\n').join(', ')}` : input.describe;
}

/** Three columns; a text that is too long for its line goes on below itself. */
function table(rows: readonly Row[], width: number): string {
  const nameWidth = Math.max(...rows.map(([name]) => (name.length > WIDEST_NAME ? 0 : name.length)));
  const conditionWidth = Math.max(...rows.map(([, condition]) => condition.length));
  const indent = 2 + nameWidth + 2 + (conditionWidth === 0 ? 0 : conditionWidth + 2);
  return rows
    .map(([name, condition, text]) => {
      const first = `  ${name.padEnd(nameWidth)}  ${conditionWidth === 0 ? '' : `${condition.padEnd(conditionWidth)}  `}`;
      const lines = wrapped(text, Math.max(30, width - indent));
      // A name that is wider than its column has a line of its own.
      const start = name.length > nameWidth ? `  ${name}\n${first.replace(name, ' '.repeat(nameWidth))}` : first;
      return `${start}${lines.join(`\n${' '.repeat(indent)}`)}`.replace(/[ ]+$/gm, '');
    })
    .join('\n');
}

function wrapped(text: string, width: number): string[] {
  const lines = [''];
  for (const word of text.split(/\s+/)) {
    const line = lines.at(-1) as string;
    if (line !== '' && line.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines;
}
