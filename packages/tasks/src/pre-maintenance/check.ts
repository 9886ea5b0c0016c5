import { type AnyContext, markdownTable, markdownText, TaskError, type YamlFile } from '@maintenance-tasks/core';
import type { TicketAccess } from '../ticket/system.ts';
import type { WindowAccess } from '../window/access.ts';
import { planDigest } from '../window/digest.ts';
import type { MaintenanceWindow } from '../window/schema.ts';
import { clockProblems, timeLeft } from '../window/times.ts';
import { accessFindings, type Finding } from './access.ts';
import { checkChanges } from './changes.ts';
import { planRows } from './plan.ts';
import { toolVersions } from './tools.ts';

export interface CheckedWindow {
  readonly digest: string;
  readonly plan: string;
  readonly tagCommits: readonly string[];
}

export interface CheckArguments {
  readonly file: YamlFile<MaintenanceWindow>;
  readonly access: WindowAccess;
  readonly tickets: TicketAccess;
  readonly checkOnly: boolean;
  /** Only opened unless `checkOnly`; what is planned is planned for it all the same. */
  readonly session: string;
  /** Folder of the evidence. */
  readonly evidence: string;
}

/**
 * Looks at everything that can be known before the first change, and shows the plan.
 *
 * @throws TaskError `refused` with every problem found, each with its remedy
 */
export async function checkWindow(
  context: AnyContext,
  { file, access, tickets, checkOnly, session, evidence }: CheckArguments,
): Promise<CheckedWindow> {
  const window = file.content;
  const digest = await planDigest(file);
  const opened = checkOnly ? undefined : session;
  const now = context.clock.now();
  const clock = clockProblems(window, 'pre-maintenance', now);
  const changes = await checkChanges(context, window, { ...access.jobs, ...tickets });
  const findings: Finding[] = [
    checkOnly
      ? {
          subject: 'Clock',
          problems: [],
          fine: clock.length > 0 ? `Does not count today: ${clock.join(' ')}` : timeLeft(window, now).join('; '),
        }
      : { subject: 'Clock', problems: clock, fine: timeLeft(window, now).join('; ') },
    { subject: 'Roster', problems: [], fine: rosterInWords(window) },
    ...(await toolFindings(context, window)),
    ...changes.findings,
    ...(await accessFindings(context, window, access, session, evidence)),
  ];
  const rows = planRows(window);
  context.report.table({ title: 'Checked', columns: ['What', 'Result'], rows: findings.map(resultRow) });
  context.report.table({ title: 'Plan', columns: ['Step', 'What happens'], rows });
  for (const finding of findings) context.log.info(resultRow(finding).join(': '));
  const problems = findings.flatMap(({ subject, problems: each }) => each.map((problem) => `${subject}: ${problem}`));
  if (problems.length > 0) throw refusal(problems);
  for (const [step, what] of rows) context.log.info(`Plan: ${step}: ${what}`);
  context.report.note(
    opened
      ? `Session ${opened} is open. Digest of the plan: ${digest}.`
      : `Everything is ready. Digest of the plan: ${digest}.`,
  );
  return { digest, plan: planInMarkdown(window, rows, opened, digest), tagCommits: changes.tagCommits };
}

function refusal(problems: readonly string[]): TaskError {
  return new TaskError('refused', {
    what: `The window cannot begin: ${problems.length === 1 ? 'there is one problem' : `there are ${problems.length} problems`}.\n${problems.map((problem) => `  - ${problem}`).join('\n')}\n`,
    state: 'Nothing was changed; the night has not begun.',
    remedy: 'Mend all of them and run pre-maintenance again.',
  });
}

function resultRow({ subject, problems, fine }: Finding): [string, string] {
  return [subject, problems.length > 0 ? `PROBLEM: ${problems.join(' ')}` : fine];
}

function rosterInWords({ roster }: MaintenanceWindow): string {
  return roster
    .map(
      ({ name, roles, 'stands-in-for': other }) =>
        `${name} (${roles.join(', ')}${other ? `; stands in for ${other}` : ''})`,
    )
    .join('; ');
}

async function toolFindings(context: AnyContext, { tools }: MaintenanceWindow): Promise<Finding[]> {
  const versions = await toolVersions(tools, context.signal);
  return versions.map(({ name, wanted, found, problem }) => ({
    subject: `Tool ${name}`,
    problems: problem ? [`${problem}.`] : [],
    fine: `${found} is ${wanted}`,
  }));
}

function planInMarkdown(
  window: MaintenanceWindow,
  rows: readonly (readonly string[])[],
  session: string | undefined,
  digest: string,
): string {
  return [
    `### ${markdownText(window.name)}`,
    markdownTable({ columns: ['Step', 'What happens'], rows }),
    `${session ? `Session \`${session}\`, digest` : 'Digest'} \`${digest}\``,
  ].join('\n\n');
}
