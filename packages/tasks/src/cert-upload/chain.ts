import type { X509Certificate } from 'node:crypto';

/** The way from a certificate to a root: its issuers in order, without the root, which every client has. */
export interface Chain {
  readonly issuers: readonly X509Certificate[];
  /** Nothing when the way ends before a trusted root: then the issuer of the last one is missing. */
  readonly root: X509Certificate | undefined;
}

/**
 * The best chain that can be built of the given certificates, every signature checked. Of several (CAs sign each
 * other's keys) the one that ends at a trusted root, whose parts are all valid now, and that is shortest.
 */
export function buildChain(
  leaf: X509Certificate,
  pool: readonly X509Certificate[],
  roots: readonly X509Certificate[],
  now: Date,
): Chain {
  const chains = chainsFrom(leaf, [], pool, roots);
  const rank = ({ issuers, root }: Chain) => {
    const parts = root ? [...issuers, root] : issuers;
    return [root ? 0 : 1, parts.every((part) => isValid(part, now)) ? 0 : 1, root ? issuers.length : -issuers.length];
  };
  return chains.sort((a, b) => compare(rank(a), rank(b)))[0] as Chain;
}

/** As deep as any public chain goes, and some more. */
const DEEPEST = 8;

function chainsFrom(
  certificate: X509Certificate,
  issuers: readonly X509Certificate[],
  pool: readonly X509Certificate[],
  roots: readonly X509Certificate[],
): Chain[] {
  const ended: Chain[] = roots.filter((root) => isIssuedBy(certificate, root)).map((root) => ({ issuers, root }));
  const further = pool.filter(
    (candidate) =>
      candidate.subject !== candidate.issuer && !issuers.includes(candidate) && isIssuedBy(certificate, candidate),
  );
  if (issuers.length < DEEPEST)
    for (const issuer of further) ended.push(...chainsFrom(issuer, [...issuers, issuer], pool, roots));
  return ended.length > 0 ? ended : [{ issuers, root: undefined }];
}

/** By name and key id, and by the signature itself. */
export function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  if (certificate.issuer !== issuer.subject || !issuer.ca) return false;
  try {
    return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
  } catch {
    // A kind of key or signature that OpenSSL does not know.
    return false;
  }
}

export function isValid(certificate: X509Certificate, now: Date): boolean {
  return new Date(certificate.validFrom) <= now && now <= new Date(certificate.validTo);
}

function compare(a: readonly number[], b: readonly number[]): number {
  const index = a.findIndex((value, at) => value !== b[at]);
  return index < 0 ? 0 : (a[index] as number) - (b[index] as number);
}
