/**
 * A clock whose hands a test moves.
 * @module
 */

import type { Clock } from "../../lib/runtime/clock.ts";

/** Stands still until told to advance. */
export class FakeClock implements Clock {
  #nowMs = 1_700_000_000_000;
  readonly #sleepers = new Set<{ untilMs: number; wake: () => void }>();
  #changed = Promise.withResolvers<void>();

  nowMs(): number {
    return this.#nowMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const sleeper = {
        untilMs: this.#nowMs + Math.max(0, ms),
        wake: () => {
          this.#sleepers.delete(sleeper);
          signal?.removeEventListener("abort", sleeper.wake);
          resolve();
        },
      };
      this.#sleepers.add(sleeper);
      this.#onChange();
      signal?.addEventListener("abort", sleeper.wake);
    });
  }

  /** Seconds from now at which someone wants to be woken, soonest first. */
  get alarms(): number[] {
    return [...this.#sleepers].map(({ untilMs }) => (untilMs - this.#nowMs) / 1000).sort((a, b) =>
      a - b
    );
  }

  /** Resolves once someone wants to be woken in exactly so many seconds. No time passes meanwhile. */
  async hasAlarmIn(seconds: number): Promise<void> {
    while (!this.alarms.includes(seconds)) {
      await this.#changed.promise;
      await settled();
    }
  }

  /** Lets everything that is due run, then moves on to the next alarm, and so on for `seconds`. */
  async advance(seconds: number): Promise<void> {
    const endMs = this.#nowMs + 1000 * seconds;
    for (;;) {
      await settled();
      const next = [...this.#sleepers].sort((a, b) => a.untilMs - b.untilMs)[0];
      if (next === undefined || next.untilMs > endMs) break;
      this.#nowMs = next.untilMs;
      next.wake();
    }
    this.#nowMs = endMs;
    this.#onChange();
    await settled();
  }

  /** Wakes those who wait for an alarm: looking for it again and again would take time of the processor. */
  #onChange(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}

/** Resolves when all promises that can go on without the outside world have gone on. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** Settings with a clock of the test's own, which public options do not name. */
export function withClock<T extends { clock: FakeClock }>(settings: T): T {
  return settings;
}
