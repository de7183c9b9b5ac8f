/**
 * Finds peers that have stopped announcing, a few at a time.
 *
 * @module
 */

import { indexOf, type PeerSlot, type Swarm } from "./swarm.ts";

/** Removes a peer from its swarm. */
type Remove = (swarm: Swarm, slot: PeerSlot, why: "expired" | "displaced") => void;

/** Cycles through the peers of all swarms. */
export class Expiry {
  readonly #swarms: readonly (Swarm | undefined)[];
  readonly #remove: Remove;
  /** The next peer to examine: its swarm's number, and its index there. */
  #swarm = 0;
  #index = 0;

  /**
   * @param swarms By number.
   * @param remove Called for each peer to remove.
   */
  constructor(swarms: readonly (Swarm | undefined)[], remove: Remove) {
    this.#swarms = swarms;
    this.#remove = remove;
  }

  /**
   * Examines peers in turn. Removes those that have been silent for longer than `ttlMs`, and all peers of
   * dissolved swarms. Each call resumes where the last one stopped, and examines no peer twice.
   *
   * @param steps Number of steps, each to the next peer or to the next swarm.
   * @returns The number of peers removed.
   */
  step(nowMs: number, ttlMs: number, steps: number): number {
    let removed = 0;
    for (let left = steps; left > 0; left--) {
      const swarm = this.#swarms[this.#swarm];
      if (swarm === undefined || this.#index >= swarm.size) {
        this.#swarm = this.#swarm + 1 < this.#swarms.length ? this.#swarm + 1 : 0;
        this.#index = 0;
        continue;
      }
      const slot = swarm.slotWithIndex(this.#index);
      const isSilent = swarm.rosterOf(slot).silentMs(indexOf(slot), nowMs) > ttlMs;
      if (isSilent || swarm.isDissolved) {
        // The index stays the same: another peer that has not been examined may now be there.
        this.#remove(swarm, slot, swarm.isDissolved ? "displaced" : "expired");
        removed++;
      } else this.#index++;
    }
    return removed;
  }
}
