/**
 * Who sits where: peers take seats in the rosters of their swarms, move and leave.
 *
 * @module
 */

import type { AddressFamily } from "../../codec/discovery/udp_tracker.ts";
import { FamilyTables } from "./address_index.ts";
import { PeerPlaces } from "./peer_slots.ts";
import { isSeeder, placeOf, type Seat, seatAt, type Swarm } from "./swarm.ts";
import { HostFronts } from "./host_fronts.ts";

/**
 * The seats of all swarms.
 *
 * Peers in each of the two parts of a roster are in random order, every order as likely as any other,
 * whoever comes and goes: so neighbours, which are quick to copy, are as good a choice as peers drawn
 * one by one. In front stands one of each host, see {@link HostFronts}.
 */
export class Seating {
  /** By address family. */
  readonly tables: Record<AddressFamily, FamilyTables>;
  /** By a peer's number. */
  readonly places = new PeerPlaces();
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
      4: new FamilyTables(4, hashKey, this.places, swarms),
      6: new FamilyTables(6, hashKey, this.places, swarms),
    };
  }

  /** Bytes of all tables. */
  get bytes(): number {
    return this.tables[4].bytes + this.tables[6].bytes + this.places.bytes +
      this.#fronts.bytes;
  }

  /** The seat of the peer with an address whose words begin at `words[at]`, or -1. */
  seatOf(swarm: Swarm, words: Uint16Array, at: number): Seat {
    const peer = this.tables[swarm.family].peers.find(swarm, words, at);
    return peer === 0 ? -1 : this.places.seat(peer);
  }

  /** Gives a peer that is new to the swarm a seat. */
  take(swarm: Swarm, words: Uint16Array, seeder: boolean, nowMs: number): Seat {
    const peer = this.places.add(swarm.number);
    const seat = this.#sit(swarm, words, peer, seeder, nowMs);
    this.tables[swarm.family].peers.add(peer);
    return seat;
  }

  /** Takes a peer out of its swarm. */
  leave(swarm: Swarm, seat: Seat): void {
    const peer = swarm.peerAt(seat);
    this.tables[swarm.family].peers.delete(peer);
    this.places.delete(peer);
    this.#vacate(swarm, seat);
  }

  /** Moves a peer from the leechers to the seeders or back. */
  changeSides(swarm: Swarm, from: Seat, words: Uint16Array, nowMs: number): Seat {
    const about = swarm.rosterOf(from).about(placeOf(from));
    const peer = swarm.peerAt(from);
    this.#vacate(swarm, from);
    const seat = this.#sit(swarm, words, peer, !isSeeder(from), nowMs);
    swarm.rosterOf(seat).setAbout(placeOf(seat), about);
    return seat;
  }

  /** Lets a peer that is heard of again stand for its host, if nobody else does. */
  settle(swarm: Swarm, seat: Seat): Seat {
    const roster = swarm.rosterOf(seat);
    if (roster.frontless === 0 || placeOf(seat) < roster.front) return seat;
    return this.#fronts.needs(swarm, seat) ? this.#toFront(swarm, seat) : seat;
  }

  /** Seats a peer at a random place of its part of the roster. */
  #sit(swarm: Swarm, words: Uint16Array, peer: number, seeder: boolean, nowMs: number): Seat {
    const roster = seeder ? swarm.seeders : swarm.leechers;
    roster.add(words, peer, nowMs);
    const last = seatAt(roster.length - 1, seeder);
    this.places.setSeat(peer, last);
    if (this.#fronts.enter(swarm, last)) return this.#toFront(swarm, last);
    return this.#exchange(swarm, last, this.#among(roster.front, roster.length));
  }

  /** Moves a peer from behind to a random place in front. */
  #toFront(swarm: Swarm, seat: Seat): Seat {
    const roster = swarm.rosterOf(seat);
    const first = this.#exchange(swarm, seat, roster.front++);
    return this.#exchange(swarm, first, this.#among(0, roster.front));
  }

  /** Empties a seat; the last of its part moves there, and the last of the roster fills the gap. */
  #vacate(swarm: Swarm, seat: Seat): void {
    const roster = swarm.rosterOf(seat);
    this.#fronts.leave(swarm, seat);
    let gap = seat;
    if (placeOf(seat) < roster.front) gap = this.#exchange(swarm, seat, --roster.front);
    this.#exchange(swarm, gap, roster.length - 1);
    roster.pop();
  }

  /** Lets a peer change places with another one of its roster; its new seat. */
  #exchange(swarm: Swarm, seat: Seat, place: number): Seat {
    if (placeOf(seat) === place) return seat;
    const roster = swarm.rosterOf(seat);
    const target = seatAt(place, isSeeder(seat));
    roster.swap(placeOf(seat), place);
    this.places.setSeat(roster.peer(placeOf(seat)), seat);
    this.places.setSeat(roster.peer(place), target);
    return target;
  }

  #among(first: number, end: number): number {
    return first + Math.floor(this.#random() * (end - first));
  }
}
