/**
 * Who sits where: peers take seats in the rosters of their swarms, move and leave.
 *
 * @module
 */

import type { AddressFamily } from "../../codec/discovery/udp_tracker.ts";
import { FamilyTables } from "./address_index.ts";
import { PeerPlaces } from "./peer_slots.ts";
import { isSeeder, placeOf, type Seat, seatAt, type Swarm } from "./swarm.ts";

/**
 * The seats of all swarms.
 *
 * Peers in a roster are in random order, every order as likely as any other, whoever comes and goes:
 * so neighbours in a roster, which are quick to copy, are as good a choice as peers drawn one by one.
 */
export class Seating {
  /** By address family. */
  readonly tables: Record<AddressFamily, FamilyTables>;
  /** By a peer's number. */
  readonly places = new PeerPlaces();
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
    this.tables = {
      4: new FamilyTables(4, hashKey, this.places, swarms),
      6: new FamilyTables(6, hashKey, this.places, swarms),
    };
  }

  /** Bytes of all tables. */
  get bytes(): number {
    return this.tables[4].bytes + this.tables[6].bytes + this.places.bytes;
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

  /** Seats a peer at a random place of its roster; the one who sat there moves to the end. */
  #sit(
    swarm: Swarm,
    words: Uint16Array,
    peer: number,
    seeder: boolean,
    nowMs: number,
  ): Seat {
    const roster = seeder ? swarm.seeders : swarm.leechers;
    roster.add(words, peer, nowMs);
    const last = roster.length - 1;
    const place = Math.floor(this.#random() * roster.length);
    if (place !== last) {
      roster.swap(place, last);
      this.places.setSeat(roster.peer(last), seatAt(last, seeder));
    }
    this.places.setSeat(peer, seatAt(place, seeder));
    return seatAt(place, seeder);
  }

  /** Empties a seat; the last of the roster moves there. */
  #vacate(swarm: Swarm, seat: Seat): void {
    const roster = swarm.rosterOf(seat);
    const last = roster.length - 1;
    if (placeOf(seat) !== last) {
      roster.swap(placeOf(seat), last);
      this.places.setSeat(roster.peer(placeOf(seat)), seat);
    }
    roster.pop();
  }
}
