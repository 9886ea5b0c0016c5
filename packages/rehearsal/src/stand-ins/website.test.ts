import { beforeEach, describe, expect, it } from 'vitest';
import type { StandInAnswer } from '../stand-in.ts';
import type { PublicRecord } from './public-record.ts';
import { type WebsiteSeed, type WebsiteStandIn, websiteStandIn } from './website.ts';

const shop = {
  host: 'www.example.com',
  origins: ['203.0.113.10', 'origin.example.net'],
  title: 'Example Shop',
  version: '2.1',
};
const toSite = [{ type: 'CNAME', content: 'origin.example.net', proxied: true }];
const toPage = [{ type: 'CNAME', content: 'Maintenance.example.com', proxied: true }];
const vaultCertificate = { certificate: 'PEM of the vault', key: 'its key' };

let now: Date;
let records: PublicRecord[];
let purged: Date | undefined;
let site: WebsiteStandIn;

function start(seed: WebsiteSeed): void {
  site = websiteStandIn(
    seed,
    { now: () => now },
    {
      recordsOf: (host) => (host === 'www.example.com' ? records : []),
      lastPurgeOf: () => purged,
      certificateOf: (vault, name) => (vault === 'shop' && name === 'www' ? vaultCertificate : undefined),
    },
  );
}

function ask(path = '/', connectedTo = 'www.example.com', host = 'www.example.com', method = 'GET'): StandInAnswer {
  const request = {
    method,
    url: new URL(`https://${host}${path}`),
    connectedTo: { host: connectedTo, port: 443 },
    headers: {},
    body: Buffer.alloc(0),
  };
  return site.answer(request) as StandInAnswer;
}

beforeEach(() => {
  now = new Date('2026-11-21T22:00:00Z');
  records = toSite;
  purged = undefined;
  start({ sites: [shop] });
});

describe('websiteStandIn', () => {
  it('shows the site where its records point to it', () => {
    expect(ask()).toMatchObject({
      status: 200,
      headers: { 'x-version': '2.1', 'cf-cache-status': 'DYNAMIC' },
      body: expect.stringContaining('Example Shop'),
    });
    expect(ask('/health')).toMatchObject({ status: 200, body: { status: 'ok', version: '2.1' } });
    expect(ask('/nothing')).toMatchObject({ status: 404 });
  });

  it('shows the maintenance page where they point to that, and still the site at its origin', () => {
    records = toPage;
    expect(ask()).toMatchObject({
      status: 503,
      headers: { 'retry-after': '3600', 'cache-control': 'no-store' },
      body: expect.stringContaining('We will be back soon'),
    });
    expect(ask('/', '203.0.113.10')).toMatchObject({ status: 200, body: expect.stringContaining('Example Shop') });
    expect(ask('/', 'origin.example.net')).not.toHaveProperty('headers.cf-cache-status');
    expect(site.leftovers()).toEqual(['www.example.com shows the maintenance page.']);
  });

  it('answers as Cloudflare does when the records lead nowhere', () => {
    records = [];
    expect(ask()).toMatchObject({ status: 530 });
    records = [{ type: 'A', content: '198.51.100.1', proxied: true }];
    expect(ask()).toMatchObject({ status: 523 });
  });

  it('keeps showing a cacheable site from the edge after the switch, until the host is purged', () => {
    start({ sites: [{ ...shop, cacheable: true }] });
    expect(ask()).toMatchObject({ status: 200, headers: { 'cf-cache-status': 'MISS' } });
    records = toPage;
    now = new Date(now.getTime() + 60_000);
    expect(ask()).toMatchObject({ status: 200, headers: { 'cf-cache-status': 'HIT', age: '60' } });
    expect(ask('/?fresh=1')).toMatchObject({ status: 503 });
    purged = now;
    expect(ask()).toMatchObject({ status: 503 });
  });

  it('keeps showing a badly made maintenance page after the window, and calls it a leftover', () => {
    start({ sites: [shop], maintenance: { cacheable: true } });
    records = toPage;
    expect(ask()).toMatchObject({ status: 200, headers: { 'cf-cache-status': 'MISS' } });
    records = toSite;
    expect(ask()).toMatchObject({ headers: { 'cf-cache-status': 'HIT' }, body: expect.stringContaining('back soon') });
    expect(site.leftovers()).toEqual([
      'The edge still shows a copy of the maintenance page at https://www.example.com/.',
    ]);
    purged = new Date(now.getTime() + 1);
    expect(ask()).toMatchObject({ body: expect.stringContaining('Example Shop') });
    expect(site.leftovers()).toEqual([]);
  });

  it('keeps nothing for records that are not proxied', () => {
    start({ sites: [{ ...shop, cacheable: true }] });
    records = [{ type: 'A', content: '203.0.113.10', proxied: false }];
    expect(ask()).not.toHaveProperty('headers.cf-cache-status');
    records = toPage;
    expect(ask()).toMatchObject({ status: 503 });
  });

  it('shows the vault’s certificate where callers reach the servers themselves, not at the edge', () => {
    start({ sites: [{ ...shop, 'vault-certificate': { vault: 'shop', name: 'www' } }] });
    expect(site.certificateFor?.('www.example.com', { host: 'www.example.com', port: 443 })).toBeUndefined();
    expect(site.certificateFor?.('www.example.com', { host: '203.0.113.10', port: 443 })).toBe(vaultCertificate);
    records = [{ type: 'A', content: '203.0.113.10', proxied: false }];
    expect(site.certificateFor?.('WWW.example.com', { host: 'www.example.com', port: 443 })).toBe(vaultCertificate);
    expect(site.certificateFor?.('my.example.com', { host: '203.0.113.10', port: 443 })).toBeUndefined();
  });

  it('does not serve sites at the servers of others', () => {
    expect(ask('/', '203.0.113.10', 'my.example.com')).toMatchObject({ status: 404 });
  });

  it('breaks, comes back and changes its version', () => {
    site.change('www.example.com', { healthy: false });
    expect(ask('/health')).toMatchObject({ status: 503, body: { status: 'failing' } });
    expect(ask()).toMatchObject({ status: 500 });
    site.change('www.example.com', { healthy: true, version: '2.2' });
    expect(ask()).toMatchObject({ status: 200, headers: { 'x-version': '2.2' } });
    expect(site.state()).toEqual({ 'www.example.com': { shows: 'site', version: '2.2', healthy: true, copies: [] } });
  });

  it('greets on its open ports only', () => {
    start({
      ports: [
        { host: 'mail.example.com', port: 25, greeting: '220 mail.example.com\r\n' },
        { host: '203.0.113.30', port: 5432 },
      ],
    });
    expect(site.greeting?.({ host: 'MAIL.example.com', port: 25 })).toBe('220 mail.example.com\r\n');
    expect(site.greeting?.({ host: '203.0.113.30', port: 5432 })).toBe('');
    expect(site.greeting?.({ host: 'mail.example.com', port: 26 })).toBeUndefined();
  });
});
