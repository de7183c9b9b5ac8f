/**
 * Turns for reading files. Of a thousand files to share at once, a few are hashed at a time, in the order
 * in which they came. So each is read from its beginning to its end, the first is ready soon, and few are
 * open.
 *
 * @module
 */

/** Hands out turns, some at a time. */
export class Turns {
  readonly #waiting = new Set<() => void>();
  #free: number;

  /** @param atOnce how many turns run at the same time */
  constructor(atOnce: number) {
    this.#free = atOnce;
  }

  /**
   * Runs `work` when it is its turn.
   *
   * @throws {unknown} the reason of `signal` when it aborts before that, or what `work` throws
   */
  async run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await this.#turn(signal);
    try {
      return await work();
    } finally {
      const [next] = this.#waiting;
      if (next === undefined) this.#free++;
      else next();
    }
  }

  #turn(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const leave = () => {
        this.#waiting.delete(begin);
        signal?.removeEventListener("abort", giveUp);
      };
      const begin = () => {
        leave();
        resolve();
      };
      const giveUp = () => {
        leave();
        reject(signal?.reason);
      };
      this.#waiting.add(begin);
      signal?.addEventListener("abort", giveUp);
    });
  }
}
