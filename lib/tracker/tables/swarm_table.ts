/**
 * All swarms of a tracker and their peers, kept within limits.
 *
 * Swarms are kept per address family: a peer that announced over IPv4 is given to clients that ask over IPv4.
 *
 * @module
 */

import { fromHex, hex } from "../../codec/bytes.ts";
import type { AddressFamily, SwarmCounts } from "../../codec/discovery/udp_tracker.ts";
import type { Announced, AnnounceOutcome, Removal } from "./announced.ts";
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

/** A displaced swarm up to this size is emptied at once; a bigger one is emptied gradually. */
const EMPTIED_AT_ONCE = 16;

/** Totals that count both hashes of a hybrid as one torrent. */
interface SwarmTotals {
  torrents: number;
  seeders: number;
  leechers: number;
}

/** Configuration of the swarm table. */
export interface SwarmsOptions {
  limits: TrackerLimits;
  /** Two secret words. */
  hashKey: Uint32Array;
  /** Returns a number from 0 (inclusive) to 1 (exclusive). */
  random: () => number;
  /** Called just before a peer is removed. */
  onRemoval: (swarm: Swarm, slot: PeerSlot, why: Removal) => void;
}

const NOBODY: SwarmCounts = { seeders: 0, completed: 0, leechers: 0 };

/** All swarms, as one store. */
export class SwarmTable {
  readonly #options: SwarmsOptions;
  /** By number; undefined for a free number. */
  readonly #swarms: (Swarm | undefined)[] = [undefined];
  readonly #freeNumbers: number[] = [];
  readonly #placement: PeerPlacement;
  /** Decide which peer and which swarm to remove next when the table is full. */
  readonly #peerShares: FairShares;
  readonly #swarmShares: FairShares;
  readonly #tally = new SwarmCounters();
  #peers = 0;
  /** Number of swarms that can be found by their hash. */
  #open = 0;
  readonly #sweep: Expiry;

  /** @param options Limits, secrets and callbacks. */
  constructor(options: SwarmsOptions) {
    this.#options = options;
    this.#placement = new PeerPlacement(options.hashKey, options.random, this.#swarms);
    this.#sweep = new Expiry(this.#swarms, (...removal) => this.#remove(...removal));
    this.#peerShares = new FairShares(options.hashKey);
    this.#swarmShares = new FairShares(options.hashKey);
  }

  /** The totals reported to clients. */
  get totals(): SwarmTotals {
    const { torrents, seeders, leechers } = this.#tally;
    return { torrents, seeders, leechers };
  }

  /** Number of stored peers; a peer counts once for each swarm it is in. */
  get peers(): number {
    return this.#peers;
  }

  /** Bytes of the tables and rosters, which are nearly all that grows with the number of peers. */
  get bytes(): number {
    let bytes = this.#placement.bytes + this.#peerShares.bytes + this.#swarmShares.bytes;
    for (const swarm of this.#swarms) {
      if (swarm === undefined) continue;
      bytes += swarm.seeders.words.byteLength + swarm.leechers.words.byteLength;
    }
    return bytes;
  }

  /** The swarm whose info-hash begins at `packet[at]`, if it has any peers. */
  get(packet: Uint8Array, at: number, family: AddressFamily): Swarm | undefined {
    const number = this.#placement.tables[family].swarm(packet, at);
    return number < 0 ? undefined : this.#swarms[number];
  }

  /** Every swarm number is below this one. */
  get numbers(): number {
    return this.#swarms.length;
  }

  /** The swarm with this number, unless there is none or it is dissolved. */
  numbered(number: number): Swarm | undefined {
    const swarm = this.#swarms[number];
    return swarm?.isDissolved ? undefined : swarm;
  }

  /** The counts of a torrent's swarm. */
  counts(infoHash: Uint8Array, family: AddressFamily): SwarmCounts {
    return this.get(infoHash, 0, family)?.counts() ?? NOBODY;
  }

  /** The slot of the peer whose address begins at `words[at]`, or -1. */
  slotOf(swarm: Swarm, words: Uint16Array, at: number): PeerSlot {
    return this.#placement.slotOf(swarm, words, at);
  }

  /** Records that two swarms belong to one hybrid torrent. */
  pair(a: Swarm, b: Swarm): void {
    this.#tally.pair(a, b);
  }

  /** Stores a peer. A peer that announces again from the same address is updated. */
  announce(announced: Announced, nowMs: number): AnnounceOutcome {
    const { packet, hashAt, sender, leftBytes } = announced;
    const swarm = this.get(packet, hashAt, sender.family);
    let slot = swarm === undefined ? -1 : this.slotOf(swarm, sender.words, 0);
    if (swarm === undefined || slot < 0) return this.#join(announced, swarm, nowMs);
    if (isSeeder(slot) !== (leftBytes === 0)) {
      const before = slot;
      slot = this.#placement.changeSides(swarm, before, sender.words, nowMs);
      this.#tally.removed(swarm, isSeeder(before));
      this.#tally.added(swarm, isSeeder(slot));
    } else slot = this.#placement.settle(swarm, slot);
    const roster = swarm.rosterOf(slot);
    const afterMs = roster.silentMs(indexOf(slot), nowMs);
    const receivedBytes = roster.touch(indexOf(slot), leftBytes, nowMs);
    const completed = hasCompleted(announced) && swarm.complete(slot);
    return { type: "stored", swarm, slot, joined: false, completed, receivedBytes, afterMs };
  }

  /** Removes the peer with this sender's address; returns false if there is none. */
  leave(swarm: Swarm, sender: RequestOrigin): boolean {
    const slot = this.slotOf(swarm, sender.words, 0);
    if (slot < 0) return false;
    this.#remove(swarm, slot, "left");
    return true;
  }

  /**
   * The steps of {@link SwarmTable.expire} for a full round: one for each peer, one for each swarm number.
   */
  get expirySteps(): number {
    return this.#peers + this.#swarms.length;
  }

  /**
   * Removes peers that have been silent for longer than `ttlMs`, see {@link Expiry}.
   *
   * @param most Maximum number of steps.
   * @returns The number of peers removed.
   */
  expire(nowMs: number, ttlMs: number, most: number): number {
    return this.#sweep.step(nowMs, ttlMs, Math.min(most, this.expirySteps));
  }

  /** Throws if the tables disagree about where a peer sits; for tests. */
  checkInvariant(): void {
    let peers = 0;
    for (const swarm of this.#swarms) {
      if (swarm === undefined) continue;
      for (const [roster, seeder] of [[swarm.seeders, true], [swarm.leechers, false]] as const) {
        for (let place = 0; place < roster.length; place++, peers++) {
          const slot = this.slotOf(swarm, roster.words, place * roster.stride);
          if (slot !== slotAt(place, seeder)) throw new Error(`${slot} is said to be at ${place}`);
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
    // Making room may have removed the last peer of the swarm, and the swarm with it.
    const swarm = this.get(packet, announced.hashAt, sender.family) ??
      this.#create(announced, nowMs);
    const slot = this.#placement.take(swarm, sender.words, seeder, nowMs);
    swarm.rosterOf(slot).insert(indexOf(slot), packet, peerIdAt, leftBytes, nowMs);
    if (sender.loopback) swarm.setLoopback(slot);
    this.#peerShares.hold(swarm.peerAt(slot), sender.words, 0, sender.addressWords);
    this.#swarmShares.offer(swarm.number, sender.words, 0, sender.addressWords);
    this.#peers++;
    this.#tally.added(swarm, seeder);
    const completed = hasCompleted(announced) && swarm.complete(slot);
    return {
      type: "stored",
      swarm,
      slot,
      joined: true,
      completed,
      receivedBytes: 0,
      afterMs: 0,
    };
  }

  /** Removes a peer of the network that crowds this swarm; returns false if no network stands out. */
  #makeRoomIn(swarm: Swarm, nowMs: number): boolean {
    const { limits, random } = this.#options;
    if (swarm.size < limits.maxPeersPerTorrent) return true;
    const slot = slotOfLargestHost(swarm, random, nowMs);
    if (slot >= 0) this.#remove(swarm, slot, "displaced");
    return slot >= 0;
  }

  /** Removes peers of the sources that hold the most until there is room for one more. */
  #makeRoom(): void {
    const most = Math.min(this.#options.limits.maxPeers, MOST_PEERS);
    while (this.#peers >= most && this.#peers > 0) {
      const { places } = this.#placement;
      const peer = this.#peerShares.next();
      this.#remove(this.#swarms[places.swarm(peer)]!, places.slot(peer), "displaced");
    }
  }

  /** Creates a swarm; removes others if the limit is reached. */
  #create({ packet, hashAt, sender }: Announced, nowMs: number): Swarm {
    const { family } = sender;
    while (this.#open >= this.#options.limits.maxSwarms && this.#open > 0) {
      this.#dissolve(this.#swarms[this.#swarmShares.next()]!);
    }
    const { tables } = this.#placement;
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

  /** Removes a swarm with all of its peers, or hides a big one until its peers are gone. */
  #dissolve(swarm: Swarm): void {
    if (swarm.size > EMPTIED_AT_ONCE) {
      this.#hide(swarm);
      swarm.isDissolved = true;
      return;
    }
    // Removing the last peer also removes the swarm.
    for (let size = swarm.size; size > 0; size--) {
      this.#remove(swarm, swarm.slotWithIndex(0), "displaced");
    }
  }

  #remove(swarm: Swarm, slot: PeerSlot, why: Removal): void {
    this.#options.onRemoval(swarm, slot, why);
    if (swarm.isLoopback(slot)) swarm.loopbackPeers--;
    this.#peerShares.release(swarm.peerAt(slot));
    this.#placement.leave(swarm, slot);
    this.#peers--;
    if (!swarm.isDissolved) this.#tally.removed(swarm, isSeeder(slot));
    if (swarm.size > 0) return;
    if (!swarm.isDissolved) this.#hide(swarm);
    this.#swarms[swarm.number] = undefined;
    this.#freeNumbers.push(swarm.number);
  }

  /** Makes a swarm unfindable and takes it out of the totals. */
  #hide(swarm: Swarm): void {
    this.#placement.tables[swarm.family].deleteSwarm(fromHex(swarm.infoHash));
    this.#swarmShares.release(swarm.number);
    this.#open--;
    this.#tally.dropped(swarm);
  }
}

/** A peer that reports `completed` but still lacks something has not completed. */
function hasCompleted({ completed, leftBytes }: Announced): boolean {
  return completed && leftBytes === 0;
}
