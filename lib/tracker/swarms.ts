/**
 * All swarms of a tracker: who is in which, for how long, and within which bounds.
 *
 * Swarms are kept per address family: a peer that came over IPv4 is known to those that ask over IPv4.
 *
 * @module
 */

import { latin1 } from "../codec/bytes.ts";
import type { AddressFamily, SwarmCounts } from "../codec/udp_tracker.ts";
import type { TrackerLimits } from "./limits.ts";
import { RecencyQueue } from "./recency.ts";
import { type Peer, Swarm } from "./swarm.ts";

/** What an announce says about a peer. */
export interface Announced {
  /** 20 bytes. */
  infoHash: Uint8Array;
  family: AddressFamily;
  /** Address and port, 6 or 18 bytes. */
  compact: Uint8Array;
  loopback: boolean;
  seeder: boolean;
  /** The announce's event was `completed`. */
  completed: boolean;
}

/** What became of an announce: the peer, and what is new about it, or which bound it ran into. */
export type Admission =
  | { type: "stored"; peer: Peer; joined: boolean; completed: boolean }
  | { type: "refused"; bound: "torrents" | "peers" | "address" | "torrent" };

/** Why a peer is no longer in its swarm. */
export type Removal = "left" | "expired";

/** Totals. */
export interface SwarmTotals {
  torrents: number;
  peers: number;
  seeders: number;
}

const NOBODY: SwarmCounts = { seeders: 0, completed: 0, leechers: 0 };

/** The swarms, as one store. */
export class Swarms {
  readonly #limits: TrackerLimits;
  readonly #families = { 4: new Map<string, Swarm>(), 6: new Map<string, Swarm>() };
  readonly #recency = new RecencyQueue<Peer>();
  readonly #perAddress = new Map<string, number>();
  readonly #onRemoved: (peer: Peer, why: Removal) => void;
  readonly #totals: SwarmTotals = { torrents: 0, peers: 0, seeders: 0 };

  /** @param onRemoved Called after a peer has left or was forgotten. */
  constructor(limits: TrackerLimits, onRemoved: (peer: Peer, why: Removal) => void) {
    this.#limits = limits;
    this.#onRemoved = onRemoved;
  }

  /** How much is stored. */
  get totals(): Readonly<SwarmTotals> {
    return this.#totals;
  }

  /** The swarm of a torrent, if anyone is in it. */
  get(infoHash: Uint8Array, family: AddressFamily): Swarm | undefined {
    return this.#families[family].get(latin1(infoHash));
  }

  /** The size of a torrent's swarm. */
  counts(infoHash: Uint8Array, family: AddressFamily): SwarmCounts {
    return this.get(infoHash, family)?.counts() ?? NOBODY;
  }

  /** Notes that a peer is there. One that announces again from its address replaces itself. */
  announce(announced: Announced, nowMs: number): Admission {
    const known = this.get(announced.infoHash, announced.family);
    const key = latin1(announced.compact);
    const peer = known?.byKey.get(key);
    if (peer === undefined) return this.#join(announced, known, key, nowMs);
    this.#recency.remove(peer);
    this.#recency.add(peer, nowMs);
    if (peer.seeder !== announced.seeder) {
      peer.swarm.setSeeder(peer, announced.seeder);
      this.#totals.seeders += announced.seeder ? 1 : -1;
    }
    return { type: "stored", peer, joined: false, completed: countCompletion(peer, announced) };
  }

  /** Takes out the peer with this address; false when it is not there. */
  leave(infoHash: Uint8Array, family: AddressFamily, compact: Uint8Array): boolean {
    const peer = this.get(infoHash, family)?.byKey.get(latin1(compact));
    if (peer === undefined) return false;
    this.#remove(peer, "left");
    return true;
  }

  /**
   * Forgets peers last heard of before `oldestMs`, at most `most` of them.
   *
   * @returns How many were forgotten.
   */
  expire(oldestMs: number, most: number): number {
    let count = 0;
    for (; count < most; count++) {
      const peer = this.#recency.oldest;
      if (peer === undefined || peer.seenMs >= oldestMs) break;
      this.#remove(peer, "expired");
    }
    return count;
  }

  #join(
    announced: Announced,
    known: Swarm | undefined,
    key: string,
    nowMs: number,
  ): Admission {
    const network = networkOf(announced.compact);
    const sameNetwork = this.#perAddress.get(network) ?? 0;
    const bound = this.#boundMet(known, latin1(announced.infoHash), sameNetwork);
    if (bound !== undefined) return { type: "refused", bound };
    const swarm = known ??
      this.#create(latin1(announced.infoHash), announced.family, nowMs);
    const peer: Peer = {
      swarm,
      compact: announced.compact,
      key,
      loopback: announced.loopback,
      seeder: announced.seeder,
      completed: false,
      listing: undefined,
      slot: 0,
      seenMs: nowMs,
      older: undefined,
      newer: undefined,
    };
    swarm.add(peer);
    this.#recency.add(peer, nowMs);
    this.#perAddress.set(network, sameNetwork + 1);
    this.#totals.peers++;
    if (peer.seeder) this.#totals.seeders++;
    return { type: "stored", peer, joined: true, completed: countCompletion(peer, announced) };
  }

  #boundMet(known: Swarm | undefined, swarmKey: string, sameNetwork: number) {
    const limits = this.#limits;
    const { torrents } = this.#totals;
    if (torrents >= limits.maxTorrents && !this.#isTorrent(swarmKey)) return "torrents";
    if (this.#totals.peers >= limits.maxPeers) return "peers";
    if (sameNetwork >= limits.maxPeersPerAddress) return "address";
    if (known !== undefined && known.byKey.size >= limits.maxPeersPerTorrent) return "torrent";
    return undefined;
  }

  #create(key: string, family: AddressFamily, nowMs: number): Swarm {
    const swarm = new Swarm(key, family, nowMs);
    if (!this.#isTorrent(key)) this.#totals.torrents++;
    this.#families[family].set(key, swarm);
    return swarm;
  }

  /** Whether there is a swarm of this torrent, of whichever family. */
  #isTorrent(key: string): boolean {
    return this.#families[4].has(key) || this.#families[6].has(key);
  }

  #remove(peer: Peer, why: Removal): void {
    const { swarm } = peer;
    swarm.remove(peer);
    this.#recency.remove(peer);
    const network = networkOf(peer.compact);
    const sameNetwork = this.#perAddress.get(network)! - 1;
    if (sameNetwork === 0) this.#perAddress.delete(network);
    else this.#perAddress.set(network, sameNetwork);
    this.#totals.peers--;
    if (peer.seeder) this.#totals.seeders--;
    if (swarm.byKey.size === 0) {
      this.#families[swarm.family].delete(swarm.key);
      if (!this.#isTorrent(swarm.key)) this.#totals.torrents--;
    }
    this.#onRemoved(peer, why);
  }
}

/** Counts a download as completed, once for each peer; whether it was counted now. */
function countCompletion(peer: Peer, announced: Announced): boolean {
  if (!announced.completed || !announced.seeder || peer.completed) return false;
  peer.completed = true;
  peer.swarm.completed++;
  return true;
}

/** What counts as one sender: an IPv4 address, or the /64 network that one IPv6 host has to itself. */
function networkOf(compact: Uint8Array): string {
  return latin1(compact.subarray(0, compact.length === 6 ? 4 : 8));
}
