/** A DNS record of a name, in the words of Cloudflare's API. */
export interface PublicRecord {
  /** `A`, `AAAA`, `CNAME`, `MX`, `NS` or `TXT`. */
  readonly type: string;
  readonly content: string;
  /** Answered with Cloudflare's own addresses instead, and served through its edge. */
  readonly proxied?: boolean | undefined;
  readonly ttl?: number | undefined;
  readonly priority?: number | undefined;
}

/** The records of a name as they stand now. */
export type RecordsOf = (name: string) => readonly PublicRecord[];

/** Names are the same in any case, with and without the dot at the end. */
export function sameName(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}
