/**
 * The line out of a node, which its connections share: they take turns, one block at a time. What is
 * small goes before the next block of another connection, as a packet does that finds a place between
 * the packets of a block.
 *
 * @module
 */

import type { Endpoint } from "./endpoint.ts";
import { FifoQueue } from "./fifo_queue.ts";
import type { Target, Timeline } from "./timeline.ts";

/** Carries the bytes of one node. */
export class Uplink implements Target {
  readonly #timeline: Timeline;
  readonly #bytesPerMs: number;
  /** Those who have something small to send next. */
  readonly #small = new FifoQueue<Endpoint>();
  /** Those who have a block to send next. */
  readonly #large = new FifoQueue<Endpoint>();
  #freeAtMs = 0;
  #scheduled = false;

  /** A line of so many bytes per second. */
  constructor(timeline: Timeline, bytesPerSecond: number) {
    this.#timeline = timeline;
    this.#bytesPerMs = bytesPerSecond / 1000;
  }

  /** The connection has something to send; it waits for its turn. */
  wait(endpoint: Endpoint): void {
    if (endpoint.isWaiting) return;
    endpoint.isWaiting = true;
    (endpoint.isSmallNext ? this.#small : this.#large).push(endpoint);
  }

  /** Sends what waits, unless the line is busy. */
  run(): void {
    if (this.#scheduled) return;
    this.#freeAtMs = Math.max(this.#freeAtMs, this.#timeline.nowMs);
    this.#send();
  }

  /** The line is free again. It has been since somewhen in the slot that has passed. */
  happen(): void {
    this.#scheduled = false;
    this.#send();
  }

  /** Sends what the line can take within a slot of time. */
  #send(): void {
    const endMs = this.#timeline.nowMs + this.#timeline.slotMs;
    while (this.#freeAtMs < endMs) {
      const endpoint = this.#small.shift() ?? this.#large.shift();
      if (endpoint === undefined) return;
      endpoint.isWaiting = false;
      const bytes = endpoint.transmit(this.#freeAtMs, this.#bytesPerMs);
      this.#freeAtMs += bytes / this.#bytesPerMs;
      if (bytes > 0 && endpoint.hasMore) this.wait(endpoint);
    }
    if (this.#small.first === undefined && this.#large.first === undefined) return;
    this.#scheduled = true;
    this.#timeline.at(this.#freeAtMs, this, undefined);
  }
}
