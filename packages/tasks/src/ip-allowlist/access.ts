import { TaskError } from '@maintenance-tasks/core';
import { cloudflare } from '@maintenance-tasks/services/cloudflare/client';
import { tokenProblems, tokenStatus } from '../maintenance-page/access.ts';
import { type AllowlistContext, allowlistOf, zonesOfHosts } from './look.ts';
import { planLimit } from './restriction.ts';

/**
 * What speaks against adding entries with this token, as far as can be known without a change: none of it throws. That the
 * token may write to the list shows itself only by writing.
 *
 * @param until a token that expires before is a problem, too
 */
export async function checkAccess(
  context: AllowlistContext,
  given: {
    readonly token: string;
    readonly session?: string;
    readonly account: string;
    readonly list: string;
    readonly hosts?: readonly string[];
    readonly rule?: string;
    readonly until?: Date;
  },
): Promise<readonly string[]> {
  const { token, account, list, hosts = [], rule, until } = given;
  try {
    const found = await allowlistOf(context, { token, account, list });
    const { zones, problems } = await zonesOfHosts(context, token, hosts);
    // No session has this id: what is in the way of any session is what is asked for.
    const wanted = { list, session: given.session ?? 'not-begun', ...(rule !== undefined && { rule }) };
    const limits = zones.flatMap((at) => planLimit(at, { ...wanted, hosts: at.hosts }).problems);
    const status = await tokenStatus(cloudflare(context.http, token), account);
    return [
      ...('text' in found ? [found] : []),
      ...problems,
      ...limits,
      ...tokenProblems(status, until).map((text) => ({ text })),
    ].map(({ text }) => text);
  } catch (error) {
    if (!(error instanceof TaskError) || (error.kind !== 'auth' && error.kind !== 'remote')) throw error;
    return [`${error.text.what} ${error.text.remedy}`];
  }
}
