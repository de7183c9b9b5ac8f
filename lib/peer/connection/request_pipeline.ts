/**
 * How many requests to keep outstanding with a peer.
 *
 * Enough to cover what the peer delivers until our next request reaches it (rate times latency), plus
 * a tenth of a second so that neither side's scheduling lets the line run dry; never more than the
 * peer says it queues. What is outstanding beyond that does not make it faster: it waits in the
 * peer's queue and socket, and everything the peer says meanwhile waits behind it.
 *
 * A new peer starts with a quarter of a megabyte and one block more for each that arrives, so twice as
 * many each round trip, until blocks take longer than they need to: then the line is full.
 *
 * @module
 */

import { BLOCK_LENGTH } from "../../codec/torrent/merkle.ts";

const INITIAL_DEPTH = 16;
const MIN_DEPTH = 8;
const MAX_DEPTH = 512; // 8 MiB, enough for 10 Gbit/s at 6 ms
const RESERVE_MS = 100;
/** How quickly a shortest latency that no longer occurs is forgotten, per block. */
const FORGETTING = 0.01;

/** The depth of one peer's pipeline of requests. */
export class RequestPipeline {
  #latencyMs = 0; // shortest time from request to block seen lately
  #startDepth = INITIAL_DEPTH;
  #starting = true;

  /** Shortest time from request to block seen lately, in milliseconds; 0 before the first. */
  get latencyMs(): number {
    return this.#latencyMs;
  }

  /** A block arrived, `sampleMs` after it was asked for. */
  onAnswered(sampleMs: number): void {
    const latencyMs = this.#latencyMs;
    this.#latencyMs = latencyMs === 0 || sampleMs < latencyMs
      ? sampleMs
      : latencyMs + (sampleMs - latencyMs) * FORGETTING;
    if (!this.#starting) return;
    this.#startDepth++;
    const isFull = sampleMs > this.#latencyMs + RESERVE_MS;
    if (isFull || this.#startDepth > MAX_DEPTH) this.#starting = false;
  }

  /**
   * The number of blocks to have requested at once.
   *
   * @param rate bytes per second the peer delivers now
   * @param requestQueue the peer's `reqq`
   */
  depth(rate: number, requestQueue: number): number {
    const seconds = (this.#latencyMs + RESERVE_MS) / 1000;
    const measured = Math.ceil(rate * seconds / BLOCK_LENGTH);
    const floor = this.#starting ? this.#startDepth : MIN_DEPTH;
    return Math.max(1, Math.min(Math.max(measured, floor), MAX_DEPTH, requestQueue));
  }
}
