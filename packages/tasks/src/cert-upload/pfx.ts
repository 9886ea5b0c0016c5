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
  type DerValue,
  der,
  integer,
  objectId,
  readDer,
  readObjectId,
  readOctets,
  sequence,
  TAG,
} from '@maintenance-tasks/core/der';

/** What a PFX (PKCS#12, RFC 7292) holds: certificates and PKCS#8 keys, both DER. */
export interface PfxContent {
  readonly certificates: readonly Buffer[];
  readonly keys: readonly Buffer[];
}

const OID = {
  data: '1.2.840.113549.1.7.1',
  encryptedData: '1.2.840.113549.1.7.6',
  keyBag: '1.2.840.113549.1.12.10.1.1',
  shroudedKeyBag: '1.2.840.113549.1.12.10.1.2',
  certBag: '1.2.840.113549.1.12.10.1.3',
  safeContentsBag: '1.2.840.113549.1.12.10.1.6',
  x509Certificate: '1.2.840.113549.1.9.22.1',
  localKeyId: '1.2.840.113549.1.9.21',
  pbes2: '1.2.840.113549.1.5.13',
  pbmac1: '1.2.840.113549.1.5.14',
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

/** Whether the bytes look like a PFX: a sequence that begins with its version, 3. */
export function looksLikePfx(bytes: Buffer): boolean {
  try {
    const [outer, more] = readDer(bytes);
    const [version] = outer?.tag === TAG.sequence ? readDer(outer.content) : [];
    return more === undefined && version?.tag === TAG.integer && version.content.toString('hex') === '03';
  } catch {
    return false;
  }
}

/** @throws InputProblem when the password is wrong, or the file is damaged or of a kind nobody should use any more */
export async function readPfx(bytes: Buffer, password: string | undefined): Promise<PfxContent> {
  try {
    return await read(bytes, password);
  } catch (error) {
    if (error instanceof RangeError) throw new InputProblem('the PFX is damaged: its content ends too early');
    throw error;
  }
}

async function read(bytes: Buffer, password: string | undefined): Promise<PfxContent> {
  const [, authSafe, macData] = children(readDer(bytes)[0]);
  const [contentType, content] = children(authSafe);
  if (readObjectId(contentType) !== OID.data)
    throw new InputProblem('the PFX is protected by a certificate instead of a password; export it with a password');
  const authenticated = readOctets(children(content)[0]);
  const secret = macData ? provenPassword(macData, authenticated, password) : passwordBytes(password ?? '');
  const found = { certificates: [] as Buffer[], keys: [] as Buffer[] };
  for (const part of children(readDer(authenticated)[0])) {
    const [type, holder] = children(part);
    const kind = readObjectId(type);
    if (kind === OID.data) await readSafe(readOctets(children(holder)[0]), secret, found);
    else if (kind === OID.encryptedData)
      await readSafe(await decryptedData(children(holder)[0], secret), secret, found);
    else
      throw new InputProblem('the PFX is protected by a certificate instead of a password; export it with a password');
  }
  return found;
}

type Found = { certificates: Buffer[]; keys: Buffer[] };

async function readSafe(bytes: Buffer, secret: Password, found: Found): Promise<void> {
  for (const bag of children(readDer(bytes)[0])) {
    const [type, holder] = children(bag);
    const value = children(holder)[0];
    if (value === undefined) continue;
    const kind = readObjectId(type);
    if (kind === OID.keyBag) found.keys.push(value.bytes);
    else if (kind === OID.shroudedKeyBag) {
      const [algorithm, data] = children(value);
      found.keys.push(await decrypt(algorithm, readOctets(data), secret));
    } else if (kind === OID.certBag) {
      const [certificateType, certificate] = children(value);
      if (readObjectId(certificateType) === OID.x509Certificate)
        found.certificates.push(readOctets(children(certificate)[0]));
    } else if (kind === OID.safeContentsBag) await readSafe(value.bytes, secret, found);
  }
}

async function decryptedData(value: DerValue | undefined, secret: Password): Promise<Buffer> {
  const [, info] = children(value);
  const [, algorithm, data] = children(info);
  return decrypt(algorithm, readOctets(data), secret);
}

/** A password the two ways it enters a PFX: as UTF-16 with a closing zero in the old scheme, as UTF-8 in PBES2. */
interface Password {
  readonly old: Buffer;
  readonly utf8: Buffer;
}

function passwordBytes(password: string): Password {
  return { old: Buffer.from(`${password}\0`, 'utf16le').swap16(), utf8: Buffer.from(password, 'utf8') };
}

/** The password the file's checksum was made with. Programs do not agree on how to write “none”: as empty, or not at all. */
function provenPassword(macData: DerValue, content: Buffer, password: string | undefined): Password {
  const none: Password = { old: Buffer.alloc(0), utf8: Buffer.alloc(0) };
  const candidates = password ? [passwordBytes(password)] : [passwordBytes(''), none];
  const proven = candidates.find((candidate) => macMatches(macData, content, candidate));
  if (proven) return proven;
  throw new InputProblem(
    password ? 'the password does not open the PFX' : 'the PFX is protected by a password, and none is given',
  );
}

function macMatches(macData: DerValue, content: Buffer, password: Password): boolean {
  const [digestInfo, salt, iterations] = children(macData);
  const [algorithm, digest] = children(digestInfo);
  const [type, parameters] = children(algorithm);
  const expected = readOctets(digest);
  const id = readObjectId(type);
  let actual: Buffer;
  if (id === OID.pbmac1) {
    const [derivation, mac] = children(parameters);
    const hash = hashOf(readObjectId(children(mac)[0]));
    actual = createHmac(hash, pbkdf2(derivation, password, expected.length))
      .update(content)
      .digest();
  } else {
    const hash = hashOf(id);
    const count = iterations ? count32(iterations) : 1;
    const key = oldDerivation(hash, 3, password.old, readOctets(salt), count, expected.length);
    actual = createHmac(hash, key).update(content).digest();
  }
  return actual.length === expected.length && timingSafeEqual(actual, expected);
}

async function decrypt(algorithm: DerValue | undefined, data: Buffer, password: Password): Promise<Buffer> {
  const [type, parameters] = children(algorithm);
  const id = readObjectId(type);
  const legacy = LEGACY_CIPHERS[id];
  try {
    if (legacy) return await decryptLegacy(legacy, parameters, data, password);
    if (id !== OID.pbes2) throw unsupported(id);
    const [derivation, scheme] = children(parameters);
    const [cipherType, iv] = children(scheme);
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
  const [salt, iterations] = children(parameters);
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
  const [type, parameters] = children(derivation);
  if (readObjectId(type) !== OID.pbkdf2) throw unsupported(readObjectId(type));
  const [salt, iterations, ...optional] = children(parameters);
  const prf = optional.find(({ tag }) => tag === TAG.sequence);
  const hash = prf ? hashOf(readObjectId(children(prf)[0])) : 'sha1';
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

function children(value: DerValue | undefined): DerValue[] {
  if (value === undefined) throw new RangeError('not DER: something is missing');
  return readDer(value.content);
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

const ITERATIONS = 2_048;

/**
 * A PFX as OpenSSL 3 and current Windows write it: AES-256, PBKDF2 with SHA-256, SHA-256 checksum. The first
 * certificate is marked as the key's own: Windows goes by that mark.
 */
export function writePfx(certificates: readonly Buffer[], key: Buffer, password: string): Buffer {
  const keyId = createHash('sha1')
    .update(certificates[0] as Buffer)
    .digest();
  const mark = der(TAG.set, sequence(objectId(OID.localKeyId), der(TAG.set, der(TAG.octetString, keyId))));
  const certificateBags = certificates.map((certificate, index) =>
    sequence(
      objectId(OID.certBag),
      der(0xa0, sequence(objectId(OID.x509Certificate), der(0xa0, der(TAG.octetString, certificate)))),
      ...(index === 0 ? [mark] : []),
    ),
  );
  const secret = passwordBytes(password);
  const sealedKey = encrypt(key, secret);
  const keyBag = sequence(
    objectId(OID.shroudedKeyBag),
    der(0xa0, sequence(sealedKey.algorithm, der(TAG.octetString, sealedKey.data))),
    mark,
  );
  const sealed = encrypt(sequence(...certificateBags), secret);
  const authenticated = sequence(
    sequence(
      objectId(OID.encryptedData),
      der(0xa0, sequence(integer(0), sequence(objectId(OID.data), sealed.algorithm, der(0x80, sealed.data)))),
    ),
    sequence(objectId(OID.data), der(0xa0, der(TAG.octetString, sequence(keyBag)))),
  );
  const salt = randomBytes(16);
  const macKey = oldDerivation('sha256', 3, secret.old, salt, ITERATIONS, 32);
  const mac = createHmac('sha256', macKey).update(authenticated).digest();
  return sequence(
    integer(3),
    sequence(objectId(OID.data), der(0xa0, der(TAG.octetString, authenticated))),
    sequence(
      sequence(sequence(objectId(OID.sha256), der(TAG.null)), der(TAG.octetString, mac)),
      der(TAG.octetString, salt),
      integer(ITERATIONS),
    ),
  );
}

function encrypt(plain: Buffer, password: Password): { algorithm: Buffer; data: Buffer } {
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
