/**
 * What is looked up for one address family: swarms by their torrents, peers by their addresses, and how
 * many peers come from one network.
 *
 * @module
 */

import type { AddressFamily } from "../codec/udp_tracker.ts";
import { PackedMap } from "./packed_map.ts";

const HASH_WORDS = 5;

/** Lengths in words of 16 bits: an address with its port, and what of it one sender has to itself. */
const LENGTHS = {
  4: { address: 3, network: 2 },
  // Of IPv6 a host has a /64 network.
  6: { address: 9, network: 4 },
} as const;

/** The tables of one family. Addresses are words as in {@link Sender.words}, from some index on. */
export class FamilyTables {
  /** Words of an address. */
  readonly stride: number;
  readonly #networkWords: number;
  readonly #swarms: PackedMap;
  readonly #seats: PackedMap;
  readonly #networks: PackedMap;

  /** @param hashKey Two words that nobody else knows. */
  constructor(family: AddressFamily, hashKey: Uint32Array) {
    const { address, network } = LENGTHS[family];
    this.stride = address;
    this.#networkWords = network;
    this.#swarms = new PackedMap(HASH_WORDS, hashKey);
    this.#seats = new PackedMap(1 + Math.ceil(address / 2), hashKey);
    this.#networks = new PackedMap(network / 2, hashKey);
  }

  /** Bytes of all tables. */
  get bytes(): number {
    return this.#swarms.bytes + this.#seats.bytes + this.#networks.bytes;
  }

  /** The number of the swarm whose info-hash begins at `packet[at]`, or -1. */
  swarm(packet: Uint8Array, at: number): number {
    this.#keyOfSwarm(packet, at);
    return this.#swarms.get();
  }

  /** Gives the swarm with this info-hash its number. */
  addSwarm(packet: Uint8Array, at: number, swarm: number): void {
    this.#keyOfSwarm(packet, at);
    this.#swarms.set(swarm);
  }

  /** Forgets the swarm with this info-hash. */
  deleteSwarm(infoHash: Uint8Array): void {
    this.#keyOfSwarm(infoHash, 0);
    this.#swarms.delete();
  }

  /** The seat of the peer with this address in a swarm, or -1. */
  seat(swarm: number, words: Uint16Array, at: number): number {
    this.#keyOfSeat(swarm, words, at);
    return this.#seats.get();
  }

  /** Notes where in a swarm the peer with this address sits. */
  setSeat(swarm: number, words: Uint16Array, at: number, seat: number): void {
    this.#keyOfSeat(swarm, words, at);
    this.#seats.set(seat);
  }

  /** Forgets the peer with this address in a swarm. */
  deleteSeat(swarm: number, words: Uint16Array, at: number): void {
    this.#keyOfSeat(swarm, words, at);
    this.#seats.delete();
  }

  /** How many peers come from the network of this address. */
  peersFrom(words: Uint16Array, at: number): number {
    this.#keyOfNetwork(words, at);
    return Math.max(0, this.#networks.get());
  }

  /** Notes how many peers come from the network of this address. */
  setPeersFrom(words: Uint16Array, at: number, count: number): void {
    this.#keyOfNetwork(words, at);
    if (count === 0) this.#networks.delete();
    else this.#networks.set(count);
  }

  #keyOfSwarm(packet: Uint8Array, at: number): void {
    const { key } = this.#swarms;
    for (let i = 0; i < HASH_WORDS; i++) {
      const from = at + 4 * i;
      key[i] = packet[from]! | packet[from + 1]! << 8 | packet[from + 2]! << 16 |
        packet[from + 3]! << 24;
    }
  }

  #keyOfSeat(swarm: number, words: Uint16Array, at: number): void {
    const { key } = this.#seats;
    key[0] = swarm;
    const last = at + this.stride - 1;
    // Addresses with their ports have an odd number of words.
    for (let i = 1; i < key.length - 1; i++) {
      key[i] = words[at + 2 * i - 2]! | words[at + 2 * i - 1]! << 16;
    }
    key[key.length - 1] = words[last]!;
  }

  #keyOfNetwork(words: Uint16Array, at: number): void {
    const { key } = this.#networks;
    for (let i = 0; i < this.#networkWords; i += 2) {
      key[i >> 1] = words[at + i]! | words[at + i + 1]! << 16;
    }
  }
}
