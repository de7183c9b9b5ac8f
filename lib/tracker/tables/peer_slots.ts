/**
 * Where each peer of a tracker sits, by its number.
 *
 * @module
 */

import { grown, NumberPool } from "./number_pool.ts";
import type { PeerSlot } from "./swarm.ts";

/** What is kept about a peer, in words. */
const SWARM = 0, SEAT = 1, PLACE_WORDS = 2;

/** More peers than this have no numbers: in the index the rest of a word says something else. */
export const MOST_PEERS = 2 ** 24 - 2;

/** The places of peers: a swarm by its number, and a seat there. Peers are numbers from 1 on. */
export class PeerSlots {
  #places = new Uint32Array(PLACE_WORDS);
  readonly #numbers = new NumberPool();

  /** The number of a new peer of this swarm, which has no seat yet. */
  add(swarm: number): number {
    const peer = this.#numbers.take();
    this.#places = grown(this.#places, PLACE_WORDS * (peer + 1));
    this.#places[PLACE_WORDS * peer + SWARM] = swarm;
    return peer;
  }

  /** Forgets a peer; its number goes to another one. */
  delete(peer: number): void {
    this.#numbers.give(peer);
  }

  /** The number of the peer's swarm. */
  swarm(peer: number): number {
    return this.#places[PLACE_WORDS * peer + SWARM]!;
  }

  /** Where in its swarm the peer sits. */
  seat(peer: number): PeerSlot {
    return this.#places[PLACE_WORDS * peer + SEAT]!;
  }

  /** Notes where in its swarm the peer sits. */
  setSeat(peer: number, seat: PeerSlot): void {
    this.#places[PLACE_WORDS * peer + SEAT] = seat;
  }

  /** Bytes of the places that are or were in use. */
  get bytes(): number {
    return 4 * PLACE_WORDS * (this.#numbers.highest + 1);
  }
}
