/**
 * How many requests to keep outstanding with a peer.
 *
 * The depth covers what the peer delivers until our next request reaches it (rate times latency), plus a
 * tenth of a second so that scheduling on either side does not let the line run dry. It never exceeds the
 * peer's request queue. More outstanding requests would not speed the peer up: they wait in its queue and
 * socket, and delay all its other messages.
 *
 * A new peer starts with a quarter of a megabyte. Each block that arrives adds one, which doubles the depth
 * every round trip, until blocks take longer than necessary because the line is full.
 *
 * @module
 */

import { BLOCK_LENGTH } from "../../codec/torrent/merkle.ts";

const INITIAL_DEPTH = 16;
const MIN_DEPTH = 8;
const MAX_DEPTH = 512; // 8 MiB, enough for 10 Gbit/s at 6 ms
const RESERVE_MS = 100;
/** How quickly the shortest latency adapts upwards, per block. */
const FORGETTING = 0.01;

/** The request pipeline depth of one peer. */
export class RequestPipeline {
  #latencyMs = 0; // shortest recent time from request to block
  #startDepth = INITIAL_DEPTH;
  #starting = true;

  /** Shortest recent time from request to block, in milliseconds; 0 before the first block. */
  get latencyMs(): number {
    return this.#latencyMs;
  }

  /** Records a block that arrived `sampleMs` after its request. */
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
   * The number of requests to keep outstanding.
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
