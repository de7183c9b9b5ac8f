/**
 * A token bucket, which limits how often a peer may do something: it fills steadily up to its capacity.
 *
 * @module
 */

/** Permits that come at a steady rate and can be saved up to a limit. */
export class TokenBucket {
  readonly #capacity: number;
  readonly #perSecond: number;
  #permits: number;
  #atMs: number;

  /** Full at first. */
  constructor(capacity: number, perSecond: number, nowMs: number) {
    this.#capacity = capacity;
    this.#perSecond = perSecond;
    this.#permits = capacity;
    this.#atMs = nowMs;
  }

  /** Whether there is no permit left. */
  isUsedUp(nowMs: number): boolean {
    const gained = (nowMs - this.#atMs) / 1000 * this.#perSecond;
    this.#permits = Math.min(this.#capacity, this.#permits + gained);
    this.#atMs = nowMs;
    return this.#permits < 1;
  }

  /** Uses permits up, one by default; false, and nothing is used up, when there are not so many. */
  tryTake(nowMs: number, count = 1): boolean {
    if (this.isUsedUp(nowMs) || this.#permits < count) return false;
    this.#permits -= count;
    return true;
  }
}
