import type { AnyContext } from '@maintenance-tasks/core';

/** A JSON web token goes as it is; a personal access token is a password without a user. */
export function authorizationOf(token: string, keepSecret: AnyContext['keepSecret']): string {
  if (/^eyJ[\w-]+\.[\w-]+\.[\w-]*$/.test(token)) return `Bearer ${token}`;
  const encoded = Buffer.from(`:${token}`).toString('base64');
  keepSecret(encoded);
  return `Basic ${encoded}`;
}
