/**
 * Looking for peers that have fallen silent, some at a time.
 *
 * @module
 */

import { indexOf, type PeerSlot, type Swarm } from "./swarm.ts";

/** Takes a peer out of its swarm. */
type Remove = (swarm: Swarm, seat: PeerSlot, why: "expired" | "displaced") => void;

/** Goes from peer to peer, and from swarm to swarm, round and round. */
export class Expiry {
  readonly #swarms: readonly (Swarm | undefined)[];
  readonly #remove: Remove;
  /** The next peer to be looked at: its swarm, and its index there. */
  #swarm = 0;
  #index = 0;

  /**
   * @param swarms By number.
   * @param remove Called for those who are to go.
   */
  constructor(swarms: readonly (Swarm | undefined)[], remove: Remove) {
    this.#swarms = swarms;
    this.#remove = remove;
  }

  /**
   * Looks at peers in turn and takes out those that have been silent for longer than `ttlMs`, and all in
   * swarms that gave way. It goes on where it ended before, and looks at none twice.
   *
   * @param steps Each to a peer or from a swarm to the next.
   * @returns How many were taken out.
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
      const seat = swarm.seatWithIndex(this.#index);
      const isSilent = swarm.rosterOf(seat).silentMs(indexOf(seat), nowMs) > ttlMs;
      if (isSilent || swarm.isDissolved) {
        // Another peer, not looked at yet, now has this index, if any does.
        this.#remove(swarm, seat, swarm.isDissolved ? "displaced" : "expired");
        removed++;
      } else this.#index++;
    }
    return removed;
  }
}
