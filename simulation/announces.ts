/**
 * What a node tells the tracker, and when it asks for peers: as the announcer of a real program does,
 * for one tracker.
 *
 * @module
 */

import type { SimTracker, TrackerClient } from "./tracker.ts";
import type { VirtualClock } from "./virtual_clock.ts";

/** A lost announce is repeated after so long, then after twice as long, and so on. */
const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 60_000;
/** While it wants peers, the tracker is asked again early: soon, then less soon. */
const FIRST_EARLY_MS = 1000;
/** But not sooner than this part of its interval. */
const INTERVAL_PARTS = 12;

/** Who announces itself. */
export interface Announcer extends TrackerClient {
  /** Whether it knows fewer peers than it could use. */
  wantsPeers(): boolean;
  /** The tracker told it of others. */
  onPeers(others: readonly TrackerClient[]): void;
}

/** The line of one node to the tracker. */
export class Announces {
  readonly #clock: VirtualClock;
  readonly #tracker: SimTracker;
  readonly #node: Announcer;
  #nextMs = Infinity;
  #failures = 0;
  #answered = 0;

  /** Of a node that has not been started. */
  constructor(clock: VirtualClock, tracker: SimTracker, node: Announcer) {
    this.#clock = clock;
    this.#tracker = tracker;
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
    this.#tracker.remove(this.#node);
  }

  /** Time passed. */
  tick(): void {
    if (this.#clock.nowMs >= this.#nextMs) this.#announce();
  }

  #announce(): void {
    const clock = this.#clock;
    const retryMs = FIRST_RETRY_MS * 2 ** this.#failures++;
    this.#nextMs = clock.nowMs + Math.min(retryMs, LAST_RETRY_MS);
    this.#tracker.announce(this.#node, (others, intervalMs) => {
      this.#failures = 0;
      this.#node.onPeers(others);
      const earlyMs = Math.max(
        FIRST_EARLY_MS * 2 ** this.#answered++,
        intervalMs / INTERVAL_PARTS,
      );
      const waitMs = this.#node.wantsPeers() ? Math.min(intervalMs, earlyMs) : intervalMs;
      this.#nextMs = clock.nowMs + waitMs;
    });
  }
}
