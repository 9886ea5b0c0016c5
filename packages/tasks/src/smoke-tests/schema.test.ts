import { InputProblem } from '@maintenance-tasks/core';
import { parseYaml } from '@maintenance-tasks/core/yaml';
import { describe, expect, it } from 'vitest';
import { type SmokeCheck, smokeChecks } from './schema.ts';

const problemsOf = (text: string): string[] => {
  try {
    parseYaml<SmokeCheck[]>(text, smokeChecks);
    return [];
  } catch (error) {
    if (!(error instanceof InputProblem)) throw error;
    return error.message.split('\n');
  }
};

describe('smokeChecks', () => {
  it('accepts every kind of check', () => {
    expect(
      problemsOf(`
- kind: http
  name: shop
  url: https://www.example.com/health
  via: 203.0.113.10:8443
  severity: warn
  tags: [shop]
  timeout: 800ms
  retry: {attempts: 5, interval: 2s}
  consecutive: 3
  method: POST
  headers: {accept: application/json}
  body: '{}'
  auth: {user: probe, password-from: PROBE_PASSWORD}
  expect:
    status: [200, 2xx]
    body: {contains: [Shop], not-contains: [Error], matches: '^Shop'}
    json: [{path: 'checks[0].state', equals: up}, {path: n, greater-than: 3}]
    headers: {x-version: 42, server: {matches: ^nginx}}
    redirects: {max: 3, final-url: https://www.example.com/health}
    max-duration: 1s
    not-maintenance-page: We will be back
- {kind: tls, name: certificate, host: www.example.com, expect: {names: ['*.example.com'], min-days-left: 14, min-version: TLSv1.2, thumbprint: 'AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD'}}
- {kind: dns, name: name, record: www.example.com, type: CNAME, servers: ['192.0.2.53', 'ns1.example.net:5353'], expect: {answers: [maintenance.example.com]}}
- {kind: tcp, name: mail, host: 2001:db8::25, port: 25, expect: {banner: ^220}}
`),
    ).toEqual([]);
  });

  it.each([
    ['a list without checks', '[]', ['line 1:1: must hold at least one check']],
    [
      'a mistyped key, naming the right one',
      '- {kind: tcp, name: a, host: a.example.com, ports: 25, port: 25}',
      ['line 1:45: 0.ports is not known; did you mean "port"?'],
    ],
    [
      'a key of another kind of check, naming those of its own',
      '- {kind: tcp, name: a, host: a.example.com, port: 25, url: x}',
      [
        'line 1:55: 0.url is not known; known are kind, name, severity, tags, timeout, retry, consecutive, host, port, via, expect',
      ],
    ],
    [
      'a name that is there twice',
      '- {kind: tcp, name: a, host: a.example.com, port: 1}\n- {kind: tcp, name: a, host: a.example.com, port: 2}',
      ['line 2:21: 1.name "a" is there twice'],
    ],
    [
      'a pattern that is none',
      "- {kind: tcp, name: a, host: a.example.com, port: 1, expect: {banner: '('}}",
      ['line 1:71: 0.expect.banner must be a regular expression'],
    ],
    [
      'a password in an address',
      '- {kind: http, name: a, url: "https://probe:secret@www.example.com/"}',
      ['line 1:30: 0.url must not carry a password; use auth'],
    ],
    [
      'another scheme',
      '- {kind: http, name: a, url: "ftp://www.example.com/"}',
      ['line 1:30: 0.url must be an http or https address'],
    ],
    [
      'a duration without a unit',
      '- {kind: tcp, name: a, host: a.example.com, port: 1, timeout: "10"}',
      ['line 1:63: 0.timeout must be a duration such as 800ms, 10s or 2m'],
    ],
    [
      'an expectation that asks for nothing',
      '- {kind: http, name: a, url: "https://www.example.com/", expect: {json: [{path: a}]}}',
      ['line 1:74: 0.expect.json.0 must ask for something: equals, contains, matches, exists …'],
    ],
    [
      'the maintenance page and its absence at once',
      '- {kind: http, name: a, url: "https://www.example.com/", expect: {maintenance-page: x, not-maintenance-page: x}}',
      ['line 1:66: 0.expect asks for the maintenance page and for its absence'],
    ],
  ])('refuses %s', (_, text, problems) => {
    expect(problemsOf(text)).toEqual(problems);
  });

  it('names the kinds that there are', () => {
    expect(problemsOf('- {kind: htttp, name: a}').join('\n')).toMatch(/0\.kind .*http.*tls.*dns.*tcp/);
  });
});
