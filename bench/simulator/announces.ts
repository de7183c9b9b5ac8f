/**
 * What a node tells the tracker, and when it asks for peers: as the announcer of a real program does,
 * for one tracker.
 *
 * @module
 */

import type { SimNode } from "./node.ts";

/** A lost announce is repeated after so long, then after twice as long, and so on. */
const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 60_000;
/** While fewer peers than this are known, the tracker is asked again early: soon, then less soon. */
const MANY_PEERS = 30;
const FIRST_EARLY_MS = 1000;
/** But not sooner than this part of its interval. */
const INTERVAL_PARTS = 12;

/** The line of one node to the tracker. */
export class Announces {
  readonly #node: SimNode;
  #nextMs = Infinity;
  #failures = 0;
  #answered = 0;

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
    if (this.#node.world.timeline.nowMs >= this.#nextMs) this.#announce();
  }

  #announce(): void {
    const { world } = this.#node;
    const { timeline } = world;
    const retryMs = FIRST_RETRY_MS * 2 ** this.#failures++;
    this.#nextMs = timeline.nowMs + Math.min(retryMs, LAST_RETRY_MS);
    world.tracker.announce(this.#node, (others, intervalMs) => {
      this.#failures = 0;
      this.#node.learn(others);
      const earlyMs = Math.max(
        FIRST_EARLY_MS * 2 ** this.#answered++,
        intervalMs / INTERVAL_PARTS,
      );
      const waitMs = this.#wantsPeers() ? Math.min(intervalMs, earlyMs) : intervalMs;
      this.#nextMs = timeline.nowMs + waitMs;
    });
  }

  #wantsPeers(): boolean {
    const { swarm, completeMs, options } = this.#node;
    if (options.isSeeder || completeMs !== undefined) return false;
    let usable = 0;
    for (const { state } of swarm.peers.values()) {
      if (state !== "away" && state !== "banned") usable++;
    }
    return usable < MANY_PEERS;
  }
}
