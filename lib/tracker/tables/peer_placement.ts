/**
 * Who sits where: peers take seats in the rosters of their swarms, move and leave.
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
 * Peers in each of the two parts of a roster are in random order, every order as likely as any other,
 * whoever comes and goes: so neighbours, which are quick to copy, are as good a choice as peers drawn
 * one by one. In front stands one of each host, see {@link HostFronts}.
 */
export class PeerPlacement {
  /** By address family. */
  readonly tables: Record<AddressFamily, AddressIndex>;
  /** By a peer's number. */
  readonly places = new PeerSlots();
  readonly #fronts: HostFronts;
  readonly #random: () => number;

  /**
   * @param hashKey Two words that nobody else knows.
   * @param random A number from 0 up to 1.
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

  /** Bytes of all tables. */
  get bytes(): number {
    return this.tables[4].bytes + this.tables[6].bytes + this.places.bytes +
      this.#fronts.bytes;
  }

  /** The seat of the peer with an address whose words begin at `words[at]`, or -1. */
  seatOf(swarm: Swarm, words: Uint16Array, at: number): PeerSlot {
    const peer = this.tables[swarm.family].peers.find(swarm, words, at);
    return peer === 0 ? -1 : this.places.seat(peer);
  }

  /** Gives a peer that is new to the swarm a seat. */
  take(swarm: Swarm, words: Uint16Array, seeder: boolean, nowMs: number): PeerSlot {
    const peer = this.places.add(swarm.number);
    const seat = this.#sit(swarm, words, peer, seeder, nowMs);
    this.tables[swarm.family].peers.add(peer);
    return seat;
  }

  /** Takes a peer out of its swarm. */
  leave(swarm: Swarm, seat: PeerSlot): void {
    const peer = swarm.peerAt(seat);
    this.tables[swarm.family].peers.delete(peer);
    this.places.delete(peer);
    this.#vacate(swarm, seat);
  }

  /** Moves a peer from the leechers to the seeders or back. */
  changeSides(swarm: Swarm, from: PeerSlot, words: Uint16Array, nowMs: number): PeerSlot {
    const about = swarm.rosterOf(from).record(indexOf(from));
    const peer = swarm.peerAt(from);
    this.#vacate(swarm, from);
    const seat = this.#sit(swarm, words, peer, !isSeeder(from), nowMs);
    swarm.rosterOf(seat).setRecord(indexOf(seat), about);
    return seat;
  }

  /** Lets a peer that is heard of again stand for its host, if nobody else does. */
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

  /** Moves a peer from behind to a random place in front. */
  #toFront(swarm: Swarm, seat: PeerSlot): PeerSlot {
    const roster = swarm.rosterOf(seat);
    const first = this.#exchange(swarm, seat, roster.front++);
    return this.#exchange(swarm, first, this.#among(0, roster.front));
  }

  /** Empties a seat; the last of its part moves there, and the last of the roster fills the gap. */
  #vacate(swarm: Swarm, seat: PeerSlot): void {
    const roster = swarm.rosterOf(seat);
    this.#fronts.leave(swarm, seat);
    let gap = seat;
    if (indexOf(seat) < roster.front) gap = this.#exchange(swarm, seat, --roster.front);
    this.#exchange(swarm, gap, roster.length - 1);
    roster.pop();
  }

  /** Lets a peer change places with another one of its roster; its new seat. */
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
