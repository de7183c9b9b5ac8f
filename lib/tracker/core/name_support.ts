/**
 * How many different hosts and networks stand behind each entry of the catalogue.
 *
 * @module
 */

import { highOf, lowOf, networkMask } from "../tables/host_words.ts";
import { PackedMap } from "../tables/packed_map.ts";

/** Below an entry's number in a key: whether a host or a network is counted. */
const HOST = 0, NETWORK = 1;

/** An entry, and by how many it is backed. */
interface Backed {
  readonly number: number;
  /** Different hosts: IPv4 addresses, IPv6 /64. */
  hosts: number;
  /** Different networks: IPv4 /24, IPv6 /48. */
  networks: number;
}

/** Counts the peers of each host and network behind each entry, so that none counts twice. */
export class NameSupport {
  readonly #peers: PackedMap;

  /** @param hashKey Two words that nobody else knows. */
  constructor(hashKey: Uint32Array) {
    this.#peers = new PackedMap(3, hashKey);
  }

  /** One more peer at this address is behind an entry. */
  add(entry: Backed, words: Uint16Array, at: number, stride: number): void {
    const high = highOf(words, at, stride), low = lowOf(words, at, stride);
    if (this.#change(2 * entry.number + HOST, high, low, 1) === 1) entry.hosts++;
    const network = low & networkMask(stride);
    if (this.#change(2 * entry.number + NETWORK, high, network, 1) === 1) entry.networks++;
  }

  /** One peer less at this address is behind the entry with this number, which may be gone itself. */
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

  /** How many there are now. */
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
