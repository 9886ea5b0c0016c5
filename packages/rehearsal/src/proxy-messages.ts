import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { StandInAnswer } from './stand-in.ts';

/** A caller's connection through the proxy, and where it leads. */
export interface Tunnel {
  readonly raw: Socket;
  readonly step: string;
  readonly connectedTo: { readonly host: string; readonly port: number };
  readonly secure: boolean;
  requests: number;
}

export function plainTunnel(request: IncomingMessage): Tunnel {
  const [host, port] = hostAndPort(request.headers.host ?? '', 80);
  return { raw: request.socket, step: stepOf(request), connectedTo: { host, port }, secure: false, requests: 0 };
}

export function urlOf(request: IncomingMessage, tunnel: Tunnel): URL {
  const target = request.url ?? '/';
  if (/^http:\/\//i.test(target)) return new URL(target);
  const { host, port } = tunnel.connectedTo;
  const scheme = tunnel.secure ? 'https' : 'http';
  return new URL(`${scheme}://${request.headers.host ?? `${host}:${port}`}${target}`);
}

export function send(response: ServerResponse, request: IncomingMessage, answer: StandInAnswer): number {
  const { body } = answer;
  const json = typeof body === 'object' && !Buffer.isBuffer(body);
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(json ? JSON.stringify(body) : (body ?? ''));
  const headers: Record<string, string> = { 'content-type': json ? 'application/json' : 'text/plain; charset=utf-8' };
  for (const [name, value] of Object.entries(answer.headers ?? {})) headers[name.toLowerCase()] = value;
  const bodiless = answer.status === 204 || answer.status === 304;
  if (!bodiless) headers['content-length'] ??= String(bytes.length);
  response.writeHead(answer.status, headers);
  response.end(bodiless || request.method === 'HEAD' ? undefined : bytes);
  return bytes.length;
}

/** The first line that arrives, in pieces of any size. */
export function hearLine(socket: Socket, head: Buffer, take: (line: Buffer) => void): void {
  let heard = Buffer.alloc(0);
  const hear = (chunk: Buffer) => {
    heard = Buffer.concat([heard, chunk]);
    const end = heard.indexOf(0x0a);
    if (end < 0) return;
    socket.off('data', hear);
    // Kept flowing, or nobody would notice that the caller is gone.
    socket.resume();
    take(heard.subarray(0, end));
  };
  socket.on('data', hear);
  if (head.length > 0) hear(head);
}

export function refusedBySystem(fault: { status: number; retryAfter?: number | string }): StandInAnswer {
  return {
    status: fault.status,
    ...(fault.retryAfter !== undefined && { headers: { 'retry-after': String(fault.retryAfter) } }),
    body: { error: `rehearsed failure ${fault.status}` },
  };
}

export function refusal(host: string): string {
  return `No stand-in answers for ${host}. In a rehearsal nothing reaches the real network: describe this system in rehearsal.yaml.\n`;
}

/** The step's name travels as the proxy's user name: no other header reaches the proxy of a TLS connection. */
export function stepOf(request: IncomingMessage): string {
  const given = /^Basic (.+)$/i.exec(request.headers['proxy-authorization'] ?? '')?.[1];
  if (!given) return '';
  const user = Buffer.from(given, 'base64').toString('utf8').split(':')[0] ?? '';
  try {
    return decodeURIComponent(user);
  } catch {
    return user;
  }
}

export function hostAndPort(authority: string, port: number): [string, number] {
  const match = /^\[?(.*?)\]?(?::(\d+))?$/.exec(authority);
  return [(match?.[1] ?? authority).toLowerCase(), match?.[2] ? Number(match[2]) : port];
}

export function isAddress(host: string): boolean {
  return /^\d+\.\d+\.\d+\.\d+$/.test(host) || host.includes(':');
}

export function flat(headers: IncomingMessage['headers']): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')]),
  );
}

export function digest(body: Buffer): string {
  return createHash('sha256').update(body).digest('hex').slice(0, 12);
}
