import { getServers, lookup } from 'node:dns';
import { Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';
import { formatEndpoint } from '@maintenance-tasks/core/socket';
import type { DnsFinding } from './evaluate-dns.ts';
import { type PlannedCheck, parseEndpoint } from './plan.ts';
import type { DnsCheck } from './schema.ts';
import type { Try } from './try.ts';

/** What name servers say of an unanswered question; everything else is a failure to ask. */
const ANSWERS = new Set(['ENOTFOUND', 'ENODATA', 'EREFUSED', 'ESERVFAIL', 'EFORMERR', 'ENOTIMP']);

/** Asks each name server by itself: a resolver with several would quietly go on to the next. */
export async function probeDns({ check, timeout }: PlannedCheck<DnsCheck>, current: Try): Promise<DnsFinding> {
  current.stage = 'asking name servers';
  return Promise.all((check.servers ?? ['']).map((server) => ask(server, check, timeout, current)));
}

async function ask(server: string, check: DnsCheck, timeout: number, { signal }: Try): Promise<DnsFinding[number]> {
  // Lost packets are common on UDP: each question gets a second chance within the try.
  const resolver = new Resolver({ timeout: Math.max(50, Math.floor(timeout / 2.5)), tries: 2 });
  // A resolver of one's own does not know of name servers that were set for the process.
  resolver.setServers(server === '' ? getServers() : [await serverAddress(server)]);
  signal.throwIfAborted();
  signal.addEventListener('abort', () => resolver.cancel(), { once: true });
  try {
    return { server, answers: await answersOf(resolver, check) };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code && ANSWERS.has(code)) return { server, answers: [], code };
    throw new Error(`${server || 'the name server'} does not answer${code ? ` (${code})` : ''}`, { cause: error });
  }
}

/** Node takes only addresses as name servers. */
async function serverAddress(server: string): Promise<string> {
  const endpoint = parseEndpoint(server, 53);
  if (!endpoint) throw new Error(`${server} is not an address`);
  const host = isIP(endpoint.host) === 0 ? await addressOf(endpoint.host) : endpoint.host;
  return formatEndpoint({ host, port: endpoint.port });
}

function addressOf(host: string): Promise<string> {
  return new Promise((resolve, reject) => {
    lookup(host, (error, address) => (error ? reject(error) : resolve(address)));
  });
}

async function answersOf(resolver: Resolver, { record, type }: DnsCheck): Promise<string[]> {
  switch (type) {
    case 'A':
      return resolver.resolve4(record);
    case 'AAAA':
      return resolver.resolve6(record);
    case 'CNAME':
      return resolver.resolveCname(record);
    case 'NS':
      return resolver.resolveNs(record);
    case 'PTR':
      return isIP(record) ? resolver.reverse(record) : resolver.resolvePtr(record);
    case 'TXT':
      return (await resolver.resolveTxt(record)).map((parts) => parts.join(''));
    case 'MX':
      return (await resolver.resolveMx(record)).map(({ priority, exchange }) => `${priority} ${exchange}`);
    case 'SRV':
      return (await resolver.resolveSrv(record)).map(
        ({ priority, weight, port, name }) => `${priority} ${weight} ${port} ${name}`,
      );
    case 'CAA':
      return (await resolver.resolveCaa(record)).map(({ critical, ...property }) => {
        // Newer versions of Node add the type to each record.
        const [tag, value] = Object.entries(property).find(([key]) => key !== 'type') ?? [];
        return `${critical} ${tag} ${value}`;
      });
  }
}
