/**
 * Assigns peers to seats in the rosters of their swarms, moves them and removes them.
 *
 * @module
 */

import type { AddressFamily } from "../../codec/discovery/udp_tracker.ts";
import { AddressIndex } from "./address_index.ts";
import { HostFronts } from "./host_fronts.ts";
import { PeerSlots } from "./peer_slots.ts";
import { indexOf, isSeeder, type PeerSlot, slotAt, type Swarm } from "./swarm.ts";

/**
 * The seats of all swarms.
 *
 * Within each of the two parts of a roster the peers are in uniformly random order, however peers come and
 * go. A run of neighbours, which is quick to copy, is therefore as good a choice as peers drawn one by one.
 * The front part holds one peer of each host, see {@link HostFronts}.
 */
export class PeerPlacement {
  /** Lookup tables by address family. */
  readonly tables: Record<AddressFamily, AddressIndex>;
  /** Seats by peer number. */
  readonly places = new PeerSlots();
  readonly #fronts: HostFronts;
  readonly #random: () => number;

  /**
   * @param hashKey Two secret words.
   * @param random Returns a number from 0 (inclusive) to 1 (exclusive).
   * @param swarms By number.
   */
  constructor(
    hashKey: Uint32Array,
    random: () => number,
    swarms: readonly (Swarm | undefined)[],
  ) {
    this.#random = random;
    this.#fronts = new HostFronts(hashKey);
    this.tables = {
      4: new AddressIndex(4, hashKey, this.places, swarms),
      6: new AddressIndex(6, hashKey, this.places, swarms),
    };
  }

  /** Size of all tables in bytes. */
  get bytes(): number {
    return this.tables[4].bytes + this.tables[6].bytes + this.places.bytes +
      this.#fronts.bytes;
  }

  /** The seat of the peer whose address begins at `words[at]`, or -1. */
  seatOf(swarm: Swarm, words: Uint16Array, at: number): PeerSlot {
    const peer = this.tables[swarm.family].peers.find(swarm, words, at);
    return peer === 0 ? -1 : this.places.seat(peer);
  }

  /** Gives a seat to a peer that is new to the swarm. */
  take(swarm: Swarm, words: Uint16Array, seeder: boolean, nowMs: number): PeerSlot {
    const peer = this.places.add(swarm.number);
    const seat = this.#sit(swarm, words, peer, seeder, nowMs);
    this.tables[swarm.family].peers.add(peer);
    return seat;
  }

  /** Removes a peer from its swarm. */
  leave(swarm: Swarm, seat: PeerSlot): void {
    const peer = swarm.peerAt(seat);
    this.tables[swarm.family].peers.delete(peer);
    this.places.delete(peer);
    this.#vacate(swarm, seat);
  }

  /** Moves a peer from the leechers to the seeders or back; returns its new seat. */
  changeSides(swarm: Swarm, from: PeerSlot, words: Uint16Array, nowMs: number): PeerSlot {
    const about = swarm.rosterOf(from).record(indexOf(from));
    const peer = swarm.peerAt(from);
    this.#vacate(swarm, from);
    const seat = this.#sit(swarm, words, peer, !isSeeder(from), nowMs);
    swarm.rosterOf(seat).setRecord(indexOf(seat), about);
    return seat;
  }

  /**
   * Moves a peer that announced again to the front if no other peer of its host is there; returns its seat.
   */
  settle(swarm: Swarm, seat: PeerSlot): PeerSlot {
    const roster = swarm.rosterOf(seat);
    if (roster.frontless === 0 || indexOf(seat) < roster.front) return seat;
    return this.#fronts.needs(swarm, seat) ? this.#toFront(swarm, seat) : seat;
  }

  /** Seats a peer at a random place of its part of the roster. */
  #sit(swarm: Swarm, words: Uint16Array, peer: number, seeder: boolean, nowMs: number): PeerSlot {
    const roster = seeder ? swarm.seeders : swarm.leechers;
    roster.add(words, peer, nowMs);
    const last = slotAt(roster.length - 1, seeder);
    this.places.setSeat(peer, last);
    if (this.#fronts.enter(swarm, last)) return this.#toFront(swarm, last);
    return this.#exchange(swarm, last, this.#among(roster.front, roster.length));
  }

  /** Moves a peer from the back part to a random place in the front part. */
  #toFront(swarm: Swarm, seat: PeerSlot): PeerSlot {
    const roster = swarm.rosterOf(seat);
    const first = this.#exchange(swarm, seat, roster.front++);
    return this.#exchange(swarm, first, this.#among(0, roster.front));
  }

  /**
   * Empties a seat. The last peer of its part moves there, and the last peer of the roster fills that gap.
   */
  #vacate(swarm: Swarm, seat: PeerSlot): void {
    const roster = swarm.rosterOf(seat);
    this.#fronts.leave(swarm, seat);
    let gap = seat;
    if (indexOf(seat) < roster.front) gap = this.#exchange(swarm, seat, --roster.front);
    this.#exchange(swarm, gap, roster.length - 1);
    roster.pop();
  }

  /** Swaps a peer with another one of its roster; returns its new seat. */
  #exchange(swarm: Swarm, seat: PeerSlot, place: number): PeerSlot {
    if (indexOf(seat) === place) return seat;
    const roster = swarm.rosterOf(seat);
    const target = slotAt(place, isSeeder(seat));
    roster.swap(indexOf(seat), place);
    this.places.setSeat(roster.peer(indexOf(seat)), seat);
    this.places.setSeat(roster.peer(place), target);
    return target;
  }

  #among(first: number, end: number): number {
    return first + Math.floor(this.#random() * (end - first));
  }
}
