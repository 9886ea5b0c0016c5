import { type AnyContext, markdownTable, markdownText, TaskError, type YamlFile } from '@maintenance-tasks/core';
import type { AzureAccess } from '@maintenance-tasks/services/entra-id/client';
import { checkAccess as certificatesAccess } from '../cert-upload/upload.ts';
import { checkAccess as pageAccess } from '../maintenance-page/page.ts';
import { checkAccess as suppressionAccess } from '../monitoring-suppression/suppression.ts';
import { checkAccess as channelAccess } from '../notify/announce.ts';
import { missingAccess, type WindowAccess } from '../window/access.ts';
import { planDigest } from '../window/digest.ts';
import type { MaintenanceWindow } from '../window/schema.ts';
import { clockProblems, timeLeft, timesOf } from '../window/times.ts';
import { planRows } from './plan.ts';
import { toolVersions } from './tools.ts';

export interface CheckArguments {
  readonly file: YamlFile<MaintenanceWindow>;
  readonly access: WindowAccess;
  readonly azure: AzureAccess;
  readonly checkOnly: boolean;
  /** Absent when no session is opened. */
  readonly session: string | undefined;
}

interface Finding {
  readonly subject: string;
  readonly problems: readonly string[];
  readonly fine: string;
}

/**
 * Looks at everything that can be known before the first change, and shows the plan.
 *
 * @throws TaskError `refused` with every problem found, each with its remedy
 */
export async function checkWindow(
  context: AnyContext,
  { file, access, azure, checkOnly, session }: CheckArguments,
): Promise<{ digest: string; plan: string }> {
  const window = file.content;
  const digest = await planDigest(file);
  const now = context.clock.now();
  const clock = clockProblems(window, 'pre-maintenance', now);
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
    ...(await accessFindings(context, window, access, azure)),
  ];
  const rows = planRows(window);
  context.report.table({ title: 'Checked', columns: ['What', 'Result'], rows: findings.map(resultRow) });
  context.report.table({ title: 'Plan', columns: ['Step', 'What happens'], rows });
  for (const finding of findings) context.log.info(resultRow(finding).join(': '));
  const problems = findings.flatMap(({ subject, problems: each }) => each.map((problem) => `${subject}: ${problem}`));
  if (problems.length > 0) throw refusal(problems);
  for (const [step, what] of rows) context.log.info(`Plan: ${step}: ${what}`);
  context.report.note(
    session
      ? `Session ${session} is open. Digest of the plan: ${digest}.`
      : `Everything is ready. Digest of the plan: ${digest}.`,
  );
  return { digest, plan: planInMarkdown(window, rows, session, digest) };
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

/** Reads from every system of the window with the credential that will be used that night. */
async function accessFindings(
  context: AnyContext,
  window: MaintenanceWindow,
  access: WindowAccess,
  azure: AzureAccess,
): Promise<Finding[]> {
  const { page, suppress, channels, certificates } = window;
  const missing = missingAccess(window, access);
  if (missing.length > 0)
    return [{ subject: 'Secrets', problems: missing.map((each) => `${each} was not given.`), fine: '' }];
  const reached = (subject: string, count: number, problems: readonly string[]): Finding => ({
    subject,
    problems,
    fine: `reached; ${count} checked`,
  });
  const findings = [
    ...(page
      ? [
          pageAccess(context, { token: access.cloudflare, hosts: page.hosts, until: timesOf(window).ends }).then(
            (problems) => reached('Cloudflare', page.hosts.length, problems),
          ),
        ]
      : []),
    ...(suppress.length > 0
      ? [
          suppressionAccess(context, { systems: suppress, credentials: access.monitoring }).then((problems) =>
            reached('Monitoring', suppress.length, problems),
          ),
        ]
      : []),
    ...(channels.length > 0
      ? [
          channelAccess(context, { channels, secrets: access.channels }).then((problems) =>
            reached('Channels', channels.length, problems),
          ),
        ]
      : []),
    ...certificates.map((each) =>
      certificatesAccess(context, { vault: each.vault, certificates: each.certificates, access: azure }).then(
        (problems) => reached(`Key vault ${each.vault}`, each.certificates.length, problems),
      ),
    ),
  ];
  return Promise.all(findings);
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
