/**
 * The passing of time, as something that can be handed in: tests turn the hands themselves.
 *
 * @module
 */

/** A clock and an alarm. */
export interface Clock {
  /** Milliseconds since some fixed moment. It never runs backwards. */
  nowMs(): number;
  /** Resolves after `ms` milliseconds, or at once when `signal` aborts. It never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** `setTimeout` takes no longer waits than this. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The machine's clock: monotonic, near enough to Unix time. */
export const systemClock: Clock = {
  nowMs: () => performance.timeOrigin + performance.now(),
  sleep(ms, signal) {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const wake = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", wake);
        resolve();
      };
      const timer = setTimeout(wake, Math.min(Math.max(0, ms), LONGEST_TIMER_MS));
      signal?.addEventListener("abort", wake);
    });
  },
};
