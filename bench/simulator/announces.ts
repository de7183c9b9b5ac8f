/**
 * What a node tells the tracker, and when it asks for peers.
 *
 * @module
 */

import type { SimNode } from "./node.ts";

/** A lost announce is repeated after so long, then after twice as long, and so on. */
const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 60_000;
/** While fewer peers than this are known, the tracker is asked again soon. */
const ENOUGH_PEERS = 3;
const SOON_MS = 5000;

/** The line of one node to the tracker. */
export class Announces {
  readonly #node: SimNode;
  #nextMs = Infinity;
  #lastMs = 0;
  #failures = 0;

  /** Of a node that has not been started. */
  constructor(node: SimNode) {
    this.#node = node;
  }

  /** Announces for the first time. */
  start(): void {
    this.#announce();
  }

  /** Tells the tracker that nothing is missing any more. */
  completed(): void {
    this.#announce();
  }

  /** Says goodbye. */
  stop(): void {
    this.#nextMs = Infinity;
    this.#node.world.tracker.remove(this.#node);
  }

  /** Time passed. */
  tick(): void {
    const { nowMs } = this.#node.world.timeline;
    if (nowMs < this.#nextMs && !(nowMs - this.#lastMs >= SOON_MS && this.#isLonely())) return;
    this.#announce();
  }

  #isLonely(): boolean {
    const { swarm } = this.#node;
    if (swarm.connections.size >= ENOUGH_PEERS) return false;
    let usable = 0;
    for (const { state } of swarm.book.values()) {
      if (state !== "away" && state !== "banned") usable++;
    }
    return usable < ENOUGH_PEERS;
  }

  #announce(): void {
    const { world } = this.#node;
    const { timeline } = world;
    this.#lastMs = timeline.nowMs;
    const retryMs = FIRST_RETRY_MS * 2 ** this.#failures;
    this.#nextMs = timeline.nowMs + Math.min(retryMs, LAST_RETRY_MS);
    this.#failures++;
    world.tracker.announce(this.#node, (others, intervalMs) => {
      this.#failures = 0;
      this.#nextMs = timeline.nowMs + intervalMs;
      this.#node.learn(others);
    });
  }
}
