/**
 * Finds a peer of one address family by its swarm and address.
 *
 * @module
 */

import { halfSipHash } from "../../codec/half_sip_hash.ts";
import type { PeerSlots } from "./peer_slots.ts";
import { indexOf, type Swarm } from "./swarm.ts";

/** The table is split into segments that grow independently, so that a resize moves only one of them. */
const SEGMENT_BITS = 8;
const FEWEST_SLOTS = 4;
const EMPTY_SLOT = 0;

/** A slot holds the peer's number, and above it some bits of the hash that rule out most other peers. */
const PEER_MASK = 0x00ff_ffff;
const TAG_SHIFT = 24;
/** Position of those bits in the hash. They select neither the segment nor, in most cases, the slot. */
const TAG_FROM_SHIFT = 16;

/**
 * A hash table with one word per peer, open addressing with linear probing. The keys are not stored in it,
 * because the roster holds each peer's swarm and address anyway. A segment is between one eighth and three
 * quarters full.
 */
export class PeerIndex {
  readonly #stride: number;
  readonly #hashKey: Uint32Array;
  readonly #places: PeerSlots;
  readonly #swarms: readonly (Swarm | undefined)[];
  readonly #segments: Uint32Array[];
  readonly #counts = new Uint32Array(1 << SEGMENT_BITS);
  readonly #key: Uint32Array;

  /**
   * @param stride Number of words of an address.
   * @param hashKey Two secret words.
   * @param swarms By number.
   */
  constructor(
    stride: number,
    hashKey: Uint32Array,
    places: PeerSlots,
    swarms: readonly (Swarm | undefined)[],
  ) {
    this.#stride = stride;
    this.#hashKey = hashKey;
    this.#places = places;
    this.#swarms = swarms;
    this.#key = new Uint32Array(1 + Math.ceil(stride / 2));
    this.#segments = Array<Uint32Array>(1 << SEGMENT_BITS).fill(new Uint32Array(1));
  }

  /** Size in bytes of all slots, used or not. */
  get bytes(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.byteLength, 0);
  }

  /** The peer of a swarm whose address begins at `words[at]`, or 0. */
  find(swarm: Swarm, words: Uint16Array, at: number): number {
    const hash = this.#hash(swarm.number, words, at);
    const slots = this.#segments[segmentOf(hash)]!;
    const tag = tagOf(hash);
    for (let i = hash & slots.length - 1;; i = i + 1 & slots.length - 1) {
      const slot = slots[i]!;
      if (slot === EMPTY_SLOT) return 0;
      if (slot >>> TAG_SHIFT !== tag) continue;
      const peer = slot & PEER_MASK;
      if (this.#isAt(peer, swarm, words, at)) return peer;
    }
  }

  /** Adds a peer that has a slot and is not in the index yet. */
  add(peer: number): void {
    const hash = this.#hashOf(peer);
    const index = segmentOf(hash);
    const count = ++this.#counts[index]!;
    const { length } = this.#segments[index]!;
    if (4 * count > 3 * length) this.#resize(index, Math.max(FEWEST_SLOTS, 2 * length));
    put(this.#segments[index]!, peer, hash);
  }

  /** Removes a peer, which must still have its slot. */
  delete(peer: number): void {
    const hash = this.#hashOf(peer);
    const index = segmentOf(hash);
    const slots = this.#segments[index]!;
    let at = hash & slots.length - 1;
    while ((slots[at]! & PEER_MASK) !== peer) at = at + 1 & slots.length - 1;
    this.#close(slots, at);
    const count = --this.#counts[index]!;
    const { length } = slots;
    if (8 * count < length && length > FEWEST_SLOTS) this.#resize(index, length / 2);
  }

  #isAt(peer: number, swarm: Swarm, words: Uint16Array, at: number): boolean {
    if (this.#places.swarm(peer) !== swarm.number) return false;
    const slot = this.#places.slot(peer);
    const known = swarm.rosterOf(slot).words;
    const from = indexOf(slot) * this.#stride;
    for (let i = 0; i < this.#stride; i++) if (known[from + i] !== words[at + i]) return false;
    return true;
  }

  #hashOf(peer: number): number {
    const number = this.#places.swarm(peer);
    const slot = this.#places.slot(peer);
    const { words } = this.#swarms[number]!.rosterOf(slot);
    return this.#hash(number, words, indexOf(slot) * this.#stride);
  }

  #hash(swarm: number, words: Uint16Array, at: number): number {
    const key = this.#key;
    const last = key.length - 1;
    key[0] = swarm;
    // An address with its port has an odd number of words.
    for (let i = 1; i < last; i++) key[i] = words[at + 2 * i - 2]! | words[at + 2 * i - 1]! << 16;
    key[last] = words[at + this.#stride - 1]!;
    return halfSipHash(this.#hashKey, key, 0, key.length);
  }

  /**
   * Empties a slot. Moves later peers up to the next empty slot back where that brings them closer to home.
   */
  #close(slots: Uint32Array, at: number): void {
    const mask = slots.length - 1;
    let hole = at;
    for (let next = hole;;) {
      next = next + 1 & mask;
      const slot = slots[next]!;
      if (slot === EMPTY_SLOT) break;
      const home = this.#hashOf(slot & PEER_MASK) & mask;
      if ((next - home & mask) < (next - hole & mask)) continue;
      slots[hole] = slot;
      hole = next;
    }
    slots[hole] = EMPTY_SLOT;
  }

  #resize(index: number, length: number): void {
    const before = this.#segments[index]!;
    const after = new Uint32Array(length);
    for (const slot of before) {
      if (slot !== EMPTY_SLOT) put(after, slot & PEER_MASK, this.#hashOf(slot & PEER_MASK));
    }
    this.#segments[index] = after;
  }
}

/** Puts a peer into the first empty slot from its home slot on. */
function put(slots: Uint32Array, peer: number, hash: number): void {
  let at = hash & slots.length - 1;
  while (slots[at] !== EMPTY_SLOT) at = at + 1 & slots.length - 1;
  slots[at] = tagOf(hash) << TAG_SHIFT | peer;
}

function tagOf(hash: number): number {
  return hash >>> TAG_FROM_SHIFT & 0xff;
}

function segmentOf(hash: number): number {
  return hash >>> 32 - SEGMENT_BITS;
}
