/**
 * The announces of a simulated node. They follow the timing of a real program's announcer, for one tracker.
 *
 * @module
 */

import type { SimTracker, TrackerClient } from "./tracker.ts";
import type { VirtualClock } from "./virtual_clock.ts";

/** A lost announce is repeated after this time, then after twice as long, and so on. */
const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 60_000;
/** While the node wants peers it announces early: soon at first, then at growing distances. */
const FIRST_EARLY_MS = 1000;
/** But no sooner than the tracker's interval divided by this. */
const INTERVAL_PARTS = 12;

/** A node that announces itself. */
export interface Announcer extends TrackerClient {
  /** Whether it knows fewer peers than it could use. */
  wantsPeers(): boolean;
  /** Called with the peers that the tracker returned. */
  onPeers(others: readonly TrackerClient[]): void;
}

/** Announces one node to the tracker. */
export class Announces {
  readonly #clock: VirtualClock;
  readonly #tracker: SimTracker;
  readonly #node: Announcer;
  #nextMs = Infinity;
  #failures = 0;
  #answered = 0;

  constructor(clock: VirtualClock, tracker: SimTracker, node: Announcer) {
    this.#clock = clock;
    this.#tracker = tracker;
    this.#node = node;
  }

  /** Sends the first announce. */
  start(): void {
    this.#announce();
  }

  /** Announces that the download is complete. */
  completed(): void {
    this.#announce();
  }

  /** Announces that the node leaves. */
  stop(): void {
    this.#nextMs = Infinity;
    this.#tracker.remove(this.#node);
  }

  /** Sends an announce if one is due. */
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
