/**
 * A token bucket, which limits how often a peer may do something. It fills at a steady rate up to its
 * capacity.
 *
 * @module
 */

/** Permits that accrue at a steady rate up to a limit. */
export class TokenBucket {
  readonly #capacity: number;
  readonly #perSecond: number;
  #permits: number;
  #atMs: number;

  /** Starts full. */
  constructor(capacity: number, perSecond: number, nowMs: number) {
    this.#capacity = capacity;
    this.#perSecond = perSecond;
    this.#permits = capacity;
    this.#atMs = nowMs;
  }

  /** Whether no permit is left. */
  isUsedUp(nowMs: number): boolean {
    this.#refill(nowMs);
    return this.#permits < 1;
  }

  /** Takes permits, one by default. Returns false, and takes none, when there are not enough. */
  tryTake(nowMs: number, count = 1): boolean {
    if (this.isUsedUp(nowMs) || this.#permits < count) return false;
    this.#permits -= count;
    return true;
  }

  /**
   * Charges for what was done already, more than there are permits if need be. Returns for how many
   * milliseconds nothing more may be done.
   */
  spend(count: number, nowMs: number): number {
    this.#refill(nowMs);
    this.#permits -= count;
    return this.#permits >= 0 ? 0 : -this.#permits / this.#perSecond * 1000;
  }

  #refill(nowMs: number): void {
    const gained = (nowMs - this.#atMs) / 1000 * this.#perSecond;
    this.#permits = Math.min(this.#capacity, this.#permits + gained);
    this.#atMs = nowMs;
  }
}
