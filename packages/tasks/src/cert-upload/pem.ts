import { createPrivateKey, type KeyObject } from 'node:crypto';
import { InputProblem } from '@maintenance-tasks/core';

/** One block between BEGIN and END. */
export interface PemBlock {
  /** `CERTIFICATE`, `RSA PRIVATE KEY` … */
  readonly label: string;
  readonly bytes: Buffer;
  /** How OpenSSL's oldest form names the key's encryption: `AES-256-CBC,<IV>`. */
  readonly encryption?: string;
}

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----([\s\S]*?)-----END \1-----/g;
const ENCRYPTION = /Proc-Type:\s*4,\s*ENCRYPTED\s+DEK-Info:\s*([A-Z0-9-]+,[0-9A-F]+)/i;

/** The text of a file, whatever its program put in front of it to tell its encoding. */
export function textOf(bytes: Buffer): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return bytes.subarray(2).toString('utf16le');
  return bytes.toString('utf8').replace(/^\ufeff/, '');
}

export function looksLikePem(bytes: Buffer): boolean {
  return textOf(bytes).includes('-----BEGIN ');
}

/**
 * All blocks of a PEM text (RFC 7468) in their order. Texts between them are passed over, and so is what happens to PEM
 * on its way through variables: lines joined by blanks, line ends written as `\n`.
 *
 * @throws InputProblem when a block is cut off or damaged
 */
export function readPem(text: string): PemBlock[] {
  const unescaped = text.includes('\\n') ? text.replace(/\\r|\\n/g, '\n') : text;
  const blocks = [...unescaped.matchAll(BLOCK)].map(([, label, body]) => readBlock(label as string, body as string));
  const begun = unescaped.match(/-----BEGIN [A-Z0-9 ]+-----/g)?.length ?? 0;
  if (begun > blocks.length)
    throw new InputProblem('the PEM text is cut off: a BEGIN line has no END line of its kind');
  return blocks;
}

function readBlock(label: string, body: string): PemBlock {
  const encryption = ENCRYPTION.exec(body);
  const base64 = (encryption ? body.slice(encryption.index + encryption[0].length) : body).replace(/\s+/g, '');
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) throw new InputProblem(`the PEM block “${label}” is not base64`);
  return { label, bytes: Buffer.from(base64, 'base64'), ...(encryption && { encryption: encryption[1] as string }) };
}

/** The block in its strict form: 64 characters a line, LF only. */
export function writePem(label: string, bytes: Buffer, encryption?: string): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  const headers = encryption ? ['Proc-Type: 4,ENCRYPTED', `DEK-Info: ${encryption}`, ''] : [];
  return [`-----BEGIN ${label}-----`, ...headers, ...lines, `-----END ${label}-----`, ''].join('\n');
}

export function isKey(block: PemBlock): boolean {
  return /(^| )PRIVATE KEY$/.test(block.label);
}

/** @throws InputProblem when the password is missing or wrong, or the key is of a kind that cannot be read */
export function openKey({ label, bytes, encryption }: PemBlock, password: string | undefined): KeyObject {
  if (label === 'OPENSSH PRIVATE KEY')
    throw new InputProblem('the key is an SSH key; a certificate’s key is needed (PRIVATE KEY)');
  const encrypted = label === 'ENCRYPTED PRIVATE KEY' || encryption !== undefined;
  if (encrypted && !password) throw new InputProblem('the private key is encrypted, and no password is given');
  try {
    return createPrivateKey({
      key: writePem(label, bytes, encryption),
      format: 'pem',
      ...(encrypted && { passphrase: password as string }),
    });
  } catch (error) {
    if (!encrypted) throw new InputProblem('the private key is damaged, or of a kind that is not supported');
    const { code } = error as { code?: string };
    if (code === 'ERR_OSSL_UNSUPPORTED' || code === 'ERR_OSSL_EVP_UNSUPPORTED')
      throw new InputProblem(
        'the private key is encrypted in a way that is not supported, or the password is wrong; `openssl pkcs8 -topk8` makes one that can be read',
      );
    throw new InputProblem('the password does not open the private key');
  }
}
