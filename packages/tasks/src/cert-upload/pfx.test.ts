import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { looksLikePfx, readPfx, writePfx } from './pfx.ts';

const fixture = (name: string) => readFileSync(new URL(`fixtures/${name}`, import.meta.url));

describe('reading a PFX', () => {
  it.each([
    ['rsa-modern.pfx', 'secret', 'rsa'],
    ['rsa-legacy.pfx', 'secret', 'rsa'],
    ['p256-modern.pfx', 'secret', 'ec'],
    ['p256-legacy.pfx', 'secret', 'ec'],
    ['p384-modern.pfx', 'secret', 'ec'],
    ['p384-legacy.pfx', 'secret', 'ec'],
    ['p256-3des.pfx', 'secret', 'ec'],
    ['p256-rc2-128.pfx', 'secret', 'ec'],
    ['p256-no-checksum.pfx', 'secret', 'ec'],
    ['p256-umlaut-password.pfx', 'schlüssel€', 'ec'],
    ['p256-no-password.pfx', undefined, 'ec'],
  ])('finds key and chain in %s', async (file, password, kind) => {
    expect(looksLikePfx(fixture(file))).toBe(true);
    const { certificates, keys } = await readPfx(fixture(file), password);
    const [leaf, issuer] = certificates.map((der) => new X509Certificate(der));
    expect([leaf?.subject, issuer?.subject]).toEqual(['CN=www.example.com', 'CN=Fixture Issuing CA']);
    const key = createPrivateKey({ key: keys[0] as Buffer, format: 'der', type: 'pkcs8' });
    expect(key.asymmetricKeyType).toBe(kind);
    expect(leaf?.checkPrivateKey(key)).toBe(true);
  });

  it.each(['rsa-modern.pfx', 'rsa-legacy.pfx', 'p256-no-checksum.pfx', 'p256-no-password.pfx'])(
    'says that the password of %s is wrong',
    async (file) => {
      await expect(readPfx(fixture(file), 'guess')).rejects.toThrow('the password does not open the PFX');
    },
  );

  it('says that a password is missing', async () => {
    await expect(readPfx(fixture('p256-modern.pfx'), undefined)).rejects.toThrow('none is given');
  });

  it('says of a file cut short or changed anywhere that it cannot be read, and never crashes', async () => {
    const whole = fixture('p256-modern.pfx');
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.nat(255), fc.boolean(), async (at, byte, cut) => {
        const changed = Buffer.from(cut ? whole.subarray(0, at) : whole);
        if (!cut) changed[at] = byte;
        await readPfx(changed, 'secret').then(
          ({ keys }) => expect(keys.length).toBeLessThanOrEqual(1),
          (error: Error) => expect(error.constructor.name).toBe('InputProblem'),
        );
      }),
      { numRuns: 200 },
    );
  });

  it('does not take other files for a PFX', () => {
    expect(looksLikePfx(fixture('root.pem'))).toBe(false);
    expect(looksLikePfx(new X509Certificate(fixture('root.pem')).raw)).toBe(false);
    expect(looksLikePfx(Buffer.alloc(0))).toBe(false);
  });
});

describe('writing a PFX', () => {
  it.each(['rsa-modern.pfx', 'p384-modern.pfx'])(
    'makes of %s one that OpenSSL opens, and only with its password',
    async (file) => {
      const { certificates, keys } = await readPfx(fixture(file), 'secret');
      const written = writePfx(certificates, keys[0] as Buffer, 'pässword');
      expect(() => createSecureContext({ pfx: written, passphrase: 'pässword' })).not.toThrow();
      expect(() => createSecureContext({ pfx: written, passphrase: 'other' })).toThrow();
      const again = await readPfx(written, 'pässword');
      expect(again.certificates.map(String)).toEqual(certificates.map(String));
      expect(again.keys.map(String)).toEqual(keys.map(String));
    },
  );
});
