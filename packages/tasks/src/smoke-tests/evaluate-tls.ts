import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import { connectionProblem } from '@maintenance-tasks/core/connection-error';
import type { TlsCheck } from './schema.ts';
import { counted, shown } from './wording.ts';

export interface TlsFinding {
  readonly version: string;
  /** OpenSSL's code for what is wrong with the chain. */
  readonly distrust: string | undefined;
  readonly certificate: Pick<
    PeerCertificate,
    'subject' | 'issuer' | 'subjectaltname' | 'valid_from' | 'valid_to' | 'fingerprint' | 'fingerprint256'
  >;
}

/** Every way in which a server's certificate differs from what was expected. */
export function evaluateTls(check: TlsCheck, finding: TlsFinding, now: Date): string[] {
  const { expect } = check;
  const { certificate, version, distrust } = finding;
  const problems: string[] = [];
  const daysLeft = (Date.parse(certificate.valid_to) - now.getTime()) / 86_400_000;
  const leastDays = expect?.['min-days-left'] ?? 0;
  if (daysLeft < 0) problems.push(`expected a valid certificate, got one that expired on ${day(certificate.valid_to)}`);
  else if (daysLeft < leastDays)
    problems.push(
      `expected a certificate valid for ${counted(leastDays, 'more day')}, got ${counted(Math.floor(daysLeft), 'day')} (until ${day(certificate.valid_to)})`,
    );
  if (Date.parse(certificate.valid_from) > now.getTime())
    problems.push(`expected a valid certificate, got one that is valid only from ${day(certificate.valid_from)}`);
  // An expired one is distrusted for that alone, which has been said.
  if (expect?.trusted !== false && distrust !== undefined && !(distrust === 'CERT_HAS_EXPIRED' && daysLeft < 0))
    problems.push(
      `expected a certificate from a CA that is trusted here, got one that is not: ${connectionProblem(Object.assign(new Error(distrust), { code: distrust }))}`,
    );
  const wrong = (expect?.names ?? [check['server-name'] ?? check.host]).filter(
    (name) => checkServerIdentity(name.replace(/^\*\./, 'any.'), certificate as PeerCertificate) !== undefined,
  );
  if (wrong.length > 0)
    problems.push(`expected a certificate for ${wrong.join(', ')}, got one for ${namesOf(certificate)}`);
  const issuer = distinguishedName(certificate.issuer);
  if (expect?.['issuer-contains'] !== undefined && !issuer.includes(expect['issuer-contains']))
    problems.push(`expected an issuer with ${shown(expect['issuer-contains'])}, got ${shown(issuer)}`);
  if (expect?.['min-version'] !== undefined && version < expect['min-version'])
    problems.push(`expected ${expect['min-version']} at least, got ${version}`);
  if (expect?.thumbprint !== undefined) {
    const wanted = hexadecimal(expect.thumbprint);
    const got = hexadecimal(wanted.length === 40 ? certificate.fingerprint : certificate.fingerprint256);
    if (wanted !== got) problems.push(`expected the thumbprint ${wanted}, got ${got}`);
  }
  return problems;
}

function namesOf(certificate: TlsFinding['certificate']): string {
  const names = certificate.subjectaltname?.replace(/\b(DNS|IP Address):/g, '') ?? '';
  return names === '' ? 'no name at all' : shown(names).slice(1, -1);
}

function distinguishedName(name: object): string {
  return Object.values(name).flat().join(', ');
}

function hexadecimal(thumbprint: string): string {
  return thumbprint.replaceAll(':', '').toUpperCase();
}

function day(date: string): string {
  return new Date(Date.parse(date)).toISOString().slice(0, 10);
}
