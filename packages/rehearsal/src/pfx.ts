import { createHash, createHmac, createPrivateKey, randomBytes, X509Certificate } from 'node:crypto';
import { der, integer, objectId, sequence, TAG } from '@maintenance-tasks/core/der';

const DATA = '1.2.840.113549.1.7.1';
const CERTIFICATE_BAG = '1.2.840.113549.1.12.10.1.3';
const KEY_BAG = '1.2.840.113549.1.12.10.1.2';
const X509 = '1.2.840.113549.1.9.22.1';
const SHA256 = '2.16.840.1.101.3.4.2.1';
const ITERATIONS = 2_048;

/**
 * A PFX with the key encrypted (PBES2, AES-256) and a MAC over all, as OpenSSL 3 writes it (RFC 7292).
 *
 * @param certificates PEM, the leaf first
 * @param key PKCS#8, PEM
 */
export function writePfx(certificates: readonly string[], key: string, password: string): Buffer {
  const encrypted = createPrivateKey(key).export({
    type: 'pkcs8',
    format: 'der',
    cipher: 'aes-256-cbc',
    passphrase: password,
  });
  const bags = certificates.map((pem) =>
    bag(CERTIFICATE_BAG, sequence(objectId(X509), explicit(octets(new X509Certificate(pem).raw)))),
  );
  const safes = [sequence(...bags), sequence(bag(KEY_BAG, encrypted))];
  const content = sequence(...safes.map((safe) => data(safe)));
  return sequence(integer(3), data(content), mac(content, password));
}

function bag(type: string, value: Buffer): Buffer {
  return sequence(objectId(type), explicit(value));
}

function data(content: Buffer): Buffer {
  return sequence(objectId(DATA), explicit(octets(content)));
}

function explicit(value: Buffer): Buffer {
  return der(0xa0, value);
}

function octets(bytes: Buffer): Buffer {
  return der(TAG.octetString, bytes);
}

function mac(content: Buffer, password: string): Buffer {
  const salt = randomBytes(16);
  const digest = createHmac('sha256', macKey(password, salt)).update(content).digest();
  const info = sequence(sequence(objectId(SHA256), der(TAG.null)), octets(digest));
  return sequence(info, octets(salt), integer(ITERATIONS));
}

/** RFC 7292, appendix B.2, for a key no longer than one digest: its loop then runs once. */
function macKey(password: string, salt: Buffer): Buffer {
  const block = 64;
  const written = Buffer.from(`${password}\0`, 'utf16le').swap16();
  const filled = (bytes: Buffer) => Buffer.alloc(Math.ceil(bytes.length / block) * block, bytes);
  let key = Buffer.concat([Buffer.alloc(block, 3), filled(salt), filled(written)]);
  for (let round = 0; round < ITERATIONS; round++) key = createHash('sha256').update(key).digest();
  return key;
}
