import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  pbkdf2Sync,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';
import { InputProblem } from '@maintenance-tasks/core';
import {
  childrenOf,
  type DerValue,
  der,
  integer,
  objectId,
  readObjectId,
  readOctets,
  sequence,
  TAG,
} from '@maintenance-tasks/core/der';

/** Object identifiers of PKCS#5 (RFC 8018) and of the algorithms it is written with today. */
const OID = {
  pbes2: '1.2.840.113549.1.5.13',
  pbkdf2: '1.2.840.113549.1.5.12',
  hmacSha256: '1.2.840.113549.2.9',
  aes256: '2.16.840.1.101.3.4.1.42',
  sha256: '2.16.840.1.101.3.4.2.1',
} as const;

const HASHES: Readonly<Record<string, string>> = {
  '1.3.14.3.2.26': 'sha1',
  '2.16.840.1.101.3.4.2.4': 'sha224',
  [OID.sha256]: 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
  '1.2.840.113549.2.7': 'sha1',
  '1.2.840.113549.2.8': 'sha224',
  [OID.hmacSha256]: 'sha256',
  '1.2.840.113549.2.10': 'sha384',
  '1.2.840.113549.2.11': 'sha512',
};

/** Bytes that one round of PKCS#12's key derivation works on (RFC 7292, B.2). */
const BLOCK: Readonly<Record<string, number>> = { sha1: 64, sha224: 64, sha256: 64, sha384: 128, sha512: 128 };

const CIPHERS: Readonly<Record<string, { readonly name: string; readonly key: number }>> = {
  '2.16.840.1.101.3.4.1.2': { name: 'aes-128-cbc', key: 16 },
  '2.16.840.1.101.3.4.1.22': { name: 'aes-192-cbc', key: 24 },
  [OID.aes256]: { name: 'aes-256-cbc', key: 32 },
  '1.2.840.113549.3.7': { name: 'des-ede3-cbc', key: 24 },
};

/** The old ways, which Windows and `openssl pkcs12 -legacy` still write (RFC 7292, appendix C). */
const LEGACY_CIPHERS: Readonly<
  Record<string, { readonly name: 'des-ede3-cbc' | 'des-ede-cbc' | 'rc2'; readonly key: number }>
> = {
  '1.2.840.113549.1.12.1.3': { name: 'des-ede3-cbc', key: 24 },
  '1.2.840.113549.1.12.1.4': { name: 'des-ede-cbc', key: 16 },
  '1.2.840.113549.1.12.1.5': { name: 'rc2', key: 16 },
  '1.2.840.113549.1.12.1.6': { name: 'rc2', key: 5 },
};

// A file that asks for more than this only wants to keep us busy.
const MOST_ITERATIONS = 10_000_000;

const ITERATIONS = 2_048;

/** A password the two ways it enters a PFX: as UTF-16 with a closing zero in the old scheme, as UTF-8 in PBES2. */
export interface Password {
  readonly old: Buffer;
  readonly utf8: Buffer;
}

/** Both ways of a password. */
export function passwordBytes(password: string): Password {
  return { old: Buffer.from(`${password}\0`, 'utf16le').swap16(), utf8: Buffer.from(password, 'utf8') };
}

/** Whether the checksum over the content was made with this password. */
export function macMatches(macData: DerValue, content: Buffer, password: Password): boolean {
  const [digestInfo, salt, iterations] = childrenOf(macData);
  const [algorithm, digest] = childrenOf(digestInfo);
  const hash = hashOf(readObjectId(childrenOf(algorithm)[0]));
  const expected = readOctets(digest);
  const key = oldDerivation(
    hash,
    3,
    password.old,
    readOctets(salt),
    iterations ? count32(iterations) : 1,
    expected.length,
  );
  const actual = createHmac(hash, key).update(content).digest();
  return actual.length === expected.length && timingSafeEqual(actual, expected);
}

/** @throws InputProblem when the password is wrong, or the way of protection is not supported */
export async function decrypt(algorithm: DerValue | undefined, data: Buffer, password: Password): Promise<Buffer> {
  const [type, parameters] = childrenOf(algorithm);
  const id = readObjectId(type);
  const legacy = LEGACY_CIPHERS[id];
  try {
    if (legacy) return await decryptLegacy(legacy, parameters, data, password);
    if (id !== OID.pbes2) throw unsupported(id);
    const [derivation, scheme] = childrenOf(parameters);
    const [cipherType, iv] = childrenOf(scheme);
    const cipher = CIPHERS[readObjectId(cipherType)];
    if (!cipher) throw unsupported(readObjectId(cipherType));
    const decipher = createDecipheriv(cipher.name, pbkdf2(derivation, password, cipher.key), readOctets(iv));
    return Buffer.concat([decipher.update(data), decipher.final()]);
  } catch (error) {
    if (error instanceof InputProblem || error instanceof RangeError) throw error;
    // The padding is wrong: what came out is not what went in.
    throw new InputProblem('the password does not open the PFX');
  }
}

async function decryptLegacy(
  cipher: (typeof LEGACY_CIPHERS)[string],
  parameters: DerValue | undefined,
  data: Buffer,
  password: Password,
): Promise<Buffer> {
  const [salt, iterations] = childrenOf(parameters);
  const derive = (purpose: 1 | 2, length: number) =>
    oldDerivation('sha1', purpose, password.old, readOctets(salt), count32(iterations), length);
  const key = derive(1, cipher.key);
  const iv = derive(2, 8);
  if (cipher.name === 'rc2') return (await import('./rc2.ts')).decryptRc2(key, iv, data);
  // 3DES with two keys is 3DES whose third key is the first.
  const whole = cipher.key === 16 ? Buffer.concat([key, key.subarray(0, 8)]) : key;
  const decipher = createDecipheriv('des-ede3-cbc', whole, iv);
  return Buffer.concat([decipher.update(data), decipher.final()]);
}

function pbkdf2(derivation: DerValue | undefined, password: Password, length: number): Buffer {
  const [type, parameters] = childrenOf(derivation);
  if (readObjectId(type) !== OID.pbkdf2) throw unsupported(readObjectId(type));
  const [salt, iterations, ...optional] = childrenOf(parameters);
  const prf = optional.find(({ tag }) => tag === TAG.sequence);
  const hash = prf ? hashOf(readObjectId(childrenOf(prf)[0])) : 'sha1';
  return pbkdf2Sync(password.utf8, readOctets(salt), count32(iterations), length, hash);
}

/** RFC 7292, B.2; purpose 1 is a key, 2 an initial value, 3 a checksum's key. */
function oldDerivation(
  hash: string,
  purpose: 1 | 2 | 3,
  password: Buffer,
  salt: Buffer,
  iterations: number,
  length: number,
): Buffer {
  const block = BLOCK[hash] as number;
  const diversifier = Buffer.alloc(block, purpose);
  const input = Buffer.concat([repeated(salt, block), repeated(password, block)]);
  const derived: Buffer[] = [];
  for (let size = 0; size < length; ) {
    let round = createHash(hash).update(diversifier).update(input).digest();
    for (let count = 1; count < iterations; count++) round = createHash(hash).update(round).digest();
    derived.push(round);
    size += round.length;
    addToEach(input, repeated(round, block).subarray(0, block));
  }
  return Buffer.concat(derived).subarray(0, length);
}

function repeated(bytes: Buffer, block: number): Buffer {
  return bytes.length === 0 ? bytes : Buffer.alloc(Math.ceil(bytes.length / block) * block, bytes);
}

/** Adds the number and 1 to each block of the input, as numbers of the block’s width. */
function addToEach(input: Buffer, number: Buffer): void {
  for (let start = 0; start < input.length; start += number.length) {
    let carry = 1;
    for (let at = number.length - 1; at >= 0; at--) {
      const sum = (input[start + at] as number) + (number[at] as number) + carry;
      input[start + at] = sum & 0xff;
      carry = sum >> 8;
    }
  }
}

function count32(value: DerValue | undefined): number {
  const { content } = value ?? {};
  if (!content || content.length === 0 || content.length > 5) throw new RangeError('not DER: no number of iterations');
  const count = content.readUIntBE(0, content.length);
  if (count < 1 || count > MOST_ITERATIONS)
    throw new InputProblem(`the PFX asks for ${count} rounds of key derivation`);
  return count;
}

function hashOf(id: string): string {
  const hash = HASHES[id];
  if (!hash) throw unsupported(id);
  return hash;
}

function unsupported(id: string): InputProblem {
  return new InputProblem(
    `the PFX is protected in a way that is not supported (${id}); export it with AES-256 and SHA-256`,
  );
}

/** A checksum (SHA-256) over the content, as the file ends with it. */
export function checksum(content: Buffer, password: Password): Buffer {
  const salt = randomBytes(16);
  const key = oldDerivation('sha256', 3, password.old, salt, ITERATIONS, 32);
  return sequence(
    sequence(
      sequence(objectId(OID.sha256), der(TAG.null)),
      der(TAG.octetString, createHmac('sha256', key).update(content).digest()),
    ),
    der(TAG.octetString, salt),
    integer(ITERATIONS),
  );
}

/** AES-256 with a key of PBKDF2 and SHA-256. */
export function encrypt(plain: Buffer, password: Password): { algorithm: Buffer; data: Buffer } {
  const salt = randomBytes(16);
  const iv = randomBytes(16);
  const cipher = createCipheriv('aes-256-cbc', pbkdf2Sync(password.utf8, salt, ITERATIONS, 32, 'sha256'), iv);
  const derivation = sequence(
    objectId(OID.pbkdf2),
    sequence(der(TAG.octetString, salt), integer(ITERATIONS), sequence(objectId(OID.hmacSha256), der(TAG.null))),
  );
  const scheme = sequence(objectId(OID.aes256), der(TAG.octetString, iv));
  return {
    algorithm: sequence(objectId(OID.pbes2), sequence(derivation, scheme)),
    data: Buffer.concat([cipher.update(plain), cipher.final()]),
  };
}
