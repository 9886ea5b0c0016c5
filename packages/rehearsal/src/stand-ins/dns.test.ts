import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DnsStandIn, dnsStandIn } from './dns.ts';
import { readQuestion } from './dns-message.ts';
import type { PublicRecord } from './public-record.ts';

const long = 'v=DKIM1; p='.padEnd(900, 'A');
const cloudflare: Record<string, PublicRecord[]> = {
  'www.example.com': [{ type: 'CNAME', content: 'origin.example.net', proxied: true }],
  'my.example.com': [{ type: 'CNAME', content: 'Origin.example.net.', proxied: false, ttl: 120 }],
  'lost.example.com': [{ type: 'CNAME', content: 'nowhere.example.net' }],
  'circle.example.com': [{ type: 'CNAME', content: 'circle.example.com' }],
};
let standIn: DnsStandIn;
const resolver = new Resolver({ timeout: 1_000, tries: 2 });

beforeAll(async () => {
  standIn = await dnsStandIn(
    {
      records: [
        { name: 'origin.example.net', type: 'A', content: '203.0.113.10' },
        { name: 'origin.example.net', type: 'A', content: '203.0.113.11' },
        { name: 'origin.example.net', type: 'AAAA', content: '2001:db8::10' },
        { name: 'example.com', type: 'MX', content: 'mail.example.com', priority: 10 },
        { name: 'example.com', type: 'NS', content: 'ns1.example.net' },
        { name: 'example.com', type: 'TXT', content: '"v=spf1 -all"' },
        { name: 'example.com', type: 'TXT', content: long },
      ],
    },
    (name) => cloudflare[name] ?? [],
  );
  resolver.setServers([standIn.address]);
});

afterAll(() => standIn.close());

describe('dnsStandIn', () => {
  it('answers with the addresses of a name', async () => {
    expect((await resolver.resolve4('origin.example.net')).sort()).toEqual(['203.0.113.10', '203.0.113.11']);
    expect(await resolver.resolve6('ORIGIN.example.net')).toEqual(['2001:db8::10']);
  });

  it('shows Cloudflare’s own addresses for a proxied record, and not that it is an alias', async () => {
    expect(await resolver.resolve4('www.example.com')).toEqual(['104.16.0.1']);
    expect(await resolver.resolve6('www.example.com')).toEqual(['2606:4700::6810:1']);
    await expect(resolver.resolveCname('www.example.com')).rejects.toMatchObject({ code: 'ENODATA' });
  });

  it('follows an alias that is not proxied, and tells of it', async () => {
    expect((await resolver.resolve4('my.example.com', { ttl: true })).map(({ address }) => address).sort()).toEqual([
      '203.0.113.10',
      '203.0.113.11',
    ]);
    expect(await resolver.resolveCname('my.example.com')).toEqual(['Origin.example.net']);
  });

  it('answers mail, name servers and texts, the long ones over TCP', async () => {
    expect(await resolver.resolveMx('example.com')).toMatchObject([{ exchange: 'mail.example.com', priority: 10 }]);
    expect(await resolver.resolveNs('example.com')).toEqual(['ns1.example.net']);
    const texts = await resolver.resolveTxt('example.com');
    expect(texts.map((parts) => parts.join('')).sort()).toEqual([long, 'v=spf1 -all'].sort());
  });

  it('tells a name that is not there from a type that is not there', async () => {
    await expect(resolver.resolve4('nobody.example.com')).rejects.toMatchObject({ code: 'ENOTFOUND' });
    await expect(resolver.resolve4('example.com')).rejects.toMatchObject({ code: 'ENODATA' });
  });

  it.each(['lost.example.com', 'circle.example.com'])('ends at an alias that leads nowhere: %s', async (name) => {
    expect(await resolver.resolve4(name)).toEqual([]);
  });

  it('sees a change at the next question', async () => {
    cloudflare['new.example.com'] = [{ type: 'A', content: '192.0.2.1' }];
    expect(await resolver.resolve4('new.example.com')).toEqual(['192.0.2.1']);
    cloudflare['new.example.com'] = [{ type: 'A', content: '192.0.2.2' }];
    expect(await resolver.resolve4('new.example.com')).toEqual(['192.0.2.2']);
  });

  it('survives datagrams that are no questions', async () => {
    const port = Number(standIn.address.split(':')[1]);
    const socket = createSocket('udp4');
    for (const message of [Buffer.alloc(0), Buffer.alloc(12), Buffer.from('not a question at all, but long enough')])
      socket.send(message, port, '127.0.0.1');
    socket.close();
    await once(socket, 'close');
    expect(await resolver.resolve6('origin.example.net')).toEqual(['2001:db8::10']);
  });
});

describe('readQuestion', () => {
  it('never throws on any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        const message = Buffer.from(bytes);
        // Headers of a query with one question make more of them get further.
        if (message.length > 6) message.set([0, 0, 1, 0, 0, 1]);
        readQuestion(message);
      }),
    );
  });
});
