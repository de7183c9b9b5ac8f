/**
 * Lets at most so many things happen at the same time, in the order in which they asked.
 *
 * @module
 */

/** Work that waits for a slot. */
interface Waiting {
  readonly begin: () => void;
  readonly giveUp: (reason: unknown) => void;
}

/** A number of slots, each held by one at a time. */
export class Slots {
  readonly #waiting = new Set<Waiting>();
  #free: number;

  /** All `count` slots are free. */
  constructor(count: number) {
    this.#free = count;
  }

  /**
   * Runs `work` as soon as a slot is free.
   *
   * @throws {unknown} the reason of `signal` when it aborts before that, or what `work` throws
   */
  async run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await this.#slot(signal);
    try {
      return await work();
    } finally {
      const [next] = this.#waiting;
      if (next === undefined) this.#free++;
      else next.begin();
    }
  }

  /** What waits now is not run: it rejects with this reason. */
  refuseWaiting(reason: unknown): void {
    for (const waiting of [...this.#waiting]) waiting.giveUp(reason);
  }

  #slot(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const leave = () => {
        this.#waiting.delete(waiting);
        signal?.removeEventListener("abort", onAbort);
      };
      const waiting: Waiting = {
        begin: () => (leave(), resolve()),
        giveUp: (reason) => (leave(), reject(reason)),
      };
      const onAbort = () => waiting.giveUp(signal?.reason);
      signal?.addEventListener("abort", onAbort);
      this.#waiting.add(waiting);
    });
  }
}
