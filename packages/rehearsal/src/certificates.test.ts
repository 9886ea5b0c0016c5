import { createPrivateKey, X509Certificate } from 'node:crypto';
import { connect, createServer } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { createAuthority, type KeyKind } from './certificates.ts';

describe('certificates of the rehearsal', () => {
  it('are accepted in a real handshake that trusts only the root', async () => {
    const root = createAuthority('Example Root');
    const { certificate, key, chain } = root.intermediate('Example Issuing CA').issue({ names: ['www.example.com'] });
    const server = createServer({ cert: certificate + chain, key }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    const names = await new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', ca: root.certificate, servername: 'www.example.com' }, () => {
        resolve(socket.getPeerCertificate().subjectaltname);
        socket.end();
      });
      socket.on('error', reject);
    });
    server.close();
    expect(names).toBe('DNS:www.example.com');
  });

  it.each<[KeyKind, string]>([
    ['ec-p256', 'ec'],
    ['ec-p384', 'ec'],
    ['ec-p521', 'ec'],
    ['rsa-2048', 'rsa'],
    ['ed25519', 'ed25519'],
  ])('come with a %s key that belongs to them', (kind, family) => {
    const issued = createAuthority('Example Root').issue({ names: ['www.example.com'], key: kind });
    const key = createPrivateKey(issued.key);
    expect(key.asymmetricKeyType).toBe(family);
    expect(new X509Certificate(issued.certificate).checkPrivateKey(key)).toBe(true);
  });

  it('carry the asked dates, names and addresses', () => {
    const { certificate } = createAuthority('Example Root', { key: 'rsa-2048' }).issue({
      names: ['example.com', '*.example.com', '127.0.0.1', '2001:db8::1'],
      notBefore: new Date('2026-11-01T00:00:00Z'),
      notAfter: new Date('2051-02-03T04:05:06Z'),
    });
    const read = new X509Certificate(certificate);
    expect(read.subjectAltName).toBe(
      'DNS:example.com, DNS:*.example.com, IP Address:127.0.0.1, IP Address:2001:DB8:0:0:0:0:0:1',
    );
    expect(new Date(read.validFrom).toISOString()).toBe('2026-11-01T00:00:00.000Z');
    expect(new Date(read.validTo).toISOString()).toBe('2051-02-03T04:05:06.000Z');
    expect(read.ca).toBe(false);
  });
});
