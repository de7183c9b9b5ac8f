/**
 * Measures a rate over the last few seconds.
 *
 * @module
 */

const BUCKET_MS = 250;
const BUCKETS = 16;

/** Bytes per second over a sliding window of four seconds, without a timer and without allocation. */
export class RateMeter {
  /** All bytes ever added. */
  total = 0;
  readonly #buckets = new Float64Array(BUCKETS);
  #windowBytes = 0;
  #bucket = 0; // number of the current bucket, counted from time zero
  #firstMs = -1;

  /** Counts `bytes` that moved at `nowMs`. */
  add(bytes: number, nowMs: number): void {
    this.#roll(nowMs);
    if (this.#firstMs < 0) this.#firstMs = nowMs;
    this.#buckets[this.#bucket % BUCKETS]! += bytes;
    this.#windowBytes += bytes;
    this.total += bytes;
  }

  /** Bytes per second as of `nowMs`; 0 before the first byte. */
  rate(nowMs: number): number {
    this.#roll(nowMs);
    if (this.#windowBytes === 0) return 0;
    const windowStart = (this.#bucket - BUCKETS + 1) * BUCKET_MS;
    const spanMs = nowMs - Math.max(windowStart, this.#firstMs);
    return this.#windowBytes * 1000 / Math.max(spanMs, BUCKET_MS);
  }

  #roll(nowMs: number): void {
    const bucket = Math.floor(nowMs / BUCKET_MS);
    if (bucket <= this.#bucket) return;
    const steps = Math.min(bucket - this.#bucket, BUCKETS);
    for (let i = 1; i <= steps; i++) {
      const slot = (bucket - steps + i) % BUCKETS;
      this.#windowBytes -= this.#buckets[slot]!;
      this.#buckets[slot] = 0;
    }
    if (steps === BUCKETS) this.#firstMs = -1;
    this.#bucket = bucket;
  }
}
