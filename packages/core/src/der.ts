/** One value of DER or BER (ITU-T X.690): its tag, its content, and the bytes of both with their header. */
export interface DerValue {
  readonly tag: number;
  readonly content: Buffer;
  readonly bytes: Buffer;
}

export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  objectId: 0x06,
  utf8String: 0x0c,
  sequence: 0x30,
  set: 0x31,
} as const;

export function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tag]), lengthOf(content.length), content]);
}

export const sequence = (...parts: readonly Buffer[]) => der(TAG.sequence, ...parts);

/** An integer that is not negative. */
export function integer(value: number | Buffer): Buffer {
  const bytes = typeof value === 'number' ? bigEndian(value) : value;
  // A leading one bit would make the number negative.
  return der(TAG.integer, (bytes[0] as number) & 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes);
}

export function objectId(dotted: string): Buffer {
  const [first, second, ...rest] = dotted.split('.').map(Number) as [number, number, ...number[]];
  const bytes = [first * 40 + second, ...rest].flatMap((arc) => {
    const groups = [arc & 0x7f];
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128))
      groups.unshift((left & 0x7f) | 0x80);
    return groups;
  });
  return der(TAG.objectId, Buffer.from(bytes));
}

/**
 * The values that follow each other in these bytes. BER's open-ended lengths are understood as well: some programs
 * write PKCS#12 files with them.
 *
 * @throws RangeError when the bytes are something else
 */
export function readDer(bytes: Buffer): DerValue[] {
  const values: DerValue[] = [];
  for (let at = 0; at < bytes.length; ) {
    const { value, end } = readOne(bytes, at, 0);
    values.push(value);
    at = end;
  }
  return values;
}

/** The values that a value is made of. */
export function childrenOf(value: DerValue | undefined): DerValue[] {
  if (value === undefined) throw new RangeError('not DER: something is missing');
  return readDer(value.content);
}

/** The dotted form of an object identifier. */
export function readObjectId(value: DerValue | undefined): string {
  if (value?.tag !== TAG.objectId) throw new RangeError('not DER: no object identifier where one belongs');
  const arcs: number[] = [];
  let arc = 0;
  for (const byte of value.content) {
    arc = arc * 128 + (byte & 0x7f);
    if (byte & 0x80) continue;
    if (arcs.length === 0) arcs.push(Math.min(2, Math.floor(arc / 40)), arc - 40 * Math.min(2, Math.floor(arc / 40)));
    else arcs.push(arc);
    arc = 0;
  }
  return arcs.join('.');
}

/** The bytes of an octet string, put together where BER cut it in pieces. */
export function readOctets(value: DerValue | undefined): Buffer {
  if (value === undefined) throw new RangeError('not DER: no octet string where one belongs');
  // Bit 6 of the tag marks a value that is made of others.
  return value.tag & 0x20 ? Buffer.concat(readDer(value.content).map(readOctets)) : value.content;
}

const DEEPEST = 64;

function readOne(bytes: Buffer, at: number, depth: number): { value: DerValue; end: number } {
  const tag = bytes[at];
  const first = bytes[at + 1];
  if (tag === undefined || first === undefined || depth > DEEPEST) throw new RangeError('not DER: cut short');
  if (first === 0x80) return openEnded(bytes, at, tag, depth);
  const size = first > 0x80 ? first & 0x7f : 0;
  if (size > 4 || at + 2 + size > bytes.length) throw new RangeError('not DER: a length of unknown size');
  const start = at + 2 + size;
  const end = start + (size === 0 ? first : bytes.readUIntBE(at + 2, size));
  if (end > bytes.length) throw new RangeError('not DER: cut short');
  return { value: { tag, content: bytes.subarray(start, end), bytes: bytes.subarray(at, end) }, end };
}

/** Goes on until two zero bytes where the next value would begin. */
function openEnded(bytes: Buffer, at: number, tag: number, depth: number): { value: DerValue; end: number } {
  let inner = at + 2;
  while (bytes[inner] !== 0 || bytes[inner + 1] !== 0) inner = readOne(bytes, inner, depth + 1).end;
  const end = inner + 2;
  return { value: { tag, content: bytes.subarray(at + 2, inner), bytes: bytes.subarray(at, end) }, end };
}

function lengthOf(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const bytes = bigEndian(length);
  return Buffer.concat([Buffer.from([0x80 | bytes.length]), bytes]);
}

function bigEndian(value: number): Buffer {
  const bytes: number[] = [];
  for (let left = value; left > 0 || bytes.length === 0; left = Math.floor(left / 256)) bytes.unshift(left & 0xff);
  return Buffer.from(bytes);
}
