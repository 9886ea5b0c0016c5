import { type HttpAnswer, TaskError } from '@maintenance-tasks/core';

interface Named {
  readonly subscription: string;
  readonly resourceGroup: string;
  readonly gateway: string;
}

/** What a refusal of Azure Resource Manager means and what to do about it. `doing` completes “when …”. */
export function gatewayError(answer: HttpAnswer, name: Named, doing: string): TaskError {
  const { code, message } = refusalOf(answer);
  const short = answer.quote(message).replace(/\.$/, '');
  const words = `${answer.status}${code ? ` ${answer.quote(code)}` : ''}${short ? `: ${short}` : ''}`;
  const which = `The application gateway ${name.gateway} (resource group ${name.resourceGroup})`;
  if (answer.status === 401) {
    return new TaskError('auth', {
      what: `Azure did not accept the access token when ${doing}: ${which} (${words}).`,
      remedy: 'Check that the credentials are of the directory the subscription belongs to.',
    });
  }
  if (answer.status === 403) {
    const action = /perform action '([^']+)'/.exec(message)?.[1];
    return new TaskError('auth', {
      what: `${which} may not be used like that by these credentials when ${doing} (${words}).`,
      remedy: `Grant ${action ? answer.quote(action) : 'Microsoft.Network/applicationGateways/read, /write and /backendhealth/action'} on the gateway. A write is also checked on what it is linked to: join on its subnet, public IP and WAF policy, assign on its managed identity. A new role takes some minutes to work.`,
    });
  }
  if (answer.status === 404) {
    return new TaskError('input', {
      what: `${which} was not found (${words}).`,
      remedy: 'Check subscription, resource group and name, and that the credentials may read it.',
    });
  }
  if (answer.status === 429) {
    return new TaskError('remote', {
      what: `Azure is asked too often (429) when ${doing}: ${which}.`,
      remedy: 'Run the task again in some minutes; others that use the same subscription count, too.',
    });
  }
  return new TaskError('remote', {
    what: `${which} answered ${words} when ${doing}.`,
    remedy: 'Look at the gateway in the portal (provisioning state, activity log), then run the task again.',
  });
}

/** Code and message of a refusal; empty when it is not of the usual form. */
export function refusalOf(answer: HttpAnswer): { readonly code: string; readonly message: string } {
  try {
    const { error } = JSON.parse(answer.text) as { error?: { code?: unknown; message?: unknown } };
    return {
      code: typeof error?.code === 'string' ? error.code : '',
      message: typeof error?.message === 'string' ? error.message : '',
    };
  } catch {
    return { code: '', message: '' };
  }
}
