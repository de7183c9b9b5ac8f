/**
 * The line out of a node, which its connections share: they take turns, one block at a time. What is
 * small goes before the next block of another connection, as a packet does that finds a place between
 * the packets of a block.
 *
 * @module
 */

import { FifoQueue } from "./fifo_queue.ts";
import type { Target, VirtualClock } from "./virtual_clock.ts";

/** A connection that sends through the line. */
export interface Sender {
  /** It is in the queue of the line. */
  isWaiting: boolean;
  /** Whether the next thing to send is small messages. */
  readonly isSmallNext: boolean;
  /** Whether there is anything to send. */
  readonly hasMore: boolean;
  /** Sends the next block, or small messages, from `startMs` on; returns the bytes that takes. */
  transmit(startMs: number, bytesPerMs: number): number;
}

/** Carries the bytes of one node. */
export class Uplink implements Target {
  readonly #clock: VirtualClock;
  readonly #bytesPerMs: number;
  /** Those who have something small to send next. */
  readonly #small = new FifoQueue<Sender>();
  /** Those who have a block to send next. */
  readonly #large = new FifoQueue<Sender>();
  #freeAtMs = 0;
  #scheduled = false;

  /** A line of so many bytes per second. */
  constructor(clock: VirtualClock, bytesPerSecond: number) {
    this.#clock = clock;
    this.#bytesPerMs = bytesPerSecond / 1000;
  }

  /** The connection has something to send; it waits for its turn. */
  wait(sender: Sender): void {
    if (sender.isWaiting) return;
    sender.isWaiting = true;
    (sender.isSmallNext ? this.#small : this.#large).push(sender);
  }

  /** Sends what waits, unless the line is busy. */
  run(): void {
    if (this.#scheduled) return;
    this.#freeAtMs = Math.max(this.#freeAtMs, this.#clock.nowMs);
    this.#send();
  }

  /** The line is free again. It has been since somewhen in the slot that has passed. */
  happen(): void {
    this.#scheduled = false;
    this.#send();
  }

  /** Sends what the line can take within a slot of time. */
  #send(): void {
    const endMs = this.#clock.nowMs + this.#clock.slotMs;
    while (this.#freeAtMs < endMs) {
      const sender = this.#small.shift() ?? this.#large.shift();
      if (sender === undefined) return;
      sender.isWaiting = false;
      const bytes = sender.transmit(this.#freeAtMs, this.#bytesPerMs);
      this.#freeAtMs += bytes / this.#bytesPerMs;
      if (bytes > 0 && sender.hasMore) this.wait(sender);
    }
    if (this.#small.first === undefined && this.#large.first === undefined) return;
    this.#scheduled = true;
    this.#clock.at(this.#freeAtMs, this, undefined);
  }
}
