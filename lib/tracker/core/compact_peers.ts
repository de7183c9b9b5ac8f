/**
 * Selects the peers that an announce is answered with.
 *
 * A peer that announced from a loopback address is reachable only from this machine. Other peers receive it
 * under the tracker's own address on their side of the network.
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

/** Offset in 16-bit words. */
const FIRST_PEER = ANNOUNCE_HEADER_LENGTH / 2;

/** What peer lists are built from. */
export interface PeerListOptions {
  swarms: SwarmTable;
  random: () => number;
  addressFor: (host: string) => string | undefined;
  maxPeersPerAnswer: number;
}

/** A request for peers: who asks and from which swarm. */
interface PeersWanted {
  swarm: Swarm;
  sender: RequestOrigin;
  /** The requester's own slot, or -1. */
  own: PeerSlot;
  /** How many peers it wants; a negative number leaves the choice to the tracker. */
  count: number;
  leechersOnly: boolean;
  into: ResponseBuffer;
}

/** Share of an answer given to additional peers of the same host while enough other hosts exist. */
const SHARE_BEHIND = 1 / 8;

/** Part numbers of a swarm. Each pair holds seeders, then leechers, mixed in proportion to their numbers. */
const PARTS = 4, IN_FRONT = 0, BEHIND = 2;

/**
 * Writes lists of compact peers. A list never contains the requester and only contains addresses it can
 * reach.
 *
 * Peers are taken as consecutive runs of a roster from a random start, with seeders and leechers in the
 * proportion in which the swarm has them. The one peer that stands for each host comes first, so a host that
 * invents many ports gets only a small share of the list as long as there are other hosts. A swarm whose
 * peers all share one address is served like any other.
 */
export class CompactPeers {
  readonly #options: PeerListOptions;
  /** Number of peers written to the current list. */
  #written = 0;
  /** The tracker's own address on the requester's side, for peers on the tracker's machine. */
  #ownAddress: Uint8Array | undefined;
  /**
   * For each part of the current list: first index, length, start offset, and how many were offered so far.
   */
  readonly #first = new Uint32Array(PARTS);
  readonly #length = new Uint32Array(PARTS);
  readonly #from = new Uint32Array(PARTS);
  readonly #offered = new Uint32Array(PARTS);
  /** Number of peers other than the requester, for each part. */
  readonly #others = new Uint32Array(PARTS);

  /** @param options What lists are built from. */
  constructor(options: PeerListOptions) {
    this.#options = options;
  }

  /** Writes the peers after the header of an answer and returns their length in bytes. */
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
    // Unreachable peers were skipped and left room.
    for (let part = 0; part < PARTS; part++) this.#take(wanted, part, most);
    return this.#written * 2 * seeders.stride;
  }

  /** Prepares one part of a roster, with a random start. */
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

  /** How many of `most` peers come from the additional peers of hosts. */
  #behindOf(most: number): number {
    const front = this.#others[IN_FRONT]! + this.#others[IN_FRONT + 1]!;
    const behind = this.#others[BEHIND]! + this.#others[BEHIND + 1]!;
    if (front + behind <= most) return behind;
    const even = this.#rounded(most * behind / (front + behind));
    return Math.min(even, Math.max(most - front, this.#rounded(most * SHARE_BEHIND)));
  }

  /** Writes `count` seeders and leechers of a pair of parts, in the proportion in which they exist. */
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

  /** Writes peers from a part, resuming where it stopped, until the list has `end` peers. */
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

  /** Writes consecutive peers of a roster, leaving out those the requester cannot reach. */
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
   * Replaces the loopback addresses among the peers just copied with the tracker's own address. Peers for
   * which that does not help are removed and the gaps closed.
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
        // A peer that announces over both addresses, perhaps the requester itself, is already known by this
        // one.
        if (this.#options.swarms.slotOf(swarm, into.words, to) >= 0) continue;
      }
      this.#written++;
      to += stride;
    }
  }

  /** Maximum number of peers for the answer. */
  #most({ swarm, count }: PeersWanted): number {
    const fitting = Math.floor((MAX_ANSWER_LENGTH / 2 - FIRST_PEER) / swarm.seeders.stride);
    const most = Math.min(this.#options.maxPeersPerAnswer, fitting);
    return count < 0 ? most : Math.min(count, most);
  }

  /** Rounds up or down at random, with the fraction as the probability of rounding up. */
  #rounded(number: number): number {
    return Math.floor(number + this.#options.random());
  }

  /** This machine's address on the sender's side, as bytes; undefined when it is not needed. */
  #addressTowards({ swarm, sender }: PeersWanted): Uint8Array | undefined {
    if (sender.loopback || swarm.loopbackPeers === 0) return undefined;
    const address = this.#options.addressFor(bytesToIp(sender.ip));
    const bytes = address === undefined ? undefined : ipToBytes(address);
    return bytes?.length === sender.ip.length ? bytes : undefined;
  }
}

/** The requester's index in this roster; -1 if it is not in it. */
function ownPlaceIn({ own }: PeersWanted, seeders: boolean): number {
  return own >= 0 && isSeeder(own) === seeders ? indexOf(own) : -1;
}
