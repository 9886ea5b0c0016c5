import type { Socket } from 'node:net';

/** A request as it arrived from a task, through the proxy, at the host of an outside system. */
export interface StandInRequest {
  readonly method: string;
  /** Its host is what the request's Host header names. */
  readonly url: URL;
  /** Where the caller connected to: the proxy's CONNECT target. Differs from the URL's host when an origin is asked directly. */
  readonly connectedTo: { readonly host: string; readonly port: number };
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface StandInAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object is sent as JSON. */
  readonly body?: string | Buffer | object;
}

/** A connection on which neither TLS nor HTTP is spoken from the start, as a stand-in has it. */
export interface Conversation {
  readonly socket: Socket;
  /** What the other side says from now on is TLS, with a certificate of the rehearsal's CA for the host connected to. */
  encrypt(): Socket;
  /** Gives something that was said to `answer`, as a request that may go wrong as any may: then no reply comes. */
  ask(method: string, body: Buffer, reply: (answer: StandInAnswer) => void): void;
}

/**
 * An outside system that keeps state and enforces the real one's rules, its refusals first.
 * Only the time is given to it; it never knows which task or host is calling.
 */
export interface StandIn {
  /** As its users call it: `Cloudflare`. */
  readonly name: string;
  /** Host names it answers for. */
  readonly hosts: readonly (string | RegExp)[];
  answer(request: StandInRequest): StandInAnswer | Promise<StandInAnswer>;
  /**
   * What to show in the TLS handshake for that server name (SNI), as PEM; chain after the leaf. Nothing leaves it to the
   * proxy, which then issues one from the rehearsal's own CA.
   */
  certificateFor?(
    host: string,
    connectedTo: { readonly host: string; readonly port: number },
  ): { readonly certificate: string; readonly key: string } | undefined;
  /**
   * Plays a plain TCP service behind a CONNECT to that address: the bytes it greets with, empty for a silent one.
   * Nothing means that TLS or HTTP is spoken there.
   */
  greeting?(connectedTo: { readonly host: string; readonly port: number }): string | undefined;
  /**
   * Speaks lines over plain TCP at that address, behind a CONNECT: each line is given to `answer` as a request with the
   * method TCP, and the connection is closed behind its answer's body.
   */
  speaksLines?(connectedTo: { readonly host: string; readonly port: number }): boolean;
  /** Speaks another protocol than HTTP behind a CONNECT to that address. Nothing means that TLS or HTTP is spoken there. */
  connection?(connectedTo: {
    readonly host: string;
    readonly port: number;
  }): ((conversation: Conversation) => void) | undefined;
  /** All that can be seen of it, as plain JSON, for the report's before, during and after. */
  state(): unknown;
  /** What carries any session's mark now, one sentence each; must be empty at the end of a window. */
  leftovers(): readonly string[];
}

/** What stand-ins share: the rehearsed time. */
export interface StandInWorld {
  now(): Date;
}
