import { expect, it } from 'vitest';
import { evaluateTls, type TlsFinding } from './evaluate-tls.ts';
import type { TlsCheck } from './schema.ts';

const now = new Date('2026-11-21T22:00:00Z');
const sha1 = 'AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD';
const certificate = {
  subject: { CN: 'www.example.com' },
  issuer: { O: 'Example Trust', CN: 'Example CA 2' },
  subjectaltname: 'DNS:www.example.com, DNS:*.shop.example.com',
  valid_from: 'Nov  1 00:00:00 2026 GMT',
  valid_to: 'Dec 31 22:00:00 2026 GMT',
  fingerprint: sha1,
  fingerprint256: `${sha1}:01:02:03:04:05:06:07:08:09:0A:0B:0C`,
} as unknown as TlsFinding['certificate'];

it.each<[string, TlsCheck['expect'], Partial<TlsFinding>, string[]]>([
  ['passes a valid certificate of the host', undefined, {}, []],
  [
    'passes names under a wildcard',
    { names: ['www.example.com', 'eu.shop.example.com', '*.shop.example.com'] },
    {},
    [],
  ],
  [
    'fails names it is not for',
    { names: ['www.example.com', 'my.example.com', 'a.b.shop.example.com'] },
    {},
    [
      'expected a certificate for my.example.com, a.b.shop.example.com, got one for www.example.com, *.shop.example.com',
    ],
  ],
  ['passes when enough days are left', { 'min-days-left': 40 }, {}, []],
  [
    'fails when too few days are left',
    { 'min-days-left': 41 },
    {},
    ['expected a certificate valid for 41 more days, got 40 days (until 2026-12-31)'],
  ],
  [
    'says once that a certificate has expired',
    { 'min-days-left': 10 },
    { certificate: { ...certificate, valid_to: 'Nov 20 00:00:00 2026 GMT' }, distrust: 'CERT_HAS_EXPIRED' },
    ['expected a valid certificate, got one that expired on 2026-11-20'],
  ],
  [
    'fails a certificate of tomorrow',
    undefined,
    { certificate: { ...certificate, valid_from: 'Nov 22 00:00:00 2026 GMT' } },
    ['expected a valid certificate, got one that is valid only from 2026-11-22'],
  ],
  [
    'fails an issuer that is not trusted here',
    undefined,
    { distrust: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY' },
    [
      'expected a certificate from a CA that is trusted here, got one that is not: its certificate comes from a CA that is not known here; name it in NODE_EXTRA_CA_CERTS (UNABLE_TO_GET_ISSUER_CERT_LOCALLY)',
    ],
  ],
  ['does not ask for trust where told', { trusted: false }, { distrust: 'DEPTH_ZERO_SELF_SIGNED_CERT' }, []],
  ['finds a part of the issuer', { 'issuer-contains': 'Example Trust' }, {}, []],
  [
    'fails another issuer',
    { 'issuer-contains': 'Other' },
    {},
    ['expected an issuer with "Other", got "Example Trust, Example CA 2"'],
  ],
  ['passes a newer version', { 'min-version': 'TLSv1.2' }, { version: 'TLSv1.3' }, []],
  [
    'fails an older version',
    { 'min-version': 'TLSv1.3' },
    { version: 'TLSv1.2' },
    ['expected TLSv1.3 at least, got TLSv1.2'],
  ],
  ['knows it by its SHA-1 thumbprint without colons', { thumbprint: sha1.replaceAll(':', '').toLowerCase() }, {}, []],
  ['knows it by its SHA-256 thumbprint', { thumbprint: certificate.fingerprint256 }, {}, []],
  [
    'fails another certificate',
    { thumbprint: '00'.repeat(20) },
    {},
    [`expected the thumbprint ${'00'.repeat(20)}, got ${sha1.replaceAll(':', '')}`],
  ],
])('%s', (_, expected, finding, problems) => {
  const check: TlsCheck = { kind: 'tls', name: 'c', host: 'www.example.com', ...(expected && { expect: expected }) };
  expect(evaluateTls(check, { version: 'TLSv1.3', distrust: undefined, certificate, ...finding }, now)).toEqual(
    problems,
  );
});

it('looks for the server name where one is asked for', () => {
  const check: TlsCheck = { kind: 'tls', name: 'c', host: '203.0.113.10', 'server-name': 'my.example.com' };
  expect(evaluateTls(check, { version: 'TLSv1.3', distrust: undefined, certificate }, now)).toEqual([
    'expected a certificate for my.example.com, got one for www.example.com, *.shop.example.com',
  ]);
});
