import { type AnyContext, TaskError } from '@maintenance-tasks/core';
import { missingCredentials, monitoringCredentials } from '../monitoring-suppression/credentials.ts';
import { missingSecrets, notifySecrets } from '../notify/channels.ts';
import type { MaintenanceWindow } from './schema.ts';

type SecretInputs = Parameters<typeof monitoringCredentials>[0] &
  Parameters<typeof notifySecrets>[0] & { readonly 'cloudflare-token'?: string | undefined };

/** What the tasks of a window reach its systems with. */
export interface WindowAccess {
  readonly cloudflare: string;
  readonly monitoring: ReturnType<typeof monitoringCredentials>;
  readonly channels: ReturnType<typeof notifySecrets>;
}

export function windowAccess(inputs: SecretInputs): WindowAccess {
  return {
    // Only used where the window has a page, and then `missingAccess` has made sure of it.
    cloudflare: inputs['cloudflare-token'] ?? '',
    monitoring: monitoringCredentials(inputs),
    channels: notifySecrets(inputs),
  };
}

/** What the window's systems need and was not given, one sentence each. */
export function missingAccess(window: MaintenanceWindow, access: WindowAccess): string[] {
  return [
    ...(window.page && access.cloudflare === '' ? ['cloudflare-token (the window has a maintenance page)'] : []),
    ...missingCredentials(window.suppress, access.monitoring),
    ...missingSecrets(window.channels, access.channels),
  ];
}

/** @throws TaskError `input` naming everything that is missing */
export function requireAccess(window: MaintenanceWindow, access: WindowAccess): void {
  const missing = missingAccess(window, access);
  if (missing.length === 0) return;
  throw new TaskError('input', {
    what: `The window needs secrets that were not given: ${missing.join('; ')}.`,
    state: 'Nothing was changed.',
    remedy: 'Give all of them and run it again.',
  });
}

export type WindowContext = AnyContext;
