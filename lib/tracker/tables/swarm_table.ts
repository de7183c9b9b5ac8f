/**
 * All swarms of a tracker: who is in which, for how long, and within which bounds.
 *
 * Swarms are kept per address family: a peer that came over IPv4 is known to those that ask over IPv4.
 *
 * @module
 */

import { fromHex, hex } from "../../codec/bytes.ts";
import type { AddressFamily, SwarmCounts } from "../../codec/discovery/udp_tracker.ts";
import { Expiry } from "./expiry.ts";
import { FairShares } from "./fair_shares.ts";
import { slotOfLargestHost } from "./largest_host.ts";
import type { TrackerLimits } from "./limits.ts";
import type { RequestOrigin } from "./origin.ts";
import { PeerPlacement } from "./peer_placement.ts";
import { MOST_PEERS } from "./peer_slots.ts";
import { indexOf, isSeeder, type PeerSlot, slotAt, Swarm } from "./swarm.ts";
import { SwarmCounters } from "./swarm_counts.ts";

const HASH_LENGTH = 20;

/** A swarm that gives way is emptied at once up to this size; of a bigger one the rest goes bit by bit. */
const EMPTIED_AT_ONCE = 16;

/** What an announce says about a peer. */
export interface Announced {
  /** Holds the info-hash. */
  packet: Uint8Array;
  /** Where in the packet the info-hash begins. */
  hashAt: number;
  /** Its address, with the port it listens on. */
  sender: RequestOrigin;
  /** Bytes that it says it lacks; a seeder lacks none. */
  leftBytes: number;
  /** Where in the packet its peer id begins. */
  peerIdAt: number;
  /** The announce's event was `completed`. */
  completed: boolean;
}

/** What became of an announce: the peer, and what is new about it, or that its swarm is crowded. */
export type AnnounceOutcome =
  | { type: "stored"; swarm: Swarm; seat: PeerSlot; joined: boolean; completed: boolean }
  | { type: "crowded"; swarm: Swarm };

/** Why a peer is no longer in its swarm: `displaced` ones made room for others. */
export type Removal = "left" | "expired" | "displaced";

/** Totals, with both hashes of a hybrid as one. */
interface SwarmTotals {
  torrents: number;
  seeders: number;
  leechers: number;
}

/** What the swarms are made with. */
export interface SwarmsOptions {
  limits: TrackerLimits;
  /** Two words that nobody else knows. */
  hashKey: Uint32Array;
  /** A number from 0 up to 1. */
  random: () => number;
  /** Called when a peer is about to be taken out. */
  onRemoval: (swarm: Swarm, seat: PeerSlot, why: Removal) => void;
}

const NOBODY: SwarmCounts = { seeders: 0, completed: 0, leechers: 0 };

/** The swarms, as one store. */
export class SwarmTable {
  readonly #options: SwarmsOptions;
  /** By number; a number that is free has none. */
  readonly #swarms: (Swarm | undefined)[] = [undefined];
  readonly #freeNumbers: number[] = [];
  readonly #seating: PeerPlacement;
  /** Whose turn it is to give way, of peers and of swarms. */
  readonly #peerShares: FairShares;
  readonly #swarmShares: FairShares;
  readonly #tally = new SwarmCounters();
  #peers = 0;
  /** Those that can be found by their hash. */
  #open = 0;
  readonly #sweep: Expiry;

  /** No swarms. */
  constructor(options: SwarmsOptions) {
    this.#options = options;
    this.#seating = new PeerPlacement(options.hashKey, options.random, this.#swarms);
    this.#sweep = new Expiry(this.#swarms, (...removal) => this.#remove(...removal));
    this.#peerShares = new FairShares(options.hashKey);
    this.#swarmShares = new FairShares(options.hashKey);
  }

  /** How much is stored, as it is told. */
  get totals(): SwarmTotals {
    const { torrents, seeders, leechers } = this.#tally;
    return { torrents, seeders, leechers };
  }

  /** How many peers are stored, each for every swarm that it is in. */
  get peers(): number {
    return this.#peers;
  }

  /** Bytes of the tables and rosters: nearly all that grows with the number of peers. */
  get bytes(): number {
    let bytes = this.#seating.bytes + this.#peerShares.bytes + this.#swarmShares.bytes;
    for (const swarm of this.#swarms) {
      if (swarm === undefined) continue;
      bytes += swarm.seeders.words.byteLength + swarm.leechers.words.byteLength;
    }
    return bytes;
  }

  /** The swarm of the torrent whose info-hash begins at `packet[at]`, if anyone is in it. */
  get(packet: Uint8Array, at: number, family: AddressFamily): Swarm | undefined {
    const number = this.#seating.tables[family].swarm(packet, at);
    return number < 0 ? undefined : this.#swarms[number];
  }

  /** Every number of a swarm is below this one. */
  get numbers(): number {
    return this.#swarms.length;
  }

  /** The swarm with this number, if there is one that can be found. */
  numbered(number: number): Swarm | undefined {
    const swarm = this.#swarms[number];
    return swarm?.isDissolved ? undefined : swarm;
  }

  /** The size of a torrent's swarm. */
  counts(infoHash: Uint8Array, family: AddressFamily): SwarmCounts {
    return this.get(infoHash, 0, family)?.counts() ?? NOBODY;
  }

  /** The seat of the peer with an address whose words begin at `words[at]`, or -1. */
  seatOf(swarm: Swarm, words: Uint16Array, at: number): PeerSlot {
    return this.#seating.seatOf(swarm, words, at);
  }

  /** Notes that two swarms are those of one hybrid torrent. */
  pair(a: Swarm, b: Swarm): void {
    this.#tally.pair(a, b);
  }

  /** Notes that a peer is there. One that announces again from its address replaces itself. */
  announce(announced: Announced, nowMs: number): AnnounceOutcome {
    const { packet, hashAt, sender, leftBytes } = announced;
    const swarm = this.get(packet, hashAt, sender.family);
    let seat = swarm === undefined ? -1 : this.seatOf(swarm, sender.words, 0);
    if (swarm === undefined || seat < 0) return this.#join(announced, swarm, nowMs);
    if (isSeeder(seat) !== (leftBytes === 0)) {
      const before = seat;
      seat = this.#seating.changeSides(swarm, before, sender.words, nowMs);
      this.#tally.removed(swarm, isSeeder(before));
      this.#tally.added(swarm, isSeeder(seat));
    } else seat = this.#seating.settle(swarm, seat);
    swarm.rosterOf(seat).touch(indexOf(seat), leftBytes, nowMs);
    const completed = hasCompleted(announced) && swarm.complete(seat);
    return { type: "stored", swarm, seat, joined: false, completed };
  }

  /** Takes out the peer with this sender's address; false when it is not there. */
  leave(swarm: Swarm, sender: RequestOrigin): boolean {
    const seat = this.seatOf(swarm, sender.words, 0);
    if (seat < 0) return false;
    this.#remove(swarm, seat, "left");
    return true;
  }

  /** How many steps {@link SwarmTable.expire} takes for a round: one for each peer, one between swarms. */
  get expirySteps(): number {
    return this.#peers + this.#swarms.length;
  }

  /**
   * Forgets peers that have been silent for longer than `ttlMs`, see {@link Expiry}.
   *
   * @param most Steps to take at most.
   * @returns How many were forgotten.
   */
  expire(nowMs: number, ttlMs: number, most: number): number {
    return this.#sweep.step(nowMs, ttlMs, Math.min(most, this.expirySteps));
  }

  /** Throws when the tables do not say of each peer where it sits; for tests. */
  checkInvariant(): void {
    let peers = 0;
    for (const swarm of this.#swarms) {
      if (swarm === undefined) continue;
      for (const [roster, seeder] of [[swarm.seeders, true], [swarm.leechers, false]] as const) {
        for (let place = 0; place < roster.length; place++, peers++) {
          const seat = this.seatOf(swarm, roster.words, place * roster.stride);
          if (seat !== slotAt(place, seeder)) throw new Error(`${seat} is said to be at ${place}`);
        }
      }
    }
    if (peers !== this.#peers) throw new Error(`${peers} of ${this.#peers} peers`);
  }

  #join(announced: Announced, known: Swarm | undefined, nowMs: number): AnnounceOutcome {
    const { peerIdAt, packet, sender, leftBytes } = announced;
    const seeder = leftBytes === 0;
    if (known !== undefined && !this.#makeRoomIn(known, nowMs)) {
      return { type: "crowded", swarm: known };
    }
    this.#makeRoom();
    // Whoever made room may have been the last one in there.
    const swarm = this.get(packet, announced.hashAt, sender.family) ??
      this.#create(announced, nowMs);
    const seat = this.#seating.take(swarm, sender.words, seeder, nowMs);
    swarm.rosterOf(seat).insert(indexOf(seat), packet, peerIdAt, leftBytes, nowMs);
    if (sender.loopback) swarm.setLoopback(seat);
    this.#peerShares.hold(swarm.peerAt(seat), sender.words, 0, sender.addressWords);
    this.#swarmShares.offer(swarm.number, sender.words, 0, sender.addressWords);
    this.#peers++;
    this.#tally.added(swarm, seeder);
    const completed = hasCompleted(announced) && swarm.complete(seat);
    return { type: "stored", swarm, seat, joined: true, completed };
  }

  /** Lets one who crowds this swarm give way; false when nobody does more than others. */
  #makeRoomIn(swarm: Swarm, nowMs: number): boolean {
    const { limits, random } = this.#options;
    if (swarm.size < limits.maxPeersPerTorrent) return true;
    const seat = slotOfLargestHost(swarm, random, nowMs);
    if (seat >= 0) this.#remove(swarm, seat, "displaced");
    return seat >= 0;
  }

  /** Lets whoever holds most give way while there is no room for one more peer. */
  #makeRoom(): void {
    const most = Math.min(this.#options.limits.maxPeers, MOST_PEERS);
    while (this.#peers >= most && this.#peers > 0) {
      const { places } = this.#seating;
      const peer = this.#peerShares.next();
      this.#remove(this.#swarms[places.swarm(peer)]!, places.seat(peer), "displaced");
    }
  }

  /** A new swarm, for which another one may have to give way. */
  #create({ packet, hashAt, sender }: Announced, nowMs: number): Swarm {
    const { family } = sender;
    while (this.#open >= this.#options.limits.maxSwarms && this.#open > 0) {
      this.#dissolve(this.#swarms[this.#swarmShares.next()]!);
    }
    const { tables } = this.#seating;
    const infoHash = hex(packet.subarray(hashAt, hashAt + HASH_LENGTH));
    const number = this.#freeNumbers.pop() ?? this.#swarms.length;
    const { stride } = tables[family];
    const swarm = new Swarm(number, infoHash, family, stride, nowMs);
    tables[family].addSwarm(packet, hashAt, number);
    this.#swarms[number] = swarm;
    this.#open++;
    this.#swarmShares.hold(number, sender.words, 0, stride);
    this.#tally.created(swarm, this.get(packet, hashAt, family === 4 ? 6 : 4));
    return swarm;
  }

  /** Takes a swarm out of sight, with all of its peers. */
  #dissolve(swarm: Swarm): void {
    if (swarm.size > EMPTIED_AT_ONCE) {
      this.#hide(swarm);
      swarm.isDissolved = true;
      return;
    }
    // The swarm itself goes with the last of its peers.
    for (let size = swarm.size; size > 0; size--) {
      this.#remove(swarm, swarm.seatWithIndex(0), "displaced");
    }
  }

  #remove(swarm: Swarm, seat: PeerSlot, why: Removal): void {
    this.#options.onRemoval(swarm, seat, why);
    if (swarm.isLoopback(seat)) swarm.loopbackPeers--;
    this.#peerShares.release(swarm.peerAt(seat));
    this.#seating.leave(swarm, seat);
    this.#peers--;
    if (!swarm.isDissolved) this.#tally.removed(swarm, isSeeder(seat));
    if (swarm.size > 0) return;
    if (!swarm.isDissolved) this.#hide(swarm);
    this.#swarms[swarm.number] = undefined;
    this.#freeNumbers.push(swarm.number);
  }

  /** From now on nobody finds this swarm, and it does not count. */
  #hide(swarm: Swarm): void {
    this.#seating.tables[swarm.family].deleteSwarm(fromHex(swarm.infoHash));
    this.#swarmShares.release(swarm.number);
    this.#open--;
    this.#tally.dropped(swarm);
  }
}

/** Who says so and still lacks something has not. */
function hasCompleted({ completed, leftBytes }: Announced): boolean {
  return completed && leftBytes === 0;
}
