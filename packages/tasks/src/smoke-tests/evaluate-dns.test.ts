import { expect, it } from 'vitest';
import { type DnsFinding, evaluateDns } from './evaluate-dns.ts';
import type { DnsCheck } from './schema.ts';

it.each<[string, Partial<DnsCheck>, DnsFinding, string[]]>([
  ['passes any answer where nothing is said', {}, [{ server: '', answers: ['192.0.2.1'] }], []],
  ['fails no answer', {}, [{ server: '', answers: [], code: 'ENODATA' }], ['expected an answer, got ENODATA']],
  [
    'passes the same answers in another order, case and with a final dot',
    { type: 'NS', expect: { answers: ['ns2.example.net', 'NS1.example.net'] } },
    [{ server: '', answers: ['ns1.example.net.', 'ns2.example.net'] }],
    [],
  ],
  [
    'fails one answer more',
    { expect: { answers: ['192.0.2.1'] } },
    [{ server: '', answers: ['192.0.2.2', '192.0.2.1'] }],
    ['expected "192.0.2.1", got "192.0.2.1", "192.0.2.2"'],
  ],
  [
    'passes one answer more where only some are asked for',
    { expect: { contains: ['192.0.2.1'] } },
    [{ server: '', answers: ['192.0.2.2', '192.0.2.1'] }],
    [],
  ],
  [
    'fails a part that is missing',
    { expect: { contains: ['192.0.2.1'] } },
    [{ server: '', answers: ['192.0.2.2'] }],
    ['expected at least "192.0.2.1", got "192.0.2.2"'],
  ],
  [
    'keeps the case of texts',
    { type: 'TXT', expect: { answers: ['Abc'] } },
    [{ server: '', answers: ['abc'] }],
    ['expected "Abc", got "abc"'],
  ],
  [
    'names each server that says otherwise',
    { expect: { answers: ['192.0.2.1'] } },
    [
      { server: '192.0.2.53', answers: ['192.0.2.1'] },
      { server: '192.0.2.54', answers: ['192.0.2.9'] },
      { server: '192.0.2.55', answers: [], code: 'EREFUSED' },
    ],
    ['expected "192.0.2.1" from 192.0.2.54, got "192.0.2.9"', 'expected "192.0.2.1" from 192.0.2.55, got EREFUSED'],
  ],
  [
    'passes absence in all its forms',
    { expect: { absent: true } },
    [
      { server: 'a', answers: [], code: 'ENOTFOUND' },
      { server: 'b', answers: [], code: 'ENODATA' },
      { server: 'c', answers: [], code: 'EREFUSED' },
      { server: 'd', answers: [] },
    ],
    [],
  ],
  [
    'does not take a failing server for absence',
    { expect: { absent: true } },
    [
      { server: 'a', answers: [], code: 'ESERVFAIL' },
      { server: 'b', answers: ['192.0.2.1'] },
    ],
    [
      'expected no A of www.example.com from a, got ESERVFAIL',
      'expected no A of www.example.com from b, got "192.0.2.1"',
    ],
  ],
])('%s', (_, check, finding, problems) => {
  expect(
    evaluateDns({ kind: 'dns', name: 'n', record: 'www.example.com', type: 'A', ...check } as DnsCheck, finding),
  ).toEqual(problems);
});
