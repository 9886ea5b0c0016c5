import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nameOf, pkcs8, readMaterial } from './material.ts';
import { readPem, writePem } from './pem.ts';

const fixture = (name: string) => readFileSync(new URL(`fixtures/${name}`, import.meta.url));
const textOf = (name: string) => fixture(name).toString();

function watched() {
  const secrets: string[] = [];
  return { secrets, keepSecret: (value: string) => void secrets.push(value) };
}

async function read(certificate: Buffer | string, more: { key?: Buffer; password?: string; roots?: Buffer } = {}) {
  const context = watched();
  const material = await readMaterial(context, { certificate: Buffer.from(certificate), ...more });
  return { ...material, secrets: context.secrets };
}

const FOUND = ['www.example.com', 'Fixture Issuing CA'];

describe('what was given', () => {
  it.each([
    ['p256-bag-attributes.pem', undefined],
    ['rsa-pkcs1.pem', undefined],
    ['rsa-proc-type.pem', 'secret'],
    ['p384-sec1.pem', undefined],
    ['p384-encrypted.pem', 'secret'],
    ['rsa-modern.pfx', 'secret'],
    ['p384-legacy.pfx', 'secret'],
  ])('is read from %s, and its key is kept secret line by line', async (file, password) => {
    const { certificates, keys, secrets } = await read(fixture(file), password ? { password } : {});
    expect(certificates.map(nameOf).sort()).toEqual([...FOUND].sort());
    expect(keys).toHaveLength(1);
    const lines = writePem('PRIVATE KEY', pkcs8(keys[0] as never))
      .split('\n')
      .slice(1, -2);
    for (const line of lines.filter(({ length }) => length >= 16)) expect(secrets).toContain(line);
    if (password) expect(secrets).toContain(password);
    const given = file.endsWith('.pem')
      ? /-----BEGIN [A-Z ]*PRIVATE KEY-----([\s\S]*?)-----END/.exec(textOf(file))
      : null;
    for (const line of given?.[1]?.split('\n').filter((each) => /^[\w+/=]{16,}$/.test(each)) ?? [])
      expect(secrets).toContain(line);
    expect(secrets.length).toBeLessThan(120);
  });

  const whole = textOf('rsa-pkcs1.pem');
  it.each([
    ['with CRLF', whole.replaceAll('\n', '\r\n')],
    ['with CR alone', whole.replaceAll('\n', '\r')],
    ['with a byte order mark', `\ufeff${whole}`],
    ['as Windows Unicode', Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(whole, 'utf16le')])],
    ['with blanks for line ends', whole.replaceAll('\n', ' ')],
    ['in base64 as a whole', Buffer.from(whole).toString('base64')],
    ['with line ends written out', whole.replaceAll('\n', '\\n')],
    ['with an old encrypted key on one line', textOf('rsa-proc-type.pem').replaceAll('\n', ' ')],
  ])('is read %s', async (_, text) => {
    const { certificates, keys } = await read(text, { password: 'secret' });
    expect(certificates).toHaveLength(2);
    expect(keys).toHaveLength(1);
  });

  it('is read from a PFX in base64, in lines or not', async () => {
    const base64 = fixture('p256-modern.pfx').toString('base64');
    for (const text of [base64, base64.replace(/(.{76})/g, '$1\r\n')])
      expect((await read(text, { password: 'secret' })).keys).toHaveLength(1);
  });

  it('counts a certificate and a key that are there twice once', async () => {
    const { certificates, keys } = await read(whole + whole, { key: Buffer.from(whole) });
    expect([certificates.length, keys.length]).toEqual([2, 1]);
  });

  it.each([
    ['nothing that is known', 'some text', {}, 'certificate: it is neither PEM nor PFX.'],
    ['a PEM text that is cut off', whole.slice(0, 900), {}, 'certificate: the PEM text is cut off'],
    [
      'a PEM text that was damaged',
      whole.replace(/MII/, 'M*I'),
      {},
      'certificate: the PEM block “CERTIFICATE” is not base64.',
    ],
    ['an encrypted key without password', textOf('p384-encrypted.pem'), {}, 'encrypted, and no password is given'],
    ['an old encrypted key without password', textOf('rsa-proc-type.pem'), {}, 'encrypted, and no password is given'],
    [
      'a wrong password for a key',
      textOf('p384-encrypted.pem'),
      { password: 'guess' },
      'the password does not open the private key',
    ],
    [
      'a wrong password for an old key',
      textOf('rsa-proc-type.pem'),
      { password: 'guess' },
      'the password does not open the private key',
    ],
    [
      'a wrong password for a PFX',
      fixture('rsa-legacy.pfx'),
      { password: 'guess' },
      'the password does not open the PFX',
    ],
    ['a PKCS#7 file', '-----BEGIN PKCS7-----\nMIIB\n-----END PKCS7-----', {}, 'it is a PKCS#7 file'],
    [
      'an SSH key',
      '-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n-----END OPENSSH PRIVATE KEY-----',
      {},
      'the key is an SSH key',
    ],
    [
      'an empty file of roots',
      whole,
      { roots: Buffer.from('nothing') },
      'trusted-roots: it holds no certificate in PEM.',
    ],
    [
      'an intermediate as root',
      whole,
      { roots: Buffer.from(whole) },
      'trusted-roots: Fixture Issuing CA is no root certificate',
    ],
  ])('is refused with its reason: %s', async (_, certificate, more, reason) => {
    await expect(read(certificate, more)).rejects.toThrow(reason);
  });

  it('names all problems at once', async () => {
    const problems = read('some text', { key: Buffer.from('other text'), roots: Buffer.from('') });
    await expect(problems).rejects.toThrow(/certificate: .*\nkey: .*\ntrusted-roots: /);
  });

  it('never sends on a key that lies beside a chain', async () => {
    const context = watched();
    const certificate = Buffer.from(whole.replace(/-----BEGIN RSA[\s\S]*/, ''));
    const { keys } = await readMaterial(context, { certificate, chain: Buffer.from(whole) });
    expect(keys).toEqual([]);
    expect(context.secrets.length).toBeGreaterThan(0);
  });
});

describe('PEM', () => {
  it('comes back from its strict form, whatever stands around it', () => {
    const noise = fc
      .string({ unit: 'grapheme-ascii' })
      .filter((text) => !text.includes('-----') && !text.includes('\\'));
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), noise, noise, (content, before, after) => {
        const bytes = Buffer.from(content);
        const [block, more] = readPem(`${before}\n${writePem('CERTIFICATE', bytes)}\n${after}`);
        expect(more).toBeUndefined();
        expect(block?.bytes.equals(bytes)).toBe(true);
      }),
    );
  });
});
