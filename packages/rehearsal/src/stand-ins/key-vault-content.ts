import { createDecipheriv, createPrivateKey, type KeyObject, pbkdf2Sync, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { type DerValue, readDer, readObjectId, readOctets } from '@maintenance-tasks/core/der';
import { pem } from '../certificates.ts';

/** What an import contained. */
export interface Content {
  readonly leaf: X509Certificate;
  readonly chain: readonly X509Certificate[];
  readonly key: KeyObject;
}

/** The service's refusal: 400 BadParameter with this text. */
export class BadParameter extends Error {}

const BLOCK = /-----BEGIN ([A-Z ]+)-----\n((?:[A-Za-z0-9+/=]+\n)+)-----END \1-----\n?/g;
const PEM_REFUSED =
  'The specified PEM X.509 certificate content is in an unexpected format. Please check if certificate is in valid PEM format.';
const PFX_REFUSED =
  'The specified PKCS#12 X.509 certificate content can not be read. Please check if certificate is in valid PKCS#12 format.';

/**
 * PEM as the service takes it: certificates and one PKCS#8 key that is not encrypted, LF only, nothing else
 * (learn.microsoft.com/azure/key-vault/certificates/certificate-scenarios, formats of import; and its FAQ).
 *
 * @throws BadParameter
 */
export function contentOfPem(value: string): Content {
  const blocks = [...value.matchAll(BLOCK)].map(([, label, body]) => ({
    label,
    bytes: Buffer.from(body as string, 'base64'),
  }));
  const strict = value.replace(BLOCK, '').trim() === '' && !value.includes('\r');
  const keys = blocks.filter(({ label }) => label === 'PRIVATE KEY');
  const certificates = blocks.filter(({ label }) => label === 'CERTIFICATE');
  if (!strict || keys.length !== 1 || certificates.length === 0 || keys.length + certificates.length < blocks.length)
    throw new BadParameter(PEM_REFUSED);
  return assembled(
    certificates.map(({ bytes }) => bytes),
    keys.map(({ bytes }) => bytes),
    PEM_REFUSED,
  );
}

/**
 * A PFX in base64. OpenSSL decides whether it is one and whether the password opens it; what is in it is then read
 * the way current programs write it (PBES2, AES-256). Others the rehearsal does not know.
 *
 * @throws BadParameter
 */
export function contentOfPfx(value: string, password: string): Content {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(value) || password.length > 200) throw new BadParameter(PFX_REFUSED);
  const pfx = Buffer.from(value, 'base64');
  try {
    createSecureContext({ pfx, passphrase: password });
  } catch {
    throw new BadParameter(PFX_REFUSED);
  }
  const certificates: Buffer[] = [];
  const keys: Buffer[] = [];
  const [, authSafe] = parts(readDer(pfx)[0]);
  for (const safe of parts(readDer(readOctets(explicit(parts(authSafe)[1])))[0])) {
    const [type, holder] = parts(safe);
    const content =
      readObjectId(type) === '1.2.840.113549.1.7.6'
        ? decrypted(parts(parts(explicit(holder))[1])[1], parts(parts(explicit(holder))[1])[2], password)
        : readOctets(explicit(holder));
    for (const bag of parts(readDer(content)[0])) {
      const [kind, value] = parts(bag);
      const [first, second] = parts(explicit(value));
      if (readObjectId(kind).endsWith('.10.1.3')) certificates.push(readOctets(explicit(second)));
      if (readObjectId(kind).endsWith('.10.1.2')) keys.push(decrypted(first, second, password));
      if (readObjectId(kind).endsWith('.10.1.1')) keys.push(explicit(value).bytes);
    }
  }
  return assembled(certificates, keys, PFX_REFUSED);
}

function assembled(certificates: readonly Buffer[], keys: readonly Buffer[], refusal: string): Content {
  let all: X509Certificate[];
  let key: KeyObject;
  try {
    all = certificates.map((bytes) => new X509Certificate(bytes));
    key = createPrivateKey(pem('PRIVATE KEY', keys[0] as Buffer));
  } catch {
    throw new BadParameter(refusal);
  }
  const leaf = all.find((certificate) => certificate.checkPrivateKey(key));
  if (!leaf)
    throw new BadParameter(
      'The public key of the end-entity certificate in the specified X.509 certificate content does not match the public part of the specified private key.',
    );
  // The leaf comes first unless preserveCertOrder is set, which is not rehearsed.
  return { leaf, chain: all.filter((certificate) => certificate !== leaf), key };
}

function decrypted(algorithm: DerValue | undefined, data: DerValue | undefined, password: string): Buffer {
  const [scheme, parameters] = parts(algorithm);
  if (readObjectId(scheme) !== '1.2.840.113549.1.5.13')
    throw new BadParameter('The rehearsal only reads PFX files that are protected by PBES2.');
  const [derivation, cipher] = parts(parameters);
  const [salt, iterations] = parts(parts(derivation)[1]);
  const rounds = Number.parseInt(iterations?.content.toString('hex') ?? '', 16);
  const key = pbkdf2Sync(password, readOctets(salt), rounds, 32, 'sha256');
  const decipher = createDecipheriv('aes-256-cbc', key, readOctets(parts(cipher)[1]));
  return Buffer.concat([decipher.update(readOctets(data)), decipher.final()]);
}

function parts(value: DerValue | undefined): DerValue[] {
  return value ? readDer(value.content) : [];
}

function explicit(value: DerValue | undefined): DerValue {
  const inner = parts(value)[0];
  if (!inner) throw new BadParameter(PFX_REFUSED);
  return inner;
}
