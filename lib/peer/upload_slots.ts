/**
 * How many peers to serve at once.
 *
 * Few, so that each gets its piece soon and can pass it on: a line shared by all gives everybody
 * everything late. But enough to fill the line: where more slots bring more speed, because each peer
 * takes only a part of what the line could carry, there are more. That is found out by trying.
 *
 * @module
 */

/** So long a number of slots is tried before its speed is known: as long as rates are measured. */
const TRIAL_MS = 4000;
/** What more slots must bring to be kept. */
const WORTHWHILE = 1.1;
/** After a trial that brought nothing, the next one comes so much later. */
const PAUSE_MS = 40_000;

/** The number of upload slots, which follows what the line can carry. */
export class UploadSlots {
  /** Peers to serve at once. */
  count: number;
  readonly #least: number;
  /** The number before the trial that is under way, and what it brought. */
  #before: { count: number; rate: number } | undefined;
  #decideMs: number | undefined;

  /** Begins with `least`, and never has fewer. */
  constructor(least: number) {
    this.#least = least;
    this.count = least;
  }

  /**
   * Time passed.
   *
   * @param isContested somebody waits for a slot
   * @param rate bytes per second that all peers together get now
   */
  look(isContested: boolean, rate: number, nowMs: number): void {
    if (this.#least === 0) return;
    if (!isContested) {
      this.#decideMs = undefined;
      this.#before = undefined;
      return;
    }
    this.#decideMs ??= nowMs + TRIAL_MS;
    if (nowMs < this.#decideMs) return;
    const { count } = this;
    if (this.#before !== undefined && rate < this.#before.rate * WORTHWHILE) {
      this.count = this.#before.count;
      this.#before = undefined;
      this.#decideMs = nowMs + PAUSE_MS;
    } else {
      this.#before = { count, rate };
      this.count = count * 2;
      this.#decideMs = nowMs + TRIAL_MS;
    }
  }
}
