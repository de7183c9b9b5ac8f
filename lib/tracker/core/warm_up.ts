/**
 * The period after a start during which a tracker may not know all of its peers yet.
 *
 * @module
 */

/** Known clients come back within their announce interval, and much sooner in a young swarm. */
const FIRST_SECONDS_OF_DOUBT = 15;

/**
 * A restarted tracker knows no peers until they announce again. Until they have had time to, it must not
 * report that a name is unknown. If one old peer has come back, the others are given a full interval. If none
 * has, this is most likely the tracker's first start.
 */
export class WarmUp {
  readonly #startMs: number;
  readonly #intervalSeconds: number;
  #isBack = false;

  /** @param startMs When the tracker started. */
  constructor(startMs: number, intervalSeconds: number) {
    this.#startMs = startMs;
    this.#intervalSeconds = intervalSeconds;
  }

  /** Records that an unknown peer claims to have announced before. */
  cameBack(): void {
    this.#isBack = true;
  }

  /** Whole seconds until every old peer has had time to come back; 0 after that. */
  secondsLeft(nowMs: number): number {
    const seconds = this.#isBack
      ? this.#intervalSeconds
      : Math.min(this.#intervalSeconds, FIRST_SECONDS_OF_DOUBT);
    const left = seconds - (nowMs - this.#startMs) / 1000;
    return Math.max(0, Math.min(seconds, Math.ceil(left)));
  }
}
