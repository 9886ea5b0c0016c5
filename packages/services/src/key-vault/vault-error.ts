import { type HttpAnswer, messageOf, TaskError } from '@maintenance-tasks/core';

interface ErrorBody {
  readonly code?: string;
  readonly message?: string;
  readonly innererror?: { readonly code?: string };
  /** The way some versions of the service spell it. */
  readonly innerError?: { readonly code?: string };
}

/** What a vault's refusal means and what to do about it. `doing` completes “when …”. */
export function vaultError(answer: HttpAnswer, host: string, doing: string): TaskError {
  const { code = '', message = '', inner = '' } = refusalOf(answer);
  const short = answer.quote(message.split(/\r?\n/)[0]).replace(/\.$/, '');
  const words = `${answer.status}${code ? ` ${answer.quote(code)}` : ''}${short ? `: ${short}` : ''}`;
  if (answer.status === 401) {
    return new TaskError('auth', {
      what: `The vault ${host} did not accept the access token when ${doing} (${words}).`,
      remedy: 'Check that the credentials are of the directory the vault belongs to.',
    });
  }
  if (answer.status === 403) return forbidden(answer, host, doing, words, `${inner} ${message}`);
  if (isSoftDeleted(answer)) return softDeleted(host, doing);
  if (answer.status === 409) {
    return new TaskError('conflict', {
      what: `The vault ${host} refused when ${doing}, because something else stands in the way (${words}).`,
      remedy:
        'A key or a secret of the same name, an unfinished request of the vault’s own, or another import at the same moment can be the reason; look at the name in the vault, then run the task again.',
    });
  }
  if (answer.status === 400) {
    return new TaskError('remote', {
      what: `The vault ${host} did not accept the certificate when ${doing} (${words}).`,
      remedy: 'The certificate passed all checks made here; look at the vault’s reason.',
    });
  }
  if (answer.status === 429) {
    return new TaskError('remote', {
      what: `The vault ${host} is asked too often (429) when ${doing}.`,
      remedy: 'Run the task again in some minutes; others using the same vault or subscription count, too.',
    });
  }
  return new TaskError('remote', {
    what: `The vault ${host} answered ${words} when ${doing}.`,
    remedy: 'Run the task again; if it stays, look at the health of Azure Key Vault.',
  });
}

/** Whether a name is taken by a deleted certificate that can still be recovered. */
export function isSoftDeleted(answer: HttpAnswer): boolean {
  if (answer.status !== 409) return false;
  const { inner, message } = refusalOf(answer);
  return inner === 'ObjectIsDeletedButRecoverable' || /deleted but recoverable/.test(message ?? '');
}

export function softDeleted(host: string, doing: string): TaskError {
  return new TaskError('conflict', {
    what: `The vault ${host} refused when ${doing}: a deleted certificate still holds the name.`,
    remedy: 'Recover the deleted certificate in the vault, or purge it, then run the task again.',
  });
}

/** The role and the network are refused with the same status; only the text tells them apart. */
function forbidden(answer: HttpAnswer, host: string, doing: string, words: string, text: string): TaskError {
  if (
    /ForbiddenByFirewall|Client address is not authorized|ForbiddenByConnection|Public network access is disabled/.test(
      text,
    )
  ) {
    const address = /Client address: ([0-9a-f.:]+)/i.exec(text)?.[1];
    return new TaskError('auth', {
      what: `The network rules of the vault ${host} keep this runner${address ? ` (${address})` : ''} out (${words}).`,
      remedy:
        'Use a runner inside the allowed network, or add its address to the vault’s firewall. The addresses of hosted runners change with each run.',
    });
  }
  const action = /Action: '([^']+)'/.exec(text)?.[1];
  return new TaskError('auth', {
    what: `The credentials may not do this in the vault ${host}, when ${doing} (${words}).`,
    remedy: `Grant ${action ? `the action ${answer.quote(action)}` : 'certificates read and import'} on the vault (role “Key Vault Certificates Officer”, or an access policy with get, list and import on certificates). A new role takes some minutes to work.`,
  });
}

/** A name that DNS does not know is a vault that does not exist. */
export function withoutVault(error: unknown, host: string): unknown {
  if (!(error instanceof TaskError) || !/ENOTFOUND/.test(error.message)) return error;
  return new TaskError(
    'input',
    {
      what: `There is no vault ${host}: the name is not known to DNS.`,
      remedy: 'Check the name of the vault; vaults outside of the public Azure cloud are given by their address.',
    },
    { cause: error },
  );
}

function refusalOf(answer: HttpAnswer): { code?: string; message?: string; inner?: string } {
  try {
    const error = (JSON.parse(answer.text) as { error?: ErrorBody }).error;
    const inner = error?.innererror?.code ?? error?.innerError?.code;
    return {
      ...(typeof error?.code === 'string' && { code: error.code }),
      ...(typeof error?.message === 'string' && { message: error.message }),
      ...(typeof inner === 'string' && { inner }),
    };
  } catch (error) {
    return { message: `not JSON (${messageOf(error)})` };
  }
}
