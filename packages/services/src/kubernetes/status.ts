import { type HttpAnswer, TaskError } from '@maintenance-tasks/core';

/** A refusal of the API server: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/ */
interface Status {
  readonly kind?: unknown;
  readonly reason?: unknown;
  readonly message?: unknown;
}

/** What a refusal means and what to do about it. Of its body only the reason and the message are shown. */
export function statusError(answer: HttpAnswer, host: string, path: string): TaskError {
  const { reason, message } = statusOf(answer);
  const words = [reason && answer.quote(reason), message && answer.quote(message).replace(/\.$/, '')]
    .filter((part) => part)
    .join(': ');
  const what = `The Kubernetes API at ${host} answered ${answer.status}${words ? ` ${words}` : ''} (${path.replace(/\?.*/, '')}).`;
  if (answer.status === 401) {
    return new TaskError('auth', {
      what,
      remedy: 'The token or the client certificate is not accepted: check that it is of this cluster and not over.',
    });
  }
  if (answer.status === 403) {
    return new TaskError('auth', {
      what,
      remedy: 'Grant what it names by a Role and a RoleBinding in that namespace; the README of the task has them.',
    });
  }
  if (answer.status === 404) {
    return new TaskError('input', {
      what,
      remedy: 'Check the names, the namespace, and that the cluster knows this kind of object.',
    });
  }
  if (answer.status === 409) {
    return new TaskError('conflict', {
      what,
      remedy: 'Somebody else changed the object at the same moment: look at it, then run the task again.',
    });
  }
  if (answer.status === 429) {
    return new TaskError('remote', {
      what,
      remedy:
        'The API server is too busy for this caller (API priority and fairness): run the task again in some minutes.',
    });
  }
  return new TaskError('remote', { what, remedy: 'Look at the health of the cluster, then run the task again.' });
}

function statusOf(answer: HttpAnswer): { readonly reason?: string; readonly message?: string } {
  try {
    const status = JSON.parse(answer.text) as Status | null;
    if (status?.kind !== 'Status') return {};
    return {
      ...(typeof status.reason === 'string' && { reason: status.reason }),
      ...(typeof status.message === 'string' && { message: status.message }),
    };
  } catch {
    return {};
  }
}
