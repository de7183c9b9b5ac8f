/**
 * How often each host announces, roughly and in little memory.
 *
 * @module
 */

import { halfSipHash } from "../../codec/half_sip_hash.ts";
import { highOf, lowOf } from "../tables/host_words.ts";
import type { RequestOrigin } from "../tables/origin.ts";

/** Announces are counted for this long. */
const WINDOW_MS = 5000;
/** Hosts that share a slot are counted together, which at worst gives them longer intervals. */
const SLOTS = 4096;
const MAX_COUNT = 0xffff;

/** Counts the announces of hosts, over the last five to ten seconds. */
export class AnnounceRates {
  readonly #key: Uint32Array;
  readonly #words = new Uint32Array(2);
  #now = new Uint16Array(SLOTS);
  #before = new Uint16Array(SLOTS);
  #windowMs = -Infinity;

  /** @param hashKey two secret words */
  constructor(hashKey: Uint32Array) {
    this.#key = hashKey;
  }

  /** Counts an announce of this sender's host; returns how many it makes in five seconds. */
  add({ words, addressWords }: RequestOrigin, nowMs: number): number {
    this.#turn(nowMs);
    this.#words[0] = highOf(words, 0, addressWords);
    this.#words[1] = lowOf(words, 0, addressWords);
    const slot = halfSipHash(this.#key, this.#words, 0, 2) % SLOTS;
    const count = Math.min(MAX_COUNT, this.#now[slot]! + 1);
    this.#now[slot] = count;
    return Math.max(count, this.#before[slot]!);
  }

  /** Begins a new window when it is time. */
  #turn(nowMs: number): void {
    const passed = Math.floor((nowMs - this.#windowMs) / WINDOW_MS);
    if (passed < 1) return;
    [this.#now, this.#before] = [this.#before, this.#now];
    this.#now.fill(0);
    if (passed > 1) this.#before.fill(0);
    this.#windowMs = passed > 1 ? nowMs : this.#windowMs + WINDOW_MS;
  }
}
