import { describe, expect, test } from 'vitest';
import { hostName, pageTarget, typeOf } from './host-name.ts';

describe('a host name', () => {
  test.each([
    ['www.example.com', 'www.example.com'],
    [' WWW.Example.COM. ', 'www.example.com'],
    ['münchen.example.com', 'xn--mnchen-3ya.example.com'],
    ['XN--MNCHEN-3YA.example.com', 'xn--mnchen-3ya.example.com'],
    ['_service.example.com', '_service.example.com'],
    ['example.com', 'example.com'],
  ])('%j is taken as %j', (given, taken) => expect(hostName(given)).toBe(taken));

  test.each([
    '',
    'localhost',
    '*.example.com',
    'https://www.example.com',
    'www.example.com/path',
    'www.example.com:443',
    'www example.com',
    'www.\nexample.com',
    'www%2eexample.com',
    'www..example.com',
    '192.0.2.1',
    '2001:db8::1',
    '-www.example.com',
    `${'a'.repeat(64)}.example.com`,
    `${'a.'.repeat(130)}example.com`,
  ])('%j is none', (given) => expect(hostName(given)).toBeUndefined());
});

describe('what serves the page', () => {
  test.each([
    ['Maintenance.example.com.', 'maintenance.example.com', 'CNAME'],
    ['192.0.2.1', '192.0.2.1', 'A'],
    ['2001:DB8:0:0::0001', '2001:db8::1', 'AAAA'],
  ])('%j is taken as %j, a record of type %s', (given, taken, type) => {
    expect(pageTarget(given)).toBe(taken);
    expect(typeOf(taken)).toBe(type);
  });

  test.each(['', 'https://maintenance.example.com', '192.0.2', '2001:db8::zz'])('%j is refused', (given) =>
    expect(pageTarget(given)).toBeUndefined(),
  );
});
