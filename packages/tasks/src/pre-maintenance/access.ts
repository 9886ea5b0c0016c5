import type { AnyContext } from '@maintenance-tasks/core';
import { missingAccess, type WindowAccess } from '../window/access.ts';
import type { MaintenanceWindow } from '../window/schema.ts';
import { timesOf } from '../window/times.ts';

/** One line of what was looked at. */
export interface Finding {
  readonly subject: string;
  /** Whole sentences, each with its remedy. */
  readonly problems: readonly string[];
  /** What to say when there are none. */
  readonly fine: string;
}

interface Subject {
  readonly name: string;
  /** How many things of the window are in it; none, and it is not asked. */
  readonly count: number;
  problems(): Promise<readonly string[]>;
}

/** Reads from every system of the window with the credential that will be used that night; changes nothing. */
export async function accessFindings(
  context: AnyContext,
  window: MaintenanceWindow,
  access: WindowAccess,
  session: string,
  evidence: string,
): Promise<Finding[]> {
  const missing = missingAccess(window, access);
  if (missing.length > 0)
    return [
      { subject: 'Secrets', problems: missing.map((each) => `Not given: ${each}. Give it to this step.`), fine: '' },
    ];
  const subjects = subjectsOf(context, window, access, session, evidence).filter(({ count }) => count > 0);
  return Promise.all(
    subjects.map(async ({ name, count, problems }) => ({
      subject: name,
      problems: await problems(),
      fine: `reached; ${count} checked`,
    })),
  );
}

function subjectsOf(
  context: AnyContext,
  window: MaintenanceWindow,
  access: WindowAccess,
  session: string,
  evidence: string,
): Subject[] {
  const { page, suppress, channels, certificates, jobs, traffic, allowlist } = window;
  const hosts = page?.hosts ?? [];
  return [
    {
      name: 'Cloudflare',
      count: hosts.length,
      problems: async () => {
        const { checkAccess } = await import('../maintenance-page/page.ts');
        return checkAccess(context, { token: access.cloudflare, hosts, until: timesOf(window).ends });
      },
    },
    {
      name: 'Monitoring',
      count: suppress.length,
      problems: async () => {
        const { checkAccess } = await import('../monitoring-suppression/suppression.ts');
        return checkAccess(context, { systems: suppress, credentials: access.monitoring });
      },
    },
    {
      name: 'Channels',
      count: channels.length,
      problems: async () => {
        const { checkAccess } = await import('../notify/announce.ts');
        return checkAccess(context, { channels, secrets: access.channels });
      },
    },
    {
      name: 'Jobs',
      count: jobs.length,
      problems: async () => {
        const { checkAccess } = await import('../jobs/pause.ts');
        return checkAccess(context, { jobs, access: access.jobs, evidence });
      },
    },
    {
      name: 'Traffic',
      count: traffic.length,
      problems: async () => {
        const { checkAccess } = await import('../traffic/traffic.ts');
        return checkAccess(context, { targets: traffic, access: access.traffic, session });
      },
    },
    {
      name: 'Allow-list',
      count: allowlist ? 1 : 0,
      problems: async () => {
        if (!allowlist) return [];
        const { account, list, hosts } = allowlist;
        const { checkAccess } = await import('../ip-allowlist/access.ts');
        const until = timesOf(window).ends;
        return checkAccess(context, { token: access.cloudflare, account, list, ...(hosts && { hosts }), until });
      },
    },
    ...certificates.map(
      (each): Subject => ({
        name: `Key vault ${each.vault}`,
        count: each.certificates.length,
        problems: async () => {
          const { checkAccess } = await import('../cert-upload/upload.ts');
          return checkAccess(context, { ...each, access: access.jobs.azure });
        },
      }),
    ),
  ];
}
