import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { endpointOf, milliseconds, parseEndpoint, planChecks } from './plan.ts';
import type { SmokeCheck } from './schema.ts';

const shop: SmokeCheck = { kind: 'http', name: 'shop', url: 'https://www.example.com/', tags: ['shop', 'fast'] };
const mail: SmokeCheck = { kind: 'tcp', name: 'mail', host: 'mail.example.com', port: 25, tags: ['mail'] };
const name: SmokeCheck = { kind: 'dns', name: 'name', record: 'www.example.com', type: 'A', servers: ['192.0.2.53'] };
const plan = (options: Partial<Parameters<typeof planChecks>[0]>) =>
  planChecks({ checks: [shop, mail, name], via: {}, tags: [], environment: {}, ...options });

describe('planChecks', () => {
  it('fills in what a check leaves out', () => {
    expect(plan({ checks: [mail] }).checks[0]).toMatchObject({
      gate: true,
      target: 'mail.example.com:25',
      timeout: 10_000,
      attempts: 1,
      interval: 5_000,
      consecutive: 1,
    });
  });

  it('keeps what a check says', () => {
    const retry = { attempts: 7, interval: '250ms' };
    const check: SmokeCheck = { ...mail, severity: 'warn', timeout: '1m30s', retry, consecutive: 3 };
    expect(plan({ checks: [check] }).checks[0]).toMatchObject({
      gate: false,
      timeout: 90_000,
      attempts: 7,
      interval: 250,
      consecutive: 3,
    });
  });

  it('chooses the checks that have any of the tags', () => {
    expect(plan({ tags: ['fast', 'mail'] }).checks.map(({ check }) => check.name)).toEqual(['shop', 'mail']);
  });

  it.each([
    [{ tags: ['slow'] }, 'No check has the tag slow; the checks have shop, fast, mail.'],
    [{ tags: ['a', 'b'], checks: [name] }, 'No check has the tags a, b; none has any tag.'],
    [{ checks: [] }, 'There is no check to run, and a run without checks proves nothing.'],
  ])('has a problem when nothing is left to check: %j', (options, problem) => {
    expect(plan(options).problems).toEqual([problem]);
  });

  it('says in the target where a check really connects to, the check’s own via first', () => {
    const via = { 'www.example.com': '203.0.113.10', 'mail.example.com': '203.0.113.25:2525' };
    const own: SmokeCheck = { ...shop, name: 'own', via: '203.0.113.11' };
    expect(plan({ checks: [shop, own, mail, name], via }).checks.map(({ target }) => target)).toEqual([
      'GET https://www.example.com/ via 203.0.113.10',
      'GET https://www.example.com/ via 203.0.113.11',
      'mail.example.com:25 via 203.0.113.25:2525',
      'A www.example.com at 192.0.2.53',
    ]);
  });

  it('has a problem with a via that is no address', () => {
    expect(plan({ via: { 'www.example.com': 'https://203.0.113.10/' } }).problems).toEqual([
      'via: "https://203.0.113.10/" of www.example.com is not an address.',
    ]);
  });

  it.each([
    [{ 'bearer-from': 'TOKEN' }, { authorization: 'Bearer s3cret-value' }, ['s3cret-value']],
    [
      { user: 'probe', 'password-from': 'TOKEN' },
      { authorization: 'Basic cHJvYmU6czNjcmV0LXZhbHVl' },
      ['s3cret-value', 'cHJvYmU6czNjcmV0LXZhbHVl'],
    ],
    [{ header: 'X-Api-Key', 'value-from': 'TOKEN' }, { 'x-api-key': 's3cret-value' }, ['s3cret-value']],
  ])('takes the secret of %j from the environment and names all forms of it', (auth, headers, secrets) => {
    const { checks, ...rest } = plan({
      checks: [{ ...shop, auth } as SmokeCheck],
      environment: { TOKEN: 's3cret-value\n' },
    });
    expect(checks[0]?.secretHeaders).toEqual(headers);
    expect(rest).toEqual({ problems: [], secrets });
  });

  it.each([
    [undefined, 'is not set'],
    ['', 'is not set'],
    ['one\r\ntwo: three', 'holds several lines'],
  ])('has a problem with a secret that is %j', (TOKEN, words) => {
    const check = { ...shop, auth: { 'bearer-from': 'TOKEN' } } as SmokeCheck;
    expect(plan({ checks: [check], environment: { TOKEN } }).problems).toEqual([
      `"shop" takes its secret from the environment variable TOKEN, which ${words}.`,
    ]);
  });
});

describe('parseEndpoint', () => {
  it.each([
    ['203.0.113.10', { host: '203.0.113.10', port: 443 }],
    ['203.0.113.10:8443', { host: '203.0.113.10', port: 8443 }],
    ['origin.example.net', { host: 'origin.example.net', port: 443 }],
    ['[2001:db8::1]:8443', { host: '2001:db8::1', port: 8443 }],
    ['[2001:db8::1]', { host: '2001:db8::1', port: 443 }],
    ['2001:db8::1', { host: '2001:db8::1', port: 443 }],
    ['203.0.113.10:0', undefined],
    ['203.0.113.10:65536', undefined],
    ['https://origin.example.net', undefined],
    ['', undefined],
  ])('reads %s', (text, endpoint) => {
    expect(parseEndpoint(text, 443)).toEqual(endpoint);
  });

  it('reads back any address and port', () => {
    const address = fc.oneof(
      fc.ipV4(),
      fc.ipV6().map((ip) => `[${ip}]`),
      fc.domain(),
    );
    fc.assert(
      fc.property(address, fc.integer({ min: 1, max: 65_535 }), (host, port) => {
        expect(parseEndpoint(`${host}:${port}`, 1)).toEqual({ host: host.replace(/[[\]]/g, ''), port });
      }),
    );
  });
});

describe('endpointOf', () => {
  it('goes elsewhere with the port of the check unless the via has one', () => {
    const via = { 'www.example.com': '203.0.113.10', 'my.example.com': '203.0.113.10:8443' };
    expect(endpointOf('WWW.example.com', 443, via)).toEqual({ host: '203.0.113.10', port: 443 });
    expect(endpointOf('my.example.com', 443, via)).toEqual({ host: '203.0.113.10', port: 8443 });
    expect(endpointOf('[2001:db8::1]', 80, via)).toEqual({ host: '2001:db8::1', port: 80 });
  });
});

describe('milliseconds', () => {
  it.each([
    ['800ms', 800],
    ['10s', 10_000],
    ['1m30s', 90_000],
    [undefined, undefined],
  ])('reads %s', (text, expected) => {
    expect(milliseconds(text)).toBe(expected);
  });
});
