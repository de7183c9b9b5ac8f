/**
 * Counts the distinct hosts and networks that support each catalogue entry.
 *
 * @module
 */

import { highOf, lowOf, networkMask } from "../tables/host_words.ts";
import { PackedMap } from "../tables/packed_map.ts";

/**
 * Low bit of a key's first word, beside the entry's number: whether the count is of a host or of a network.
 */
const HOST = 0, NETWORK = 1;

/** An entry and its support. */
interface Backed {
  readonly number: number;
  /** Number of distinct hosts: IPv4 addresses, IPv6 /64. */
  hosts: number;
  /** Number of distinct networks: IPv4 /24, IPv6 /48. */
  networks: number;
}

/** Counts the peers of each host and network that support each entry, so that none counts twice. */
export class NameSupport {
  readonly #peers: PackedMap;

  /** @param hashKey Two secret words. */
  constructor(hashKey: Uint32Array) {
    this.#peers = new PackedMap(3, hashKey);
  }

  /** Adds a supporting peer at this address. */
  add(entry: Backed, words: Uint16Array, at: number, stride: number): void {
    const high = highOf(words, at, stride), low = lowOf(words, at, stride);
    if (this.#change(2 * entry.number + HOST, high, low, 1) === 1) entry.hosts++;
    const network = low & networkMask(stride);
    if (this.#change(2 * entry.number + NETWORK, high, network, 1) === 1) entry.networks++;
  }

  /** Removes a supporting peer at this address. The entry itself may already be gone. */
  remove(
    number: number,
    entry: Backed | undefined,
    words: Uint16Array,
    at: number,
    stride: number,
  ): void {
    const high = highOf(words, at, stride), low = lowOf(words, at, stride);
    const isLastOfHost = this.#change(2 * number + HOST, high, low, -1) === 0;
    const network = low & networkMask(stride);
    const isLastOfNetwork = this.#change(2 * number + NETWORK, high, network, -1) === 0;
    if (entry === undefined) return;
    if (isLastOfHost) entry.hosts--;
    if (isLastOfNetwork) entry.networks--;
  }

  /** Changes a count and returns the new value. */
  #change(entry: number, high: number, low: number, by: number): number {
    const { key } = this.#peers;
    key[0] = entry;
    key[1] = high;
    key[2] = low;
    const count = Math.max(0, this.#peers.get()) + by;
    if (count === 0) this.#peers.delete();
    else this.#peers.set(count);
    return count;
  }
}
