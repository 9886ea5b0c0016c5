import type { AnyContext } from '@maintenance-tasks/core';
import type { AllowlistPart } from '../ip-allowlist/schema.ts';
import type { JobsEntry } from '../jobs/schema.ts';
import type { Leftover } from '../leftover.ts';
import type { SuppressedSystem } from '../monitoring-suppression/schema.ts';
import type { TrafficTarget } from '../traffic/schema.ts';
import type { SystemAccess } from './access.ts';

/** What of a window a session may change for its time, and what must be given back. */
export interface WindowParts {
  /** Absent: no pages. Hosts absent: wherever the token sees a page of the session. */
  readonly page?: { readonly hosts?: readonly string[] | undefined } | undefined;
  readonly traffic: readonly TrafficTarget[];
  readonly suppress: readonly SuppressedSystem[];
  readonly jobs: readonly JobsEntry[];
  readonly allowlist?: AllowlistPart | undefined;
}

/** One part, in the words that finishing and sweeping need. */
export interface TemporaryChange {
  readonly subject: string;
  /** What any session left there. */
  find(context: AnyContext): Promise<readonly Leftover[]>;
  /** Gives back what that session changed; twice is once. */
  putBack(context: AnyContext, session: string, dryRun: boolean): Promise<unknown>;
}

/**
 * The parts in the order in which they are given back: servers get their traffic before the page goes, alerting comes
 * back when customers are served again, then jobs start, and who was let in for the night is locked out last. Each is loaded only when the window has it.
 */
export function temporaryChanges(parts: WindowParts, access: SystemAccess, evidence: string): TemporaryChange[] {
  const { page, traffic, suppress, jobs, allowlist } = parts;
  const changes: (TemporaryChange | undefined)[] = [
    traffic.length > 0 ? trafficPart(traffic, access, evidence) : undefined,
    page && pagePart(page.hosts, access.cloudflare),
    suppress.length > 0 ? suppressionPart(suppress, access) : undefined,
    jobs.length > 0 ? jobsPart(jobs, access, evidence) : undefined,
    allowlist && allowlistPart(allowlist, access.cloudflare),
  ];
  return changes.filter((change) => change !== undefined);
}

function pagePart(hosts: readonly string[] | undefined, token: string): TemporaryChange {
  return {
    subject: 'Maintenance page',
    find: async (context) => (await import('../maintenance-page/page.ts')).findPages(context, { token }),
    putBack: async (context, session, dryRun) => {
      const { removePage } = await import('../maintenance-page/page.ts');
      return removePage(context, { token, ...(hosts && { hosts }), session, dryRun });
    },
  };
}

function suppressionPart(systems: readonly SuppressedSystem[], { monitoring }: SystemAccess): TemporaryChange {
  const scope = { systems, credentials: monitoring };
  return {
    subject: 'Monitoring',
    find: async (context) => {
      const { findSuppressions } = await import('../monitoring-suppression/suppression.ts');
      return findSuppressions(context, scope);
    },
    putBack: async (context, session, dryRun) => {
      const { endSuppressions } = await import('../monitoring-suppression/suppression.ts');
      return endSuppressions(context, { ...scope, session, dryRun });
    },
  };
}

function trafficPart(targets: readonly TrafficTarget[], { traffic }: SystemAccess, evidence: string): TemporaryChange {
  return {
    subject: 'Traffic',
    find: async (context) => (await import('../traffic/traffic.ts')).findDrained(context, { targets, access: traffic }),
    putBack: async (context, session, dryRun) => {
      const { rollOut } = await import('../traffic/traffic.ts');
      return rollOut(context, { targets, access: traffic, session, evidence, dryRun });
    },
  };
}

function jobsPart(jobs: readonly JobsEntry[], access: SystemAccess, evidence: string): TemporaryChange {
  const scope = { jobs, access: access.jobs, evidence };
  return {
    subject: 'Jobs',
    find: async (context) => (await import('../jobs/pause.ts')).findPaused(context, scope),
    putBack: async (context, session, dryRun) => {
      const { resumeJobs } = await import('../jobs/resume.ts');
      return resumeJobs(context, { ...scope, session, dryRun });
    },
  };
}

function allowlistPart({ account, list, hosts }: AllowlistPart, token: string): TemporaryChange {
  const place = { token, account, list, ...(hosts && { hosts }) };
  return {
    subject: 'Allow-list',
    find: async (context) => (await import('../ip-allowlist/status.ts')).findAllowlistEntries(context, place),
    putBack: async (context, session, dryRun) => {
      const { removeAllowlistEntries } = await import('../ip-allowlist/remove.ts');
      return removeAllowlistEntries(context, { ...place, session, dryRun });
    },
  };
}
