// The published types know the whole library only; loaded whole it is twenty times the two files that are needed.
declare module 'node-forge/lib/rc2.js' {
  import type { util } from 'node-forge';

  interface Decipher {
    readonly output: util.ByteBuffer;
    start(iv: string, output: null): void;
    update(input: util.ByteBuffer): void;
    finish(): boolean;
  }
  const rc2: { createDecryptionCipher(key: string, bits: number): Decipher };
  export default rc2;
}

declare module 'node-forge/lib/util.js' {
  import { util } from 'node-forge';

  export default util;
}
