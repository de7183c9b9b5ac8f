/**
 * The peers of one torrent that came over one address family, and fair draws from them.
 *
 * @module
 */

import type { AddressFamily, SwarmCounts } from "../codec/udp_tracker.ts";
import type { Listing } from "./catalogue.ts";
import type { Recent } from "./recency.ts";

/** A peer as a tracker knows it: one address in one swarm. */
export interface Peer extends Recent {
  swarm: Swarm;
  /** Address and port as they go into answers, 6 or 18 bytes. */
  compact: Uint8Array;
  /** The same as a string, by which it is known in its swarm. */
  key: string;
  /** It announced from a loopback address, so only this machine can reach that. */
  loopback: boolean;
  seeder: boolean;
  /** Its `completed` has been counted. */
  completed: boolean;
  /** What it lists in the catalogue. */
  listing: Listing | undefined;
  /** Its index among the seeders or leechers of its swarm. */
  slot: number;
}

/**
 * One swarm. Invariant: every peer in `byKey` is in exactly one of the two lists, the one its `seeder`
 * says, at its `slot`. The order within the lists means nothing.
 */
export class Swarm {
  readonly byKey = new Map<string, Peer>();
  readonly #seeders: Peer[] = [];
  readonly #leechers: Peer[] = [];
  /** Downloads completed. */
  completed = 0;

  /**
   * @param key The info-hash as a binary string.
   * @param sinceMs When it came to be.
   */
  constructor(readonly key: string, readonly family: AddressFamily, readonly sinceMs: number) {}

  /** Its size. */
  counts(): SwarmCounts {
    return {
      seeders: this.#seeders.length,
      completed: this.completed,
      leechers: this.#leechers.length,
    };
  }

  /** Adds a peer that is not in the swarm. */
  add(peer: Peer): void {
    this.byKey.set(peer.key, peer);
    this.#put(peer);
  }

  /** Takes out a peer of the swarm. */
  remove(peer: Peer): void {
    this.byKey.delete(peer.key);
    this.#take(peer);
  }

  /** Moves a peer of the swarm to the seeders or the leechers. */
  setSeeder(peer: Peer, seeder: boolean): void {
    if (peer.seeder === seeder) return;
    this.#take(peer);
    peer.seeder = seeder;
    this.#put(peer);
  }

  /**
   * Offers peers in random order, each at most once and all orders equally likely, until `take` has
   * accepted `count` of them or all have been offered. The cost grows with the number offered, not
   * with the swarm.
   *
   * @param random A number from 0 up to 1.
   */
  draw(
    count: number,
    leechersOnly: boolean,
    random: () => number,
    take: (peer: Peer) => boolean,
  ): void {
    let seedersDrawn = leechersOnly ? this.#seeders.length : 0;
    let leechersDrawn = 0;
    for (let accepted = 0; accepted < count;) {
      const seedersLeft = this.#seeders.length - seedersDrawn;
      const left = seedersLeft + this.#leechers.length - leechersDrawn;
      if (left === 0) return;
      const peer = random() * left < seedersLeft
        ? drawNext(this.#seeders, seedersDrawn++, random)
        : drawNext(this.#leechers, leechersDrawn++, random);
      if (take(peer)) accepted++;
    }
  }

  /** Throws when the invariant does not hold; for tests. */
  checkInvariant(): void {
    for (const [list, seeder] of [[this.#seeders, true], [this.#leechers, false]] as const) {
      for (const [slot, peer] of list.entries()) {
        const sound = peer.slot === slot && peer.seeder === seeder && peer.swarm === this &&
          this.byKey.get(peer.key) === peer;
        if (!sound) throw new Error(`a peer is out of place at slot ${slot}`);
      }
    }
    if (this.byKey.size !== this.#seeders.length + this.#leechers.length) {
      throw new Error("a peer is in no list");
    }
  }

  #put(peer: Peer): void {
    const list = peer.seeder ? this.#seeders : this.#leechers;
    peer.slot = list.length;
    list.push(peer);
  }

  #take(peer: Peer): void {
    const list = peer.seeder ? this.#seeders : this.#leechers;
    const last = list.pop()!;
    if (last === peer) return;
    list[peer.slot] = last;
    last.slot = peer.slot;
  }
}

/** One step of a Fisher-Yates shuffle: a random peer of those from index `drawn` on moves there. */
function drawNext(list: Peer[], drawn: number, random: () => number): Peer {
  const slot = drawn + Math.floor(random() * (list.length - drawn));
  const peer = list[slot]!;
  const displaced = list[drawn]!;
  list[slot] = displaced;
  displaced.slot = slot;
  list[drawn] = peer;
  peer.slot = drawn;
  return peer;
}
