/**
 * A queue of things ordered by when they were last heard of, so that the silent ones are found without
 * a search and without a timer for each.
 *
 * @module
 */

/** What a {@link RecencyQueue} needs to know of its items. */
export interface Recent {
  /** When it was last heard of. */
  seenMs: number;
  /** Neighbours in the queue; the queue's own. */
  older: this | undefined;
  newer: this | undefined;
}

/** A doubly linked list through the items themselves: every operation takes constant time. */
export class RecencyQueue<T extends Recent> {
  #oldest: T | undefined;
  #newest: T | undefined;

  /** The item not heard of for longest. */
  get oldest(): T | undefined {
    return this.#oldest;
  }

  /** Adds an item that is not in the queue, as just heard of. */
  add(item: T, nowMs: number): void {
    item.seenMs = nowMs;
    item.older = this.#newest;
    item.newer = undefined;
    if (this.#newest === undefined) this.#oldest = item;
    else this.#newest.newer = item;
    this.#newest = item;
  }

  /** Takes an item out that is in the queue. */
  remove(item: T): void {
    if (item.older === undefined) this.#oldest = item.newer;
    else item.older.newer = item.newer;
    if (item.newer === undefined) this.#newest = item.older;
    else item.newer.older = item.older;
    item.older = undefined;
    item.newer = undefined;
  }
}
