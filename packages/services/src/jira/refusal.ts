import { type HttpAnswer, TaskError } from '@maintenance-tasks/core';

/** @throws TaskError for anything but success */
export function accepted(answer: HttpAnswer): HttpAnswer {
  if (answer.status >= 200 && answer.status < 300) return answer;
  const reason = reasonOf(answer);
  const what = `Jira answered ${answer.status}${reason ? `: ${reason}` : ''}.`;
  // After failed sign-ins Jira asks for a captcha, which no program can solve: the header says so.
  const denied = answer.headers['x-seraph-loginreason'] ?? '';
  if (/AUTHENTICATION_DENIED/.test(denied)) {
    throw new TaskError('auth', {
      what,
      remedy:
        'Jira asks this user for a captcha after failed sign-ins: sign in by browser once, then correct jira-token.',
    });
  }
  if (answer.status === 401) {
    throw new TaskError('auth', {
      what,
      remedy:
        'Check jira-user and jira-token: Cloud wants a mail address and an API token, Data Center a personal access token without jira-user.',
    });
  }
  if (answer.status === 403) {
    throw new TaskError('auth', {
      what,
      remedy: 'The user of jira-token must be allowed to browse, comment, edit and transition issues of this project.',
    });
  }
  if (answer.status === 404) {
    throw new TaskError('input', {
      what,
      remedy: 'Check the ticket and the address; of an issue that the user may not see, Jira says the same.',
    });
  }
  if (answer.status === 409) {
    throw new TaskError('conflict', {
      what,
      remedy: 'Somebody changes the issue at this moment. Look at it, then run the task again.',
    });
  }
  if (answer.status === 400) {
    throw new TaskError('refused', {
      what,
      remedy: 'Look at what the issue’s workflow asks for, and correct the step.',
    });
  }
  throw new TaskError('remote', { what, remedy: 'Look whether Jira is up, then run the task again.' });
}

function reasonOf(answer: HttpAnswer): string {
  try {
    const { errorMessages, errors, message } = JSON.parse(answer.text) as {
      errorMessages?: unknown;
      errors?: Readonly<Record<string, unknown>>;
      message?: unknown;
    };
    const fields = Object.entries(errors ?? {}).map(([field, text]) => `${field}: ${String(text)}`);
    const texts = [...(Array.isArray(errorMessages) ? errorMessages : []), ...fields, message];
    return answer.quote(texts.filter((text) => typeof text === 'string').join('; ')).replace(/\.$/, '');
  } catch {
    return '';
  }
}
