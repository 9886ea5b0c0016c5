import { describe, expect, test } from 'vitest';
import { announceProxy, bypassedHosts } from './azure-proxy.ts';
import type { Environment } from './environment.ts';

describe('the agent’s list of hosts without proxy', () => {
  test.each([
    ['nothing', undefined, []],
    ['no list at all', 'broken [', []],
    ['another kind of JSON', '{"a":1}', []],
    ['a name', '["example.com"]', ['example.com', '.example.com']],
    ['an escaped name', '["internal\\\\.example\\\\.com"]', ['internal.example.com', '.internal.example.com']],
    ['a name with anchors', '["^internal\\\\.example\\\\.com$"]', ['internal.example.com', '.internal.example.com']],
    [
      'any sub-domain',
      '["*.example.com", ".*\\\\.example\\\\.org"]',
      ['example.com', '.example.com', 'example.org', '.example.org'],
    ],
    ['an address with its scheme', '["http://10.0.0.1/*"]', ['10.0.0.1', '.10.0.0.1']],
    [
      'an expression that is no name',
      '["(a|b)\\\\.example\\\\.com", "10\\\\.[0-9]+", "good.example.com"]',
      ['good.example.com', '.good.example.com'],
    ],
    ['everything', '[".*"]', []],
  ])('that holds %s', (_, list, expected) => {
    expect(bypassedHosts(list)).toEqual(expected);
  });
});

describe('the agent’s proxy', () => {
  const announce = (environment: Environment, password?: string) => {
    const masked: string[] = [];
    announceProxy(
      environment,
      () => password,
      (line) => masked.push(line),
    );
    return { masked, ...environment };
  };

  test('is announced with its user and password, which is masked in both of its forms', () => {
    expect(
      announce({ AGENT_PROXYURL: 'http://proxy.example.com:8080', AGENT_PROXYUSERNAME: 'me' }, 'p@ss'),
    ).toMatchObject({
      HTTPS_PROXY: 'http://me:p%40ss@proxy.example.com:8080',
      HTTP_PROXY: 'http://me:p%40ss@proxy.example.com:8080',
      masked: ['p@ss', 'p%40ss'],
    });
  });

  test('leaves what somebody set on purpose, in either case of letters', () => {
    const announced = announce({
      AGENT_PROXYURL: 'http://proxy.example.com:8080',
      AGENT_PROXYBYPASSLIST: '["example.com"]',
      https_proxy: 'http://mine.example.com',
      NO_PROXY: '',
    });
    expect(announced).toMatchObject({ https_proxy: 'http://mine.example.com', NO_PROXY: '' });
    expect(announced).toHaveProperty('HTTP_PROXY', 'http://proxy.example.com:8080');
    expect(announced).not.toHaveProperty('HTTPS_PROXY');
  });

  test('is nothing when there is none, or its address is none', () => {
    expect(announce({})).toEqual({ masked: [] });
    expect(announce({ AGENT_PROXYURL: 'proxy' }, 'secret')).toEqual({ masked: [], AGENT_PROXYURL: 'proxy' });
  });
});
