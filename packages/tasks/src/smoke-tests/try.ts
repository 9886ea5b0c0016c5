/** One try of one check. */
export interface Try {
  /** Aborted when the try's time, or that of all checks, is over. */
  readonly signal: AbortSignal;
  /** What is going on, for the message should it take too long. */
  stage: string;
}
