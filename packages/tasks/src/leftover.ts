/** Something that carries a session's mark and is still in force. */
export interface Leftover {
  readonly system: string;
  /** What it is, as a person would look for it: `www.example.com shows maintenance.example.com`. */
  readonly what: string;
  readonly session: string;
}
