/**
 * Notices a peer that does not read what is written to it.
 *
 * @module
 */

import type { Clock } from "../runtime/clock.ts";

/**
 * A peer that reads nothing of its pending data for this long is closed, because that data occupies memory.
 */
const STALLED_WRITE_MS = 30_000;

/** Watches one write after the other. */
export class WriteTimeout {
  readonly #timeoutMs: number;
  readonly #clock: Pick<Clock, "nowMs">;
  readonly #onStalled: () => void;
  #sinceMs = Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param onStalled called when a write takes longer than `timeoutMs` */
  constructor(
    onStalled: () => void,
    clock: Pick<Clock, "nowMs">,
    timeoutMs: number = STALLED_WRITE_MS,
  ) {
    this.#timeoutMs = timeoutMs;
    this.#clock = clock;
    this.#onStalled = onStalled;
  }

  /** A write begins now. */
  begin(): void {
    this.#sinceMs = this.#clock.nowMs();
    this.#timer ??= setTimeout(this.#look, this.#timeoutMs);
  }

  /** Everything is written. */
  end(): void {
    this.#sinceMs = Infinity;
  }

  /** Watches no more. */
  close(): void {
    clearTimeout(this.#timer);
  }

  /** A single timer covers many writes: starting one for each would cost more than most writes. */
  readonly #look = (): void => {
    this.#timer = undefined;
    if (this.#sinceMs === Infinity) return;
    const leftMs = this.#sinceMs + this.#timeoutMs - this.#clock.nowMs();
    if (leftMs <= 0) return this.#onStalled();
    this.#timer = setTimeout(this.#look, leftMs);
  };
}
