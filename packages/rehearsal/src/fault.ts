/** What is known of a call before anything answers it. */
export interface CallStart {
  /** Counted from 1 since the stand-ins were last exchanged. */
  readonly number: number;
  /** Whoever used that proxy address; see `urlFor`. */
  readonly step: string;
  readonly method: string;
  readonly host: string;
  readonly path: string;
}

/**
 * What goes wrong at one call.
 * - `kill`: the calling process ends, before or after the stand-in carried the call out
 * - `reset`: the connection is cut before anything happened
 * - `lost`: the stand-in carries it out, then the connection is cut without an answer
 * - `hang`: no answer ever comes
 * - `status`: the system's own refusal, with or without Retry-After
 */
export type Fault =
  | { readonly kill: 'before' | 'after' }
  | 'reset'
  | 'lost'
  | 'hang'
  | { readonly status: number; readonly retryAfter?: number | string };

export function faultName(fault: Fault): string {
  if (typeof fault === 'string') return fault;
  return 'kill' in fault ? `killed ${fault.kill} it` : `status ${fault.status} instead`;
}
