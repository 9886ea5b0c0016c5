import { type HttpAnswer, TaskError } from '@maintenance-tasks/core';

interface Asker {
  readonly tenantId: string;
  readonly clientId: string;
  readonly clientSecret?: string | undefined;
}

/** What the run showed as its `subject` or `issuer`. */
type Presented = (word: string) => string;

interface Explanation {
  readonly what: (asker: Asker, presented: Presented) => string;
  readonly remedy: (asker: Asker, presented: Presented) => string;
}

/** The usual ones; codes: learn.microsoft.com/entra/identity-platform/reference-error-codes. */
const EXPLANATIONS: Readonly<Record<string, Explanation>> = {
  7000215: {
    what: ({ clientId }) => `the client secret of ${clientId} is wrong`,
    remedy: () =>
      'Give the secret’s value: the portal shows it once, when it is made. The “Secret ID” beside it is not the secret.',
  },
  7000222: {
    what: ({ clientId }) => `the client secret of ${clientId} has expired`,
    remedy: () =>
      'Make a new client secret for the application and store it, or use a federated credential, which does not expire.',
  },
  700016: {
    what: ({ clientId, tenantId }) => `there is no application ${clientId} in the directory ${tenantId}`,
    remedy: () => 'Check azure-client-id (the application id, not the object id) and azure-tenant-id.',
  },
  7000112: {
    what: ({ clientId }) => `the application ${clientId} is disabled`,
    remedy: () => 'Ask who administers the directory to enable it.',
  },
  90002: {
    what: ({ tenantId }) => `there is no directory ${tenantId}`,
    remedy: () => 'Check azure-tenant-id, and whether the directory is in the public Azure cloud.',
  },
  900023: {
    what: ({ tenantId }) => `“${tenantId}” is neither a directory id nor a domain`,
    remedy: () => 'Check azure-tenant-id.',
  },
  700213: {
    what: ({ clientId }, presented) =>
      `no federated credential of ${clientId} matches the subject ${presented('subject')} of this run`,
    remedy: (_, presented) =>
      `Add a federated credential to the application with exactly the subject ${presented('subject')}. On GitHub the subject changes with branch, tag and environment of the job.`,
  },
  700211: {
    what: ({ clientId }, presented) =>
      `no federated credential of ${clientId} matches the issuer ${presented('issuer')} of this run`,
    remedy: (_, presented) => `Add a federated credential with the issuer ${presented('issuer')} to the application.`,
  },
  700212: {
    what: ({ clientId }) => `no federated credential of ${clientId} has the audience of this run’s token`,
    remedy: () => 'Set the federated credential’s audience to api://AzureADTokenExchange.',
  },
  70021: {
    what: ({ clientId }) => `no federated credential of ${clientId} matches this run`,
    remedy: () =>
      'Compare issuer, subject and audience of the application’s federated credentials with this run’s. A new one takes some minutes to work.',
  },
  700024: {
    what: () => 'the run’s identity token is not valid at this time',
    remedy: () => 'Check the clock of the agent, then run the task again: it fetches a new token each time.',
  },
  50013: {
    what: () => 'the signature of the run’s identity token was not accepted',
    remedy: () => 'Run the task again; the issuer’s keys may have just been changed.',
  },
  500011: {
    what: ({ tenantId }) => `the directory ${tenantId} does not know the service that access is asked for`,
    remedy: () => 'Check that the directory belongs to the same Azure cloud as the resource.',
  },
  53003: {
    what: () => 'a conditional access policy of the directory forbids it',
    remedy: () => 'Ask who administers the directory; such policies often admit only known network addresses.',
  },
};

/** Why Microsoft Entra ID gave no token, in words. */
export function signInError(answer: HttpAnswer, asker: Asker): TaskError {
  const body = parsed(answer.text);
  // Trace ids and the time follow.
  const description = String(body.error_description ?? '').split(/\s*(?:\r?\n|Trace ID:)/)[0] ?? '';
  const message = answer.quote(description);
  const code = String(body.error_codes?.[0] ?? /AADSTS(\d+)/.exec(description)?.[1] ?? '');
  const known = Object.hasOwn(EXPLANATIONS, code) ? EXPLANATIONS[code] : undefined;
  if (!known) {
    return new TaskError(answer.status >= 500 || answer.status === 429 ? 'remote' : 'auth', {
      what: `Microsoft Entra ID gave no token to ${asker.clientId} (${answer.status}${body.error ? ` ${answer.quote(body.error)}` : ''})${message ? `: ${message}` : '.'}`,
      remedy: 'Check azure-tenant-id, azure-client-id and the application’s credentials in the directory.',
    });
  }
  const presented = (word: string) => {
    const found = new RegExp(`${word} '([^']+)'`, 'i').exec(description)?.[1];
    return found ? `“${answer.quote(found)}”` : `(the directory does not show its ${word})`;
  };
  return new TaskError('auth', {
    what: `Microsoft Entra ID gave no token: ${known.what(asker, presented)} (AADSTS${code}).`,
    remedy: known.remedy(asker, presented),
  });
}

interface ErrorBody {
  readonly error?: unknown;
  readonly error_description?: unknown;
  readonly error_codes?: readonly unknown[];
}

function parsed(text: string): ErrorBody {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' && body !== null ? body : {};
  } catch {
    return {};
  }
}
