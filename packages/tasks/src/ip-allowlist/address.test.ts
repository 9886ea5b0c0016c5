import { isIP } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addressProblem, parseAddress, widthProblem } from './address.ts';

describe('an address', () => {
  test.each([
    ['203.0.113.7', '203.0.113.7'],
    [' 203.0.113.7/32 ', '203.0.113.7'],
    ['203.0.113.7/28', '203.0.113.0/28'],
    ['203.0.113.255/25', '203.0.113.128/25'],
    ['2001:DB8:0:0:0:0:0:7', '2001:db8::7'],
    ['2001:db8::7/128', '2001:db8::7'],
    ['2001:db8:1:2:3:4:5:6/48', '2001:db8:1::/48'],
    ['2001:db8::1:0:0:1/113', '2001:db8:0:0:1::/113'],
  ])('%s is kept as %s', (given, kept) => {
    expect(parseAddress(given)?.text).toBe(kept);
  });

  test.each([
    '',
    '203.0.113',
    '203.0.113.07',
    '203.0.113.7/33',
    '203.0.113.7/08',
    '203.0.113.7/',
    '203.0.113.7/28/28',
    '203.0.113.0-203.0.113.9',
    '2001:db8::1%eth0',
    '2001:db8:::1',
    '2001:db8::/129',
    '[2001:db8::1]',
    'www.example.com',
    '0x7f.1',
  ])('is not "%s"', (text) => {
    expect(parseAddress(text)).toBeUndefined();
    expect(addressProblem(text)).toMatch(/is neither an IPv4 or IPv6 address nor a range/);
  });

  test('reads the same once it was written, whatever its host bits were', () => {
    const four = fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 }));
    const six = fc.tuple(fc.ipV6(), fc.integer({ min: 0, max: 128 }));
    fc.assert(
      fc.property(fc.oneof(four, six), ([address, prefix]) => {
        const range = parseAddress(`${address}/${prefix}`);
        expect(range && parseAddress(range.text)).toEqual(range);
        expect(range?.prefix).toBe(prefix);
        expect(isIP(range?.text.split('/')[0] ?? '')).toBe(range?.family);
      }),
    );
  });

  test('is never misread from other text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const range = parseAddress(text);
        expect(range === undefined || isIP(text.trim().split('/')[0] as string) !== 0).toBe(true);
      }),
    );
  });
});

describe('a range', () => {
  test.each([
    ['203.0.113.0/24', undefined],
    ['203.0.112.0/23', /wider than \/24/],
    ['2001:db8::/48', undefined],
    ['2001:db8::/47', /wider than \/48/],
  ])('%s: %s', (text, problem) => {
    const found = widthProblem(text);
    if (problem) expect(found).toMatch(problem);
    else expect(found).toBeUndefined();
  });

  test.each([
    ['8.0.0.0/8', undefined],
    ['12.0.0.0/7', /wider than \/8/],
    ['0.0.0.0/0', /wider than \/8/],
    ['::/0', /wider than \/12/],
    ['10.1.2.3', /private/],
    ['172.31.0.1', /private/],
    ['172.32.0.1', undefined],
    ['192.168.0.0/24', /private/],
    ['192.0.0.0/8', /private \(192\.168\.0\.0\/16\)/],
    ['100.64.0.1', /inner network/],
    ['127.0.0.1', /loopback/],
    ['169.254.169.254', /link-local/],
    ['224.0.0.1', /multicast/],
    ['255.255.255.255', /reserved/],
    ['::1', /loopback/],
    ['::ffff:203.0.113.1', /IPv6 form/],
    ['fd00::1', /private/],
    ['fe80::1', /link-local/],
    ['2606:4700::1', undefined],
  ])('that nobody can come from, or that is too wide for a list, is a problem: %s', (text, problem) => {
    if (problem) expect(addressProblem(text)).toMatch(problem);
    else expect(addressProblem(text)).toBeUndefined();
  });
});
