import { createHttp, type HttpRequest, systemClock, TaskError } from '@maintenance-tasks/core';

const GIVE_UP_AFTER = 60_000;

/**
 * Asks a host's token service and reads the token from one field of its answer. With our own client, not the hosts'
 * libraries: it knows the proxies and certificates, tries again, and costs nothing until it is used.
 */
export async function fetchToken(request: HttpRequest, field: string): Promise<string> {
  const http = createHttp({
    clock: systemClock,
    signal: AbortSignal.timeout(GIVE_UP_AFTER),
    deadline: new Date(Date.now() + GIVE_UP_AFTER),
    userAgent: 'maintenance-tasks',
    debug: () => {},
    info: () => {},
    environment: process.env,
  });
  try {
    const answer = await http.send({ repeatable: true, ...request });
    const token = answer.status === 200 ? (answer.json() as Record<string, unknown> | null)?.[field] : undefined;
    if (typeof token === 'string' && token !== '') return token;
    throw new TaskError('auth', {
      what: `${request.system} gave no identity token (answer ${answer.status}).`,
      remedy: 'Check that this job may ask for one, and try again.',
    });
  } finally {
    http.close();
  }
}
