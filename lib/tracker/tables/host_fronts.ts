/**
 * Selects one peer to stand for its host in a swarm, however many peers that host claims to have there.
 *
 * @module
 */

import { highOf, lowOf, standingMask } from "./host_words.ts";
import { PackedMap } from "./packed_map.ts";
import { indexOf, isSeeder, type PeerSlot, type Swarm } from "./swarm.ts";

/** A value is twice the number of the host's peers, plus one if one of them is in front. */
const IN_FRONT = 1, ONE_PEER = 2;

/**
 * Counts the peers of each host in each roster. The first peer of a host goes into the front part of the
 * roster, see {@link PeerTable.front}; the others go behind.
 *
 * A host is an IPv4 address or an IPv6 /48: the holder of a /48 can use any number of its /64.
 */
export class HostFronts {
  readonly #hosts: PackedMap;

  /** @param hashKey Two secret words. */
  constructor(hashKey: Uint32Array) {
    this.#hosts = new PackedMap(3, hashKey);
  }

  /** Size of the table in bytes. */
  get bytes(): number {
    return this.#hosts.bytes;
  }

  /** Counts a new peer; returns whether it should move to the front. */
  enter(swarm: Swarm, slot: PeerSlot): boolean {
    const held = Math.max(0, this.#find(swarm, slot));
    const isNeeded = (held & IN_FRONT) === 0;
    if (isNeeded && held > 0) swarm.rosterOf(slot).frontless--;
    this.#hosts.set((held + ONE_PEER) | IN_FRONT);
    return isNeeded;
  }

  /** Uncounts the peer of this slot, in front or not, just before it is removed. */
  leave(swarm: Swarm, slot: PeerSlot): void {
    const roster = swarm.rosterOf(slot);
    const held = this.#find(swarm, slot);
    const isInFront = indexOf(slot) < roster.front;
    const left = held - ONE_PEER - (isInFront ? IN_FRONT : 0);
    if (left >= ONE_PEER) {
      if (isInFront) roster.frontless++;
      this.#hosts.set(left);
      return;
    }
    if ((held & IN_FRONT) === 0) roster.frontless--;
    this.#hosts.delete();
  }

  /** Returns whether this peer's host has no peer in front. If so, marks it as having one. */
  needs(swarm: Swarm, slot: PeerSlot): boolean {
    const held = this.#find(swarm, slot);
    if ((held & IN_FRONT) !== 0) return false;
    swarm.rosterOf(slot).frontless--;
    this.#hosts.set(held | IN_FRONT);
    return true;
  }

  #find(swarm: Swarm, slot: PeerSlot): number {
    const { words, stride } = swarm.rosterOf(slot);
    const at = indexOf(slot) * stride;
    const { key } = this.#hosts;
    key[0] = 2 * swarm.number + (isSeeder(slot) ? 1 : 0);
    key[1] = highOf(words, at, stride);
    key[2] = lowOf(words, at, stride) & standingMask(stride);
    return this.#hosts.get();
  }
}
