/**
 * A queue that costs the same however long it is. Most queues of a simulation hold one thing or none, so
 * the first has a place of its own: there are so many queues that each access to more memory counts.
 *
 * @module
 */

/** First in, first out. */
export class FifoQueue<T extends object> {
  /** What comes next; `undefined` when nothing is in the queue. */
  first: T | undefined;
  #rest: T[] | undefined; // what lies outside of head and tail is left over and means nothing
  #head = 0;
  #tail = 0;

  /** Adds something at the end. */
  push(item: T): void {
    if (this.first === undefined) this.first = item;
    else (this.#rest ??= [])[this.#tail++] = item;
  }

  /** Takes what comes next. */
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

  /** Drops everything. */
  clear(): void {
    this.first = this.#rest = undefined;
    this.#head = this.#tail = 0;
  }
}
