/**
 * Lookup tables of one address family: swarms by info-hash, peers by address.
 *
 * @module
 */

import type { AddressFamily } from "../../codec/discovery/udp_tracker.ts";
import { PackedMap } from "./packed_map.ts";
import { PeerIndex } from "./peer_index.ts";
import type { PeerSlots } from "./peer_slots.ts";
import type { Swarm } from "./swarm.ts";

const HASH_WORDS = 5;

/** Length of an address with its port, in 16-bit words. */
const STRIDES = { 4: 3, 6: 9 } as const;

/**
 * The tables of one family. Addresses are given as words, see {@link RequestOrigin.words}, and a start index.
 */
export class AddressIndex {
  /** Number of words of an address. */
  readonly stride: number;
  /** Peers by swarm and address. */
  readonly peers: PeerIndex;
  readonly #swarms: PackedMap;

  /**
   * @param hashKey Two secret words.
   * @param swarms Swarms of both families, by number.
   */
  constructor(
    family: AddressFamily,
    hashKey: Uint32Array,
    places: PeerSlots,
    swarms: readonly (Swarm | undefined)[],
  ) {
    this.stride = STRIDES[family];
    this.#swarms = new PackedMap(HASH_WORDS, hashKey);
    this.peers = new PeerIndex(this.stride, hashKey, places, swarms);
  }

  /** Size of all tables in bytes. */
  get bytes(): number {
    return this.#swarms.bytes + this.peers.bytes;
  }

  /** The number of the swarm whose info-hash begins at `packet[at]`, or -1. */
  swarm(packet: Uint8Array, at: number): number {
    putHash(this.#swarms.key, packet, at);
    return this.#swarms.get();
  }

  /** Maps this info-hash to the swarm's number. */
  addSwarm(packet: Uint8Array, at: number, swarm: number): void {
    putHash(this.#swarms.key, packet, at);
    this.#swarms.set(swarm);
  }

  /** Removes the swarm with this info-hash. */
  deleteSwarm(infoHash: Uint8Array): void {
    putHash(this.#swarms.key, infoHash, 0);
    this.#swarms.delete();
  }
}

/** Sets the key of a map of five words to the info-hash that begins at `packet[at]`. */
export function putHash(key: Uint32Array, packet: Uint8Array, at: number): void {
  for (let i = 0; i < HASH_WORDS; i++) {
    const from = at + 4 * i;
    key[i] = packet[from]! | packet[from + 1]! << 8 | packet[from + 2]! << 16 |
      packet[from + 3]! << 24;
  }
}
