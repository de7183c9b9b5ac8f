/**
 * The peers an announce is answered with.
 *
 * A peer that announced from a loopback address can be reached by loopback askers only; others get it
 * under the tracker's own address on their side.
 *
 * @module
 */

import { bytesToIp, ipToBytes } from "../../codec/address.ts";
import { ANNOUNCE_HEADER_LENGTH } from "../../codec/discovery/udp_tracker.ts";
import { type AnswerBuffer, MAX_ANSWER_LENGTH } from "./response_buffer.ts";
import type { Sender } from "../tables/origin.ts";
import { isSeeder, placeOf, type Seat, seatAt, type Swarm } from "../tables/swarm.ts";
import type { Swarms } from "../tables/swarm_table.ts";

/** In words of 16 bits. */
const FIRST_PEER = ANNOUNCE_HEADER_LENGTH / 2;

/** What a list of peers is made from. */
export interface PeerListOptions {
  swarms: Swarms;
  random: () => number;
  addressFor: (host: string) => string | undefined;
  maxPeersPerAnswer: number;
}

/** Who asks for peers, and for which. */
export interface PeersWanted {
  swarm: Swarm;
  sender: Sender;
  /** Where the sender itself sits, or -1. */
  own: Seat;
  /** How many it wants; negative leaves it to the tracker. */
  count: number;
  leechersOnly: boolean;
  into: AnswerBuffer;
}

/**
 * Writes lists of compact peers: never the asker itself, and only addresses it can reach.
 *
 * They are neighbours in a roster from a random place on, seeders and leechers in the proportion in
 * which the swarm has them.
 */
export class PeerLists {
  readonly #options: PeerListOptions;
  /** Of the list being written: how many peers it has so far. */
  #written = 0;
  /** For it: the tracker's own address on the asker's side, for peers on its machine. */
  #ownAddress: Uint8Array | undefined;

  /** @param options What lists are made from. */
  constructor(options: PeerListOptions) {
    this.#options = options;
  }

  /** Writes the peers behind the header of an answer; how many bytes they take. */
  write(wanted: PeersWanted): number {
    const { swarm, leechersOnly } = wanted;
    const { seeders, leechers } = swarm;
    const most = this.#most(wanted);
    const from = this.#placeIn(seeders.length);
    this.#written = 0;
    this.#ownAddress = this.#addressTowards(wanted);
    const offered = leechersOnly
      ? seeders.length
      : this.#take(wanted, true, from, 0, this.#seedersOf(wanted, most));
    this.#take(wanted, false, this.#placeIn(leechers.length), 0, most);
    // Leechers that cannot be reached leave room.
    this.#take(wanted, true, from, offered, most);
    return this.#written * 2 * seeders.stride;
  }

  /**
   * Writes peers of one roster, from place `from` on and around, of which the first `offered` have had
   * their turn, until there are `most` in the list.
   *
   * @returns How many have had their turn.
   */
  #take(wanted: PeersWanted, seeders: boolean, from: number, offered: number, most: number) {
    const { swarm, own } = wanted;
    const { length } = seeders ? swarm.seeders : swarm.leechers;
    const ownPlace = own >= 0 && isSeeder(own) === seeders ? placeOf(own) : -1;
    while (offered < length && this.#written < most) {
      const place = from + offered < length ? from + offered : from + offered - length;
      if (place === ownPlace) {
        offered++;
        continue;
      }
      const end = ownPlace > place ? ownPlace : length;
      const run = Math.min(end - place, length - offered, most - this.#written);
      this.#copy(wanted, seeders, place, run);
      offered += run;
    }
    return offered;
  }

  /** Writes neighbours in a roster, without those that the asker cannot reach. */
  #copy(wanted: PeersWanted, seeders: boolean, place: number, run: number): void {
    const { swarm, into } = wanted;
    const { words, stride } = seeders ? swarm.seeders : swarm.leechers;
    const target = into.words;
    const end = (place + run) * stride;
    let to = FIRST_PEER + this.#written * stride;
    for (let at = place * stride; at < end; at++) target[to++] = words[at]!;
    if (wanted.sender.loopback || swarm.loopbackPeers === 0) this.#written += run;
    else this.#translate(wanted, seeders, place, run);
  }

  /**
   * Puts the tracker's own address into those of the peers just copied that are on its machine, and
   * closes the gaps that are left by those for which that is of no use.
   */
  #translate({ swarm, into }: PeersWanted, seeders: boolean, place: number, run: number): void {
    const { stride } = swarm.seeders;
    const first = FIRST_PEER + this.#written * stride;
    let to = first;
    for (let i = 0; i < run; i++) {
      into.words.copyWithin(to, first + i * stride, first + (i + 1) * stride);
      if (swarm.isLoopback(seatAt(place + i, seeders))) {
        if (this.#ownAddress === undefined) continue;
        into.bytes.set(this.#ownAddress, 2 * to);
        // A peer that announces over both addresses, the asker itself perhaps, is told under this one.
        if (this.#options.swarms.seatOf(swarm, into.words, to) >= 0) continue;
      }
      this.#written++;
      to += stride;
    }
  }

  /** How many peers the answer may hold. */
  #most({ swarm, count }: PeersWanted): number {
    const fitting = Math.floor((MAX_ANSWER_LENGTH / 2 - FIRST_PEER) / swarm.seeders.stride);
    const most = Math.min(this.#options.maxPeersPerAnswer, fitting);
    return count < 0 ? most : Math.min(count, most);
  }

  /** How many of `most` peers are to be seeders, up or down by chance where that is no whole number. */
  #seedersOf({ swarm, own }: PeersWanted, most: number): number {
    const seeders = swarm.seeders.length - (own >= 0 && isSeeder(own) ? 1 : 0);
    const others = swarm.size - (own >= 0 ? 1 : 0);
    if (others <= most) return seeders;
    return Math.floor(most * seeders / others + this.#options.random());
  }

  #placeIn(length: number): number {
    return Math.floor(this.#options.random() * length);
  }

  /** This machine's address on the sender's side, as bytes, where peers are to be told under it. */
  #addressTowards({ swarm, sender }: PeersWanted): Uint8Array | undefined {
    if (sender.loopback || swarm.loopbackPeers === 0) return undefined;
    const address = this.#options.addressFor(bytesToIp(sender.ip));
    const bytes = address === undefined ? undefined : ipToBytes(address);
    return bytes?.length === sender.ip.length ? bytes : undefined;
  }
}
