/**
 * Assigns peers to slots in the rosters of their swarms, moves them and removes them.
 *
 * @module
 */

import type { AddressFamily } from "../../codec/discovery/udp_tracker.ts";
import { AddressIndex } from "./address_index.ts";
import { HostFronts } from "./host_fronts.ts";
import { PeerSlots } from "./peer_slots.ts";
import { indexOf, isSeeder, type PeerSlot, slotAt, type Swarm } from "./swarm.ts";

/**
 * The slots of all swarms.
 *
 * Within each of the two parts of a roster the peers are in uniformly random order, however peers come and
 * go. A run of neighbours, which is quick to copy, is therefore as good a choice as peers drawn one by one.
 * The front part holds one peer of each host, see {@link HostFronts}.
 */
export class PeerPlacement {
  /** Lookup tables by address family. */
  readonly tables: Record<AddressFamily, AddressIndex>;
  /** Slots by peer number. */
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

  /** The slot of the peer whose address begins at `words[at]`, or -1. */
  slotOf(swarm: Swarm, words: Uint16Array, at: number): PeerSlot {
    const peer = this.tables[swarm.family].peers.find(swarm, words, at);
    return peer === 0 ? -1 : this.places.slot(peer);
  }

  /** Gives a slot to a peer that is new to the swarm. */
  take(swarm: Swarm, words: Uint16Array, seeder: boolean, nowMs: number): PeerSlot {
    const peer = this.places.add(swarm.number);
    const slot = this.#sit(swarm, words, peer, seeder, nowMs);
    this.tables[swarm.family].peers.add(peer);
    return slot;
  }

  /** Removes a peer from its swarm. */
  leave(swarm: Swarm, slot: PeerSlot): void {
    const peer = swarm.peerAt(slot);
    this.tables[swarm.family].peers.delete(peer);
    this.places.delete(peer);
    this.#vacate(swarm, slot);
  }

  /** Moves a peer from the leechers to the seeders or back; returns its new slot. */
  changeSides(swarm: Swarm, from: PeerSlot, words: Uint16Array, nowMs: number): PeerSlot {
    const about = swarm.rosterOf(from).record(indexOf(from));
    const peer = swarm.peerAt(from);
    this.#vacate(swarm, from);
    const slot = this.#sit(swarm, words, peer, !isSeeder(from), nowMs);
    swarm.rosterOf(slot).setRecord(indexOf(slot), about);
    return slot;
  }

  /**
   * Moves a peer that announced again to the front if no other peer of its host is there; returns its slot.
   */
  settle(swarm: Swarm, slot: PeerSlot): PeerSlot {
    const roster = swarm.rosterOf(slot);
    if (roster.frontless === 0 || indexOf(slot) < roster.front) return slot;
    return this.#fronts.needs(swarm, slot) ? this.#toFront(swarm, slot) : slot;
  }

  /** Puts a peer at a random place of its part of the roster. */
  #sit(swarm: Swarm, words: Uint16Array, peer: number, seeder: boolean, nowMs: number): PeerSlot {
    const roster = seeder ? swarm.seeders : swarm.leechers;
    roster.add(words, peer, nowMs);
    const last = slotAt(roster.length - 1, seeder);
    this.places.setSlot(peer, last);
    if (this.#fronts.enter(swarm, last)) return this.#toFront(swarm, last);
    return this.#exchange(swarm, last, this.#among(roster.front, roster.length));
  }

  /** Moves a peer from the back part to a random place in the front part. */
  #toFront(swarm: Swarm, slot: PeerSlot): PeerSlot {
    const roster = swarm.rosterOf(slot);
    const first = this.#exchange(swarm, slot, roster.front++);
    return this.#exchange(swarm, first, this.#among(0, roster.front));
  }

  /**
   * Empties a slot. The last peer of its part moves there, and the last peer of the roster fills that gap.
   */
  #vacate(swarm: Swarm, slot: PeerSlot): void {
    const roster = swarm.rosterOf(slot);
    this.#fronts.leave(swarm, slot);
    let gap = slot;
    if (indexOf(slot) < roster.front) gap = this.#exchange(swarm, slot, --roster.front);
    this.#exchange(swarm, gap, roster.length - 1);
    roster.pop();
  }

  /** Swaps a peer with another one of its roster; returns its new slot. */
  #exchange(swarm: Swarm, slot: PeerSlot, place: number): PeerSlot {
    if (indexOf(slot) === place) return slot;
    const roster = swarm.rosterOf(slot);
    const target = slotAt(place, isSeeder(slot));
    roster.swap(indexOf(slot), place);
    this.places.setSlot(roster.peer(indexOf(slot)), slot);
    this.places.setSlot(roster.peer(place), target);
    return target;
  }

  #among(first: number, end: number): number {
    return first + Math.floor(this.#random() * (end - first));
  }
}
