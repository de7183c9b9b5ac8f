/**
 * The rates of the last five minutes.
 *
 * @module
 */

import type { RateHistory } from "./snapshot.ts";

/** Five minutes. */
const CAPACITY = 300;

/** The bytes transferred so far. */
export interface ByteCounts {
  readonly downloadedBytes: number;
  readonly uploadedBytes: number;
}

/** One value a second in a ring buffer. */
export class History {
  readonly #down = new Float64Array(CAPACITY);
  readonly #up = new Float64Array(CAPACITY);
  #count = 0;
  #before: ByteCounts & { nowMs: number } | undefined;

  /** Adds a value. Call it once a second; a call at the same time as the last one changes nothing. */
  sample({ downloadedBytes, uploadedBytes }: ByteCounts, nowMs: number): void {
    const before = this.#before;
    if (before !== undefined && nowMs <= before.nowMs) return;
    this.#before = { downloadedBytes, uploadedBytes, nowMs };
    if (before === undefined) return;
    const seconds = (nowMs - before.nowMs) / 1000;
    const slot = this.#count++ % CAPACITY;
    this.#down[slot] = rate(downloadedBytes - before.downloadedBytes, seconds);
    this.#up[slot] = rate(uploadedBytes - before.uploadedBytes, seconds);
  }

  /** The values, newest last. */
  toJSON(): RateHistory {
    const down = this.#inOrder(this.#down);
    const up = this.#inOrder(this.#up);
    return {
      everySeconds: 1,
      down,
      up,
      peakDown: Math.max(0, ...down),
      peakUp: Math.max(0, ...up),
    };
  }

  #inOrder(ring: Float64Array): number[] {
    if (this.#count <= CAPACITY) return [...ring.subarray(0, this.#count)];
    const oldest = this.#count % CAPACITY;
    return [...ring.subarray(oldest), ...ring.subarray(0, oldest)];
  }
}

function rate(bytes: number, seconds: number): number {
  return Math.max(0, Math.round(bytes / seconds));
}
