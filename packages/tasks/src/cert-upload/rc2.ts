import rc2 from 'node-forge/lib/rc2.js';
import util from 'node-forge/lib/util.js';

/** RC2 in CBC mode with a key as long as its effective length: what Node's OpenSSL no longer brings. */
export function decryptRc2(key: Buffer, iv: Buffer, data: Buffer): Buffer {
  const decipher = rc2.createDecryptionCipher(key.toString('binary'), key.length * 8);
  decipher.start(iv.toString('binary'), null);
  decipher.update(util.createBuffer(data.toString('binary')));
  if (!decipher.finish()) throw new Error('wrong padding');
  return Buffer.from(decipher.output.getBytes(), 'binary');
}
