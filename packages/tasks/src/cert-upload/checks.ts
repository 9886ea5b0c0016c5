import type { KeyObject, X509Certificate } from 'node:crypto';
import { domainToASCII } from 'node:url';
import { readDer, readObjectId } from '@maintenance-tasks/core/der';
import { buildChain, isValid } from './chain.ts';
import { dnsNames, type Material, nameOf } from './material.ts';

/** What the certificate must be good for. */
export interface Wishes {
  readonly names: readonly string[];
  readonly daysLeft: number;
}

/** A certificate with all that belongs to it, in order. */
export interface CheckedCertificate {
  readonly leaf: X509Certificate;
  /** From the leaf's issuer upwards, without the root. */
  readonly chain: readonly X509Certificate[];
  readonly key: KeyObject;
  /** SHA-1, lower-case hex, as Azure writes it. */
  readonly thumbprint: string;
  readonly expires: Date;
}

export interface Findings {
  /** Whole sentences, all that is wrong at once. */
  readonly problems: readonly string[];
  /** There whenever leaf and key were found, problems or not. */
  readonly certificate: CheckedCertificate | undefined;
  /** Certificates that were given and belong to no part of the chain. */
  readonly unused: readonly X509Certificate[];
}

const DAY = 86_400_000;

/** Looks at the certificate the way its later clients and the vault will, on the given day. */
export function examine(
  { certificates, keys }: Material,
  roots: readonly X509Certificate[],
  wishes: Wishes,
  now: Date,
): Findings {
  const found = findLeaf(certificates, keys);
  if ('problem' in found) return { problems: [found.problem], certificate: undefined, unused: [] };
  const { leaf, key } = found;
  const { issuers, root } = buildChain(leaf, certificates, roots, now);
  const problems = [
    ...leafProblems(leaf, wishes, now),
    ...keyProblems(key),
    ...chainProblems(leaf, issuers, root, certificates, now),
    ...[leaf, ...issuers].flatMap(signatureProblems),
  ];
  return {
    problems,
    certificate: { leaf, chain: issuers, key, thumbprint: thumbprintOf(leaf), expires: new Date(leaf.validTo) },
    unused: certificates.filter((each) => each !== leaf && !issuers.includes(each) && each.subject !== each.issuer),
  };
}

export function thumbprintOf(certificate: X509Certificate): string {
  return certificate.fingerprint.replaceAll(':', '').toLowerCase();
}

function findLeaf(
  certificates: readonly X509Certificate[],
  keys: readonly KeyObject[],
): { leaf: X509Certificate; key: KeyObject } | { problem: string } {
  if (certificates.length === 0) return { problem: 'No certificate is in what was given.' };
  if (keys.length === 0)
    return { problem: 'No private key is in what was given; if it is in a file of its own, give that as key-file.' };
  const pairs = certificates.flatMap((leaf) =>
    keys.filter((key) => leaf.checkPrivateKey(key)).map((key) => ({ leaf, key })),
  );
  const [first, second] = pairs;
  if (!first) {
    const named = certificates.filter(({ ca }) => !ca).map(nameOf);
    return {
      problem: `The private key does not belong to the certificate${named.length > 0 ? ` of ${named.join(', ')}` : ''}: a renewal usually comes with a new key.`,
    };
  }
  if (second) {
    const told = pairs.map(({ leaf }) => `${nameOf(leaf)} until ${day(leaf.validTo)}, ${thumbprintOf(leaf)}`);
    return {
      problem: `Several certificates belong to the private keys (${told.join('; ')}); give only the one to be stored.`,
    };
  }
  return first;
}

const SERVER_AUTH = ['1.3.6.1.5.5.7.3.1', '2.5.29.37.0'];

function leafProblems(leaf: X509Certificate, wishes: Wishes, now: Date): string[] {
  const problems: string[] = [];
  const name = nameOf(leaf);
  if (leaf.ca) problems.push(`${name} is the certificate of a CA, not of a server.`);
  const usages = leaf.keyUsage as readonly string[] | undefined;
  if (usages && !usages.some((usage) => SERVER_AUTH.includes(usage)))
    problems.push(`${name} is not meant for servers (its extended key usage lacks serverAuth).`);
  if (new Date(leaf.validFrom) > now) problems.push(`${name} is not valid before ${leaf.validFrom}.`);
  const days = Math.floor((new Date(leaf.validTo).getTime() - now.getTime()) / DAY);
  if (days < 0) problems.push(`${name} has expired on ${day(leaf.validTo)}.`);
  else if (days < wishes.daysLeft)
    problems.push(
      `${name} is only valid for ${days} more ${days === 1 ? 'day' : 'days'}, and days-left asks for ${wishes.daysLeft}.`,
    );
  const covered = dnsNames(leaf);
  const missing = wishes.names.filter((wanted) => !covered.some((pattern) => covers(pattern, wanted)));
  if (missing.length > 0)
    problems.push(
      `${name} does not cover ${missing.join(', ')}; it covers ${covered.length > 0 ? covered.join(', ') : 'no DNS name at all'}.`,
    );
  return problems;
}

/** RFC 6125, 6.4.3: a wildcard stands for exactly one label, so `*.example.com` covers neither `example.com` nor `a.b.example.com`. */
export function covers(pattern: string, wanted: string): boolean {
  const [given, asked] = [pattern, wanted].map(normalName) as [string, string];
  if (given === asked) return true;
  if (!given.startsWith('*.')) return false;
  const dot = asked.indexOf('.');
  return dot > 0 && asked.slice(dot) === given.slice(1);
}

function normalName(name: string): string {
  const wildcard = name.startsWith('*.') ? '*.' : '';
  const rest = name.slice(wildcard.length).replace(/\.$/, '');
  return wildcard + (domainToASCII(rest) || rest.toLowerCase());
}

/** What both the vault and today's clients take. */
const RSA_SIZES = [2048, 3072, 4096];
export const CURVES: Readonly<Record<string, string>> = { prime256v1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521' };

function keyProblems(key: KeyObject): string[] {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  if (type === 'rsa') {
    const size = details?.modulusLength ?? 0;
    if (RSA_SIZES.includes(size)) return [];
    return [`The RSA key has ${size} bits; the vault takes ${RSA_SIZES.join(', ')}.`];
  }
  if (type === 'ec') {
    const curve = details?.namedCurve;
    if (curve && CURVES[curve]) return [];
    return [
      `The EC key is on the curve ${curve ?? 'of its own parameters'}; the vault takes ${Object.values(CURVES).join(', ')}.`,
    ];
  }
  return [`The key is of the kind ${type}; the vault takes RSA and EC keys.`];
}

function chainProblems(
  leaf: X509Certificate,
  issuers: readonly X509Certificate[],
  root: X509Certificate | undefined,
  given: readonly X509Certificate[],
  now: Date,
): string[] {
  const problems = [...issuers, ...(root ? [root] : [])]
    .filter((issuer) => !isValid(issuer, now))
    .map((issuer) =>
      new Date(issuer.validTo) < now
        ? `${nameOf(issuer)} in the chain has expired on ${day(issuer.validTo)}; ask the CA for the current one.`
        : `${nameOf(issuer)} in the chain is not valid before ${issuer.validFrom}.`,
    );
  for (const issuer of issuers) {
    const usages = issuer.keyUsage as readonly string[] | undefined;
    if (usages && !usages.some((usage) => SERVER_AUTH.includes(usage)))
      problems.push(`${nameOf(issuer)} in the chain may not issue certificates for servers.`);
  }
  if (root) return problems;
  const last = issuers.at(-1) ?? leaf;
  return [...problems, missingIssuer(last, issuers.length === 0, given)];
}

function missingIssuer(last: X509Certificate, alone: boolean, given: readonly X509Certificate[]): string {
  if (last.subject === last.issuer) return `${nameOf(last)} is self-signed: no client trusts it.`;
  const wanted = /(?:^|\n)CN=(.*)/.exec(last.issuer)?.[1] ?? last.issuer.replaceAll('\n', ', ');
  if (given.some((each) => each.subject === last.issuer && each.subject === each.issuer))
    return `The chain ends at ${wanted}, which is not a public CA; if it is your own, give it as trusted-roots with trust: file.`;
  const address = /CA Issuers - URI:(\S+)/.exec(last.infoAccess ?? '')?.[1];
  const where = address ? ` (it is at ${address})` : '';
  return alone
    ? `The chain is empty: the certificate of ${wanted}, which issued ${nameOf(last)}, is missing${where}; give it as chain-file. If it is your own root, give it as trusted-roots with trust: file.`
    : `The chain is incomplete: the certificate of ${wanted}, which issued ${nameOf(last)}, is missing${where}; give it as chain-file. If it is your own root, give it as trusted-roots with trust: file.`;
}

/** MD5 and SHA-1 with RSA, SHA-1 with ECDSA and DSA: forgeable, and refused by all clients. */
const WEAK_SIGNATURES = ['1.2.840.113549.1.1.4', '1.2.840.113549.1.1.5', '1.2.840.10045.4.1', '1.2.840.10040.4.3'];

function signatureProblems(certificate: X509Certificate): string[] {
  const [, algorithm] = readDer(readDer(certificate.raw)[0]?.content ?? Buffer.alloc(0));
  const id = readObjectId(readDer(algorithm?.content ?? Buffer.alloc(0))[0]);
  return WEAK_SIGNATURES.includes(id)
    ? [`${nameOf(certificate)} is signed with a hash that can be forged (SHA-1 or MD5); ask the CA for a new one.`]
    : [];
}

function day(date: string): string {
  return new Date(date).toISOString().slice(0, 10);
}
