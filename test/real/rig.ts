/** A real server, and what our code is held to against it. A file `<name>.rig.ts` beside this one has one as default export. */
export interface Rig<World = unknown> {
  /** What runs, in one line. */
  readonly what: string;
  /** Is up within a few minutes on a small machine; only such rigs run when none is named. */
  readonly quick: boolean;
  /**
   * Brings the server up on loopback.
   *
   * @throws Unavailable when it cannot be had here
   */
  start(): Promise<World>;
  /** Ends what `start` started, by its own process id. */
  stop(world: World): Promise<void>;
  /** Sentences of behaviour, each with what shows it; run in this order, each throws when it does not hold. */
  readonly checks: Readonly<Record<string, (world: World) => Promise<void>>>;
}

/** Why a server cannot be had on this machine: its rig is skipped, and says so. */
export class Unavailable extends Error {}

export function defineRig<World>(rig: Rig<World>): Rig<World> {
  return rig;
}
