import { createHash } from 'node:crypto';
import { InputProblem } from '@maintenance-tasks/core';
import {
  childrenOf,
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
import { checksum, decrypt, encrypt, macMatches, type Password, passwordBytes } from './pfx-protection.ts';

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
} as const;

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
  const [, authSafe, macData] = childrenOf(readDer(bytes)[0]);
  const [contentType, content] = childrenOf(authSafe);
  if (readObjectId(contentType) !== OID.data)
    throw new InputProblem('the PFX is protected by a certificate instead of a password; export it with a password');
  const authenticated = readOctets(childrenOf(content)[0]);
  const secret = macData ? provenPassword(macData, authenticated, password) : passwordBytes(password ?? '');
  const found = { certificates: [] as Buffer[], keys: [] as Buffer[] };
  for (const part of childrenOf(readDer(authenticated)[0])) {
    const [type, holder] = childrenOf(part);
    const kind = readObjectId(type);
    if (kind === OID.data) await readSafe(readOctets(childrenOf(holder)[0]), secret, found);
    else if (kind === OID.encryptedData)
      await readSafe(await decryptedData(childrenOf(holder)[0], secret), secret, found);
    else
      throw new InputProblem('the PFX is protected by a certificate instead of a password; export it with a password');
  }
  return found;
}

type Found = { certificates: Buffer[]; keys: Buffer[] };

async function readSafe(bytes: Buffer, secret: Password, found: Found): Promise<void> {
  for (const bag of childrenOf(readDer(bytes)[0])) {
    const [type, holder] = childrenOf(bag);
    const value = childrenOf(holder)[0];
    if (value === undefined) continue;
    const kind = readObjectId(type);
    if (kind === OID.keyBag) found.keys.push(value.bytes);
    else if (kind === OID.shroudedKeyBag) {
      const [algorithm, data] = childrenOf(value);
      found.keys.push(await decrypt(algorithm, readOctets(data), secret));
    } else if (kind === OID.certBag) {
      const [certificateType, certificate] = childrenOf(value);
      if (readObjectId(certificateType) === OID.x509Certificate)
        found.certificates.push(readOctets(childrenOf(certificate)[0]));
    } else if (kind === OID.safeContentsBag) await readSafe(value.bytes, secret, found);
  }
}

async function decryptedData(value: DerValue | undefined, secret: Password): Promise<Buffer> {
  const [, info] = childrenOf(value);
  const [, algorithm, data] = childrenOf(info);
  return decrypt(algorithm, readOctets(data), secret);
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
  return sequence(
    integer(3),
    sequence(objectId(OID.data), der(0xa0, der(TAG.octetString, authenticated))),
    checksum(authenticated, secret),
  );
}
