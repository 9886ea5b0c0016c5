import { isIP } from 'node:net';

/** Why a text cannot be Alertmanager's address; nothing when it can. */
export function addressProblem(text: string): string | undefined {
  if (!URL.canParse(text)) return 'Is not an address such as https://alerts.example.com';
  const url = new URL(text);
  if (url.username || url.password)
    return 'Holds a user or a password: give them as alertmanager-user and alertmanager-password';
  if (url.search || url.hash) return 'Must end with the path: no ? and no #';
  if (/\/api\/v[12]\/?/.test(url.pathname))
    return 'Must stop before /api: give what Alertmanager’s own pages start with';
  if (url.protocol === 'https:') return undefined;
  if (url.protocol !== 'http:') return 'Must begin with https:// or http://';
  // Without TLS anybody on the way can silence alerts; inside a cluster or a host's own network it is the usual way.
  return isPrivate(url.hostname)
    ? undefined
    : 'Must begin with https://: http is for addresses inside a private network';
}

/** Whether a password may be sent there: encrypted, or without leaving the machine. */
export function mayCarryPassword(text: string): boolean {
  const url = new URL(text);
  return url.protocol === 'https:' || isLoopback(url.hostname);
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127\./.test(host);
}

function isPrivate(host: string): boolean {
  if (isLoopback(host)) return true;
  if (isIP(host) === 4) return /^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.)/.test(host);
  if (host.startsWith('[')) return /^\[f[cd]/.test(host);
  // Names that only a private resolver knows: single labels, and the suffixes reserved for it (RFC 6762, ICANN .internal).
  return !host.includes('.') || /\.(internal|local|svc)$/.test(host);
}
