import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { CODE, type NamedRecord, readQuestion, TYPES, writeAnswer } from './dns-message.ts';
import { type PublicRecord, type RecordsOf, sameName } from './public-record.ts';
import { type DnsSeed, dnsSeedSchema } from './website-seed.ts';

export { type DnsSeed, dnsSeedSchema } from './website-seed.ts';

export interface DnsStandIn {
  /** For resolvers: `127.0.0.1:53535`. */
  readonly address: string;
  close(): Promise<void>;
}

/** Cloudflare's own addresses, which the world sees instead of those of proxied records. */
export const EDGE = { A: '104.16.0.1', AAAA: '2606:4700::6810:1' } as const;

// RFC 1035, 4.2.1; whoever takes more says so in an option we need not read.
const LONGEST_DATAGRAM = 512;
const LONGEST_MESSAGE = 65_535;
const LONGEST_CHAIN = 8;

/**
 * What the world's name servers say, whichever is asked: the seed's records and those that are looked up, as they stand
 * at each question; over UDP and TCP on loopback.
 */
export async function dnsStandIn(seed: DnsSeed, recordsOf: RecordsOf): Promise<DnsStandIn> {
  const { records } = dnsSeedSchema.parse(seed);
  const all: RecordsOf = (name) => [...records.filter((record) => sameName(record.name) === name), ...recordsOf(name)];
  const { udp, tcp, port } = await listen();
  const answer = (message: Buffer, longest: number): Buffer | undefined => {
    const question = readQuestion(message);
    if (!question) return undefined;
    const found = resolve(question, all);
    return writeAnswer(question, found ? CODE.ok : CODE.unknownName, found ?? [], longest);
  };
  udp.on('message', (message, from) => {
    const reply = answer(message, LONGEST_DATAGRAM);
    if (reply) udp.send(reply, from.port, from.address);
  });
  const sockets = new Set<Socket>();
  tcp.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    eachMessage(socket, (message) => {
      const reply = answer(message, LONGEST_MESSAGE);
      if (!reply) return socket.destroy();
      const length = Buffer.alloc(2);
      length.writeUInt16BE(reply.length, 0);
      return socket.write(Buffer.concat([length, reply]));
    });
  });
  return {
    address: `127.0.0.1:${port}`,
    async close() {
      for (const socket of sockets) socket.destroy();
      const closed = [once(udp, 'close'), once(tcp, 'close')];
      udp.close();
      tcp.close();
      await Promise.all(closed);
    },
  };
}

/** The records that answer a question, the aliases on the way to them included; nothing for a name that is not there. */
function resolve({ name, type }: { name: string; type: number }, recordsOf: RecordsOf): NamedRecord[] | undefined {
  const answers: NamedRecord[] = [];
  let current = sameName(name);
  if (recordsOf(current).length === 0) return undefined;
  for (let hops = 0; hops < LONGEST_CHAIN; hops++) {
    const found = recordsOf(current).flatMap(asSeen);
    const named = (record: PublicRecord) => ({ ...record, name: current });
    const matching = found.filter((record) => TYPES[record.type] === type);
    answers.push(...matching.map(named));
    const alias = found.find((record) => record.type === 'CNAME');
    if (matching.length > 0 || !alias) break;
    answers.push(named(alias));
    current = sameName(alias.content);
  }
  return answers;
}

/** A proxied record is answered with the edge's addresses; that it is an alias is not to be seen. */
function asSeen(record: PublicRecord): PublicRecord[] {
  if (!record.proxied) return [record];
  return [
    { type: 'A', content: EDGE.A, ttl: 300 },
    { type: 'AAAA', content: EDGE.AAAA, ttl: 300 },
  ];
}

/** Over TCP each message stands behind its length (RFC 1035, 4.2.2), in pieces of any size. */
function eachMessage(socket: Socket, take: (message: Buffer) => void): void {
  let pending = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk]);
    while (pending.length >= 2) {
      const end = 2 + pending.readUInt16BE(0);
      if (pending.length < end) return;
      take(pending.subarray(2, end));
      pending = pending.subarray(end);
    }
  });
}

/** The same port for both: a resolver that got a cut answer asks again there over TCP. */
async function listen(): Promise<{ udp: UdpSocket; tcp: Server; port: number }> {
  for (let attempts = 0; ; attempts++) {
    const udp = createSocket('udp4');
    udp.bind(0, '127.0.0.1');
    await once(udp, 'listening');
    const { port } = udp.address();
    const tcp = createServer();
    tcp.listen(port, '127.0.0.1');
    try {
      await once(tcp, 'listening');
      return { udp, tcp, port };
    } catch (error) {
      udp.close();
      if (attempts === 10) throw error;
    }
  }
}
