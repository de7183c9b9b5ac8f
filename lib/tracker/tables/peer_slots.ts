/**
 * The slot of each peer of a tracker, by the peer's number.
 *
 * @module
 */

import { grown, NumberPool } from "./number_pool.ts";
import type { PeerSlot } from "./swarm.ts";

/** Words of a peer's record. */
const SWARM = 0, SEAT = 1, PLACE_WORDS = 2;

/** Maximum number of peers: the index uses the remaining bits of a word for part of the hash. */
export const MOST_PEERS = 2 ** 24 - 2;

/** The swarm, by number, and the slot of each peer. Peers are numbered from 1. */
export class PeerSlots {
  #places = new Uint32Array(PLACE_WORDS);
  readonly #numbers = new NumberPool();

  /** Allocates a number for a new peer of this swarm, which has no slot yet. */
  add(swarm: number): number {
    const peer = this.#numbers.take();
    this.#places = grown(this.#places, PLACE_WORDS * (peer + 1));
    this.#places[PLACE_WORDS * peer + SWARM] = swarm;
    return peer;
  }

  /** Removes a peer; its number is reused. */
  delete(peer: number): void {
    this.#numbers.give(peer);
  }

  /** The number of the peer's swarm. */
  swarm(peer: number): number {
    return this.#places[PLACE_WORDS * peer + SWARM]!;
  }

  /** The peer's slot in its swarm. */
  slot(peer: number): PeerSlot {
    return this.#places[PLACE_WORDS * peer + SEAT]!;
  }

  /** Sets the peer's slot in its swarm. */
  setSlot(peer: number, slot: PeerSlot): void {
    this.#places[PLACE_WORDS * peer + SEAT] = slot;
  }

  /** Bytes of the records that are or were in use. */
  get bytes(): number {
    return 4 * PLACE_WORDS * (this.#numbers.highest + 1);
  }
}
