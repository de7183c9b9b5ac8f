/**
 * How long a tracker that has just been started may not know everybody yet.
 *
 * @module
 */

/** Who used the tracker before its start comes back within its interval; in a young swarm much sooner. */
const FIRST_SECONDS_OF_DOUBT = 15;

/**
 * A tracker that was started again knows nobody: peers come back to it when they are due. So it does not say
 * of a name that nobody has it before they had the time. Where one has come back, the others have an
 * interval; where none has, it has most likely been started for the first time.
 */
export class WarmUp {
  readonly #startMs: number;
  readonly #intervalSeconds: number;
  #isBack = false;

  /** @param startMs When the tracker was started. */
  constructor(startMs: number, intervalSeconds: number) {
    this.#startMs = startMs;
    this.#intervalSeconds = intervalSeconds;
  }

  /** Somebody has come who announced before, and is not known. */
  cameBack(): void {
    this.#isBack = true;
  }

  /** Whole seconds until all have had the time to come back; 0 from then on. */
  secondsLeft(nowMs: number): number {
    const seconds = this.#isBack
      ? this.#intervalSeconds
      : Math.min(this.#intervalSeconds, FIRST_SECONDS_OF_DOUBT);
    const left = seconds - (nowMs - this.#startMs) / 1000;
    return Math.max(0, Math.min(seconds, Math.ceil(left)));
  }
}
