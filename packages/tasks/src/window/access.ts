import { TaskError } from '@maintenance-tasks/core';
import { type JobsAccess, jobsAccessOf, missingAccess as missingForJobs } from '../jobs/access.ts';
import { missingCredentials, monitoringCredentials } from '../monitoring-suppression/credentials.ts';
import { missingSecrets, notifySecrets } from '../notify/channels.ts';
import { type TrafficAccess, trafficAccessOf } from '../traffic/access.ts';
import type { MaintenanceWindow } from './schema.ts';

type SystemInputs = Parameters<typeof monitoringCredentials>[0] &
  Parameters<typeof jobsAccessOf>[0] & { readonly 'cloudflare-token'?: string | undefined };

/** What the systems that a window changes are reached with. */
export interface SystemAccess {
  /** Empty when it was not given. */
  readonly cloudflare: string;
  readonly monitoring: ReturnType<typeof monitoringCredentials>;
  readonly jobs: JobsAccess;
  readonly traffic: TrafficAccess;
}

export interface WindowAccess extends SystemAccess {
  readonly channels: ReturnType<typeof notifySecrets>;
}

export function systemAccess(inputs: SystemInputs): SystemAccess {
  return {
    cloudflare: inputs['cloudflare-token'] ?? '',
    monitoring: monitoringCredentials(inputs),
    jobs: jobsAccessOf(inputs),
    traffic: trafficAccessOf(inputs),
  };
}

export function windowAccess(inputs: SystemInputs & Parameters<typeof notifySecrets>[0]): WindowAccess {
  return { ...systemAccess(inputs), channels: notifySecrets(inputs) };
}

/** What the window's systems need and was not given, one clause each. */
export function missingSystemAccess(
  { page, suppress, jobs, allowlist }: Pick<MaintenanceWindow, 'page' | 'suppress' | 'jobs' | 'allowlist'>,
  access: SystemAccess,
): string[] {
  return [
    ...((page || allowlist) && access.cloudflare === ''
      ? ['cloudflare-token, for the maintenance page or the allow-list']
      : []),
    ...missingCredentials(suppress, access.monitoring),
    ...missingForJobs(jobs, access.jobs),
  ];
}

export function missingAccess(window: MaintenanceWindow, access: WindowAccess): string[] {
  return [...missingSystemAccess(window, access), ...missingSecrets(window.channels, access.channels)];
}

/** @throws TaskError `input` naming everything that is missing */
export function requireAccess(missing: readonly string[]): void {
  if (missing.length === 0) return;
  throw new TaskError('input', {
    what: `The window needs secrets that were not given: ${missing.join('; ')}.`,
    state: 'Nothing was changed.',
    remedy: 'Give all of them and run it again.',
  });
}
