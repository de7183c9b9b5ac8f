/**
 * The uplink of a node, which its connections share in turns of one block. Small messages go before the next
 * block of another connection, like a packet that fits between the packets of a block.
 *
 * @module
 */

import { FifoQueue } from "./fifo_queue.ts";
import type { Target, VirtualClock } from "./virtual_clock.ts";

/** A connection that sends through the uplink. */
export interface Sender {
  /** Whether it is in the uplink's queue. */
  isWaiting: boolean;
  /** Whether small messages are next to be sent. */
  readonly isSmallNext: boolean;
  /** Whether there is anything to send. */
  readonly hasMore: boolean;
  /** Sends the next block, or small messages, from `startMs` on; returns the number of bytes this takes. */
  transmit(startMs: number, bytesPerMs: number): number;
}

/** Carries the outgoing bytes of one node. */
export class Uplink implements Target {
  readonly #clock: VirtualClock;
  readonly #bytesPerMs: number;
  /** Connections with small messages to send next. */
  readonly #small = new FifoQueue<Sender>();
  /** Connections with a block to send next. */
  readonly #large = new FifoQueue<Sender>();
  #freeAtMs = 0;
  #scheduled = false;

  constructor(clock: VirtualClock, bytesPerSecond: number) {
    this.#clock = clock;
    this.#bytesPerMs = bytesPerSecond / 1000;
  }

  /** Queues a connection that has something to send. */
  wait(sender: Sender): void {
    if (sender.isWaiting) return;
    sender.isWaiting = true;
    (sender.isSmallNext ? this.#small : this.#large).push(sender);
  }

  /** Sends what is waiting, unless the uplink is busy. */
  run(): void {
    if (this.#scheduled) return;
    this.#freeAtMs = Math.max(this.#freeAtMs, this.#clock.nowMs);
    this.#send();
  }

  /** Called when the uplink is free again, which it became at some point in the past slot. */
  happen(): void {
    this.#scheduled = false;
    this.#send();
  }

  /** Sends what the uplink can carry within one slot. */
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
