/**
 * All swarms of a tracker: who is in which, for how long, and within which bounds.
 *
 * Swarms are kept per address family: a peer that came over IPv4 is known to those that ask over IPv4.
 *
 * @module
 */

import { fromHex, hex } from "../codec/bytes.ts";
import type { AddressFamily, SwarmCounts } from "../codec/udp_tracker.ts";
import { FamilyTables } from "./family_tables.ts";
import type { TrackerLimits } from "./limits.ts";
import type { Sender } from "./sender.ts";
import { isSeeder, placeOf, type Seat, seatAt, Swarm } from "./swarm.ts";

const HASH_LENGTH = 20;

/** What an announce says about a peer. */
export interface Announced {
  /** Holds the info-hash. */
  packet: Uint8Array;
  /** Where in the packet the info-hash begins. */
  hashAt: number;
  /** Its address, with the port it listens on. */
  sender: Sender;
  /** Bytes that it says it lacks; a seeder lacks none. */
  leftBytes: number;
  /** Where in the packet its peer id begins. */
  peerIdAt: number;
  /** The announce's event was `completed`. */
  completed: boolean;
}

/** What became of an announce: the peer, and what is new about it, or which bound it ran into. */
export type Admission =
  | { type: "stored"; swarm: Swarm; seat: Seat; joined: boolean; completed: boolean }
  | { type: "refused"; bound: "torrents" | "peers" | "address" | "torrent" };

/** Why a peer is no longer in its swarm. */
export type Removal = "left" | "expired";

/** Totals. */
export interface SwarmTotals {
  torrents: number;
  peers: number;
  seeders: number;
}

/** What the swarms are made with. */
export interface SwarmsOptions {
  limits: TrackerLimits;
  /** Two words that nobody else knows. */
  hashKey: Uint32Array;
  /** A number from 0 up to 1. */
  random: () => number;
  /** Called when a peer is about to be taken out. */
  onRemoval: (swarm: Swarm, seat: Seat, why: Removal) => void;
}

const NOBODY: SwarmCounts = { seeders: 0, completed: 0, leechers: 0 };

/**
 * The swarms, as one store.
 *
 * Peers in a roster are in random order, every order as likely as any other, whoever comes and goes:
 * so neighbours in a roster, which are quick to copy, are as good a choice as peers drawn one by one.
 */
export class Swarms {
  readonly #options: SwarmsOptions;
  readonly #tables: Record<AddressFamily, FamilyTables>;
  /** By number; a number that is free has none. */
  readonly #swarms: (Swarm | undefined)[] = [];
  readonly #freeNumbers: number[] = [];
  readonly #totals: SwarmTotals = { torrents: 0, peers: 0, seeders: 0 };
  /** The next peer to be looked at for silence: its swarm, and its index there. */
  #swept = { swarm: 0, index: 0 };

  /** No swarms. */
  constructor(options: SwarmsOptions) {
    this.#options = options;
    this.#tables = {
      4: new FamilyTables(4, options.hashKey),
      6: new FamilyTables(6, options.hashKey),
    };
  }

  /** How much is stored. */
  get totals(): Readonly<SwarmTotals> {
    return this.#totals;
  }

  /** Bytes of the tables and rosters: nearly all that grows with the number of peers. */
  get bytes(): number {
    let bytes = this.#tables[4].bytes + this.#tables[6].bytes;
    for (const swarm of this.#swarms) {
      if (swarm === undefined) continue;
      bytes += swarm.seeders.words.byteLength + swarm.leechers.words.byteLength;
    }
    return bytes;
  }

  /** The swarm of the torrent whose info-hash begins at `packet[at]`, if anyone is in it. */
  get(packet: Uint8Array, at: number, family: AddressFamily): Swarm | undefined {
    const number = this.#tables[family].swarm(packet, at);
    return number < 0 ? undefined : this.#swarms[number];
  }

  /** All swarms, the two families of a torrent one by one. */
  *values(): Generator<Swarm> {
    for (const swarm of this.#swarms) if (swarm !== undefined) yield swarm;
  }

  /** The size of a torrent's swarm. */
  counts(infoHash: Uint8Array, family: AddressFamily): SwarmCounts {
    return this.get(infoHash, 0, family)?.counts() ?? NOBODY;
  }

  /** The seat of the peer with an address whose words begin at `words[at]`, or -1. */
  seatOf(swarm: Swarm, words: Uint16Array, at: number): Seat {
    return this.#tables[swarm.family].seat(swarm.number, words, at);
  }

  /** Notes that a peer is there. One that announces again from its address replaces itself. */
  announce(announced: Announced, nowMs: number): Admission {
    const { packet, hashAt, sender, leftBytes } = announced;
    const swarm = this.get(packet, hashAt, sender.family);
    let seat = swarm === undefined ? -1 : this.seatOf(swarm, sender.words, 0);
    if (swarm === undefined || seat < 0) return this.#join(announced, swarm, nowMs);
    if (isSeeder(seat) !== (leftBytes === 0)) {
      seat = this.#changeSides(swarm, seat, sender.words, nowMs);
    }
    swarm.rosterOf(seat).hear(placeOf(seat), leftBytes, nowMs);
    const completed = hasCompleted(announced) && swarm.complete(seat);
    return { type: "stored", swarm, seat, joined: false, completed };
  }

  /** Takes out the peer with this sender's address; false when it is not there. */
  leave(swarm: Swarm, sender: Sender): boolean {
    const seat = this.seatOf(swarm, sender.words, 0);
    if (seat < 0) return false;
    this.#remove(swarm, seat, "left");
    return true;
  }

  /** How many steps {@link Swarms.expire} takes for a round: one for each peer, one between swarms. */
  get expirySteps(): number {
    return this.#totals.peers + this.#swarms.length;
  }

  /**
   * Looks at peers in turn and forgets those that have been silent for longer than `ttlMs`. It goes on
   * where it ended before, and looks at none twice.
   *
   * @param most Steps to take at most, each to a peer or from a swarm to the next.
   * @returns How many were forgotten.
   */
  expire(nowMs: number, ttlMs: number, most: number): number {
    const swept = this.#swept;
    let forgotten = 0;
    for (let left = Math.min(most, this.expirySteps); left > 0; left--) {
      const swarm = this.#swarms[swept.swarm];
      if (swarm === undefined || swept.index >= swarm.size) {
        swept.swarm = swept.swarm + 1 < this.#swarms.length ? swept.swarm + 1 : 0;
        swept.index = 0;
        continue;
      }
      const seat = swarm.seatWithIndex(swept.index);
      if (swarm.rosterOf(seat).silentMs(placeOf(seat), nowMs) > ttlMs) {
        // Another peer, not looked at yet, now has this index, if any does.
        this.#remove(swarm, seat, "expired");
        forgotten++;
      } else swept.index++;
    }
    return forgotten;
  }

  /** Throws when the tables do not say of each peer where it sits; for tests. */
  checkInvariant(): void {
    let peers = 0;
    for (const swarm of this.#swarms) {
      if (swarm === undefined) continue;
      for (const [roster, seeder] of [[swarm.seeders, true], [swarm.leechers, false]] as const) {
        for (let place = 0; place < roster.length; place++, peers++) {
          const seat = this.seatOf(swarm, roster.words, place * roster.stride);
          if (seat !== seatAt(place, seeder)) throw new Error(`${seat} is said to be at ${place}`);
        }
      }
    }
    if (peers !== this.#totals.peers) throw new Error(`${peers} of ${this.#totals.peers} peers`);
  }

  #join(announced: Announced, known: Swarm | undefined, nowMs: number): Admission {
    const { packet, peerIdAt, sender, leftBytes } = announced;
    const seeder = leftBytes === 0;
    const tables = this.#tables[sender.family];
    const sameNetwork = tables.peersFrom(sender.words, 0);
    const bound = this.#boundMet(announced, known, sameNetwork);
    if (bound !== undefined) return { type: "refused", bound };
    const swarm = known ?? this.#create(announced, nowMs);
    const seat = this.#seat(swarm, sender.words, seeder, nowMs);
    swarm.rosterOf(seat).meet(placeOf(seat), packet, peerIdAt, leftBytes, nowMs);
    if (sender.loopback) swarm.setLoopback(seat);
    tables.setPeersFrom(sender.words, 0, sameNetwork + 1);
    this.#totals.peers++;
    if (seeder) this.#totals.seeders++;
    const completed = hasCompleted(announced) && swarm.complete(seat);
    return { type: "stored", swarm, seat, joined: true, completed };
  }

  #boundMet({ packet, hashAt }: Announced, known: Swarm | undefined, sameNetwork: number) {
    const { limits } = this.#options;
    const { torrents, peers } = this.#totals;
    if (torrents >= limits.maxTorrents && !this.#isTorrent(packet, hashAt)) return "torrents";
    if (peers >= limits.maxPeers) return "peers";
    if (sameNetwork >= limits.maxPeersPerAddress) return "address";
    if (known !== undefined && known.size >= limits.maxPeersPerTorrent) return "torrent";
    return undefined;
  }

  #create({ packet, hashAt, sender }: Announced, nowMs: number): Swarm {
    const { family } = sender;
    const tables = this.#tables[family];
    const infoHash = hex(packet.subarray(hashAt, hashAt + HASH_LENGTH));
    const number = this.#freeNumbers.pop() ?? this.#swarms.length;
    const swarm = new Swarm(number, infoHash, family, tables.stride, nowMs);
    if (!this.#isTorrent(packet, hashAt)) this.#totals.torrents++;
    tables.addSwarm(packet, hashAt, number);
    this.#swarms[number] = swarm;
    return swarm;
  }

  /** Whether there is a swarm of this torrent, of whichever family. */
  #isTorrent(packet: Uint8Array, hashAt: number): boolean {
    return this.#tables[4].swarm(packet, hashAt) >= 0 || this.#tables[6].swarm(packet, hashAt) >= 0;
  }

  /** Seats a peer at a random place of its roster; the one who sat there moves to the end. */
  #seat(swarm: Swarm, words: Uint16Array, seeder: boolean, nowMs: number): Seat {
    const roster = seeder ? swarm.seeders : swarm.leechers;
    roster.add(words, nowMs);
    const last = roster.length - 1;
    const place = Math.floor(this.#options.random() * roster.length);
    if (place !== last) {
      roster.swap(place, last);
      this.#noteSeat(swarm, seatAt(last, seeder));
    }
    this.#noteSeat(swarm, seatAt(place, seeder));
    return seatAt(place, seeder);
  }

  /** Empties a seat; the last of the roster moves there. Where the peer sat stays in the tables. */
  #vacate(swarm: Swarm, seat: Seat): void {
    const roster = swarm.rosterOf(seat);
    const last = roster.length - 1;
    if (placeOf(seat) !== last) {
      roster.swap(placeOf(seat), last);
      this.#noteSeat(swarm, seat);
    }
    roster.pop();
  }

  #noteSeat(swarm: Swarm, seat: Seat): void {
    const { words, stride } = swarm.rosterOf(seat);
    this.#tables[swarm.family].setSeat(swarm.number, words, placeOf(seat) * stride, seat);
  }

  /** Moves a peer from the leechers to the seeders or back. */
  #changeSides(swarm: Swarm, from: Seat, words: Uint16Array, nowMs: number): Seat {
    const about = swarm.rosterOf(from).about(placeOf(from));
    this.#vacate(swarm, from);
    const seat = this.#seat(swarm, words, !isSeeder(from), nowMs);
    swarm.rosterOf(seat).setAbout(placeOf(seat), about);
    this.#totals.seeders += isSeeder(seat) ? 1 : -1;
    return seat;
  }

  #remove(swarm: Swarm, seat: Seat, why: Removal): void {
    this.#options.onRemoval(swarm, seat, why);
    const tables = this.#tables[swarm.family];
    const { words, stride } = swarm.rosterOf(seat);
    const at = placeOf(seat) * stride;
    tables.setPeersFrom(words, at, tables.peersFrom(words, at) - 1);
    tables.deleteSeat(swarm.number, words, at);
    if (swarm.isLoopback(seat)) swarm.loopbackPeers--;
    this.#vacate(swarm, seat);
    this.#totals.peers--;
    if (isSeeder(seat)) this.#totals.seeders--;
    if (swarm.size === 0) this.#drop(swarm);
  }

  #drop(swarm: Swarm): void {
    const infoHash = fromHex(swarm.infoHash);
    this.#tables[swarm.family].deleteSwarm(infoHash);
    this.#swarms[swarm.number] = undefined;
    this.#freeNumbers.push(swarm.number);
    if (!this.#isTorrent(infoHash, 0)) this.#totals.torrents--;
  }
}

/** Who says so and still lacks something has not. */
function hasCompleted({ completed, leftBytes }: Announced): boolean {
  return completed && leftBytes === 0;
}
