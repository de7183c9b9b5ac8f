/**
 * Time as a dependency, so that tests can control it.
 *
 * @module
 */

/** A clock with timers. */
export interface Clock {
  /** Milliseconds since a fixed moment, such as the start of the process. Never runs backwards. */
  nowMs(): number;
  /** Resolves after `ms` milliseconds, or at once when `signal` aborts. Never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The longest delay that `setTimeout` takes. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** The machine's monotonic clock, the same as `performance.now()`. */
export const systemClock: Clock = {
  nowMs: () => performance.now(),
  sleep(ms, signal) {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const wake = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", wake);
        resolve();
      };
      const timer = setTimeout(wake, Math.min(Math.max(0, ms), MAX_TIMER_MS));
      signal?.addEventListener("abort", wake);
    });
  },
};
