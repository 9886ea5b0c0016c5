import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';

/** The record type that a page's address needs. */
export type AddressType = 'A' | 'AAAA' | 'CNAME';

const HOST_NAME = /^(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])$/;

/** As Cloudflare writes it: lower case, Punycode, no dot at the end. Nothing when it is no name of a host. */
export function hostName(text: string): string | undefined {
  const name = text.trim().replace(/\.$/, '');
  // domainToASCII reads as the URL parser does: it drops a path, takes out line breaks and decodes %2e.
  if (/[\s/\\?#@:%[\]]/.test(name)) return undefined;
  const ascii = domainToASCII(name);
  return isIP(ascii) === 0 && HOST_NAME.test(ascii) ? ascii : undefined;
}

/** A host name or an address, as a record's content; nothing when it is neither. */
export function pageTarget(text: string): string | undefined {
  const trimmed = text.trim();
  // Cloudflare answers with the short form of an IPv6 address, whatever form it was given.
  if (isIP(trimmed) === 6) return new URL(`http://[${trimmed}]`).hostname.slice(1, -1);
  return isIP(trimmed) === 4 ? trimmed : hostName(trimmed);
}

export function typeOf(content: string): AddressType {
  const version = isIP(content);
  if (version === 4) return 'A';
  return version === 6 ? 'AAAA' : 'CNAME';
}
