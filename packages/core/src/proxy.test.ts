import { describe, expect, test } from 'vitest';
import { TaskError } from './errors.ts';
import { proxyFor } from './proxy.ts';

const PROXY = 'http://proxy.example.com:3128';

function proxy(url: string, environment: NodeJS.ProcessEnv): string | undefined {
  return proxyFor(new URL(url), environment)?.href;
}

describe('the proxy for a URL', () => {
  test.each<[string, NodeJS.ProcessEnv, string | undefined]>([
    ['https://api.example.com/', {}, undefined],
    ['https://api.example.com/', { HTTPS_PROXY: PROXY }, `${PROXY}/`],
    ['https://api.example.com/', { https_proxy: PROXY }, `${PROXY}/`],
    ['https://api.example.com/', { HTTP_PROXY: PROXY }, undefined],
    ['http://api.example.com/', { HTTPS_PROXY: PROXY }, undefined],
    ['http://api.example.com/', { HTTP_PROXY: PROXY }, `${PROXY}/`],
    ['http://api.example.com/', { ALL_PROXY: PROXY }, `${PROXY}/`],
    ['https://api.example.com/', { HTTPS_PROXY: '', ALL_PROXY: '' }, undefined],
    // Without a scheme it is an ordinary proxy, whatever the target speaks.
    ['https://api.example.com/', { HTTPS_PROXY: 'proxy.example.com:3128' }, `${PROXY}/`],
    ['https://api.example.com/', { HTTPS_PROXY: 'https://proxy.example.com' }, 'https://proxy.example.com/'],
  ])('%s with %j is %s', (url, environment, expected) => {
    expect(proxy(url, environment)).toBe(expected);
  });

  test.each([
    ['*', true],
    ['api.example.com', true],
    ['API.Example.COM', true],
    ['example.com', true],
    ['.example.com', true],
    ['*.example.com', true],
    ['other.example.org, example.com', true],
    ['other.example.org example.com', true],
    ['api.example.com:443', true],
    ['api.example.com:8443', false],
    ['ample.com', false],
    ['api.example.com.evil.example.org', false],
    ['', false],
    [',', false],
    ['10.0.0.0/8', false],
  ])('leaves out api.example.com for NO_PROXY=%j: %s', (exempt, left) => {
    const found = proxy('https://api.example.com/zones', { HTTPS_PROXY: PROXY, NO_PROXY: exempt });
    expect(found === undefined).toBe(left);
  });

  test.each([
    ['https://10.1.2.3/', '10.0.0.0/8', true],
    ['https://11.1.2.3/', '10.0.0.0/8', false],
    ['https://10.1.2.3:8443/', '10.1.2.3:8443', true],
    ['https://10.1.2.3/', '10.0.0.0/99', false],
    ['https://10.1.2.3/', '10.0.0.0/', false],
    ['https://[fd00::1]/', 'fd00::/8', true],
    ['https://[fd00::1]/', 'fd00::1', true],
    ['https://[fd00::1]:8443/', '[fd00::1]:8443', true],
    ['https://[fd00::1]/', '[fd00::1]:8443', false],
    ['https://[fd00::1]/', '10.0.0.0/8', false],
  ])('%s is left out for NO_PROXY=%s: %s', (url, exempt, left) => {
    expect(proxy(url, { HTTPS_PROXY: PROXY, NO_PROXY: exempt }) === undefined).toBe(left);
  });

  test.each(['socks5://proxy.example.com:1080', 'http://user:s3cret@', 'http://user:s3cret@proxy example:1', '://'])(
    'refuses %s and names the variable only',
    (given) => {
      const asked = () => proxy('https://api.example.com/', { HTTPS_PROXY: given });
      expect(asked).toThrow(TaskError);
      expect(asked).toThrow(/^The proxy address in HTTPS_PROXY/);
      expect(asked).not.toThrow(/s3cret/);
    },
  );
});
