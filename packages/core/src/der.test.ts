import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { der, integer, objectId, readDer, readObjectId, readOctets, sequence, TAG } from './der.ts';

describe('DER', () => {
  it('reads back any content of any length', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 70_000, size: 'max' }), (content) => {
        const [value, more] = readDer(der(TAG.octetString, Buffer.from(content)));
        expect(more).toBeUndefined();
        expect(value?.content.equals(Buffer.from(content))).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  it.each(['1.2.840.113549.1.12.10.1.2', '2.5.29.17', '2.16.840.1.101.3.4.1.42', '2.999.3', '0.9.2342'])(
    'reads back the object identifier %s',
    (dotted) => {
      expect(readObjectId(readDer(objectId(dotted))[0])).toBe(dotted);
    },
  );

  it('never writes a negative number', () => {
    expect(integer(0x80).toString('hex')).toBe('02020080');
    expect(integer(2048).toString('hex')).toBe('02020800');
    expect(integer(0).toString('hex')).toBe('020100');
  });

  it('reads BER lengths that are left open, and octet strings in pieces', () => {
    // SEQUENCE (open) { [constructed OCTET STRING (open) { 01 02, 03 }], INTEGER 5 }
    const [value] = readDer(Buffer.from('30802480040201020401030000020105' + '0000', 'hex'));
    const [octets, number] = readDer(value?.content as Buffer);
    expect(readOctets(octets).toString('hex')).toBe('010203');
    expect(number?.content[0]).toBe(5);
  });

  it('throws a RangeError on anything else, and nothing worse', () => {
    const samples = [
      sequence(integer(1)).subarray(0, 3),
      Buffer.from('3085ffffffffff', 'hex'),
      Buffer.from('3080', 'hex'),
    ];
    for (const sample of samples) expect(() => readDer(sample)).toThrow(RangeError);
    expect(() => readDer(Buffer.from('3080'.repeat(5_000), 'hex'))).toThrow(RangeError);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          readDer(Buffer.from(bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
    );
  });
});
