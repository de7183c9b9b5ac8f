/**
 * A bound on bytes per second.
 *
 * @module
 */

/** So much may pass at once after a pause, in seconds of the rate. */
const BURST_SECONDS = 0.1;

/** A token bucket that several users share. Whoever takes more than is there waits for it. */
export class RateLimiter {
  readonly #bytesPerSecond: number;
  #tokens: number;
  #filledMs: number;

  /** `bytesPerSecond` of `Infinity` or 0 limits nothing. */
  constructor(bytesPerSecond: number) {
    this.#bytesPerSecond = bytesPerSecond > 0 ? bytesPerSecond : Infinity;
    this.#tokens = this.#bytesPerSecond * BURST_SECONDS;
    this.#filledMs = performance.now();
  }

  /** False when nothing is limited. */
  get isLimiting(): boolean {
    return this.#bytesPerSecond !== Infinity;
  }

  /** How much is sensible to take at once: as much as passes in a twentieth of a second. */
  get portionBytes(): number {
    return this.isLimiting ? Math.max(16_384, this.#bytesPerSecond / 20) : Infinity;
  }

  /** Takes `bytes`; returns for how many milliseconds the taker has to pause because of that. */
  take(bytes: number): number {
    if (!this.isLimiting) return 0;
    const nowMs = performance.now();
    const gained = (nowMs - this.#filledMs) / 1000 * this.#bytesPerSecond;
    this.#tokens = Math.min(this.#tokens + gained, this.#bytesPerSecond * BURST_SECONDS) - bytes;
    this.#filledMs = nowMs;
    return this.#tokens >= 0 ? 0 : -this.#tokens / this.#bytesPerSecond * 1000;
  }
}

/** Resolves after `ms`, or at once when the signal is aborted. Leaves no timer behind. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms <= 0 || signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done);
  });
}
