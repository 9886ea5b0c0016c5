import { isIPv4, isIPv6 } from 'node:net';

/** An address or a range of them. */
export interface AddressRange {
  /** As Cloudflare keeps it: lower case, shortest form, host bits zero, no prefix length for a single address. */
  readonly text: string;
  readonly family: 4 | 6;
  readonly prefix: number;
  readonly bits: bigint;
}

const WIDTH = { 4: 32, 6: 128 } as const;
/** developers.cloudflare.com/waf/tools/lists/custom-lists: wider ranges are not accepted in IP lists. */
const WIDEST = { 4: 8, 6: 12 } as const;
/** Wider than what one office or one provider's customer has. */
const WIDEST_UNASKED = { 4: 24, 6: 48 } as const;

/** Never the source of a request that reaches Cloudflare (RFC 6890), so always a mistake. */
const NEVER_A_SOURCE: readonly (readonly [string, string])[] = [
  ['0.0.0.0/8', 'this network'],
  ['10.0.0.0/8', 'private'],
  ['100.64.0.0/10', 'a provider’s inner network'],
  ['127.0.0.0/8', 'loopback'],
  ['169.254.0.0/16', 'link-local'],
  ['172.16.0.0/12', 'private'],
  ['192.168.0.0/16', 'private'],
  ['224.0.0.0/3', 'multicast or reserved'],
  ['::/127', 'unspecified or loopback'],
  ['::ffff:0:0/96', 'an IPv4 address in IPv6 form'],
  ['fc00::/7', 'private'],
  ['fe80::/10', 'link-local'],
  ['ff00::/8', 'multicast'],
];

/** The range that a text stands for; nothing when it is none. Zones (`%eth0`) and leading zeros are none. */
export function parseAddress(text: string): AddressRange | undefined {
  const [address = '', length, ...more] = text.trim().split('/');
  if (more.length > 0 || (length !== undefined && !/^(0|[1-9]\d{0,2})$/.test(length)) || address.includes('%'))
    return undefined;
  const family = isIPv4(address) ? 4 : isIPv6(address) ? 6 : undefined;
  if (!family) return undefined;
  const prefix = length === undefined ? WIDTH[family] : Number(length);
  if (prefix > WIDTH[family]) return undefined;
  const free = BigInt(WIDTH[family] - prefix);
  const bits = ((family === 4 ? bitsOf4(address) : bitsOf6(address)) >> free) << free;
  const shown = family === 4 ? shown4(bits) : shown6(bits);
  return { text: prefix === WIDTH[family] ? shown : `${shown}/${prefix}`, family, prefix, bits };
}

/** Why a text cannot be put on a list; nothing when it can. */
export function addressProblem(text: string): string | undefined {
  const range = parseAddress(text);
  if (!range) return `"${text}" is neither an IPv4 or IPv6 address nor a range such as 203.0.113.0/28`;
  if (range.prefix < WIDEST[range.family])
    return `"${text}" is wider than /${WIDEST[range.family]}, the widest that Cloudflare takes`;
  const never = NEVER_A_SOURCE.find(([block]) => overlap(range, parseAddress(block) as AddressRange));
  return never && `"${text}" is ${never[1]} (${never[0]}): no request reaches Cloudflare from there`;
}

/** Why a range is more than somebody probably meant; nothing when it is not. */
export function widthProblem(text: string): string | undefined {
  const range = parseAddress(text);
  const widest = range && WIDEST_UNASKED[range.family];
  if (!range || !widest || range.prefix >= widest) return undefined;
  return `"${text}" is wider than /${widest}; narrow it, or give allow-wide-ranges if it really is meant`;
}

function overlap(a: AddressRange, b: AddressRange): boolean {
  if (a.family !== b.family) return false;
  const free = BigInt(WIDTH[a.family] - Math.min(a.prefix, b.prefix));
  return a.bits >> free === b.bits >> free;
}

function bitsOf4(address: string): bigint {
  return address.split('.').reduce((bits, part) => (bits << 8n) | BigInt(part), 0n);
}

function bitsOf6(address: string): bigint {
  // The URL parser expands every form, and gives back the one of RFC 5952.
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => '0');
  return [...left, ...zeros, ...right].reduce((bits, part) => (bits << 16n) | BigInt(`0x${part}`), 0n);
}

function shown4(bits: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => String((bits >> shift) & 0xffn)).join('.');
}

function shown6(bits: bigint): string {
  const groups = Array.from({ length: 8 }, (_, index) => ((bits >> BigInt(112 - 16 * index)) & 0xffffn).toString(16));
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}
