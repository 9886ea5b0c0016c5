import { InputProblem, nearest } from '@maintenance-tasks/core';

export interface Options {
  /** Folder or pipeline file. */
  readonly target: string;
  readonly host: 'github' | 'azure' | 'both';
  readonly autoApprove: boolean;
  readonly approveAs: string | undefined;
  readonly from: string | undefined;
  readonly fail: string | undefined;
  readonly kill: { readonly step: string; readonly after: number } | undefined;
  readonly json: string | undefined;
  readonly report: string;
  readonly node: string | undefined;
  readonly runScripts: boolean;
  readonly verbose: boolean;
  readonly help: boolean;
}

interface Flag {
  readonly takes?: string;
  readonly means: string;
}

const FLAGS: Readonly<Record<string, Flag>> = {
  host: { takes: 'github|azure|both', means: 'Whose pipeline is played; both unless told.' },
  'auto-approve': { means: 'Approve without asking.' },
  'approve-as': { takes: 'NAME', means: 'Approve under this name; it must be an approver of the window’s roster.' },
  from: { takes: 'TIME', means: 'When the rehearsal begins, such as "2026-11-21 20:00"; with the window unless told.' },
  fail: { takes: 'STEP', means: 'Take this step as failed without running it, and see what the rest does.' },
  kill: { takes: 'STEP:N', means: 'Kill this step’s process after its N-th call, and see what is left.' },
  node: { takes: '20|24|PATH', means: 'Node that runs the tasks; what the host would use unless told.' },
  'run-scripts': { means: 'Run the scripts in the pipelines for real. They are passed over otherwise.' },
  json: { takes: 'FILE', means: 'Write all that happened as JSON; - for standard output.' },
  report: { takes: 'FILE', means: 'Where the report page goes; .rehearsal/report.html unless told.' },
  verbose: { means: 'Show every line that the tasks print.' },
  help: { means: 'Show this.' },
};

export const DEFAULT_TARGET = 'examples/monthly-window';

export function usage(): string {
  const rows = Object.entries(FLAGS).map(
    ([name, { takes, means }]) => `  ${`--${name}${takes ? ` ${takes}` : ''}`.padEnd(28)}${means}`,
  );
  return [
    'Plays a maintenance pipeline from end to end on this machine: real bundles, made-up outside world.',
    '',
    `  npm run rehearse -- [folder or pipeline file] [options]     (${DEFAULT_TARGET} unless told)`,
    '',
    ...rows,
  ].join('\n');
}

/** @throws InputProblem with every mistake, one a line */
export function parseCommandLine(given: readonly string[]): Options {
  const problems: string[] = [];
  const values: Record<string, string> = {};
  const rest: string[] = [];
  const words = [...given];
  while (words.length > 0) {
    const word = words.shift() as string;
    const match = /^--([^=]+)(?:=(.*))?$/s.exec(word);
    if (!match) {
      if (word.startsWith('-') && word !== '-') problems.push(`${word}: is not an option; all begin with two dashes`);
      else rest.push(word);
      continue;
    }
    const name = match[1] as string;
    const flag = Object.hasOwn(FLAGS, name) ? FLAGS[name] : undefined;
    if (!flag) {
      const near = nearest(name, Object.keys(FLAGS));
      problems.push(`--${name}: is not an option${near ? `; did you mean --${near}?` : '; --help shows all'}`);
    } else if (flag.takes === undefined) {
      if (match[2] !== undefined) problems.push(`--${name}: takes no value`);
      values[name] = 'true';
    } else {
      const value = match[2] ?? (words[0]?.startsWith('--') ? undefined : words.shift());
      if (value === undefined || value === '') problems.push(`--${name}: needs a value (${flag.takes})`);
      else values[name] = value;
    }
  }
  if (rest.length > 1)
    problems.push(`${rest.slice(1).join(', ')}: only one folder or pipeline file can be rehearsed at a time`);
  const host = values.host ?? 'both';
  if (!['github', 'azure', 'both'].includes(host)) problems.push(`--host: "${host}" is not one of github, azure, both`);
  if (values['auto-approve'] && values['approve-as'])
    problems.push('--auto-approve and --approve-as exclude each other');
  const kill = killOf(values.kill, problems);
  if (problems.length > 0) throw new InputProblem(problems.join('\n'));
  return {
    target: rest[0] ?? DEFAULT_TARGET,
    host: host as Options['host'],
    autoApprove: values['auto-approve'] !== undefined,
    approveAs: values['approve-as'],
    from: values.from,
    fail: values.fail,
    kill,
    json: values.json,
    report: values.report ?? '.rehearsal/report.html',
    node: values.node,
    runScripts: values['run-scripts'] !== undefined,
    verbose: values.verbose !== undefined,
    help: values.help !== undefined,
  };
}

function killOf(text: string | undefined, problems: string[]): Options['kill'] {
  if (text === undefined) return undefined;
  const match = /^(.+):([1-9]\d*)$/.exec(text);
  if (!match) problems.push(`--kill: "${text}" is not of the form STEP:N, such as starting-maintenance:5`);
  return match ? { step: match[1] as string, after: Number(match[2]) } : undefined;
}
