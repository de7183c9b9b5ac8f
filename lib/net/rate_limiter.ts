/**
 * A limit on bytes per second.
 *
 * @module
 */

import { type Clock, systemClock } from "../runtime/clock.ts";

/** Maximum burst after a pause, in seconds of the rate; it makes up for late timers. */
const BURST_SECONDS = 0.05;
/** Amount to take at once, in seconds of the rate; smaller values give a smoother flow. */
const PORTION_SECONDS = 0.02;
/** One block, which is the smallest unit of file data. */
const MIN_PORTION = 16_384;

/**
 * A token bucket shared by several users. A user that takes more than is available waits until the debt is
 * paid, and later users wait for that too, so they take turns.
 */
export class RateLimiter {
  readonly #bytesPerSecond: number;
  readonly #clock: Pick<Clock, "nowMs">;
  #tokens: number;
  #filledMs: number;

  /** @param bytesPerSecond `Infinity` or 0 means no limit */
  constructor(bytesPerSecond: number, clock: Pick<Clock, "nowMs"> = systemClock) {
    this.#bytesPerSecond = bytesPerSecond > 0 ? bytesPerSecond : Infinity;
    this.#clock = clock;
    this.#tokens = this.#bytesPerSecond * BURST_SECONDS;
    this.#filledMs = clock.nowMs();
  }

  /** Bytes per second; `Infinity` without a limit. */
  get bytesPerSecond(): number {
    return this.#bytesPerSecond;
  }

  /** Whether there is a limit. */
  get isLimiting(): boolean {
    return this.#bytesPerSecond !== Infinity;
  }

  /** A sensible amount to take at once: what passes in a fiftieth of a second. */
  get portionBytes(): number {
    return this.isLimiting
      ? Math.max(MIN_PORTION, this.#bytesPerSecond * PORTION_SECONDS)
      : Infinity;
  }

  /** Takes `bytes`; returns the pause in milliseconds that the caller must make. */
  take(bytes: number): number {
    if (!this.isLimiting || bytes === 0) return 0;
    const nowMs = this.#clock.nowMs();
    const gained = (nowMs - this.#filledMs) / 1000 * this.#bytesPerSecond;
    this.#tokens = Math.min(this.#tokens + gained, this.#bytesPerSecond * BURST_SECONDS) - bytes;
    this.#filledMs = nowMs;
    return this.#tokens >= 0 ? 0 : -this.#tokens / this.#bytesPerSecond * 1000;
  }
}

/** Resolves after `ms`, or as soon as the signal is aborted. Leaves no timer behind. */
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
