import type { AnyContext } from '@maintenance-tasks/core';
import type { Leftover } from '../leftover.ts';

/** What the step functions need of a task's context. */
export type PageContext = Pick<AnyContext, 'http' | 'log' | 'report'>;

export interface ShowArguments {
  readonly token: string;
  readonly hosts: readonly string[];
  /** Host name, IPv4 or IPv6 address of what serves the page. */
  readonly target: string;
  readonly session: string;
  readonly dryRun: boolean;
}

export interface RemoveArguments {
  readonly token: string;
  /** Without hosts: wherever the token can see a note of the session. */
  readonly hosts?: readonly string[];
  /** Tells a page whose note was lost from a record that somebody else changed. */
  readonly target?: string;
  readonly session: string;
  readonly dryRun: boolean;
}

export interface PageStatus {
  readonly host: string;
  /** `on` as the session left it, `off` no note and nothing of ours, `changed by hand` or `damaged note` in between. */
  readonly page: 'on' | 'off' | 'changed by hand' | 'damaged note';
  readonly session?: string;
  readonly since?: string;
  /** The records as they stand. */
  readonly stands: string;
  /** The records as they stood before the page. */
  readonly was?: string;
}

export interface PageLeftover extends Leftover {
  readonly host: string;
  readonly zone: string;
}

export async function showPage(
  _context: PageContext,
  _arguments: ShowArguments,
): Promise<{ readonly changed: readonly string[]; readonly showing: readonly string[] }> {
  throw new Error('not yet');
}

export async function removePage(
  _context: PageContext,
  _arguments: RemoveArguments,
): Promise<{ readonly restored: readonly string[]; readonly showing: readonly string[] }> {
  throw new Error('not yet');
}

export async function pageStatus(
  _context: PageContext,
  _arguments: { readonly token: string; readonly hosts?: readonly string[]; readonly target?: string },
): Promise<readonly PageStatus[]> {
  throw new Error('not yet');
}

export async function findPages(
  _context: PageContext,
  _arguments: { readonly token: string },
): Promise<readonly PageLeftover[]> {
  throw new Error('not yet');
}

export async function checkAccess(
  _context: PageContext,
  _arguments: { readonly token: string; readonly hosts: readonly string[] },
): Promise<readonly string[]> {
  throw new Error('not yet');
}
