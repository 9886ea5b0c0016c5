import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIPv4, isIPv6 } from 'node:net';
import { der, integer, objectId, sequence, TAG } from '@maintenance-tasks/core/der';

export type KeyKind = 'ec-p256' | 'ec-p384' | 'ec-p521' | 'rsa-2048' | 'rsa-3072' | 'rsa-4096' | 'rsa-1024' | 'ed25519';

export interface CertificateOptions {
  /** DNS names (or IP addresses) it is for; the first is also its common name. */
  readonly names: readonly string[];
  /** Without dates a certificate is valid from 2000 to 2049: rehearsals are held on any date. */
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  readonly key?: KeyKind;
  /** Extended key usages; serverAuth unless told, `[]` for a certificate without the extension. */
  readonly usages?: readonly string[];
  /** SHA-1 makes a certificate that nobody may trust any more. */
  readonly hash?: 'sha1' | 'sha256' | 'sha384';
  /** For renewals: a key that exists already. */
  readonly keys?: KeyPair;
}

export interface KeyPair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** A certificate with its key (PKCS#8) and its issuers up to, and without, the root; all PEM. */
export interface IssuedCertificate {
  readonly certificate: string;
  readonly key: string;
  readonly chain: string;
}

export interface Authority {
  /** The CA's own certificate, PEM. */
  readonly certificate: string;
  readonly keys: KeyPair;
  /** CA certificates from this one up to, and without, the root, PEM; empty for a root. */
  readonly chain: string;
  issue(options: CertificateOptions): IssuedCertificate;
  /** A CA below this one. */
  intermediate(name: string, options?: AuthorityOptions): Authority;
}

export interface AuthorityOptions extends Pick<CertificateOptions, 'notBefore' | 'notAfter' | 'key' | 'hash' | 'keys'> {
  /** `false` makes an impostor: one that issues certificates although its own does not allow it. */
  readonly ca?: boolean;
}

export const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
export const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';

const EARLIEST = new Date('2000-01-01T00:00:00Z');
const LATEST = new Date('2049-12-31T23:59:59Z');

/** A root CA of its own, for TLS in tests and rehearsals. Its key lives as long as the process. */
export function createAuthority(name: string, options: AuthorityOptions = {}): Authority {
  const keys = options.keys ?? keyPair(options.key ?? 'ec-p256');
  const self = { name, keys };
  return authority(self, certify({ ...options, subject: name, publicKey: keys.publicKey, ca: true }, self), '');
}

function authority(self: Signer, certificate: string, chain: string): Authority {
  return {
    certificate,
    keys: self.keys,
    chain,
    issue(options) {
      const keys = options.keys ?? keyPair(options.key ?? 'ec-p256');
      const subject = options.names[0] ?? 'unnamed';
      return {
        certificate: certify({ ...options, subject, publicKey: keys.publicKey, ca: false }, self),
        key: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
        chain,
      };
    },
    intermediate(name, options = {}) {
      const keys = options.keys ?? keyPair(options.key ?? 'ec-p256');
      const own = certify({ ca: true, ...options, subject: name, publicKey: keys.publicKey }, self);
      return authority({ name, keys }, own, own + chain);
    },
  };
}

export function keyPair(kind: KeyKind): KeyPair {
  const [family, size] = kind.split('-') as [string, string | undefined];
  if (family === 'rsa') return generateKeyPairSync('rsa', { modulusLength: Number(size) });
  if (family === 'ed25519') return generateKeyPairSync('ed25519');
  return generateKeyPairSync('ec', { namedCurve: `P-${size?.slice(1)}` });
}

interface Signer {
  readonly name: string;
  readonly keys: KeyPair;
}

interface Wanted extends Omit<CertificateOptions, 'names'> {
  readonly names?: readonly string[];
  readonly subject: string;
  readonly publicKey: KeyObject;
  readonly ca: boolean;
}

/** RFC 5280, 4.1. */
function certify(wanted: Wanted, issuer: Signer): string {
  const hash = wanted.hash ?? 'sha256';
  const algorithm = signatureAlgorithm(issuer.keys.privateKey, hash);
  const publicKey = wanted.publicKey.export({ type: 'spki', format: 'der' });
  const issuerKey = issuer.keys.publicKey.export({ type: 'spki', format: 'der' });
  const serial = randomBytes(16);
  // Positive, and without leading zeros.
  serial[0] = 0x40 | ((serial[0] as number) & 0x3f);
  const extensions = [
    extension('2.5.29.19', true, wanted.ca ? sequence(der(0x01, Buffer.from([0xff]))) : sequence()),
    extension('2.5.29.14', false, der(TAG.octetString, keyId(publicKey))),
    extension('2.5.29.35', false, sequence(der(0x80, keyId(issuerKey)))),
  ];
  // keyCertSign and cRLSign: without this extension only the first one tells a CA.
  if (wanted.ca) extensions.push(extension('2.5.29.15', true, der(TAG.bitString, Buffer.from([1, 0x06]))));
  const usages = wanted.ca ? [] : (wanted.usages ?? [SERVER_AUTH]);
  if (usages.length > 0) extensions.push(extension('2.5.29.37', false, sequence(...usages.map(objectId))));
  if (wanted.names?.length)
    extensions.push(extension('2.5.29.17', false, sequence(...wanted.names.map(alternativeName))));
  const body = sequence(
    der(0xa0, integer(2)),
    integer(serial),
    algorithm,
    distinguishedName(issuer.name),
    sequence(time(wanted.notBefore ?? EARLIEST), time(wanted.notAfter ?? LATEST)),
    distinguishedName(wanted.subject),
    publicKey,
    der(0xa3, sequence(...extensions)),
  );
  const digest = issuer.keys.privateKey.asymmetricKeyType === 'ed25519' ? null : hash;
  const signature = sign(digest, body, issuer.keys.privateKey);
  const certificate = sequence(body, algorithm, der(TAG.bitString, Buffer.from([0]), signature));
  return pem('CERTIFICATE', certificate);
}

export function pem(label: string, bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

function signatureAlgorithm(key: KeyObject, hash: 'sha1' | 'sha256' | 'sha384'): Buffer {
  if (key.asymmetricKeyType === 'ed25519') return sequence(objectId('1.3.101.112'));
  if (key.asymmetricKeyType === 'rsa') {
    const arc = { sha1: 5, sha256: 11, sha384: 12 }[hash];
    return sequence(objectId(`1.2.840.113549.1.1.${arc}`), der(TAG.null));
  }
  return sequence(
    objectId({ sha1: '1.2.840.10045.4.1', sha256: '1.2.840.10045.4.3.2', sha384: '1.2.840.10045.4.3.3' }[hash]),
  );
}

function keyId(publicKey: Buffer): Buffer {
  return createHash('sha1').update(publicKey).digest();
}

function extension(id: string, critical: boolean, value: Buffer): Buffer {
  const flag = critical ? [der(0x01, Buffer.from([0xff]))] : [];
  return sequence(objectId(id), ...flag, der(TAG.octetString, value));
}

function distinguishedName(commonName: string): Buffer {
  // A common name has at most 64 characters (RFC 5280, appendix A); OpenSSL refuses longer ones.
  const name = der(TAG.utf8String, Buffer.from(commonName.slice(0, 64)));
  return sequence(der(TAG.set, sequence(objectId('2.5.4.3'), name)));
}

function alternativeName(name: string): Buffer {
  if (isIPv4(name)) return der(0x87, Buffer.from(name.split('.').map(Number)));
  if (isIPv6(name)) return der(0x87, ipv6Bytes(name));
  return der(0x82, Buffer.from(name, 'latin1'));
}

function ipv6Bytes(address: string): Buffer {
  const [head = '', tail] = address.split('::');
  const groups = (part: string) => (part === '' ? [] : part.split(':'));
  const left = groups(head);
  const right = groups(tail ?? '');
  const middle = Array.from({ length: 8 - left.length - right.length }, () => '0');
  return Buffer.from([...left, ...middle, ...right].map((group) => group.padStart(4, '0')).join(''), 'hex');
}

/** Years from 2050 on are written with four digits (RFC 5280, 4.1.2.5). */
function time(date: Date): Buffer {
  const digits = `${date.toISOString().replace(/[-:T]|\.\d+/g, '')}`;
  return date.getUTCFullYear() < 2050 ? der(0x17, Buffer.from(digits.slice(2))) : der(0x18, Buffer.from(digits));
}
