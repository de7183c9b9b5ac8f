/**
 * Lets at most so many things happen at the same time, in the order in which they asked.
 *
 * @module
 */

/** A number of slots, each held by one at a time. */
export class Slots {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  /** All `count` slots are free. */
  constructor(count: number) {
    this.#free = count;
  }

  /** Runs `work` as soon as a slot is free. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }
}
