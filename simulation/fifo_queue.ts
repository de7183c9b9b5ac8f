/**
 * A queue with constant-time operations. Most queues of a simulation hold at most one item, so the first item
 * has its own field: with this many queues, each additional memory access counts.
 *
 * @module
 */

/** First in, first out. */
export class FifoQueue<T extends object> {
  /** The next item; `undefined` if the queue is empty. */
  first: T | undefined;
  #rest: T[] | undefined; // entries outside of head and tail are stale
  #head = 0;
  #tail = 0;

  /** Adds an item at the end. */
  push(item: T): void {
    if (this.first === undefined) this.first = item;
    else (this.#rest ??= [])[this.#tail++] = item;
  }

  /** Removes and returns the next item. */
  shift(): T | undefined {
    const { first } = this;
    if (this.#head === this.#tail) {
      this.first = undefined;
      return first;
    }
    this.first = this.#rest![this.#head++];
    if (this.#head === this.#tail) this.#head = this.#tail = 0;
    else if (this.#head >= 1024 && this.#head * 2 > this.#tail) {
      this.#rest = this.#rest!.slice(this.#head, this.#tail);
      this.#tail -= this.#head;
      this.#head = 0;
    }
    return first;
  }

  /** Removes all items. */
  clear(): void {
    this.first = this.#rest = undefined;
    this.#head = this.#tail = 0;
  }
}
