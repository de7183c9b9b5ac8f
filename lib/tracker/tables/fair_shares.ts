/**
 * Whose turn it is to give way when a table is full: who holds most of it, with its oldest first.
 *
 * @module
 */

import { highOf, lowOf, maskOf, networkMask } from "./host_words.ts";
import { grown, NumberPool } from "./number_pool.ts";
import { PackedMap } from "./packed_map.ts";
import { Ranking } from "./ranking.ts";

/** What is kept about an item, in words: its host, and its neighbours among what that host holds. */
const HOST = 0, OLDER = 1, NEWER = 2, ITEM_WORDS = 3;
/** What is kept about a host: its network, its oldest and newest item, and its address. */
const NETWORK = 0, OLDEST = 1, NEWEST = 2, HIGH = 3, LOW = 4, HOST_WORDS = 5;

/** The one group of networks. */
const ALL = 1;

/**
 * The shares that hosts and networks have of a table. An item is a number from 1 on; it belongs to the
 * host (IPv4 address, IPv6 /64) that brought it, and with that to a network (IPv4 /24, IPv6 /48).
 *
 * Nobody has a quota: a table that is not full is open to all. When it is full, the network that holds
 * most gives way, in it the host that holds most, and of that the item that it has held for longest. So
 * whoever floods a table floods out itself, from one address or from all of a network. Every operation
 * takes the same short time, whatever is held.
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

  /** @param hashKey Two words that nobody else knows. */
  constructor(hashKey: Uint32Array) {
    this.#hostByAddress = new PackedMap(2, hashKey);
    this.#networkByAddress = new PackedMap(2, hashKey);
  }

  /** Notes that the host with this address holds one more item, its newest. */
  hold(item: number, words: Uint16Array, at: number, stride: number): void {
    this.#append(item, this.#hostAt(words, at, stride));
  }

  /** Forgets an item. */
  release(item: number): void {
    const host = this.#items[ITEM_WORDS * item + HOST]!;
    this.#unlink(item, host);
    const network = this.#hosts[HOST_WORDS * host + NETWORK]!;
    this.#hostRanks.lower(network, host);
    this.#networkRanks.lower(ALL, network);
    if (this.#hosts[HOST_WORDS * host + OLDEST] === 0) this.#forget(host, network);
  }

  /**
   * Lets somebody else have an item that several share, if its network holds less than the one that
   * has it now: what many use does not go with whoever was there first.
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

  /** The item whose turn it is to give way; 0 when there is none. */
  next(): number {
    const host = this.#hostRanks.heaviest(this.#networkRanks.heaviest(ALL));
    return host === 0 ? 0 : this.#hosts[HOST_WORDS * host + OLDEST]!;
  }

  /** The oldest item of who holds least; 0 when there is none. */
  lightest(): number {
    const host = this.#hostRanks.lightest(this.#networkRanks.lightest(ALL));
    return host === 0 ? 0 : this.#hosts[HOST_WORDS * host + OLDEST]!;
  }

  /** The number of the network that an item belongs to, which holds as long as it has an item. */
  networkOf(item: number): number {
    return this.#hosts[HOST_WORDS * this.#items[ITEM_WORDS * item + HOST]! + NETWORK]!;
  }

  /** How much the network holds that an item belongs to. */
  heldBesides(item: number): number {
    return this.#networkRanks.count(this.networkOf(item));
  }

  /** Bytes of what grows with items and hosts, as far as it is in use. */
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

  /** The number of the host with this address, a new one if need be. */
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
    // The ranking of hosts has a group for each network.
    this.#hosts[HOST_WORDS * host + NETWORK] = network;
    return host;
  }

  /** Forgets a host that holds nothing any more, and its network if that does not either. */
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
