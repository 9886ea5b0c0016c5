/** The night's time: any date, going on at real speed, and put forward between stages. Never back. */
export class RehearsedClock {
  #shift = 0;

  /** Milliseconds that the rehearsed time is ahead of the real one. */
  get shift(): number {
    return this.#shift;
  }

  now = (): Date => new Date(Date.now() + this.#shift);

  /** Nothing happens when that moment has passed already. */
  forwardTo(moment: Date): void {
    if (moment > this.now()) this.#shift = moment.getTime() - Date.now();
  }

  startAt(moment: Date): void {
    this.#shift = moment.getTime() - Date.now();
  }
}
