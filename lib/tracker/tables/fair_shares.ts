/**
 * Decides which item is removed when a table is full: the oldest item of the source that holds the most.
 *
 * @module
 */

import { highOf, lowOf, maskOf, networkMask } from "./host_words.ts";
import { grown, NumberPool } from "./number_pool.ts";
import { PackedMap } from "./packed_map.ts";
import { Ranking } from "./ranking.ts";

/** Words of an item's record: its host, and the next older and newer item of that host. */
const HOST = 0, OLDER = 1, NEWER = 2, ITEM_WORDS = 3;
/** Words of a host's record: its network, its oldest and newest item, and its address. */
const NETWORK = 0, OLDEST = 1, NEWEST = 2, HIGH = 3, LOW = 4, HOST_WORDS = 5;

/** The single group that all networks belong to. */
const ALL = 1;

/**
 * The shares that hosts and networks have of a table. Items are numbered from 1. An item belongs to the host
 * (IPv4 address, IPv6 /64) that brought it, and through it to a network (IPv4 /24, IPv6 /48).
 *
 * There are no quotas: a table that is not full accepts everything. When it is full, the network that holds
 * the most loses an item: the oldest one of the host that holds the most in that network. A source that
 * floods a table therefore displaces itself, whether it uses one address or a whole network. Every operation
 * takes the same short time regardless of the number of items.
 *
 * Addresses are words as in {@link RequestOrigin.words}, from index `at` on, `stride` words with the port.
 */
export class FairShares {
  #items = new Uint32Array(ITEM_WORDS);
  #hosts = new Uint32Array(HOST_WORDS);
  #highestItem = 0;
  readonly #hostNumbers = new NumberPool();
  readonly #networkNumbers = new NumberPool();
  readonly #hostByAddress: PackedMap;
  readonly #networkByAddress: PackedMap;
  readonly #hostRanks = new Ranking();
  readonly #networkRanks = new Ranking();

  /** @param hashKey Two secret words. */
  constructor(hashKey: Uint32Array) {
    this.#hostByAddress = new PackedMap(2, hashKey);
    this.#networkByAddress = new PackedMap(2, hashKey);
  }

  /** Records that the host with this address holds one more item, which becomes its newest. */
  hold(item: number, words: Uint16Array, at: number, stride: number): void {
    this.#append(item, this.#hostAt(words, at, stride));
  }

  /** Removes an item. */
  release(item: number): void {
    const host = this.#items[ITEM_WORDS * item + HOST]!;
    this.#unlink(item, host);
    const network = this.#hosts[HOST_WORDS * host + NETWORK]!;
    this.#hostRanks.lower(network, host);
    this.#networkRanks.lower(ALL, network);
    if (this.#hosts[HOST_WORDS * host + OLDEST] === 0) this.#forget(host, network);
  }

  /**
   * Transfers a shared item to another source if that source's network holds less than the current owner's,
   * so that an item many peers use is not lost together with the source that first brought it.
   */
  offer(item: number, words: Uint16Array, at: number, stride: number): void {
    const owner = this.#hosts[HOST_WORDS * this.#items[ITEM_WORDS * item + HOST]! + NETWORK]!;
    const high = highOf(words, at, stride), low = lowOf(words, at, stride);
    const network = this.#find(this.#networkByAddress, high, low & networkMask(stride));
    if (network === owner) return;
    const held = network < 0 ? 0 : this.#networkRanks.count(network);
    if (held + 1 >= this.#networkRanks.count(owner)) return;
    this.release(item);
    this.hold(item, words, at, stride);
  }

  /** The next item to remove; 0 when there is none. */
  next(): number {
    const host = this.#hostRanks.heaviest(this.#networkRanks.heaviest(ALL));
    return host === 0 ? 0 : this.#hosts[HOST_WORDS * host + OLDEST]!;
  }

  /** The oldest item of the source that holds the least; 0 when there is none. */
  lightest(): number {
    const host = this.#hostRanks.lightest(this.#networkRanks.lightest(ALL));
    return host === 0 ? 0 : this.#hosts[HOST_WORDS * host + OLDEST]!;
  }

  /** The number of the network an item belongs to. It stays valid while the network has an item. */
  networkOf(item: number): number {
    return this.#hosts[HOST_WORDS * this.#items[ITEM_WORDS * item + HOST]! + NETWORK]!;
  }

  /** How many items the network of this item holds. */
  heldBesides(item: number): number {
    return this.#networkRanks.count(this.networkOf(item));
  }

  /** Bytes in use by the tables that grow with items and hosts. */
  get bytes(): number {
    return 4 * ITEM_WORDS * this.#highestItem + 4 * HOST_WORDS * this.#hostNumbers.highest +
      this.#hostByAddress.bytes + this.#networkByAddress.bytes;
  }

  #append(item: number, host: number): void {
    this.#items = grown(this.#items, ITEM_WORDS * (item + 1));
    this.#highestItem = Math.max(this.#highestItem, item);
    const items = this.#items, hosts = this.#hosts;
    const newest = hosts[HOST_WORDS * host + NEWEST]!;
    items[ITEM_WORDS * item + HOST] = host;
    items[ITEM_WORDS * item + OLDER] = newest;
    items[ITEM_WORDS * item + NEWER] = 0;
    if (newest === 0) hosts[HOST_WORDS * host + OLDEST] = item;
    else items[ITEM_WORDS * newest + NEWER] = item;
    hosts[HOST_WORDS * host + NEWEST] = item;
    const network = hosts[HOST_WORDS * host + NETWORK]!;
    this.#hostRanks.raise(network, host);
    this.#networkRanks.raise(ALL, network);
  }

  #unlink(item: number, host: number): void {
    const items = this.#items, hosts = this.#hosts;
    const older = items[ITEM_WORDS * item + OLDER]!, newer = items[ITEM_WORDS * item + NEWER]!;
    if (older === 0) hosts[HOST_WORDS * host + OLDEST] = newer;
    else items[ITEM_WORDS * older + NEWER] = newer;
    if (newer === 0) hosts[HOST_WORDS * host + NEWEST] = older;
    else items[ITEM_WORDS * newer + OLDER] = older;
    items[ITEM_WORDS * item + HOST] = 0;
  }

  /** The number of the host with this address; allocates one if needed. */
  #hostAt(words: Uint16Array, at: number, stride: number): number {
    const high = highOf(words, at, stride), low = lowOf(words, at, stride);
    const known = this.#find(this.#hostByAddress, high, low);
    if (known >= 0) return known;
    const host = this.#hostNumbers.take();
    this.#hostByAddress.set(host);
    this.#hosts = grown(this.#hosts, HOST_WORDS * (host + 1));
    this.#hosts[HOST_WORDS * host + HIGH] = high;
    this.#hosts[HOST_WORDS * host + LOW] = low;
    let network = this.#find(this.#networkByAddress, high, low & networkMask(stride));
    if (network < 0) {
      network = this.#networkNumbers.take();
      this.#networkByAddress.set(network);
    }
    // The ranking of hosts has one group for each network.
    this.#hosts[HOST_WORDS * host + NETWORK] = network;
    return host;
  }

  /** Removes a host that holds nothing any more, and its network if that is empty too. */
  #forget(host: number, network: number): void {
    const high = this.#hosts[HOST_WORDS * host + HIGH]!;
    const low = this.#hosts[HOST_WORDS * host + LOW]!;
    this.#find(this.#hostByAddress, high, low);
    this.#hostByAddress.delete();
    this.#hostNumbers.give(host);
    if (this.#networkRanks.count(network) > 0) return;
    this.#find(this.#networkByAddress, high, low & maskOf(high));
    this.#networkByAddress.delete();
    this.#networkNumbers.give(network);
  }

  #find(map: PackedMap, high: number, low: number): number {
    map.key[0] = high;
    map.key[1] = low;
    return map.get();
  }
}
