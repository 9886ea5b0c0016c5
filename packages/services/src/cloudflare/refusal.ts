import { type HttpAnswer, type HttpRequest, TaskError } from '@maintenance-tasks/core';

/** What the token needs for a call, in the words of Cloudflare's token page, and where. */
export interface Need {
  readonly permission:
    | 'Zone Read'
    | 'DNS Read'
    | 'DNS Write'
    | 'Cache Purge'
    | 'Zone WAF Read'
    | 'Zone WAF Write'
    | 'Account Filter Lists Read'
    | 'Account Filter Lists Write'
    | 'validity';
  readonly zone?: string;
  /** Id of the account, for what is not a zone's. */
  readonly account?: string;
}

/**
 * A token that is no token at all is answered 400 with 6003; one that is unknown, or used from an address that it is not
 * meant for, 403 with 9109, as if it lacked a permission.
 */
const NOT_ACCEPTED: ReadonlySet<unknown> = new Set([6003, 9109]);

interface ErrorItem {
  readonly code?: unknown;
  readonly message?: unknown;
}

/** What a refusal means to a user. The vendor changed its codes silently before, so the HTTP status decides. */
export function refusedBy(asked: HttpRequest, answer: HttpAnswer, need: Need): TaskError {
  const first = firstError(answer);
  const code = first?.code === undefined ? '' : `, code ${answer.quote(first.code)}`;
  const message = first?.message === undefined ? '' : ` (${answer.quote(first.message)})`;
  const what = `Cloudflare answered ${answer.status}${code}${message} to ${asked.method} ${new URL(asked.url).pathname}.`;
  if (answer.status === 401 || NOT_ACCEPTED.has(first?.code)) {
    return new TaskError('auth', {
      what: `Cloudflare does not accept the token. ${what}`,
      remedy: 'Check that the token is complete, not expired, not disabled and allowed from this runner’s address.',
    });
  }
  if (answer.status === 403) {
    const where = need.zone ?? (need.account && `the account ${need.account}`);
    const wanted = where ? `${need.permission} on ${where}` : need.permission;
    return new TaskError('auth', {
      what: `The Cloudflare token lacks ${wanted}. ${what}`,
      remedy: `Give the token ${wanted} and run the task again.`,
    });
  }
  const remedy =
    answer.status === 429 || answer.status >= 500
      ? 'Cloudflare is overloaded or failing (cloudflarestatus.com); run the task again in some minutes.'
      : 'Look at the message; nothing of this request was carried out. Run the task again once it is solved.';
  return new TaskError('remote', { what, remedy });
}

function firstError(answer: HttpAnswer): ErrorItem | undefined {
  try {
    const { errors } = JSON.parse(answer.text) as { errors?: readonly ErrorItem[] };
    return errors?.[0];
  } catch {
    // A gateway in front of the API answers in HTML.
    return undefined;
  }
}
