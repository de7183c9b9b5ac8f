/**
 * A table with a bounded number of items, each from an address.
 *
 * @module
 */

import { FairShares } from "./fair_shares.ts";
import { NumberPool } from "./number_pool.ts";

/**
 * Items by number, in the order in which they were added. When the table is full, the source that holds most
 * of it loses its oldest item, see {@link FairShares}: a stranger's flood displaces itself.
 */
export class FairTable<T> {
  readonly #most: number;
  readonly #onDisplaced: (item: number, value: T) => void;
  readonly #values = new Map<number, T>();
  readonly #numbers = new NumberPool();
  readonly #shares: FairShares;

  /**
   * @param most Maximum number of items, at least 1.
   * @param hashKey Two secret words.
   * @param onDisplaced Called for an item that was removed to make room.
   */
  constructor(most: number, hashKey: Uint32Array, onDisplaced: (item: number, value: T) => void) {
    this.#most = most;
    this.#onDisplaced = onDisplaced;
    this.#shares = new FairShares(hashKey);
  }

  /** Number of items. */
  get size(): number {
    return this.#values.size;
  }

  /** The items with their numbers, the oldest first. */
  entries(): IterableIterator<[item: number, value: T]> {
    return this.#values.entries();
  }

  /** The item with this number. */
  get(item: number): T | undefined {
    return this.#values.get(item);
  }

  /** Adds an item of the address at `words[at]`, `stride` words with its port; returns its number. */
  add(value: T, words: Uint16Array, at: number, stride: number): number {
    while (this.#values.size >= this.#most) {
      const displaced = this.#shares.next();
      const before = this.#values.get(displaced)!;
      this.delete(displaced);
      this.#onDisplaced(displaced, before);
    }
    const item = this.#numbers.take();
    this.#values.set(item, value);
    this.#shares.hold(item, words, at, stride);
    return item;
  }

  /** Removes an item that is in the table. */
  delete(item: number): void {
    this.#values.delete(item);
    this.#shares.release(item);
    this.#numbers.give(item);
  }
}
