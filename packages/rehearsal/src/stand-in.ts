/** A request as it arrived from a task, through the proxy, at the host of an outside system. */
export interface StandInRequest {
  readonly method: string;
  readonly url: URL;
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
  /** All that can be seen of it, as plain JSON, for the report's before, during and after. */
  state(): unknown;
  /** What carries any session's mark now, one sentence each; must be empty at the end of a window. */
  leftovers(): readonly string[];
}

/** What stand-ins share: the rehearsed time. */
export interface StandInWorld {
  now(): Date;
}
