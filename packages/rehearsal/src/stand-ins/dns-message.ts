import { isIPv4, isIPv6 } from 'node:net';
import type { PublicRecord } from './public-record.ts';

/** The types that are answered, by their numbers (RFC 1035, 3.2.2; RFC 3596). */
export const TYPES: Readonly<Record<string, number>> = { A: 1, NS: 2, CNAME: 5, MX: 15, TXT: 16, AAAA: 28 };

/** Response codes (RFC 1035, 4.1.1). */
export const CODE = { ok: 0, malformed: 1, unknownName: 3, notImplemented: 4 } as const;

export interface Question {
  readonly id: number;
  readonly name: string;
  readonly type: number;
  /** The asker wants this to be done for it: copied into the answer. */
  readonly recursion: boolean;
  /** The question as it stood: it is repeated in the answer. */
  readonly section: Buffer;
}

const HEADER = 12;
const INTERNET = 1;
const SECONDS = 60;

/** The question of a DNS query; nothing when it is none. */
export function readQuestion(message: Buffer): Question | undefined {
  if (message.length < HEADER) return undefined;
  const flags = message.readUInt16BE(2);
  const isQuery = (flags & 0xf800) === 0;
  if (!isQuery || message.readUInt16BE(4) !== 1) return undefined;
  const labels: string[] = [];
  let at = HEADER;
  for (;;) {
    const length = message[at];
    // Pointers have no place in a question, and labels end at 63.
    if (length === undefined || length > 63 || at + 1 + length > message.length) return undefined;
    at += 1;
    if (length === 0) break;
    labels.push(message.toString('latin1', at, at + length));
    at += length;
  }
  if (at + 4 > message.length) return undefined;
  return {
    id: message.readUInt16BE(0),
    name: labels.join('.').toLowerCase(),
    type: message.readUInt16BE(at),
    recursion: (flags & 0x0100) !== 0,
    section: message.subarray(HEADER, at + 4),
  };
}

/** A record with the name it is of. */
export interface NamedRecord extends PublicRecord {
  readonly name: string;
}

/** The answer to a question; without the records, and marked as cut, where it is longer than the asker takes. */
export function writeAnswer(
  question: Question,
  code: number,
  records: readonly NamedRecord[],
  longest: number,
): Buffer {
  const answers = records.map(encodeRecord);
  const length = HEADER + question.section.length + answers.reduce((sum, answer) => sum + answer.length, 0);
  const cut = length > longest;
  const header = Buffer.alloc(HEADER);
  header.writeUInt16BE(question.id, 0);
  // Answer, authoritative, recursion available.
  header.writeUInt16BE(0x8480 | (cut ? 0x0200 : 0) | (question.recursion ? 0x0100 : 0) | code, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(cut ? 0 : answers.length, 6);
  return Buffer.concat([header, question.section, ...(cut ? [] : answers)]);
}

function encodeRecord(record: NamedRecord): Buffer {
  const data = encodeData(record);
  const fixed = Buffer.alloc(10);
  fixed.writeUInt16BE(TYPES[record.type] ?? 0, 0);
  fixed.writeUInt16BE(INTERNET, 2);
  // 1 is Cloudflare's word for automatic.
  fixed.writeUInt32BE(record.ttl === undefined || record.ttl === 1 ? SECONDS : record.ttl, 4);
  fixed.writeUInt16BE(data.length, 8);
  return Buffer.concat([encodeName(record.name), fixed, data]);
}

function encodeData({ type, content, priority }: PublicRecord): Buffer {
  if (type === 'A') return Buffer.from(isIPv4(content) ? content.split('.').map(Number) : [0, 0, 0, 0]);
  if (type === 'AAAA') return isIPv6(content) ? ipv6Bytes(content) : Buffer.alloc(16);
  if (type === 'MX') {
    const preference = Buffer.alloc(2);
    preference.writeUInt16BE(priority ?? 0, 0);
    return Buffer.concat([preference, encodeName(content)]);
  }
  return type === 'TXT' ? encodeText(content) : encodeName(content);
}

function encodeName(name: string): Buffer {
  const labels = name.split('.').filter((label) => label !== '');
  return Buffer.concat([
    ...labels.map((label) => {
      const bytes = Buffer.from(label, 'latin1').subarray(0, 63);
      return Buffer.concat([Buffer.from([bytes.length]), bytes]);
    }),
    Buffer.from([0]),
  ]);
}

/** Strings of 255 bytes at most (RFC 1035, 3.3.14); Cloudflare’s API may show the text in quotes. */
function encodeText(content: string): Buffer {
  const bytes = Buffer.from(content.replace(/^"(.*)"$/s, '$1'));
  const parts: Buffer[] = [];
  for (let at = 0; at === 0 || at < bytes.length; at += 255) {
    const part = bytes.subarray(at, at + 255);
    parts.push(Buffer.from([part.length]), part);
  }
  return Buffer.concat(parts);
}

function ipv6Bytes(address: string): Buffer {
  const [head = '', tail] = address.split('::');
  const groups = (part: string | undefined) => (part ? part.split(':') : []);
  const missing = 8 - groups(head).length - groups(tail).length;
  const all = [...groups(head), ...Array.from({ length: missing }, () => '0'), ...groups(tail)];
  return Buffer.from(all.map((group) => group.padStart(4, '0')).join(''), 'hex');
}
