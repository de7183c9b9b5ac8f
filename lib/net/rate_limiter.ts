/**
 * A bound on bytes per second.
 *
 * @module
 */

import { type Clock, systemClock } from "../runtime/clock.ts";

/** So much may pass at once after a pause, in seconds of the rate: what timers are late makes up for. */
const BURST_SECONDS = 0.05;
/** So much is taken at once, in seconds of the rate: the less, the more evenly it flows. */
const PORTION_SECONDS = 0.02;
/** One block: less than that cannot be sent. */
const MIN_PORTION = 16_384;

/**
 * A token bucket that several users share. Whoever takes more than is there waits until it is, and
 * those who come later wait until that is paid too: so they take turns.
 */
export class RateLimiter {
  readonly #bytesPerSecond: number;
  readonly #clock: Pick<Clock, "nowMs">;
  #tokens: number;
  #filledMs: number;

  /**
   * @param bytesPerSecond `Infinity` or 0 limits nothing
   */
  constructor(bytesPerSecond: number, clock: Pick<Clock, "nowMs"> = systemClock) {
    this.#bytesPerSecond = bytesPerSecond > 0 ? bytesPerSecond : Infinity;
    this.#clock = clock;
    this.#tokens = this.#bytesPerSecond * BURST_SECONDS;
    this.#filledMs = clock.nowMs();
  }

  /** Bytes per second; `Infinity` when nothing is limited. */
  get bytesPerSecond(): number {
    return this.#bytesPerSecond;
  }

  /** False when nothing is limited. */
  get isLimiting(): boolean {
    return this.#bytesPerSecond !== Infinity;
  }

  /** How much is sensible to take at once: as much as passes in a fiftieth of a second. */
  get portionBytes(): number {
    return this.isLimiting
      ? Math.max(MIN_PORTION, this.#bytesPerSecond * PORTION_SECONDS)
      : Infinity;
  }

  /** Takes `bytes`; returns for how many milliseconds the taker has to pause because of that. */
  take(bytes: number): number {
    if (!this.isLimiting || bytes === 0) return 0;
    const nowMs = this.#clock.nowMs();
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
