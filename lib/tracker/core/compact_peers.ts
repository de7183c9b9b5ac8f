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
import type { RequestOrigin } from "../tables/origin.ts";
import type { PeerTable } from "../tables/peer_table.ts";
import { indexOf, isSeeder, type PeerSlot, slotAt, type Swarm } from "../tables/swarm.ts";
import type { SwarmTable } from "../tables/swarm_table.ts";
import { MAX_ANSWER_LENGTH, type ResponseBuffer } from "./response_buffer.ts";

/** In words of 16 bits. */
const FIRST_PEER = ANNOUNCE_HEADER_LENGTH / 2;

/** What a list of peers is made from. */
export interface PeerListOptions {
  swarms: SwarmTable;
  random: () => number;
  addressFor: (host: string) => string | undefined;
  maxPeersPerAnswer: number;
}

/** Who asks for peers, and for which. */
interface PeersWanted {
  swarm: Swarm;
  sender: RequestOrigin;
  /** Where the sender itself sits, or -1. */
  own: PeerSlot;
  /** How many it wants; negative leaves it to the tracker. */
  count: number;
  leechersOnly: boolean;
  into: ResponseBuffer;
}

/** What of an answer may go to further peers of hosts, while enough others are there. */
const SHARE_BEHIND = 1 / 8;

/** The parts of a swarm, by number; the two of each pair are told in the proportion of their sizes. */
const PARTS = 4, IN_FRONT = 0, BEHIND = 2;

/**
 * Writes lists of compact peers: never the asker itself, and only addresses it can reach.
 *
 * They are neighbours in a roster from a random place on, seeders and leechers in the proportion in
 * which the swarm has them. Those who stand for their host come first: however many ports a host
 * invents, as long as there are others it has a small share of the list. A swarm all of whose machines
 * are behind one address is told of them as of any.
 */
export class CompactPeers {
  readonly #options: PeerListOptions;
  /** Of the list being written: how many peers it has so far. */
  #written = 0;
  /** For it: the tracker's own address on the asker's side, for peers on its machine. */
  #ownAddress: Uint8Array | undefined;
  /** For it, by part: its first place, its length, where to begin, how many have had their turn. */
  readonly #first = new Uint32Array(PARTS);
  readonly #length = new Uint32Array(PARTS);
  readonly #from = new Uint32Array(PARTS);
  readonly #offered = new Uint32Array(PARTS);
  /** For it: who there is beside the asker, by part. */
  readonly #others = new Uint32Array(PARTS);

  /** @param options What lists are made from. */
  constructor(options: PeerListOptions) {
    this.#options = options;
  }

  /** Writes the peers behind the header of an answer; how many bytes they take. */
  write(wanted: PeersWanted): number {
    const { seeders, leechers } = wanted.swarm;
    const most = this.#most(wanted);
    this.#written = 0;
    this.#ownAddress = this.#addressTowards(wanted);
    for (const part of [IN_FRONT, BEHIND]) {
      this.#open(part, seeders, wanted.leechersOnly, ownPlaceIn(wanted, true));
      this.#open(part + 1, leechers, false, ownPlaceIn(wanted, false));
    }
    const behind = this.#behindOf(most);
    this.#takePair(wanted, IN_FRONT, most - behind);
    this.#takePair(wanted, BEHIND, behind);
    // Peers that cannot be reached leave room.
    for (let part = 0; part < PARTS; part++) this.#take(wanted, part, most);
    return this.#written * 2 * seeders.stride;
  }

  /** Begins with a part of a roster, at a random place. */
  #open(part: number, roster: PeerTable, isUnwanted: boolean, ownPlace: number): void {
    const first = part < BEHIND ? 0 : roster.front;
    const length = isUnwanted ? 0 : (part < BEHIND ? roster.front : roster.length) - first;
    const hasOwn = ownPlace >= first && ownPlace < first + length;
    this.#first[part] = first;
    this.#length[part] = length;
    this.#others[part] = hasOwn ? length - 1 : length;
    this.#from[part] = Math.floor(this.#options.random() * length);
    this.#offered[part] = 0;
  }

  /** How many of `most` peers are to be further ones of their hosts. */
  #behindOf(most: number): number {
    const front = this.#others[IN_FRONT]! + this.#others[IN_FRONT + 1]!;
    const behind = this.#others[BEHIND]! + this.#others[BEHIND + 1]!;
    if (front + behind <= most) return behind;
    const even = this.#rounded(most * behind / (front + behind));
    return Math.min(even, Math.max(most - front, this.#rounded(most * SHARE_BEHIND)));
  }

  /** Writes so many peers of both kinds, in the proportion in which they are there. */
  #takePair(wanted: PeersWanted, part: number, count: number): void {
    const seeders = this.#others[part]!, leechers = this.#others[part + 1]!;
    const all = seeders + leechers;
    if (all === 0 || count === 0) return;
    const end = this.#written + count;
    const share = all <= count ? seeders : this.#rounded(count * seeders / all);
    this.#take(wanted, part, this.#written + share);
    this.#take(wanted, part + 1, end);
    this.#take(wanted, part, end);
  }

  /** Writes peers of a part whose turn it is, until there are `end` in the list. */
  #take(wanted: PeersWanted, part: number, end: number): void {
    const seeders = part % 2 === 0;
    const first = this.#first[part]!, length = this.#length[part]!, from = this.#from[part]!;
    const own = ownPlaceIn(wanted, seeders) - first;
    let offered = this.#offered[part]!;
    while (offered < length && this.#written < end) {
      const place = from + offered < length ? from + offered : from + offered - length;
      if (place === own) {
        offered++;
        continue;
      }
      const stop = own > place ? Math.min(own, length) : length;
      const run = Math.min(stop - place, length - offered, end - this.#written);
      this.#copy(wanted, seeders, first + place, run);
      offered += run;
    }
    this.#offered[part] = offered;
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
      if (swarm.isLoopback(slotAt(place + i, seeders))) {
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

  /** A whole number, up or down by chance. */
  #rounded(number: number): number {
    return Math.floor(number + this.#options.random());
  }

  /** This machine's address on the sender's side, as bytes, where peers are to be told under it. */
  #addressTowards({ swarm, sender }: PeersWanted): Uint8Array | undefined {
    if (sender.loopback || swarm.loopbackPeers === 0) return undefined;
    const address = this.#options.addressFor(bytesToIp(sender.ip));
    const bytes = address === undefined ? undefined : ipToBytes(address);
    return bytes?.length === sender.ip.length ? bytes : undefined;
  }
}

/** Where in this roster the asker sits; -1 when it does not. */
function ownPlaceIn({ own }: PeersWanted, seeders: boolean): number {
  return own >= 0 && isSeeder(own) === seeders ? indexOf(own) : -1;
}
