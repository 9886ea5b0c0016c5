import { isIP, type Socket } from 'node:net';
import { connect, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import { openSocket } from '@maintenance-tasks/core/socket';
import type { TlsFinding } from './evaluate-tls.ts';
import { endpointOf, type PlannedCheck } from './plan.ts';
import type { TlsCheck } from './schema.ts';
import type { Try } from './try.ts';

/** Reads the certificate a server shows for a name, whether it is trusted or not. */
export async function probeTls({ check, via }: PlannedCheck<TlsCheck>, current: Try): Promise<TlsFinding> {
  current.stage = 'connecting';
  const socket = await openSocket(endpointOf(check.host, check.port ?? 443, via), current.signal);
  current.stage = 'in the TLS handshake';
  const encrypted = await secure(socket, { name: check['server-name'] ?? check.host, verified: false });
  try {
    const { subject, issuer, subjectaltname, valid_from, valid_to, fingerprint, fingerprint256 } =
      encrypted.getPeerCertificate();
    const distrust = encrypted.authorizationError as Error | string | null;
    return {
      version: encrypted.getProtocol() ?? 'no TLS',
      distrust: distrust === null || distrust === undefined ? undefined : String(distrust),
      certificate: {
        subject,
        issuer,
        valid_from,
        valid_to,
        fingerprint,
        fingerprint256,
        ...(subjectaltname !== undefined && { subjectaltname }),
      },
    };
  } finally {
    encrypted.destroy();
  }
}

let context: SecureContext | undefined;

/**
 * A new TLS session over the socket. None is ever resumed: a resumed one shows no certificate.
 * `verified` refuses chains and names that do not hold; otherwise they are left to be looked at.
 */
export function secure(socket: Socket, { name, verified }: { name: string; verified: boolean }): Promise<TLSSocket> {
  // Reading the trusted CAs anew for each of a thousand checks would take longer than the checks.
  context ??= createSecureContext();
  const host = name.replace(/\.$/, '');
  return new Promise((resolve, reject) => {
    const encrypted = connect({
      socket,
      host,
      secureContext: context as SecureContext,
      // RFC 6066: an IP address is no server name.
      ...(isIP(host) === 0 && { servername: host }),
      ALPNProtocols: ['http/1.1'],
      rejectUnauthorized: verified,
      ...(!verified && { checkServerIdentity: () => undefined }),
    });
    encrypted.once('secureConnect', () => resolve(encrypted));
    encrypted.on('error', reject);
    // A peer that hangs up in the handshake closes without an error on some versions.
    encrypted.once('close', () => reject(new Error('the connection was closed in the TLS handshake')));
  });
}
